"""Reads the parts of which files of mocks and of test cases consist; what is wrong goes to a report."""

from collections.abc import Sequence
from typing import Any, Final

from stepward.cli import inputs
from stepward.cli.output import CommandError
from stepward.language import compilation, diagnostics, yamltree
from stepward.language.source import Source, Span
from stepward.stdlib.time import parse_timestamp
from stepward.values import limits, model
from stepward.values.errors import WorkflowError
from stepward.values.model import Map

_SCALARS: Final = (str, int, float, bool)


def load(path: str) -> Source:
    """Return the text of a file of mocks or cases; CommandError if it cannot be read or is not UTF-8."""
    content = inputs.read_bytes(path, limits.MOCKS_BYTES)
    name = inputs.display_name(path)
    if len(content) > limits.MOCKS_BYTES:  # and so may end in the middle of a character
        raise CommandError(f"'{name}' is larger than {limits.MOCKS_BYTES // limits.KIB} KiB")
    try:
        return Source(name, content.decode())
    except UnicodeDecodeError as failure:
        raise CommandError(f"'{name}' must be UTF-8 text; byte {failure.start + 1} is not") from failure


def compose(source: Source, report: diagnostics.Report) -> yamltree.Node | None:
    """Return the node of a file of mocks or cases; None if it cannot be read."""
    return yamltree.compose(source, report, limit_bytes=limits.MOCKS_BYTES)


class Reader:
    """Reads nodes of one file; every finding has the same *code*."""

    def __init__(self, source: Source, report: diagnostics.Report, code: str) -> None:
        self.source = source
        self.report = report
        self._code = code

    def wrong(self, span: Span, message: str, help_: str = "") -> None:
        """Report what must be true of the piece at *span*."""
        self.report.error(self._code, span, message, help_)

    def fields(self, node: yamltree.Node, allowed: Sequence[str], what: str) -> dict[str, yamltree.Node]:
        """Return the values of the map *node* by key; unknown keys are reported and left out."""
        if not isinstance(node, yamltree.MapNode):
            self.wrong(node.span, f"{what} must be a map", f"it may have: {', '.join(allowed)}")
            return {}
        found = {}
        for entry in node.entries:
            key = str(entry.key.value)
            if key in allowed:
                found[key] = entry.value
            else:
                help_ = self.report.did_you_mean(key, allowed) or f"it may have: {', '.join(allowed)}"
                self.wrong(entry.key.span, f"{what} has no key '{key}'", help_)
        return found

    def items(self, node: yamltree.Node | None, what: str) -> Sequence[yamltree.Node]:
        """Return the items of the list *node*; none if there is no list."""
        if node is None:
            return ()
        if not isinstance(node, yamltree.ListNode):
            self.wrong(node.span, f"{what} must be a list")
            return ()
        return node.items

    def text(self, node: yamltree.Node | None, what: str) -> str:
        """Return the text of *node*; "" after reporting that it has none."""
        if isinstance(node, yamltree.ScalarNode) and node.text:
            return node.text
        if node is not None:
            self.wrong(node.span, f"{what} must be text")
        return ""

    def texts(self, node: yamltree.Node | None, what: str) -> dict[str, str]:
        """Return the entries of a map whose values are single values, as they would be spelled."""
        found = {}
        for key, value in self.entries(node, what):
            if isinstance(value, yamltree.ScalarNode) and value.value is not None:
                found[key] = value.text
            else:
                self.wrong(value.span, f"'{key}' of {what} must be text")
        return found

    def entries(self, node: yamltree.Node | None, what: str) -> Sequence[tuple[str, yamltree.Node]]:
        """Return the entries of the map *node*, whatever their keys; none if it is no map."""
        if node is None:
            return ()
        if not isinstance(node, yamltree.MapNode):
            self.wrong(node.span, f"{what} must be a map")
            return ()
        return [(str(entry.key.value), entry.value) for entry in node.entries]

    def seconds(self, node: yamltree.Node | None, what: str) -> float:
        """Return the number of *node*, 0 or above and at most a year; 0 if there is none."""
        value = compilation.plain(node) if node else 0
        if isinstance(value, int | float) and type(value) is not bool and 0 <= value <= limits.SLEEP_SECONDS:
            return float(value)
        if node is not None:
            self.wrong(node.span, f"{what} must be a number of seconds, 0 or above, at most a year")
        return 0.0

    def whole(self, node: yamltree.Node, what: str, least: int, most: int) -> int:
        """Return the integer of *node*; *least* after reporting that it is none, or out of bounds."""
        value = compilation.plain(node)
        if isinstance(value, int) and type(value) is not bool and least <= value <= most:
            return value
        self.wrong(node.span, f"{what} must be an integer from {least} to {most}")
        return least

    def moment(self, node: yamltree.Node | None, what: str) -> float | None:
        """Return the seconds since 1970 of a timestamp; None if there is none."""
        if node is None:
            return None
        try:
            return parse_timestamp(what, self.text(node, what))
        except WorkflowError:
            self.wrong(node.span, f"{what} must be a time such as 2026-01-31T12:00:00Z")
            return None

    def value(self, node: yamltree.Node) -> Any:
        """Return the value that *node* stands for; null after reporting that it is too large."""
        try:
            return model.adopt(compilation.plain(node))
        except WorkflowError as failure:
            message = failure.value["message"] if isinstance(failure.value, Map) else str(failure.value)
            self.wrong(node.span, f"the value is too large: {message}")
            return None
