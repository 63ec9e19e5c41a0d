"""What is installed: pinned packages, and every file that the package reads at run time."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "operator" / "stepward"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def pins(lock: str) -> dict[str, str]:
    """Return the packages of a lock file with their versions."""
    text = (ROOT / "requirements" / f"{lock}.lock").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==([^\s;]+)", text, re.MULTILINE))


def test_every_package_of_a_lock_file_has_hashes_and_no_address() -> None:
    for file in (ROOT / "requirements").iterdir():
        text = file.read_text(encoding="utf-8")
        assert "://" not in text
        for block in re.split(r"\n(?=[a-z0-9])", text)[1:]:
            assert "--hash=sha256:" in block, block.splitlines()[0]


def test_the_lock_files_agree_with_the_project() -> None:
    runtime, development = pins("runtime"), pins("dev")
    assert {name: development.get(name) for name in runtime} == runtime
    wanted = {re.split(r"[^\w.-]", entry)[0] for entry in PROJECT["project"]["dependencies"]}
    assert wanted <= set(runtime)
    tools = [entry for entry in PROJECT["dependency-groups"]["dev"] if isinstance(entry, str)]
    assert {re.split(r"[^\w.-]", entry)[0] for entry in tools} <= set(development)


def test_the_wheel_has_every_file_of_the_package(tmp_path: Path) -> None:
    source = tmp_path / "source"
    ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "operator", source / "operator", ignore=ignore)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = "from setuptools import build_meta; print(build_meta.build_wheel('.'))"
    done = subprocess.run(
        [sys.executable, "-c", build], cwd=source, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = source.glob("*.whl")
    with zipfile.ZipFile(wheel) as content:
        shipped = {name for name in content.namelist() if name.startswith("stepward/")}
        metadata = next(name for name in content.namelist() if name.endswith("entry_points.txt"))
        commands = content.read(metadata).decode()
    there = {
        file.relative_to(PACKAGE.parent).as_posix()
        for file in PACKAGE.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert shipped == there
    assert "kubectl-stepward" in commands
    assert "console_scripts" in commands
