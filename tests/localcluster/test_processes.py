"""Child processes end with whoever started them, even when that one dies without a word."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from localcluster import processes

HACK = Path(processes.__file__).parents[1]
FOREVER = [sys.executable, "-c", "import time; time.sleep(600)"]
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(600)
"""
BRIEF = "print('no'); raise SystemExit(3)"

STARTER = """
import pathlib, sys, time
from localcluster import processes
folder = pathlib.Path(sys.argv[1])
family = processes.Family(folder)
child = family.start("child", [sys.executable, "-c", "import time; time.sleep(600)"], folder / "log")
print(child.pid, flush=True)
time.sleep(600)
"""


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # What has ended and was not waited for by its parent is still listed.
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def folder_in(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def test_leaving_the_family_stops_its_children_and_removes_the_folder(tmp_path: Path) -> None:
    folder = folder_in(tmp_path)
    with processes.Family(folder) as family:
        pids = [family.start(str(number), FOREVER, folder / f"{number}.log").pid for number in range(2)]
        assert all(map(is_alive, pids))
    assert not any(map(is_alive, pids))
    assert not folder.exists()


def test_a_child_that_will_not_end_is_ended(tmp_path: Path) -> None:
    folder = folder_in(tmp_path)
    with processes.Family(folder) as family:
        child = family.start("stubborn", [sys.executable, "-c", STUBBORN], folder / "log")
        processes.wait_until("it is up", lambda: "up" in child.tail(), timeout_seconds=20)
        child.stop(grace_seconds=0.2)
        assert child.exit_code() == -signal.SIGKILL


def test_a_starter_that_is_killed_leaves_nothing(tmp_path: Path) -> None:
    folder = folder_in(tmp_path)
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(HACK)},
    )
    with starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        assert is_alive(pid)
        starter.kill()
    processes.wait_until("the child has ended", lambda: not is_alive(pid), timeout_seconds=20)
    processes.wait_until("the folder is gone", lambda: not folder.exists(), timeout_seconds=20)


def test_waiting_ends_with_the_process_that_is_waited_for(tmp_path: Path) -> None:
    folder = folder_in(tmp_path)
    with processes.Family(folder) as family:
        child = family.start("brief", [sys.executable, "-c", BRIEF], folder / "log")
        started = time.monotonic()
        with pytest.raises(processes.ChildEnded, match="brief ended with exit code 3") as ended:
            processes.wait_until("it works", lambda: False, timeout_seconds=60, watched=[child])
        assert time.monotonic() - started < 30
        assert "no" in str(ended.value)
