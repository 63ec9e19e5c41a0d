"""From text to plain data, and to what there was to say."""

from stepward.language import yamltree
from stepward.language.diagnostics import Report
from stepward.language.source import Source
from stepward.language.yamltree import ListNode, MapNode, Node, ScalarNode


def compose(text: str) -> tuple[Node | None, list[str]]:
    report = Report()
    node = yamltree.compose(Source("w.yaml", text), report)
    return node, [diagnostic.code for diagnostic in report.diagnostics]


def data(node: Node | None) -> object:
    match node:
        case ScalarNode():
            return node.value
        case ListNode():
            return [data(item) for item in node.items]
        case MapNode():
            return {entry.key.value: data(entry.value) for entry in node.entries}
        case None:
            return None


def read(text: str) -> object:
    node, codes = compose(text)
    assert codes == []
    return data(node)


def refusal(text: str) -> tuple[str, int, int]:
    """Return code, line and column of the only diagnostic."""
    report = Report()
    source = Source("w.yaml", text)
    yamltree.compose(source, report)
    (diagnostic,) = report.diagnostics
    position = source.position(diagnostic.span)
    return diagnostic.code, position.line, position.column


def scalars(node: Node) -> list[ScalarNode]:
    match node:
        case ScalarNode():
            return [node]
        case ListNode():
            return [found for item in node.items for found in scalars(item)]
        case MapNode():
            return [found for entry in node.entries for found in (*scalars(entry.key), *scalars(entry.value))]
