"""Notes of the house tests: limits that are worth a look, and fail nothing."""

from collections.abc import Callable, Iterable

import pytest

_NOTES = pytest.StashKey[list[str]]()


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Callable[[str, Iterable[str]], None]:
    """Print a heading and its lines after the test run."""
    notes = request.config.stash.setdefault(_NOTES, [])

    def take(heading: str, lines: Iterable[str]) -> None:
        notes.extend([heading, *(f"  {line}" for line in lines)])

    return take


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    notes = config.stash.get(_NOTES, [])
    if notes:
        terminalreporter.section("notes of the house")
        terminalreporter.write("\n".join(notes) + "\n")
