"""The help pages: examples first, then usage, flags and exit codes, as kubectl's conventions want.

`docs/cli.md` is made of these pages, so what the command says and what the docs say cannot differ.
"""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from stepward.cli import exitcodes


@dataclass(frozen=True, slots=True)
class Page:
    """What a verb says about itself. Examples are (comment, command) without the program's name."""

    name: str
    summary: str
    about: str
    usage: str
    examples: tuple[tuple[str, str], ...]
    exit_codes: tuple[int, ...]


OVERVIEW_EXAMPLES = (
    ("Run a workflow on this machine; no cluster is needed", "run hello.yaml"),
    (
        "Give it an argument, and get its outcome as one JSON object",
        "run order.yaml --data '{\"id\": 8813}' -o json",
    ),
    ("Check sources before they are applied", "check workflows/*.yaml"),
    ("Run test cases, with mocks in place of the network", "test workflows/"),
)


def render_overview(program: str, pages: Iterable[Page]) -> str:
    """Return the page that `--help` shows without a verb."""
    verbs = [(page.name, page.summary) for page in pages]
    verbs.append(("operator", "Run the operator itself, inside a cluster"))
    sections = [
        "Run, check and test workflows written in the syntax of Google Cloud Workflows.",
        _section("Examples", _examples(program, OVERVIEW_EXAMPLES)),
        _section("Usage", [f"{program} COMMAND [flags]"]),
        _section("Commands", _columns(verbs)),
        _section(
            "Flags", _columns([("-h, --help", "Show this page"), ("    --version", "Show the version")])
        ),
        _section("Exit codes", _exit_codes(exitcodes.MEANINGS)),
        f'Use "{program} COMMAND --help" for the flags of a command.',
    ]
    return "\n\n".join(sections) + "\n"


def render_page(program: str, page: Page, actions: Sequence[argparse.Action]) -> str:
    """Return the page that `--help` shows for one verb; *actions* are its flags and arguments."""
    sections = [
        f"{page.summary}.",
        page.about,
        _section("Examples", _examples(program, page.examples)),
        _section("Usage", [f"{program} {page.name} {page.usage} [flags]"]),
        _section("Arguments", _columns([_row(action) for action in actions if not action.option_strings])),
        _section("Flags", _columns([_row(action) for action in actions if action.option_strings])),
        _section("Exit codes", _exit_codes(page.exit_codes)),
    ]
    return "\n\n".join(sections) + "\n"


def _section(title: str, lines: Iterable[str]) -> str:
    return f"{title}:\n" + "\n".join(f"  {line}" if line else "" for line in lines)


def _examples(program: str, examples: Iterable[tuple[str, str]]) -> list[str]:
    lines: list[str] = []
    for comment, command in examples:
        if lines:
            lines.append("")
        lines += [f"# {comment}", f"{program} {command}"]
    return lines


def _columns(rows: Sequence[tuple[str, str]]) -> list[str]:
    width = max((len(left) for left, _ in rows), default=0)
    lines: list[str] = []
    for left, right in rows:
        first, *rest = right.split("\n")
        lines.append(f"{left:<{width}}   {first}")
        lines += [" " * (width + 3) + line for line in rest]
    return lines


def _row(action: argparse.Action) -> tuple[str, str]:
    if not action.option_strings:
        return str(action.metavar), action.help or ""
    # A flag without a short form starts where the long forms of the others do.
    flags = ", ".join(action.option_strings)
    left = flags if len(action.option_strings) > 1 else f"    {flags}"
    return (f"{left} {action.metavar}" if action.metavar else left), action.help or ""


def _exit_codes(codes: Iterable[int]) -> list[str]:
    return _columns([(f"{code:>3}", exitcodes.MEANINGS[code]) for code in codes])
