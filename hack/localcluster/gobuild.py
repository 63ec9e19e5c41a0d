"""Builds the binaries from the Go modules pinned in `hack/controlplane`."""

import os
import queue
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Collection
from pathlib import Path

from localcluster import pins
from localcluster.progress import Progress, Unavailable


def build(names: Collection[str], folder: Path, progress: Progress) -> None:
    """Build *names* into *folder*. Raises Unavailable with the compiler's last words."""
    go = shutil.which("go")
    if go is None:
        raise Unavailable("go build: there is no `go` on the PATH")
    progress.say(f"building {', '.join(names)} from source: minutes the first time, then cached")
    for name in names:
        started = time.monotonic()
        _build_one(go, name, folder / name, progress)
        progress.say(f"built {name} in {time.monotonic() - started:.0f} s")


def _build_one(go: str, name: str, target: Path, progress: Progress) -> None:
    part = target.with_suffix(".part")
    command = [go, "build", "-v", "-trimpath", "-buildvcs=false", "-ldflags", _ldflags(), "-o", str(part)]
    process = subprocess.Popen(
        [*command, pins.PACKAGES[name]],
        cwd=pins.MODULE,
        env={**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # its compilers are in its group, to be ended with it
    )
    try:
        last_words = _follow(process, name, progress)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()
    if process.returncode != 0:
        raise Unavailable(f"go build of {name} failed: " + "; ".join(last_words[-4:]))
    part.rename(target)


def _follow(process: "subprocess.Popen[str]", name: str, progress: Progress) -> list[str]:
    """Show how many modules and packages went by (`go build -v` names each); return the last lines."""
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read() -> None:
        for line in process.stderr or ():
            lines.put(line.rstrip())
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    started, downloads, packages, last = time.monotonic(), 0, 0, [""]
    while True:
        try:
            line = lines.get(timeout=1)
        except queue.Empty:
            line = ""
        if line is None:
            return last
        if line.startswith("go: downloading"):
            downloads += 1
        elif line:
            packages += 1
        if line:
            last = [*last[-9:], line]
        seconds = time.monotonic() - started
        progress.tick(f"{name}: {seconds:.0f} s, {downloads} modules fetched, {packages} packages compiled")


def _ldflags() -> str:
    """Without its version the API server calls itself v0.0.0, and clients misbehave."""
    version = pins.versions().kubernetes
    major, minor, _ = version.removeprefix("v").split(".")
    package = "k8s.io/component-base/version"
    stamps = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    return " ".join(["-s", "-w", *(f"-X {package}.{name}={value}" for name, value in stamps.items())])
