"""The settings of `stepward operator`: options, each also an environment variable `STEPWARD_…`."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from stepward.kube import bounds
from stepward.runtime import egress
from stepward.telemetry import logs

PREFIX: Final = "STEPWARD_"
_EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 - kubelet and Prometheus come from outside the pod


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator was told."""

    kubeconfig: str
    """Empty: in-cluster."""
    namespaces: tuple[str, ...]
    """Empty: all."""
    health_address: str
    health_port: int
    log_format: str
    log_level: str
    policy: egress.Policy
    concurrency: int
    drain_seconds: float
    audit_seconds: float


def _port(text: str) -> int:
    number = int(text) if text.isdecimal() else -1
    if not 0 <= number < 65_536:
        raise argparse.ArgumentTypeError(f"'{text}' must be a port: 0 to 65535")
    return number


def _count(text: str) -> int:
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


def _interval(text: str) -> float:
    seconds = _seconds(text)
    if seconds < 1:
        raise argparse.ArgumentTypeError(f"'{text}' must be at least 1 second")
    return seconds


@dataclass(frozen=True, slots=True)
class _Option:
    """One option. `many`: may be repeated."""

    name: str
    metavar: str
    about: str
    default: str = ""
    read: Callable[[str], Any] = str
    choices: Sequence[str] | None = None
    many: bool = False


_OPTIONS: Final = (
    _Option("kubeconfig", "FILE", "how to reach the API server; without it, this pod's ServiceAccount"),
    _Option("namespace", "NAME", "watch this namespace only; may be repeated; without it, all", many=True),
    _Option("health-address", "ADDRESS", "where /healthz, /readyz and /metrics listen", _EVERYWHERE),
    _Option("health-port", "PORT", "their port; 0 takes a free one and logs it", "8080", _port),
    _Option("log-format", "FORMAT", "text or json; without it, text on a terminal", choices=logs.FORMATS),
    _Option("log-level", "LEVEL", "what is logged at least", "info", choices=logs.LEVELS),
    _Option(
        "egress-allow",
        "HOST-OR-CIDR:PORT",
        "let workflows call a place that is denied by default; may be repeated",
        many=True,
    ),
    _Option("concurrency", "N", "executions that run at once; more wait their turn", "1000", _count),
    _Option(
        "drain-seconds",
        "S",
        "how long running executions may go on after SIGTERM; then they end as OperatorRestarted",
        "20",
        _seconds,
    ),
    _Option(
        "audit-seconds",
        "S",
        "how often a list catches what the watch does not show, such as edits of finished executions",
        str(int(bounds.AUDIT_SECONDS)),
        _interval,
    ),
)


def parse(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings that *arguments* and *environment* give; an option beats its variable.

    Ends the process with exit code 2 and a message if something is wrong, and with 0 for --help.
    """
    parser = _parser(environment)
    chosen = parser.parse_args(list(arguments))
    for option in _OPTIONS:  # argparse does not check a default, which the environment may have given
        value = getattr(chosen, option.name.replace("-", "_"))
        if option.choices and value and value not in option.choices:
            parser.error(f"--{option.name}: '{value}' must be one of {', '.join(option.choices)}")
    try:
        policy = egress.Policy(allow=tuple(egress.Destination.parse(text) for text in chosen.egress_allow))
    except ValueError as error:
        parser.error(f"--egress-allow: {error}")
    return Settings(
        kubeconfig=chosen.kubeconfig,
        namespaces=tuple(dict.fromkeys(chosen.namespace)),
        health_address=chosen.health_address,
        health_port=chosen.health_port,
        log_format=chosen.log_format or ("text" if sys.stderr.isatty() else "json"),
        log_level=chosen.log_level,
        policy=policy,
        concurrency=chosen.concurrency,
        drain_seconds=chosen.drain_seconds,
        audit_seconds=chosen.audit_seconds,
    )


def _parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="stepward operator",
        description="Run the operator. Each option is also an environment variable,"
        " such as STEPWARD_HEALTH_PORT for --health-port; lists are separated by commas.",
    )
    for option in _OPTIONS:
        said = environment.get(PREFIX + option.name.upper().replace("-", "_"), option.default)
        shown = f" (default: {option.default})" if option.default else ""
        default = [part.strip() for part in said.split(",") if part.strip()] if option.many else said
        parser.add_argument(
            f"--{option.name}",
            metavar=option.metavar,
            type=option.read,
            default=default,
            choices=option.choices,
            action=_Listed if option.many else "store",
            help=option.about + shown,
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
