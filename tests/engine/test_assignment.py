"""Assignment copies, whatever is shared below: compared with a plain interpreter that copies all."""

import functools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import reference, running
from engine.running import true_depth, true_size
from stepward.engine.closures import assignment
from stepward.engine.meter import Meter, Usage
from stepward.stdlib import library
from stepward.values import limits, model
from stepward.values.errors import WorkflowError
from stepward.values.model import List, Map

LIBRARY = library()
NAMES = ("a", "b", "c")
KEYS = st.sampled_from(["k", "l", 0, 1])
SCALARS = st.sampled_from([0, 1.5, "x", "é", None, True])
NAME = st.sampled_from(NAMES)
PATH = st.lists(KEYS, min_size=1, max_size=3)
OPERATION = st.one_of(
    st.tuples(st.just("set"), NAME, SCALARS | st.just("map") | st.just("list")),
    st.tuples(st.just("copy"), NAME, NAME),
    st.tuples(st.just("put"), NAME, PATH, SCALARS),
    st.tuples(st.just("put"), NAME, PATH, st.just("map") | st.just("list")),
    st.tuples(st.just("put variable"), NAME, PATH, NAME),
    st.tuples(st.just("take"), NAME, NAME, PATH),
    st.tuples(st.just("wrap"), NAME, NAME, NAME),
    st.tuples(st.just("concat"), NAME, NAME, NAME),
    st.tuples(st.just("merge"), NAME, NAME, NAME),
    st.tuples(st.just("delete"), NAME, NAME),
    st.tuples(st.just("return"), NAME, NAME),
)


class Engine:
    """Variables as the engine keeps them."""

    def __init__(self) -> None:
        self.slots: list[Any] = [None, Map(), List([0, Map()]), None]
        self.meter = Meter(lambda: Usage(0, 0, 0))
        self.meter.begin(10**6)

    def store(self, name: str, value: Any) -> None:
        """Do `name: value`."""
        self.slots[NAMES.index(name) + 1] = value
        self.meter.store(value)

    def read(self, name: str) -> Any:
        """Return what a variable holds."""
        return self.slots[NAMES.index(name) + 1]

    def put(self, name: str, path: list[Any], value: Any) -> None:
        """Do `name[path]: value`."""
        assignment.put(self.meter, self.slots, NAMES.index(name) + 1, path, value)

    def call(self, function: str, *arguments: Any) -> Any:
        """Call a library function."""
        return LIBRARY.implementation(function)(*arguments)

    def fresh(self, kind: Any) -> Any:
        """Return a new container, or the scalar itself."""
        return Map() if kind == "map" else List([0, Map()]) if kind == "list" else kind


class Plain:
    """The same with Python's own lists and dicts, and a copy whenever something is stored."""

    def __init__(self) -> None:
        self.variables: dict[str, Any] = {"a": {}, "b": [0, {}], "c": None}

    def store(self, name: str, value: Any) -> None:
        self.variables[name] = reference.copied(value)

    def read(self, name: str) -> Any:
        return self.variables[name]

    def put(self, name: str, path: list[Any], value: Any) -> None:
        whole = reference.copied(self.variables[name])
        container = whole
        for key in path[:-1]:
            if isinstance(container, dict) and isinstance(key, str):
                container = container.setdefault(key, {})
            else:
                container = member(container, key)
        if not (isinstance(container, dict) and isinstance(path[-1], str)):
            member(container, path[-1])
        container[path[-1]] = reference.copied(value)
        self.variables[name] = whole

    def call(self, function: str, *arguments: Any) -> Any:
        match function, arguments:
            case "list.concat", [list() as items, value]:
                return [*items, value]
            case "map.merge", [dict() as first, dict() as second]:
                return {**first, **second}
            case "map.delete", [dict() as first, key]:
                return {name: value for name, value in first.items() if name != key}
            case _:
                raise WorkflowError("no")

    def fresh(self, kind: Any) -> Any:
        return {} if kind == "map" else [0, {}] if kind == "list" else kind


def member(container: Any, key: Any) -> Any:
    """Return what is at *key*, or fail as the language does."""
    if isinstance(container, dict) and isinstance(key, str) and key in container:
        return container[key]
    if isinstance(container, list) and isinstance(key, int) and key < len(container):
        return container[key]
    raise WorkflowError("no")


