"""Nodes to syntax tree: `for` and `parallel` (language.md 2.5, 2.6)."""

from typing import Final

from stepward.language import expressions
from stepward.language.nodes import ListNode, MapNode, Node, ScalarNode
from stepward.language.parsing import steps
from stepward.language.parsing.fields import Field, Fields, read_fields
from stepward.language.parsing.places import Place
from stepward.language.parsing.templates import parse_template
from stepward.language.parsing.words import (
    describe,
    describe_entries,
    is_identifier,
    key_text,
    parse_name,
    quote,
    word_of,
)
from stepward.language.structure import UNNAMED, Branch, For, Name, Parallel
from stepward.language.syntax import Constant, Interpolation, Template
from stepward.values import limits

_FOR_KEYS: Final = ("value", "index", "in", "range", "steps")
_PARALLEL_KEYS: Final = ("shared", "concurrency_limit", "exception_policy", "branches", "for")
_POLICY: Final = "continueAll"
_NUMBER: Final = "write a number, or an expression such as ${n}"


def parse_for(fields: Fields, place: Place, _: "steps.Body") -> For | None:
    """Return `for:`."""
    field = fields["for"]
    node = field.value
    if not isinstance(node, MapNode):
        place.error(
            "invalid-for",
            field.place,
            "'for' must be a map with 'value', 'in' or 'range', and 'steps'; got " + describe(node),
            "write `value: item`, `in: ${items}` and `steps:` below it",
        )
        return None
    found = read_fields(node, place, _FOR_KEYS, "'for'")
    found.require(("value", "steps"), field.keyword, place, "'for'", "such as `value: item`, `steps: […]`")
    if "in" in found and "range" in found:
        message = "'for' takes either 'in' or 'range', not both"
        place.error("invalid-for", found["range"].keyword, message, "remove one of them")
    elif "in" not in found and "range" not in found and not found.unknown:
        message = "'for' must have the key 'in' (a list) or 'range' (first and last number)"
        place.error("missing-key", field.keyword, message, "such as `in: ${items}`, or `range: [1, 9]`")
    value, index = _loop_variables(found, place)
    return For(
        value=value,
        index=index,
        items=_parse_items(found["in"], place) if "in" in found else None,
        bounds=_parse_range(found["range"], place) if "range" in found else None,
        steps=steps.parse_steps(found["steps"], place) if "steps" in found else (),
    )


def _loop_variables(found: Fields, place: Place) -> tuple[Name, Name | None]:
    value = parse_name(found["value"].value, place, "'value'") if "value" in found else None
    index = parse_name(found["index"].value, place, "'index'") if "index" in found else None
    if value is None:
        # Perhaps it is below a misspelt key: its uses are not to be reported, too.
        words = [(field, word_of(field.value)) for field in found.unknown]
        meant = [Name(field.value.span, word) for field, word in words if is_identifier(word)]
        value = meant[0] if meant else UNNAMED
    if index and index.text == value.text:
        message = f"'index' and 'value' must differ; both are {quote(index.text)}"
        place.error("duplicate-variable", index.span, message, "rename one of them")
    return value, index


def _parse_items(field: Field, place: Place) -> Template:
    template = parse_template(field.value, place)
    if isinstance(template, Interpolation) or isinstance(field.value, ListNode):
        return template
    if isinstance(field.value, MapNode):
        help_ = "to walk a map, loop over its keys: ${keys(m)}"
    else:
        help_ = f"if it is an expression, write ${{{word_of(field.value)}}}"
    message = f"'in' must be a list; got {describe(field.value)}: it raises a TypeError"
    place.warning("loop-over-no-list", field.place, message, help_)
    return template


def _parse_range(field: Field, place: Place) -> Template:
    node = field.value
    template = parse_template(node, place)
    if isinstance(template, Interpolation):
        return template
    bounds: tuple[Node, ...] = node.items if isinstance(node, ListNode) else ()
    if len(bounds) != 2:
        count = f"{len(bounds)} item{'s' * (len(bounds) != 1)}"
        got = count if isinstance(node, ListNode) else describe(node)
        word = word_of(node)
        place.error(
            "invalid-range",
            field.place,
            f"'range' must be a list of two numbers, the first and the last; got {got}",
            f"write [1, {word}] to count from 1" if word.isdigit() else "such as `range: [1, 9]`",
        )
        return template
    for bound in bounds:
        number = isinstance(bound, ScalarNode) and type(bound.value) in (int, float)
        if not number and not expressions.is_expression(word_of(bound)):
            message = f"the bounds of 'range' must be numbers; got {describe(bound)}"
            place.error("invalid-range", bound.span, message, _NUMBER)
    return template


