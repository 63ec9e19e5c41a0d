"""Nodes to syntax tree: the steps that hold other steps: `for`, `parallel`, `try`."""

from collections.abc import Mapping
from typing import Final, TypeAlias

from stepward.language import steps, yamltree
from stepward.language.fields import Field, read_fields, report_missing
from stepward.language.source import Span
from stepward.language.syntax import (
    Action,
    Branch,
    Constant,
    Except,
    For,
    Interpolation,
    ListTemplate,
    Name,
    Parallel,
    RetryPolicy,
    Step,
    Steps,
    Template,
    Try,
)
from stepward.language.templates import Place, key_text, literal_number, parse_name, parse_template, quote
from stepward.values import limits

Fields: TypeAlias = Mapping[str, Field]

_FOR_KEYS: Final = ("value", "index", "in", "range", "steps")
_PARALLEL_KEYS: Final = ("shared", "concurrency_limit", "exception_policy", "branches", "for")
_RETRY_KEYS: Final = ("predicate", "max_retries", "backoff")
_BACKOFF_KEYS: Final = ("initial_delay", "max_delay", "multiplier")
_EXCEPT_KEYS: Final = ("as", "steps")
UNNAMED: Final = Name(Span(0, 0), "")
"""The name of a step that only stands for an unnamed body."""

_BODY_KEYS: Final = ("assign", "call", "args", "result", "switch", "for", "parallel", "steps", "try", "retry",
                     "except", "raise", "return", "next")  # fmt: skip


def parse_for(found: Fields, place: Place) -> For | None:
    """Return `for:` (2.5)."""
    return _parse_loop(found["for"], place)


def _parse_loop(field: Field, place: Place) -> For | None:
    node = field.value
    if not isinstance(node, yamltree.MapNode):
        place.error(
            "invalid-for", node.span, "'for' must be a map with 'value', 'in' or 'range', and 'steps'"
        )
        return None
    found = read_fields(node, place, _FOR_KEYS, "'for'")
    missing = report_missing(found, ("value", "steps"), field.keyword, place, "'for'")
    if "in" in found and "range" in found:
        place.error("invalid-for", found["range"].keyword, "'for' takes either 'in' or 'range', not both")
    if "in" not in found and "range" not in found:
        place.error(
            "invalid-for", field.keyword, "'for' must have 'in' (a list) or 'range' (first and last number)"
        )
        missing = True
    body = steps.parse_steps(found["steps"].value, place) if "steps" in found else ()
    value = parse_name(found["value"].value, place, "'value'") if "value" in found else None
    index = parse_name(found["index"].value, place, "'index'") if "index" in found else None
    if index and value and index.text == value.text:
        place.error(
            "duplicate-variable", index.span, f"'index' and 'value' must differ; both are {quote(index.text)}"
        )
    items = parse_template(found["in"].value, place) if "in" in found else None
    bounds = _parse_range(found["range"].value, place) if "range" in found else None
    if missing or value is None:
        return None
    return For(value, index, items, bounds, body)


def _parse_range(node: yamltree.Node, place: Place) -> Template:
    template = parse_template(node, place)
    wrong = ""
    if isinstance(template, Constant):
        value = template.value
        if not isinstance(value, list) or len(value) != 2:
            wrong = "'range' must be a list of two numbers, the first and the last"
        elif not all(type(bound) in (int, float) for bound in value):
            wrong = "the bounds of 'range' must be numbers"
    elif isinstance(template, ListTemplate):
        constants = [item for item in template.items if isinstance(item, Constant)]
        if len(template.items) != 2:
            wrong = "'range' must be a list of two numbers, the first and the last"
        elif not all(literal_number(item) is not None for item in constants):
            wrong = "the bounds of 'range' must be numbers"
    if wrong:
        place.error("invalid-range", node.span, wrong)
    return template


def parse_parallel(found: Fields, place: Place) -> Parallel | None:
    """Return `parallel:` (2.6)."""
    field = found["parallel"]
    node = field.value
    if not isinstance(node, yamltree.MapNode):
        place.error("invalid-parallel", node.span, "'parallel' must be a map with 'branches' or 'for'")
        return None
    inner = read_fields(node, place, _PARALLEL_KEYS, "'parallel'")
    if ("branches" in inner) == ("for" in inner):
        where = inner["for"].keyword if "for" in inner else field.keyword
        place.error("invalid-parallel", where, "'parallel' must have either 'branches' or 'for'")
    if "exception_policy" in inner:
        _check_policy(inner["exception_policy"].value, place)
    limit = parse_template(inner["concurrency_limit"].value, place) if "concurrency_limit" in inner else None
    if isinstance(limit, Constant) and not (type(limit.value) is int and limit.value > 0):
        place.error("invalid-concurrency-limit", limit.span, "'concurrency_limit' must be an integer above 0")
    shared = _parse_shared(inner["shared"].value, place) if "shared" in inner else ()
    branches = _parse_branches(inner["branches"], place) if "branches" in inner else ()
    loop = _parse_loop(inner["for"], place) if "for" in inner else None
    return Parallel(field.keyword, shared, limit, branches, loop) if branches or loop else None


def _check_policy(node: yamltree.Node, place: Place) -> None:
    text = key_text(node) if isinstance(node, yamltree.ScalarNode) else "this"
    if text != "continueAll":
        place.error(
            "invalid-exception-policy",
            node.span,
            f"'exception_policy' must be 'continueAll'; got {quote(text)}",
        )


