"""No source at all makes the compiler raise, and what compiles can be run."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.runner import LIBRARY
from conformance.test_conformance import CASES
from language.reading import data
from language.texts import expression_texts, yaml_texts
from stepward.engine import code
from stepward.language import compilation, diagnostics, yamltree
from stepward.language.diagnostics import Report
from stepward.language.source import Source

_KEYS = [
    "main", "steps", "params", "assign", "call", "args", "result", "switch", "condition", "for", "value",
    "index", "in", "range", "parallel", "shared", "branches", "concurrency_limit", "exception_policy", "try",
    "retry", "predicate", "max_retries", "backoff", "initial_delay", "except", "as", "raise", "return",
    "next", "a", "x", "${x}", "", "end", "1",
]  # fmt: skip
_WORDS = [
    None, True, False, 0, -1, 1.5, 2**62, "", " ", "a", "x", "end", "break", "continue", "main", "sub",
    "http.get", "sys.now", "googleapis.a.v1.b.c", "${x}", "${x.y[0]}", "${", "${}", "${x", "a ${x} b",
    "${sub(x)}", "${sub}", "${http.default_retry}", "${retry.always}", "${sys.now() + x}", "${not x in y}",
    "${[x, 1]}", "text\nof lines",
]  # fmt: skip


def _workflows() -> list[Any]:
    """Return the workflows of the cases as plain data."""
    found = []
    for row in CASES:
        if "workflow" in row.values[0] and not row.id.startswith(("stdlib", "http", "expressions")):
            root = yamltree.compose(Source("w", str(row.values[0]["workflow"])), Report())
            if root is not None:
                found.append(data(root))
    return found


_WORKFLOWS = _workflows()
_TREES = st.recursive(
    st.sampled_from(_WORDS) | expression_texts.map(lambda text: f"${{{text}}}"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=3),
    max_leaves=8,
)


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """Return container and key of every node below *tree*."""
    found: list[tuple[Any, Any]] = []
    stack = [tree]
    while stack:
        node = stack.pop()
        keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else []
        found += [(node, key) for key in keys]
        stack += [node[key] for key in keys]
    return found


def _mutate(tree: Any, draw: st.DrawFn) -> Any:
    """Change one node of *tree*: delete, repeat, rename or replace it."""
    places = _places(tree)
    if not places:
        return draw(_TREES)
    container, key = draw(st.sampled_from(places))
    match draw(st.sampled_from(["delete", "repeat", "rename", "replace", "transplant"])):
        case "delete":
            del container[key]
        case "repeat" if isinstance(container, list):
            container.insert(key, json.loads(json.dumps(container[key])))
        case "rename" if isinstance(container, dict):
            container[draw(st.sampled_from(_KEYS))] = container.pop(key)
        case "transplant":
            other, from_ = draw(st.sampled_from(_places(draw(st.sampled_from(_WORKFLOWS))) or places))
            container[key] = json.loads(json.dumps(other[from_]))
        case _:
            container[key] = draw(_TREES)
    return tree


@st.composite
def mutated_workflows(draw: st.DrawFn) -> str:
    """Generate JSON sources that are nearly workflows."""
    tree = json.loads(json.dumps(draw(st.sampled_from(_WORKFLOWS))))
    for _ in range(draw(st.integers(1, 4))):
        tree = _mutate(tree, draw)
    return json.dumps(tree, indent=draw(st.sampled_from([None, 1])), ensure_ascii=False)


def _compile(text: str) -> None:
    """Compile *text*, and look at everything that comes of it."""
    source = Source("w.yaml", text)
    program, report = compilation.compile_workflow(source, LIBRARY)
    assert (program is None) == report.has_errors
    for diagnostic in report.diagnostics:
        assert 0 <= diagnostic.span.start <= diagnostic.span.end
        assert diagnostic.span.start <= len(text)
        assert diagnostic.message
        assert "\n" not in diagnostic.message + diagnostic.help
    diagnostics.render_all(report, source)
    if program:
        code.link(program, LIBRARY)


@given(yaml_texts)
def test_no_text_makes_the_compiler_raise(text: str) -> None:
    _compile(text)


@given(_TREES)
def test_no_tree_makes_the_compiler_raise(tree: Any) -> None:
    _compile(json.dumps(tree))


@given(_TREES)
def test_no_body_of_a_step_makes_the_compiler_raise(tree: Any) -> None:
    main = {"params": ["x"], "steps": [{"a": tree}]}
    _compile(json.dumps({"main": main, "sub": {"steps": [{"b": {"return": 1}}]}}))


@settings(max_examples=500, suppress_health_check=[HealthCheck.too_slow])
@given(mutated_workflows())
def test_no_workflow_with_a_part_changed_makes_the_compiler_raise(text: str) -> None:
    _compile(text)
