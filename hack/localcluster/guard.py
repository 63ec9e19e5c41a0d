"""Ends process groups and removes their folder when whoever started them is gone.

Run by `processes.Guard` as `guard.py FOLDER`, never imported. Standard input carries `watch PID` and
`forget PID` lines; its end means that the starter has died or is done. Starts without site-packages.
"""

import contextlib
import os
import shutil
import signal
import sys
import time

GRACE_SECONDS = 5


def main() -> None:
    """Listen, then end what is still watched."""
    watched: list[int] = []
    for line in sys.stdin:
        verb, _, number = line.strip().partition(" ")
        if verb == "watch":
            watched.append(int(number))
        elif verb == "forget":
            watched.remove(int(number))
    for asked in (signal.SIGTERM, signal.SIGKILL):
        for pid in reversed(watched):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, asked)
        deadline = time.monotonic() + GRACE_SECONDS
        while any(map(_alive, watched)) and time.monotonic() < deadline:
            time.sleep(0.05)
    shutil.rmtree(sys.argv[1], ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.killpg(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main()