def _parse_shared(node: yamltree.Node, place: Place) -> tuple[Name, ...]:
    if not isinstance(node, yamltree.ListNode):
        place.error("invalid-shared", node.span, "'shared' must be a list of variables")
        return ()
    names: dict[str, Name] = {}
    for item in node.items:
        name = parse_name(item, place, "a shared variable")
        if name and name.text in names:
            place.error(
                "duplicate-variable", name.span, f"shared variable {quote(name.text)} is listed twice"
            )
        if name:
            names.setdefault(name.text, name)
    return tuple(names.values())


def _parse_branches(field: Field, place: Place) -> tuple[Branch, ...]:
    node = field.value
    if not isinstance(node, yamltree.ListNode) or not node.items:
        place.error(
            "invalid-parallel", node.span, "'branches' must be a list of maps, each `- name: {steps: […]}`"
        )
        return ()
    if len(node.items) > limits.BRANCHES_PER_STEP:
        place.error(
            "too-many-branches",
            node.items[limits.BRANCHES_PER_STEP].span,
            f"a parallel step must not have more than {limits.BRANCHES_PER_STEP} branches; got {len(node.items)}",
        )
    branches = (_parse_branch(item, place) for item in node.items)
    return tuple(branch for branch in branches if branch)


def _parse_branch(node: yamltree.Node, place: Place) -> Branch | None:
    if not isinstance(node, yamltree.MapNode) or len(node.entries) != 1:
        place.error("invalid-branch", node.span, "a branch must be a map with exactly one entry, its name")
        return None
    entry = node.entries[0]
    name = Name(entry.key.span, key_text(entry.key))
    if not isinstance(entry.value, yamltree.MapNode):
        place.error("invalid-branch", entry.key.span, f"branch {quote(name.text)} must be a map with 'steps'")
        return None
    body = _parse_inner_body(entry.value, place, f"branch {quote(name.text)}", entry.key.span)
    if body is None:
        return None
    return Branch(name, body.steps if isinstance(body, Steps) else (Step(UNNAMED, body, None),))


def parse_try(found: Fields, place: Place) -> Try | None:
    """Return `try:` with `retry` and `except` (2.8)."""
    field = found["try"]
    body: Action | None
    if isinstance(field.value, yamltree.ListNode):
        body = Steps(steps.parse_steps(field.value, place))
    elif isinstance(field.value, yamltree.MapNode):
        body = _parse_inner_body(field.value, place, "'try'", field.keyword)
    else:
        place.error("invalid-try", field.keyword, "'try' must hold a step body, such as `call:`, or 'steps'")
        body = None
    retry = _parse_retry(found["retry"], place) if "retry" in found else None
    handler = _parse_except(found["except"], place) if "except" in found else None
    return Try(body, retry, handler) if body else None


def _parse_inner_body(node: yamltree.MapNode, place: Place, what: str, where: Span) -> Action | None:
    found = read_fields(node, place, _BODY_KEYS, what)
    action, next_ = steps.parse_action(found, place, where, len(found) == len(node.entries))
    if next_ is not None:
        # `next` inside an unnamed body is a jump after the action, as in a step of its own
        return Steps((Step(UNNAMED, action, next_),))
    return action


def _parse_retry(field: Field, place: Place) -> RetryPolicy | None:
    node = field.value
    if isinstance(node, yamltree.ScalarNode):
        template = parse_template(node, place)
        if isinstance(template, Interpolation):
            return RetryPolicy(field.keyword, template, None, None, None, None, None)
        if not isinstance(node.value, str) or "${" not in node.value:
            place.error("invalid-retry", node.span, "'retry' must be an expression for a policy, or a map")
        return None
    if not isinstance(node, yamltree.MapNode):
        place.error("invalid-retry", node.span, "'retry' must be an expression for a policy, or a map")
        return None
    found = read_fields(node, place, _RETRY_KEYS, "'retry'")
    report_missing(found, ("predicate",), field.keyword, place, "'retry'")
    backoff: Mapping[str, Field] = {}
    if "backoff" in found:
        inner = found["backoff"].value
        if isinstance(inner, yamltree.MapNode):
            backoff = read_fields(inner, place, _BACKOFF_KEYS, "'backoff'")
        else:
            place.error("invalid-retry", inner.span, "'backoff' must be a map")

    def optional(fields: Mapping[str, Field], name: str) -> Template | None:
        return parse_template(fields[name].value, place) if name in fields else None

    return RetryPolicy(
        field.keyword,
        None,
        optional(found, "predicate"),
        optional(found, "max_retries"),
        optional(backoff, "initial_delay"),
        optional(backoff, "max_delay"),
        optional(backoff, "multiplier"),
    )


def _parse_except(field: Field, place: Place) -> Except | None:
    node = field.value
    if isinstance(node, yamltree.ScalarNode) and node.value is None:
        return Except(None, ())
    if not isinstance(node, yamltree.MapNode):
        place.error("invalid-except", node.span, "'except' must be a map with 'as' and 'steps'")
        return None
    found = read_fields(node, place, _EXCEPT_KEYS, "'except'")
    error = parse_name(found["as"].value, place, "'as'") if "as" in found else None
    body = steps.parse_steps(found["steps"].value, place, may_be_empty=True) if "steps" in found else ()
    return Except(error, body)
