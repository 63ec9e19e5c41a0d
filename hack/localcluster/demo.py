"""`make demo`: the product on a cluster of its own, from nothing to results, and nothing left behind.

Starts a control plane, installs `manifests/`, runs the operator as its own ServiceAccount, applies
`examples/`, shows what became of them, and stops everything again. With `--keep` it stays until Ctrl-C.
No other cluster is touched: every client here is given the address of the one that was started.
"""

import argparse
import contextlib
import signal
import sys
import time
from collections.abc import Iterator
from typing import Final

from localcluster import manifests, provision, show
from localcluster.controlplane import ControlPlane
from localcluster.operation import Operation
from localcluster.processes import ChildEnded
from localcluster.progress import Progress

EXAMPLES: Final = manifests.ROOT / "examples"
EXPECTED: Final = {"order-1001": "Succeeded", "order-1002": "Failed"}
WAIT_SECONDS: Final = 60
TOKEN_SECONDS: Final = 3600
_RENEWAL_CHECK_SECONDS: Final = 5


class Stopped(Exception):
    """Somebody asked us to stop."""


def main() -> int:
    """Run the demo and return its exit code."""
    parser = argparse.ArgumentParser(prog="make demo", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--keep", action="store_true", help="leave it running until Ctrl-C")
    keep: bool = parser.parse_args().keep
    try:
        with _stoppable():
            return _demonstrate(keep=keep)
    except Stopped:
        print("\nstopped; everything that was started is gone")
        return 0 if keep else 130
    except (provision.Unprovisioned, ChildEnded, TimeoutError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _demonstrate(*, keep: bool) -> int:
    started = time.monotonic()

    def step(text: str) -> None:
        print(f"[{time.monotonic() - started:5.1f} s] {text}", flush=True)

    binaries = provision.provide(Progress("control plane"))
    step("starting a Kubernetes control plane of its own")
    with ControlPlane.start(binaries) as plane:
        api = plane.admin()
        step(f"{api.get('/version')['gitVersion']} is ready at {plane.url}; installing manifests/")
        manifests.apply(api, manifests.load(manifests.MANIFESTS))
        step("starting the operator, with the rights of its ServiceAccount and no others")
        operation = Operation.start(plane, TOKEN_SECONDS)
        step(f"applying {', '.join(sorted(file.name for file in EXAMPLES.glob('*.yaml')))}")
        operation.apply(EXAMPLES)
        states = show.follow(api, EXPECTED, WAIT_SECONDS, [operation.child])
        step("done; this is what the cluster says:")
        show.everything(api)
        wrong = {name: state for name, state in states.items() if state != EXPECTED[name]}
        if wrong:
            print(f"error: not as expected: {wrong}\n{operation.child.tail()}", file=sys.stderr)
        if keep:
            show.invitation(plane, operation.child.log)
            _stay(operation)
        return 1 if wrong else 0


def _stay(operation: Operation) -> None:
    """Renew the operator's token in time, until somebody stops us. Raises ChildEnded with the operator."""
    while True:
        operation.renew_token()
        code = operation.child.exit_code()
        if code is not None:
            raise ChildEnded(operation.child, code)
        time.sleep(_RENEWAL_CHECK_SECONDS)


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    """Turn the signals that end a program into Stopped, so that cleaning up happens."""

    def stop(_number: int, _frame: object) -> None:
        for again in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(again, signal.SIG_IGN)  # cleaning up takes a second; let it
        raise Stopped

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    yield


if __name__ == "__main__":
    sys.exit(main())
