"""(c) Start-up of `stepward run`: the whole process, from exec to exit, for hello world and one HTTP step."""

import contextlib
import http.server
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import stepward
from benchmarks import machine

RUNS = 20

HELLO = """\
main:
  steps:
    - greet:
        return: "Hello, World!"
"""

ONE_REQUEST = """\
main:
  steps:
    - ask:
        call: http.get
        args:
          url: {url}
        result: answer
    - done:
        return: ${{answer.body.message}}
"""


@dataclass(frozen=True)
class Timing:
    """How long *RUNS* processes took, and how long the processor worked for them, in milliseconds."""

    name: str
    goal: float | None
    times: list[float]
    work: list[float]

    def row(self) -> str:
        """Return the row of the table."""
        median = statistics.median(self.times)
        goal = f"{self.goal:.0f} | {median / self.goal:.2f}" if self.goal else "| "
        figures = (median, min(self.times), max(self.times), statistics.median(self.work))
        return f"| {self.name} | {' | '.join(f'{figure:.0f}' for figure in figures)} | {goal} |"


class _Answer(http.server.BaseHTTPRequestHandler):
    """Answers at once."""

    def do_GET(self) -> None:
        """Answer a small JSON map."""
        body = b'{"message": "Hello, World!"}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


@contextlib.contextmanager
def _server() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def measure() -> list[Timing]:
    """Return the timings: a bare interpreter as the floor, then ours. The three take turns."""
    with tempfile.TemporaryDirectory() as folder, _server() as url:
        hello, request = Path(folder, "hello.yaml"), Path(folder, "request.yaml")
        hello.write_text(HELLO)
        request.write_text(ONE_REQUEST.format(url=url))
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "stepward --version": [*_stepward(), "--version"],
            "hello world": [*_stepward(), "run", str(hello), "-o", "json"],
            "one HTTP step": [*_stepward(), "run", str(request), "-o", "json"],
        }
        goals = {"hello world": 150.0, "one HTTP step": 300.0}
        timings = [Timing(name, goals.get(name), [], []) for name in commands]
        for turn in range(RUNS + 1):
            for timing in timings:
                lasted, worked = _run(commands[timing.name])
                if turn:  # the first warms the caches
                    timing.times.append(lasted)
                    timing.work.append(worked)
    return timings


def _stepward() -> list[str]:
    installed = Path(sys.executable).with_name("stepward")
    return [str(installed)] if installed.exists() else [sys.executable, "-m", "stepward"]


def _run(command: list[str]) -> tuple[float, float]:
    """Run *command* and return how long it took and what it cost the processor, in milliseconds."""
    package = Path(stepward.__file__).resolve().parent.parent
    environment = {**os.environ, "PYTHONPATH": str(package)}
    # What is installed has its bytecode beside it; the first, uncounted turn writes it here.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    worked, began = _work_of_children(), time.perf_counter()
    done = subprocess.run(command, capture_output=True, env=environment, check=False)
    lasted, worked = time.perf_counter() - began, _work_of_children() - worked
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stdout!r} {done.stderr!r}")
    return lasted * 1000, worked * 1000


def _work_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Print the section of the results."""
    described = machine.describe()
    timings = measure()
    print("## Start-up of `stepward run`\n")
    print("\n".join(described))
    print(f"- whole process, {RUNS} runs each in turns, milliseconds; CPU hardly changes on a busy machine\n")
    print("| | median | best | worst | CPU | goal | of goal |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for timing in timings:
        print(timing.row())


if __name__ == "__main__":
    main()