def parse_parallel(fields: Fields, place: Place, body: "steps.Body") -> Parallel | None:
    """Return `parallel:`."""
    field = fields["parallel"]
    node = field.value
    if not isinstance(node, MapNode):
        message = f"'parallel' must be a map with 'branches' or 'for'; got {describe(node)}"
        place.error("invalid-parallel", field.place, message, "write `branches:` below it, with a list")
        return None
    found = read_fields(node, place, _PARALLEL_KEYS, "'parallel'")
    if "branches" in found and "for" in found:
        message = "'parallel' takes either 'branches' or 'for', not both"
        place.error("invalid-parallel", found["for"].keyword, message, "make two parallel steps of them")
    elif "branches" not in found and "for" not in found and not found.unknown:
        message = "'parallel' must have the key 'branches' or 'for'"
        help_ = "`branches:` for different steps, `for:` for the same steps with different values"
        place.error("missing-key", field.keyword, message, help_)
    if "exception_policy" in found:
        _check_policy(found["exception_policy"].value, place)
    return Parallel(
        keyword=field.keyword,
        shared=_parse_shared(found["shared"], place) if "shared" in found else (),
        concurrency_limit=_parse_limit(found.get("concurrency_limit"), place),
        branches=_parse_branches(found["branches"], place) if "branches" in found else (),
        loop=parse_for(found, place, body) if "for" in found else None,
    )


def _check_policy(node: Node, place: Place) -> None:
    if word_of(node) != _POLICY:
        message = f"'exception_policy' must be '{_POLICY}'; got {describe(node)}"
        place.error("invalid-exception-policy", node.span, message, "remove it: there is no other policy")


def _parse_limit(field: Field | None, place: Place) -> Template | None:
    if field is None:
        return None
    limit = parse_template(field.value, place)
    value = limit.value if isinstance(limit, Constant) else None
    if not isinstance(limit, Interpolation) and not (type(value) is int and value > 0):
        message = f"'concurrency_limit' must be an integer above 0; got {describe(field.value)}"
        place.error("invalid-concurrency-limit", field.place, message, _NUMBER)
    return limit


def _parse_shared(field: Field, place: Place) -> tuple[Name, ...]:
    node = field.value
    if not isinstance(node, ListNode):
        word = word_of(node)
        place.error(
            "invalid-shared",
            field.place,
            f"'shared' must be a list of variables; got {describe(node)}",
            f"write `shared: [{word}]`" if is_identifier(word) else "",
        )
        return (Name(node.span, word),) if is_identifier(word) else ()
    names: dict[str, Name] = {}
    for item in node.items:
        name = parse_name(item, place, "a shared variable")
        if name and name.text in names:
            message = f"shared variable {quote(name.text)} is listed twice"
            place.error("duplicate-variable", name.span, message, "remove one of them")
        if name:
            names.setdefault(name.text, name)
    return tuple(names.values())


def _parse_branches(field: Field, place: Place) -> tuple[Branch, ...]:
    node = field.value
    if isinstance(node, MapNode) and node.entries:
        message = "'branches' must be a list of maps, each with one entry, the name of the branch; got a map"
        help_ = f"put a dash before each branch: `- {key_text(node.entries[0].key)}:`"
        place.error("invalid-parallel", node.span, message, help_)
        return _parse_branch(node, place)
    if not isinstance(node, ListNode) or not node.items:
        message = "'branches' must be a list of maps with at least one branch, `- name: …`"
        help_ = "such as `- first: {call: http.get, args: {url: …}}`"
        place.error("invalid-parallel", field.keyword, message, help_)
        return ()
    if len(node.items) > limits.BRANCHES_PER_STEP:
        extra = node.items[limits.BRANCHES_PER_STEP]
        place.error(
            "too-many-branches",
            extra.entries[0].key.span if isinstance(extra, MapNode) and extra.entries else extra.span,
            f"a parallel step must not have more than {limits.BRANCHES_PER_STEP} branches; "
            f"got {len(node.items)}",
            "let a parallel `for` run over a list of what differs",
        )
    return tuple(branch for item in node.items for branch in _parse_branch_item(item, place))


def _parse_branch_item(node: Node, place: Place) -> tuple[Branch, ...]:
    if isinstance(node, MapNode) and len(node.entries) == 1:
        return _parse_branch(node, place)
    got = describe_entries(node) if isinstance(node, MapNode) else f"got {describe(node)}"
    message = f"a branch must be a map with exactly one entry, its name; {got}"
    place.error("invalid-branch", node.span, message, "put a dash before each branch")
    return _parse_branch(node, place) if isinstance(node, MapNode) else ()


def _parse_branch(node: MapNode, place: Place) -> tuple[Branch, ...]:
    branches = []
    for entry in node.entries:
        name = Name(entry.key.span, key_text(entry.key))
        here = place.at_step(name.text)
        if not name.text:
            here.error("invalid-name", name.span, "the name of a branch must not be empty", "give it a name")
        if not isinstance(entry.value, MapNode):
            message = (
                f"the body of a branch must be a map with 'steps' or an action; got {describe(entry.value)}"
            )
            here.error("invalid-branch", name.span, message, "put what it does below its name")
            continue
        body = steps.parse_body(entry.value, here, steps.BRANCH, name.span)
        branches.append(Branch(name, steps.unnamed(*body)))
    return tuple(branches)
