"""`make demo` as a user runs it: a cluster of its own, results, and nothing left behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from localcluster import processes

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "localcluster.demo"]


def environment(folder: Path) -> dict[str, str]:
    """Let the demo put its files into *folder*, and offer it a cluster that it must not touch."""
    bait = folder / "somebody-elses.kubeconfig"
    bait.write_text("this is no kubeconfig: whoever reads it fails")
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT / "hack"),
        "TMPDIR": str(folder),
        "KUBECONFIG": str(bait),
    }


def leftovers(folder: Path) -> list[Path]:
    return list(folder.glob("stepward-*"))


def test_the_demo_shows_a_result_and_an_error(tmp_path: Path) -> None:
    done = subprocess.run(
        COMMAND,
        cwd=ROOT,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    words = [line.split() for line in lines]
    assert ["NAME", "WORKFLOW", "STATE", "STEP", "AGE"] in words
    assert any(row[:3] == ["order-1001", "order", "Succeeded"] for row in words)
    assert any(row[:4] == ["order-1002", "order", "Failed", "ask_price"] for row in words)
    assert '  "paid_cents": 1620,' in lines
    assert any(line.strip(" |").startswith("^^^") for line in lines), "the caret"
    assert "did you mean 'finish'?" in done.stdout
    assert not leftovers(tmp_path)


@pytest.mark.parametrize("asked_by", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_kept_stays_until_it_is_stopped(asked_by: signal.Signals, tmp_path: Path) -> None:
    log = tmp_path / "output"
    with log.open("w") as output:
        demo = subprocess.Popen(
            [*COMMAND, "--keep"],
            cwd=ROOT,
            env={**environment(tmp_path), "PYTHONUNBUFFERED": "1"},
            stdout=output,
            stderr=output,
        )
    try:
        processes.wait_until("the demo invites", lambda: "export KUBECONFIG=" in log.read_text(), 120)
        (folder,) = leftovers(tmp_path)
        assert f"export KUBECONFIG={folder / 'admin.kubeconfig'}" in log.read_text()
        assert demo.poll() is None
        demo.send_signal(asked_by)
        assert demo.wait(60) == 0
    finally:
        demo.kill()
        demo.wait()
    assert not leftovers(tmp_path)
