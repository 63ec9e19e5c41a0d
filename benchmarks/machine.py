"""Where figures come from: the processor, its load, and the versions in play."""

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("aiohttp", "h11", "kopf", "kubernetes", "orjson", "pyyaml", "google-re2")


def describe() -> list[str]:
    """Return lines of Markdown about this machine and the versions."""
    load = " ".join(f"{figure:.2f}" for figure in os.getloadavg())
    versions = ", ".join(f"{name} {version}" for name in PACKAGES if (version := _version(name)))
    return [
        f"- machine: {_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}",
        f"- load at the start: {load}",
        f"- {platform.python_implementation()} {platform.python_version()}; {versions}",
        f"- commit {_commit()}",
    ]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _commit() -> str:
    try:
        asked = subprocess.run(
            ["git", "describe", "--always", "--dirty"],  # noqa: S607 - whichever git is there
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return asked.stdout.strip()