def perform(side: Any, operation: tuple[Any, ...]) -> bool:
    """Do *operation* on one side; return whether it worked."""
    try:
        match operation:
            case "set", name, kind:
                side.store(name, side.fresh(kind))
            case "copy" | "return", name, source:
                side.store(name, side.read(source))
            case "put", name, path, kind:
                side.put(name, path, side.fresh(kind))
            case "put variable", name, path, source:
                side.put(name, path, side.read(source))
            case "take", name, source, path:
                found = side.read(source)
                for key in path:
                    found = member(found, key)
                side.store(name, found)
            case "wrap", name, left, right:
                side.store(name, wrapped(side, side.read(left), side.read(right)))
            case "concat", name, items, value:
                side.store(name, side.call("list.concat", side.read(items), side.read(value)))
            case "merge", name, first, second:
                side.store(name, side.call("map.merge", side.read(first), side.read(second)))
            case "delete", name, source:
                side.store(name, side.call("map.delete", side.read(source), "k"))
            case _:
                raise ValueError(operation)
    except WorkflowError:
        return False
    return True


def wrapped(side: Any, left: Any, right: Any) -> Any:
    """Return `{"k": left, "l": [right]}`."""
    if isinstance(side, Engine):
        return Map({"k": left, "l": List([right])})
    return {"k": left, "l": [right]}


@settings(max_examples=400, deadline=None)
@given(st.lists(OPERATION, max_size=25))
def test_assignment_copies_whatever_is_shared(operations: list[tuple[Any, ...]]) -> None:
    engine, plain = Engine(), Plain()
    for operation in operations:
        if max(map(true_size, plain.variables.values())) > 20_000:
            break  # wrapping doubles what is wrapped
        assert perform(engine, operation) == perform(plain, operation), operation
        for name in NAMES:
            assert engine.read(name) == plain.read(name), operation
            for container in running.containers_below(engine.read(name)):
                assert container.size_bytes == true_size(container)
                assert container.depth >= true_depth(container)


def test_a_map_put_into_itself_is_a_copy() -> None:
    engine = Engine()
    engine.put("a", ["k"], 1)
    engine.put("a", ["l"], engine.read("a"))
    assert engine.read("a") == {"k": 1, "l": {"k": 1}}


def test_a_container_that_only_one_variable_holds_is_changed_in_place() -> None:
    engine = Engine()
    engine.put("a", ["k"], Map())
    engine.put("a", ["k", "l"], 0)
    root, child = engine.read("a"), engine.read("a")["k"]
    engine.put("a", ["k", "l"], 1)
    assert engine.read("a") is root
    assert engine.read("a")["k"] is child


def test_a_write_that_fails_changes_nothing() -> None:
    engine = Engine()
    engine.put("a", ["k"], 1)
    before = reference.copied(engine.read("a"))
    for path in (["l", "k", 0], ["k", "l"], [0], ["k", 0]):
        try:
            engine.put("a", path, 2)
        except WorkflowError:
            assert engine.read("a") == before
        else:
            raise AssertionError(path)


FILL = """
main:
  params: [args]
  steps:
    - a: {assign: [START]}
    - b:
        for:
          value: v
          range: [1, "${args.n}"]
          steps:
            - c: {assign: [WRITE]}
"""


@pytest.mark.parametrize(
    "start,write",
    [
        ("{m: {}}", '{"m[string(v)]": "${v}"}'),
        ("{m: {a: {b: {}}}}", '{"m.a.b[string(v)]": ["${v}"]}'),
        ('{l: "${args.list}"}', '{"l[v - 1]": "${v}"}'),
    ],
)
def test_filling_a_container_costs_what_the_loop_costs(start: str, write: str) -> None:
    """Twice the elements, twice the calls: nothing copies what is there already."""
    linked = running.link(FILL.replace("START", start).replace("WRITE", write))
    calls = [
        running.calls_of(functools.partial(running.run, linked, {"n": n, "list": [0] * n}))
        for n in (1000, 2000)
    ]
    assert calls[1] < 2.2 * calls[0]


def test_depth_does_not_creep() -> None:
    engine = Engine()
    for _ in range(3 * limits.VALUE_DEPTH):
        engine.put("a", ["k"], engine.read("a"))
        engine.put("a", ["k", "k"], None)
    assert engine.read("a") == {"k": {"k": None}}
    assert model.type_name(engine.read("a")) == "map"
