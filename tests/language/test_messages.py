"""What people see while their source is read: as YAML or JSON, and its expressions.

Every file of `tests/messages/reading` is a source and, behind a line of tildes, what is said about it.
"""

from pathlib import Path

import pytest

from language.reading import scalars
from stepward.language import diagnostics, expressions, yamltree
from stepward.language.source import Source

_FOLDER = Path(__file__).parents[1] / "messages" / "reading"
_RULE = "~~~\n"


def messages(text: str) -> str:
    """Return everything there is to say about *text*, as it is shown."""
    source, report = Source("order.yaml", text), diagnostics.Report()
    root = yamltree.compose(source, report)
    for scalar in scalars(root) if root is not None else ():
        if isinstance(scalar.value, str) and expressions.is_expression(scalar.value):
            expressions.parse(scalar.text, scalar.source_span, report)
    return diagnostics.render_all(report, source) + "\n"


@pytest.mark.parametrize("path", sorted(_FOLDER.glob("*.txt")), ids=lambda path: path.stem)
def test_the_message_is_the_one_on_file(path: Path) -> None:
    text, _, expected = path.read_bytes().decode().partition(_RULE)
    assert messages(text) == expected
