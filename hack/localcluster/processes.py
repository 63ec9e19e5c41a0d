"""Child processes that never outlive us, and that are stopped by their own id alone."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_GUARD = Path(__file__).with_name("guard.py")


class Guard:
    """A helper process that ends our children should we die without a word (SIGKILL, a crash).

    It removes *folder* afterwards: nobody else is left to do so.
    """

    def __init__(self, folder: Path) -> None:
        self._helper = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_GUARD), str(folder)],
            stdin=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )

    def watch(self, pid: int) -> None:
        """End the process group *pid* when we are gone."""
        self._say(f"watch {pid}")

    def forget(self, pid: int) -> None:
        """Leave *pid* alone: it has ended, and its number may be given to a stranger."""
        self._say(f"forget {pid}")

    def close(self) -> None:
        """Let the helper go; it ends what it still watches, and removes the folder."""
        if self._helper.stdin:
            self._helper.stdin.close()
        self._helper.wait(timeout=30)

    def _say(self, line: str) -> None:
        if self._helper.stdin:
            self._helper.stdin.write(line + "\n")
            self._helper.stdin.flush()


class Child:
    """One process in a group of its own, with its output in a file."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        guard: Guard,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.log = log
        self._guard = guard
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in the terminal is ours to handle, in order
                env={**os.environ, **(environment or {})},
            )
        guard.watch(self.pid)

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its group."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """Return how the process ended; None while it runs."""
        return self._process.poll()

    def wait(self, timeout_seconds: float) -> int:
        """Wait for the end. Raises TimeoutError."""
        try:
            return self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"{self.name} still runs after {timeout_seconds:g} s") from None

    def stop(self, grace_seconds: float = 10) -> None:
        """Ask the group to end, and insist after *grace_seconds*. Does nothing when it has ended."""
        if self._process.poll() is None:
            self._signal(signal.SIGTERM)
            try:
                self._process.wait(grace_seconds)
            except subprocess.TimeoutExpired:
                self._signal(signal.SIGKILL)
                self._process.wait()
        self._guard.forget(self.pid)

    def tail(self, lines: int = 15) -> str:
        """Return the end of the log."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)


class Family:
    """Child processes and the folder they work in.

    Leaving the context stops them, last started first, and removes the folder.
    """

    def __init__(self, folder: Path) -> None:
        self._guard = Guard(folder)
        self._children: list[Child] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(
        self, name: str, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
    ) -> Child:
        """Start *command* and keep watch over it."""
        child = Child(name, command, log, self._guard, environment)
        self._children.append(child)
        return child

    def stop(self) -> None:
        """Stop every child, then remove the folder.

        Interrupted by a second Ctrl-C, it leaves the rest to the guard.
        """
        try:
            while self._children:
                self._children[-1].stop()
                self._children.pop()
        finally:
            self._guard.close()


def wait_until(
    what: str, ready: Callable[[], bool], timeout_seconds: float, watched: Sequence[Child] = ()
) -> None:
    """Call *ready* until it returns true.

    Raises TimeoutError, naming *what*, or ChildEnded as soon as one of *watched* is gone.
    """
    deadline = time.monotonic() + timeout_seconds
    while not ready():
        for child in watched:
            if (code := child.exit_code()) is not None:
                raise ChildEnded(child, code)
        if time.monotonic() > deadline:
            logs = "".join(f"\n--- {child.log}\n{child.tail()}" for child in watched)
            raise TimeoutError(f"{what}: not after {timeout_seconds:g} s{logs}")
        time.sleep(0.05)


class ChildEnded(RuntimeError):
    """A process that should be running has ended."""

    def __init__(self, child: Child, code: int) -> None:
        super().__init__(f"{child.name} ended with exit code {code}; {child.log} says:\n{child.tail()}")
        self.child = child
