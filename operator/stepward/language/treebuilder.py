"""From a stream of scalars, openings and closings to nodes, within bounds.

Both readers, YAML and JSON, push into a `Builder`. It keeps an explicit stack, so no nesting can
exhaust Python's, and it refuses before it spends memory.
"""

from dataclasses import dataclass, field, replace

from stepward.language import scalars
from stepward.language.diagnostics import Report
from stepward.language.nodes import Entry, ListNode, MapNode, Node, ScalarNode
from stepward.language.offsets import Style
from stepward.language.source import Source, Span
from stepward.values import limits


class Unreadable(Exception):
    """Reading cannot go on. Raised after a diagnostic was reported; never leaves `compose`."""


@dataclass(slots=True)
class _Open:
    """A list or map whose end has not been read."""

    start: int
    is_map: bool
    anchor: str | None
    before: int
    """Nodes counted before this one."""
    children: list[Node] = field(default_factory=list)
    """Items; of a map, keys and values by turns."""
    height: int = 0
    """How deep the deepest finished child is."""


@dataclass(frozen=True, slots=True)
class _Anchored:
    """What an anchor marks: the node, how many nodes it holds, how deep it is."""

    node: Node
    count: int
    height: int


class Builder:
    """Builds the node of one document."""

    def __init__(self, source: Source, report: Report) -> None:
        """Take the source the offsets refer to, and where findings go."""
        self._source = source
        self._report = report
        self._stack: list[_Open] = []
        self._anchors: dict[str, _Anchored | None] = {}
        self._count = 0
        self.root: Node | None = None

    def scalar(self, span: Span, text: str, style: Style, raw: str, anchor: str | None = None) -> None:
        """Add a scalar; a plain one is resolved by the rules of language.md 1.2."""
        self._spend(1, span)
        value: scalars.Scalar = text
        if style == "plain":
            try:
                value = scalars.resolve(text)
            except scalars.NotANumber as wrong:
                self._report.error(wrong.code, span, wrong.message, wrong.help)
        node = ScalarNode(span, value, text, style == "plain", raw, style)
        if anchor is not None:
            self._anchors[anchor] = _Anchored(node, 1, 0)
        self._add(node, 0)

    def open(self, start: int, *, is_map: bool, anchor: str | None = None) -> None:
        """Begin a list or a map."""
        self._spend(1, Span(start, start + 1))
        if len(self._stack) >= limits.SOURCE_DEPTH:
            self._refuse_depth(Span(start, start + 1))
        if anchor is not None:
            self._anchors[anchor] = None
        self._stack.append(_Open(start, is_map, anchor, self._count - 1))

    def close(self, end: int | None = None) -> None:
        """End the innermost list or map, at *end* or where its last child ended."""
        done = self._stack.pop()
        children = done.children
        if end is None:
            end = max(children[-1].span.end, done.start) if children else done.start
        span = Span(done.start, end)
        node: Node = (
            MapNode(span, self._entries(children)) if done.is_map else ListNode(span, tuple(children))
        )
        if done.anchor is not None:
            self._anchors[done.anchor] = _Anchored(node, self._count - done.before, done.height + 1)
        self._add(node, done.height + 1)

    def alias(self, span: Span, anchor: str) -> None:
        """Repeat what *anchor* marks. The node is shared: it costs readers time, but no memory."""
        if anchor not in self._anchors:
            self._report.error(
                "unknown-anchor",
                span,
                f"nothing before this place is marked with the anchor '&{anchor}'",
                f"put the value in quotes if '*{anchor}' is text",
            )
            raise Unreadable
        marked = self._anchors[anchor]
        if marked is None:
            self._report.error(
                "recursive-alias", span, f"'*{anchor}' stands inside the value it repeats: that never ends"
            )
            raise Unreadable
        self._spend(marked.count, span)
        if len(self._stack) + marked.height > limits.SOURCE_DEPTH:
            self._refuse_depth(span)
        self._add(marked.node, marked.height)

    def _spend(self, nodes: int, span: Span) -> None:
        self._count += nodes
        if self._count > limits.SOURCE_NODES:
            self._report.error(
                "too-many-nodes",
                span,
                f"the source holds more than {limits.SOURCE_NODES:,} keys and values, aliases expanded",
                "move large data out of the workflow",
            )
            raise Unreadable

    def _refuse_depth(self, span: Span) -> None:
        self._report.error(
            "nested-too-deep",
            span,
            f"lists and maps are nested more than {limits.SOURCE_DEPTH} deep",
            "move inner steps to a subworkflow",
        )
        raise Unreadable

    def _add(self, node: Node, height: int) -> None:
        if not self._stack:
            self.root = node
            return
        top = self._stack[-1]
        top.children.append(node)
        top.height = max(top.height, height)

    def _entries(self, children: list[Node]) -> tuple[Entry, ...]:
        entries: dict[str, Entry] = {}
        for key, value in zip(children[::2], children[1::2], strict=True):
            name = self._key_name(key, value)
            if name is None or not isinstance(key, ScalarNode):
                continue
            if name in entries:
                self._report_duplicate(name, key, entries[name].key)
                continue
            entries[name] = Entry(key if key.value is name else replace(key, value=name), value)
        return tuple(entries.values())

    def _key_name(self, key: Node, value: Node) -> str | None:
        """Return the string a key stands for, or None after reporting why it stands for none."""
        if not isinstance(key, ScalarNode):
            shape = "map" if isinstance(key, MapNode) else "list"
            self._report.error(
                "key-not-a-scalar",
                key.span,
                f"a map key must be a single value; this one is a {shape}",
                "put text that begins with { or [ in single quotes",
            )
        elif key.value is None:
            span = key.span if key.text else Span(key.span.start, max(value.span.start, key.span.start + 1))
            self._report.error(
                "null-key", span, "a map key must not be null or empty", "put it in quotes if it is text"
            )
        elif key.plain and key.text == "<<":
            self._report.error(
                "merge-key",
                key.span,
                "the merge key '<<' has no meaning here",
                "repeat the entries, or put the key in quotes if it is text",
            )
        else:
            return self._spelled(key)
        return None

    def _spelled(self, key: ScalarNode) -> str:
        """Return a key as string; a double is spelled as its author did: `1.0` and `1` differ."""
        if isinstance(key.value, bool):
            return "true" if key.value else "false"
        if isinstance(key.value, int):
            return str(key.value)
        if key.plain and key.text.startswith("${") and not key.text.endswith("}"):
            self._report.warning(
                "expression-cut-short",
                key.span,
                "this expression ends where a colon and a blank make it the key of a map",
                "put the whole value in single quotes: '${…}'",
            )
        return key.text

    def _report_duplicate(self, name: str, key: ScalarNode, first: ScalarNode) -> None:
        line = self._source.position(first.span).line
        self._report.error(
            "duplicate-key",
            key.span,
            f"key '{name[:60]}' occurs twice in this map",
            f"it first occurs in line {line}: remove or rename one of them",
        )
