"""What is derived from a decorated function, and that every function of the library has it all."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance import runner
from stepward import stdlib
from stepward.engine import effects
from stepward.engine.ambient import Ambient
from stepward.stdlib import registry
from stepward.values import limits, model
from stepward.values.errors import WorkflowError
from stepward.values.model import List, Map

LIBRARY = stdlib.library()
NAMES = sorted(registry.FUNCTIONS)
CASES = Path(__file__).parents[1] / "conformance"
AMBIENT = Ambient(now=5.0, environment={"A": "b"}, fresh_uuid=lambda: "id")


@pytest.fixture
def scratch(monkeypatch: pytest.MonkeyPatch) -> dict[str, registry.Function]:
    """A registry of its own, so that what a test registers is no part of the library."""
    functions: dict[str, registry.Function] = {}
    monkeypatch.setattr(registry, "FUNCTIONS", functions)
    return functions


def call(name: str, *arguments: Any) -> Any:
    return registry.FUNCTIONS[name].implementation(*arguments)


@pytest.mark.parametrize("name", NAMES)
def test_every_function_is_described_and_has_an_example(name: str) -> None:
    function = registry.FUNCTIONS[name]
    assert function.about.endswith("."), "the first paragraph of the docstring is the reference"
    assert function.example, "an example is shown on the reference page"


@pytest.mark.parametrize("name", [name for name in NAMES if registry.FUNCTIONS[name].example])
def test_every_example_is_true(name: str) -> None:
    example = registry.FUNCTIONS[name].example
    assert example
    text, result = example
    if text.startswith("{call:"):
        step = yaml.safe_load(text)
        assert step["call"] == name
        source = yaml.safe_dump({"main": {"params": ["endpoint"], "steps": [{"example": step}]}})
        program, report, _ = runner.compile_case({"workflow": source})
        assert program, [found.message for found in report.diagnostics]
        return
    assert not registry.FUNCTIONS[name].signature.blocking, "a blocking function is shown as a call step"
    case = {"expr": text, "want": result}
    runner.check(case, runner.run(case, "straight"))


def test_every_function_and_constant_has_a_conformance_case() -> None:
    used: set[str] = set()
    for file in CASES.rglob("*.yaml"):
        for case in yaml.safe_load(file.read_text(encoding="utf-8")).get("cases", []):
            text = str(case.get("expr") or case.get("workflow"))
            used.update(re.findall(r"[A-Za-z_][\w.]*", text))
            used.update(".".join(word.split(".")[:2]) for word in used.copy())
    assert set(LIBRARY.names()) <= used, sorted(set(LIBRARY.names()) - used)


def test_a_signature_follows_from_the_function(scratch: dict[str, registry.Function]) -> None:
    @registry.function("test.it", blocking=True, aliases={"other": "first"})
    def it(ambient: Ambient, first: str, map_: Map | None = None, number: registry.Number = 2) -> None:
        """Do it.

        And more.
        """

    signature = scratch["test.it"].signature
    assert signature.name == "test.it"
    assert [(p.name, p.required, p.aliases) for p in signature.parameters] == [
        ("first", True, ("other",)),
        ("map", False, ()),
        ("number", False, ()),
    ]
    assert (signature.blocking, signature.helper, signature.ambient) == (True, False, True)
    assert signature.parameter("other") is signature.parameters[0]
    assert signature.required_count == 1
    assert scratch["test.it"].about == "Do it."
    assert it.__name__ == "it", "the decorated function stays what it was"


def test_an_annotation_that_is_no_kind_of_value_is_refused_at_once(
    scratch: dict[str, registry.Function],
) -> None:
    def wrong(number: complex) -> None:
        """Do nothing with *number*."""

    register = registry.function("test.wrong")
    with pytest.raises(TypeError, match="complex"):
        register(wrong)
    assert not scratch


@pytest.mark.parametrize(
    "name,arguments,message",
    [
        ("text.to_upper", (), "TypeError: text.to_upper: argument 'source' is missing"),
        ("list.concat", (List(),), "TypeError: list.concat: argument 'val' is missing"),
        ("text.to_upper", ("a", "b"), "TypeError: text.to_upper: takes at most 1 arguments; got: 2"),
        ("sys.now", (AMBIENT, 1), "TypeError: sys.now: takes at most 0 arguments; got: 1"),
        ("text.to_upper", (None,), "argument 'source' must be string; got: null"),
        ("math.abs", (True,), "argument 'x' must be double or integer; got: boolean"),
        ("text.substring", ("a", 0, 1.0), "argument 'end' must be integer; got: double"),
        ("time.format", (0, 5), "argument 'timezone' must be string; got: integer"),
        ("sys.get_env", (AMBIENT, 5), "argument 'name' must be string; got: integer"),
        ("if", ("yes", 1, 2), "argument 'condition' must be boolean or null; got: string"),
    ],
)
def test_what_an_annotation_does_not_allow_is_a_type_error(
    name: str, arguments: tuple[Any, ...], message: str
) -> None:
    with pytest.raises(WorkflowError, match=re.escape(message)) as refused:
        call(name, *arguments)
    assert refused.value.value["tags"][0] == "TypeError"


def test_null_and_nothing_leave_an_optional_argument_at_its_default() -> None:
    assert call("time.format", 0) == call("time.format", 0, None) == call("time.format", 0, "UTC")
    assert call("sys.get_env", AMBIENT, "A", None) == "b"
    assert call("sys.get_env", AMBIENT, "B") is None


def test_an_integer_passes_where_a_double_is_wanted() -> None:
    asked = call("sys.sleep", AMBIENT, 10)
    assert asked == effects.Sleep(until=15.0)


def test_a_plain_result_becomes_a_value(scratch: dict[str, registry.Function]) -> None:
    registry.function("test.it")(lambda: {"a": [1]})
    made = scratch["test.it"].implementation()
    assert type(made) is Map
    assert made.size_bytes == model.adopt({"a": [1]}).size_bytes


@pytest.mark.parametrize(
    "result",
    ["x" * (limits.STRING_BYTES + 1), "日" * 100_000, b"x" * (limits.VARIABLES_BYTES + 1), [None] * 70_000],
    ids=["text", "utf8", "bytes", "list"],
)
def test_no_result_is_larger_than_a_variable_may_be(
    scratch: dict[str, registry.Function], result: Any
) -> None:
    registry.function("test.it")(lambda: result)
    with pytest.raises(WorkflowError, match="ResourceLimitError"):
        scratch["test.it"].implementation()


def test_the_library_knows_what_was_registered() -> None:
    assert LIBRARY.signature("text.to_upper") is registry.FUNCTIONS["text.to_upper"].signature
    assert LIBRARY.signature("text.trim") is None
    assert LIBRARY.constant("retry.default_backoff")["multiplier"] == 1.25
    assert {"len", "sys.log", "http.default_retry"} <= set(LIBRARY.names())
    with pytest.raises(KeyError):
        LIBRARY.constant("retry.nothing")
