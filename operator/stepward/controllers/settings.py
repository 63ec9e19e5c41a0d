"""The settings of `stepward operator`: options, each also an environment variable `STEPWARD_…`."""

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from stepward.runtime import egress
from stepward.telemetry import logs

PREFIX: Final = "STEPWARD_"
_DRAIN_SECONDS: Final = 20.0
_CONCURRENCY: Final = 1_000
_HEALTH_PORT: Final = 8080
_EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 - kubelet and Prometheus come from outside the pod


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator was told."""

    kubeconfig: str | None
    """None: in-cluster."""
    namespaces: tuple[str, ...]
    """Empty: all."""
    health_address: str
    health_port: int
    log_format: str
    log_level: str
    policy: egress.Policy
    concurrency: int
    drain_seconds: float


def parse(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings that *arguments* and *environment* give; an option beats its variable.

    Ends the process with exit code 2 and a message if something is wrong, and with 0 for --help.
    """
    parser = _parser(environment)
    chosen = parser.parse_args(list(arguments))
    try:
        policy = egress.Policy(allow=tuple(egress.Destination.parse(text) for text in chosen.egress_allow))
    except ValueError as error:
        parser.error(f"--egress-allow: {error}")
    return Settings(
        kubeconfig=chosen.kubeconfig or None,
        namespaces=tuple(dict.fromkeys(chosen.namespace)),
        health_address=chosen.health_address,
        health_port=chosen.health_port,
        log_format=chosen.log_format,
        log_level=chosen.log_level,
        policy=policy,
        concurrency=chosen.concurrency,
        drain_seconds=chosen.drain_seconds,
    )


def _parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="stepward operator",
        description="Run the operator. Each option is also an environment variable,"
        " such as STEPWARD_HEALTH_PORT for --health-port; lists are separated by commas.",
    )

    def text(name: str, default: str) -> str:
        return environment.get(PREFIX + name, default)

    def many(name: str) -> list[str]:
        return [part.strip() for part in environment.get(PREFIX + name, "").split(",") if part.strip()]

    add = parser.add_argument
    add(
        "--kubeconfig",
        metavar="FILE",
        default=text("KUBECONFIG", ""),
        help="how to reach the API server; without it, the ServiceAccount of this pod",
    )
    add(
        "--namespace",
        metavar="NAME",
        action=_Listed,
        default=many("NAMESPACE"),
        help="watch this namespace only; may be repeated; without it, all",
    )
    add(
        "--health-address",
        metavar="ADDRESS",
        default=text("HEALTH_ADDRESS", _EVERYWHERE),
        help="where /healthz, /readyz and /metrics listen (default: %(default)s)",
    )
    add(
        "--health-port",
        metavar="PORT",
        type=_port,
        default=text("HEALTH_PORT", str(_HEALTH_PORT)),
        help="their port; 0 takes a free one and logs it (default: %(default)s)",
    )
    add(
        "--log-format",
        choices=logs.FORMATS,
        default=text("LOG_FORMAT", "json"),
        help="text for a terminal, json for a cluster (default: %(default)s)",
    )
    add(
        "--log-level",
        choices=logs.LEVELS,
        default=text("LOG_LEVEL", "info"),
        help="what is logged at least (default: %(default)s)",
    )
    add(
        "--egress-allow",
        metavar="HOST-OR-CIDR:PORT",
        action=_Listed,
        default=many("EGRESS_ALLOW"),
        help="let workflows call a place that is denied by default; may be repeated",
    )
    add(
        "--concurrency",
        metavar="N",
        type=_positive,
        default=text("CONCURRENCY", str(_CONCURRENCY)),
        help="executions that run at once; more wait their turn (default: %(default)s)",
    )
    add(
        "--drain-seconds",
        metavar="S",
        type=_seconds,
        default=text("DRAIN_SECONDS", str(_DRAIN_SECONDS)),
        help="how long running executions may go on after SIGTERM; then they end as OperatorRestarted"
        " (default: %(default)s)",
    )
    return parser


class _Listed(argparse.Action):
    """Collects an option's values; the first one replaces what the environment said."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002 - the interface of argparse
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,  # noqa: ARG002 - as above
    ) -> None:
        """Add a value."""
        found = getattr(namespace, self.dest)
        setattr(namespace, self.dest, [*([] if found is self.default else found), values])


def _port(text: str) -> int:
    number = int(text) if text.isdecimal() else -1
    if not 0 <= number < 65_536:
        raise argparse.ArgumentTypeError(f"'{text}' must be a port: 0 to 65535")
    return number


def _positive(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"'{text}' must be a whole number of at least 1")
    return number


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 3_600:
        raise argparse.ArgumentTypeError(f"'{text}' must be a number of seconds, 0 to 3600")
    return seconds
