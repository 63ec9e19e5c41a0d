"""How the command ends, as a number. Public: scripts branch on it, and `--help` lists it."""

from typing import Final

OK: Final = 0
FAULT: Final = 1
USAGE: Final = 2
INVALID: Final = 4
UNSUCCESSFUL: Final = 5
INTERRUPTED: Final = 130
BROKEN_PIPE: Final = 141

MEANINGS: Final[dict[int, str]] = {
    OK: "The execution or every test case succeeded, or every source is valid",
    FAULT: "Stepward itself failed",
    USAGE: "The command line or a file of mocks or cases is wrong, or a file cannot be read",
    INVALID: "A source is invalid",
    UNSUCCESSFUL: "The execution or a test case did not succeed",
    INTERRUPTED: "Interrupted by Ctrl-C",
    BROKEN_PIPE: "The reader of standard output went away",
}
"""3 and 6 stay free: kubectl says "unchanged" with 3, and 6 is for a wait that timed out."""
