"""YAML and JSON texts to nodes with spans.

Only the event stream of libyaml is used, and it is pulled one event at a time: its composer recurses and
crashes on 100 KB of brackets, its scanner needs quadratic time for them, and PyYAML's constructor
resolves scalars by the rules of another language. An explicit stack and early refusal cost milliseconds.

Choices that language.md 1.2 leaves open: every explicit tag is refused; the merge key `<<` is refused,
because as an ordinary key it would silently not merge; an integer with a leading zero is refused when base 8
and base 10 disagree about it; an anchor may be defined again, as YAML allows.
"""

import re
from typing import Final

import yaml

from stepward.language import jsontree, offsets, yamlhints
from stepward.language.diagnostics import Report
from stepward.language.nodes import Entry, ListNode, MapNode, Node, ScalarNode
from stepward.language.source import Source, Span
from stepward.language.treebuilder import Builder, Unreadable
from stepward.values import limits

__all__ = ["Entry", "ListNode", "MapNode", "Node", "ScalarNode", "compose"]

if not yaml.__with_libyaml__:
    raise ImportError("stepward needs a PyYAML that is built with libyaml; the wheels on PyPI are")

_STYLES: Final[dict[str, offsets.Style]] = {"'": "single", '"': "double", "|": "block", ">": "block"}
_BOM: Final = "\ufeff"
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_NOT_YAML: Final = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_PROPERTIES: Final = re.compile(r"(?:&[^\s,\[\]{}]+|\s+|#[^\r\n]*)*")


def compose(source: Source, report: Report, limit_bytes: int = limits.SOURCE_BYTES) -> Node | None:
    """Return the one document of *source*, or None if it cannot be read at all.

    Never raises. With errors in *report* the returned tree lacks what they name. *limit_bytes* bounds the
    text in UTF-8.
    """
    if len(source.text.encode("utf-8", "surrogatepass")) > limit_bytes:
        report.error(
            "source-too-large",
            Span(0, 1),
            f"the text is larger than {limit_bytes // limits.KIB} KiB",
            "move large data out, or split the workflow",
        )
        return None
    builder = Builder(source, report)
    try:
        if jsontree.looks_like_json(source) and jsontree.is_json(source):
            _refuse_characters(source, _SURROGATE, report)
            jsontree.read(source, builder, report)
        else:
            _refuse_characters(source, _NOT_YAML, report)
            _Reader(source, report, builder).read()
    except Unreadable:
        return None
    return builder.root


def _refuse_characters(source: Source, unwanted: re.Pattern[str], report: Report) -> None:
    found = unwanted.search(source.text, 1 if source.text.startswith(_BOM) else 0)
    if found:
        report.error(
            "invalid-character",
            Span(found.start(), found.end()),
            f"the text must not contain the character U+{ord(found[0]):04X}",
            ""
            if unwanted is _SURROGATE
            else r"remove it; in double quotes an escape such as \x1b can stand for it",
        )
        raise Unreadable


class _Reader:
    """One pass over the events of a YAML text."""

    def __init__(self, source: Source, report: Report, builder: Builder) -> None:
        self._source = source
        self._report = report
        self._builder = builder
        # libyaml drops the byte order mark and counts from behind it.
        self._shift = 1 if source.text.startswith(_BOM) else 0

    def read(self) -> None:
        """Push the document into the builder; raises `Unreadable`."""
        documents = 0
        try:
            for event in yaml.parse(self._source.text[self._shift :], Loader=yaml.CSafeLoader):
                if isinstance(event, yaml.DocumentStartEvent):
                    documents += 1
                    if documents > 1:
                        self._refuse_second(event)
                else:
                    self._take(event)
        except yaml.MarkedYAMLError as wrong:
            yamlhints.report_syntax_error(self._source, wrong, self._shift, self._report)
            raise Unreadable from None
        if self._builder.root is None or _is_nothing(self._builder.root):
            hint = "start with `main:` and, below it, `steps:`"
            self._report.error("source-empty", Span(0, 1), "the text is empty", hint)
            raise Unreadable

    def _take(self, event: yaml.Event) -> None:
        match event:
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.AliasEvent():
                self._builder.alias(self._span(event), str(event.anchor))
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._refuse_tag(event)
                start = self._behind_properties(event)
                self._builder.open(
                    start, is_map=isinstance(event, yaml.MappingStartEvent), anchor=event.anchor
                )
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                # The end of a block collection is where the next thing begins: of no use.
                span = self._span(event)
                self._builder.close(span.end if span.end > span.start else None)
            case _:
                pass

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        self._refuse_tag(event)
        start, end = self._behind_properties(event), self._span(event).end
        style = _STYLES.get(event.style or "", "plain")
        raw = self._source.text[start:end]
        if style == "block":
            raw = raw.rstrip(offsets.SPACE)
        elif raw.startswith("${") and style == "plain":
            self._warn_of_comment(start, raw)
        self._builder.scalar(Span(start, start + len(raw)), event.value, style, raw, event.anchor)

    def _span(self, event: yaml.Event) -> Span:
        if event.start_mark is None or event.end_mark is None:
            raise LookupError("libyaml gives every event its marks")
        return Span(event.start_mark.index + self._shift, event.end_mark.index + self._shift)

    def _behind_properties(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> int:
        """Return where the node itself begins: events begin at the anchor before it."""
        span = self._span(event)
        if event.anchor is None:
            return span.start
        found = _PROPERTIES.match(self._source.text, span.start, span.end)
        return found.end() if found else span.start

    def _refuse_tag(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        if event.tag is None:
            return
        span = self._span(event)
        start = self._source.text.find("!", span.start)
        end = start + len(re.split(r"[\s,\[\]{}]", self._source.text[start : start + 100], maxsplit=1)[0])
        self._report.error(
            "tag-not-allowed",
            Span(start, end),
            f"YAML tags have no meaning here: '{self._source.text[start:end]}'",
            "remove it; put the value in quotes if it is text",
        )

    def _warn_of_comment(self, start: int, raw: str) -> None:
        behind = start + len(raw)
        line_rest = self._source.text[behind : behind + limits.EXPRESSION_CHARACTERS].split("\n", 1)[0]
        if not raw.endswith("}") and line_rest.lstrip().startswith("#"):
            self._report.warning(
                "expression-cut-short",
                Span(start, behind),
                "this expression ends where ` #` begins a YAML comment",
                "put the whole value in single quotes: '${…}'",
            )

    def _refuse_second(self, event: yaml.Event) -> None:
        span = self._span(event)
        self._report.error(
            "several-documents",
            Span(span.start, max(span.end, span.start + 1)),
            "there must be one document; a second one begins here",
            "put each workflow into a resource of its own",
        )
        raise Unreadable


def _is_nothing(root: Node) -> bool:
    return isinstance(root, ScalarNode) and root.plain and not root.text
