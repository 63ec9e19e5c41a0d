"""The shape of the checkout: what must not be there, how large things get, what is documented."""

import ast
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "operator" / "stepward"

FILE_LINES, FILE_LINES_HARD = 300, 500
FUNCTION_LINES = 40
FILES_OF_A_PACKAGE = 8

Note = Callable[[str, Iterable[str]], None]


def committed(*suffixes: str) -> Iterator[Path]:
    """Yield the text files that git knows or would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    for line in listed.stdout.splitlines():
        file = ROOT / line
        if file.is_file() and (not suffixes or file.suffix in suffixes):
            yield file


def name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def ours(*folders: str) -> list[Path]:
    """Return the Python files below *folders*."""
    return [file for file in committed(".py") if name(file).startswith(folders)]


def test_the_folder_operator_is_no_package() -> None:
    """It would shadow Python's own module `operator` for everything that runs from the checkout."""
    assert not (ROOT / "operator" / "__init__.py").exists()
    assert not (ROOT / "tests" / "operator").exists()


def test_every_package_says_what_it_is_for() -> None:
    for file in PACKAGE.rglob("__init__.py"):
        docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
        assert docstring, name(file)
        assert docstring.rstrip().endswith("."), name(file)


def test_no_file_is_too_long(note: Note) -> None:
    lengths = {name(file): file.read_text(encoding="utf-8").count("\n") for file in ours("operator", "hack")}
    long = {file: length for file, length in lengths.items() if length > FILE_LINES}
    note(f"files over {FILE_LINES} lines:", sorted(f"{file}: {length}" for file, length in long.items()))
    assert not [file for file, length in long.items() if length > FILE_LINES_HARD]


def test_functions_are_short(note: Note) -> None:
    found = []
    for file in ours("operator", "hack"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > FUNCTION_LINES:
                    found.append(f"{name(file)}:{node.lineno}: {node.name}: {length}")
    note(f"functions over {FUNCTION_LINES} lines:", found)


def test_packages_are_small(note: Note) -> None:
    sizes = {
        name(package.parent): len([file for file in package.parent.glob("*.py") if file != package])
        for package in PACKAGE.rglob("__init__.py")
    }
    large = [f"{package}: {size}" for package, size in sizes.items() if size > FILES_OF_A_PACKAGE]
    note(f"packages of more than {FILES_OF_A_PACKAGE} files:", sorted(large))


def test_nothing_committed_names_one_machine() -> None:
    """Paths of the machine it was written on, or the registries that machine happens to use."""
    paths = r"(^|[^\w./-])/(work|root|farm|home)/"
    hosts = r"pypi\.org|pythonhosted\.org|(proxy|sum)\.golang\.org"
    found = matches(rf"{paths}|{hosts}", but_not={"tests/house/test_shape.py"})
    assert not found


def test_nothing_committed_needs_what_stands_beside_the_checkout() -> None:
    allowed = {".ci/run", "tests/field/test_google_samples.py", "tests/house/test_shape.py"}
    assert not matches(r"\.\./shared|\"\.\.\".*shared|/\.library/", but_not=allowed)


def test_nothing_is_left_for_later_or_left_out() -> None:
    later = [r"\bTODO\b", r"\bFIXME\b", r"\bXXX\b", r"NotImplementedError"]
    left_out = [r"pytest\.skip", r"mark\.skip", r"importorskip", r"\bxfail\b", "unittest.skip"]
    assert not matches("|".join(later + left_out), ".py", but_not={"tests/house/test_shape.py"})


def matches(pattern: str, *suffixes: str, but_not: set[str]) -> list[str]:
    """Return `file:line: text` for every line that *pattern* is found in."""
    expression = re.compile(pattern)
    found = []
    for file in committed(*suffixes):
        if name(file) in but_not:
            continue
        text = file.read_bytes().decode(errors="replace")
        found += [
            f"{name(file)}:{number}: {line.strip()[:120]}"
            for number, line in enumerate(text.splitlines(), 1)
            if expression.search(line)
        ]
    return found
