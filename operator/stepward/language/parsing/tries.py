"""Nodes to syntax tree: `try`, `retry`, `except` (language.md 2.8)."""

from typing import Final

from stepward.language.nodes import ListNode, MapNode, ScalarNode
from stepward.language.parsing import steps
from stepward.language.parsing.fields import Field, Fields, read_fields
from stepward.language.parsing.places import Place
from stepward.language.parsing.templates import parse_template
from stepward.language.parsing.words import describe, parse_name, word_of
from stepward.language.structure import Except, RetryPolicy, Step, Try
from stepward.language.syntax import Constant, Interpolation, Template

_RETRY_KEYS: Final = ("predicate", "max_retries", "backoff")
_BACKOFF_KEYS: Final = ("initial_delay", "max_delay", "multiplier")
_EXCEPT_KEYS: Final = ("as", "steps")


def parse_try(fields: Fields, place: Place, _: "steps.Body") -> Try:
    """Return `try:` with `retry` and `except`."""
    field = fields["try"]
    if "retry" not in fields and "except" not in fields:
        message = "'try' has no effect without 'retry' or 'except'"
        place.warning("try-without-effect", field.keyword, message, "add one of them, or remove the 'try'")
    return Try(
        keyword=field.keyword,
        body=_parse_body(field, place),
        retry=_parse_retry(fields["retry"], place) if "retry" in fields else None,
        handler=parse_except(fields["except"], place) if "except" in fields else None,
    )


def _parse_body(field: Field, place: Place) -> tuple[Step, ...]:
    node = field.value
    if isinstance(node, ListNode):
        return steps.parse_steps(field, place)
    if isinstance(node, MapNode):
        return steps.unnamed(*steps.parse_body(node, place, steps.TRY, field.keyword))
    message = f"'try' must hold a step body, such as `call:`, or 'steps'; got {describe(node)}"
    place.error("invalid-try", field.place, message, "put what may fail below `try:`")
    return ()


def _parse_retry(field: Field, place: Place) -> RetryPolicy | None:
    node = field.value
    if isinstance(node, MapNode):
        return _parse_policy(node, field, place)
    template = parse_template(node, place)
    if isinstance(template, Interpolation):
        return RetryPolicy(field.keyword, template, None, None, None, None, None)
    is_text = isinstance(node, ScalarNode) and isinstance(node.value, str)
    place.error(
        "invalid-retry",
        field.place,
        f"'retry' must be an expression for a policy, or a map; got {describe(node)}",
        f"write ${{{word_of(node)}}}" if is_text else "such as ${http.default_retry}",
    )
    return None


def _parse_policy(node: MapNode, field: Field, place: Place) -> RetryPolicy:
    found = read_fields(node, place, _RETRY_KEYS, "'retry'")
    help_ = "such as ${http.default_retry_predicate}"
    found.require(("predicate",), field.keyword, place, "'retry'", help_)
    backoff = Fields({})
    if "backoff" in found:
        inner = found["backoff"].value
        if isinstance(inner, MapNode):
            backoff = read_fields(inner, place, _BACKOFF_KEYS, "'backoff'")
        else:
            message = f"'backoff' must be a map; got {describe(inner)}"
            help_ = "with `initial_delay`, `max_delay` and `multiplier`"
            place.error("invalid-retry", found["backoff"].place, message, help_)
    return RetryPolicy(
        field.keyword,
        policy=None,
        predicate=_parse_predicate(found["predicate"], place) if "predicate" in found else None,
        max_retries=_parse_number(found.get("max_retries"), place),
        initial_delay=_parse_number(backoff.get("initial_delay"), place),
        max_delay=_parse_number(backoff.get("max_delay"), place),
        multiplier=_parse_number(backoff.get("multiplier"), place),
    )


def _parse_predicate(field: Field, place: Place) -> Template | None:
    node = field.value
    template = parse_template(node, place)
    if isinstance(template, Interpolation):
        return template
    is_text = isinstance(node, ScalarNode) and isinstance(node.value, str)
    place.error(
        "invalid-predicate",
        field.place,
        f"'predicate' must be an expression that names a predicate; got {describe(node)}",
        f"write ${{{word_of(node)}}}" if is_text else "such as ${http.default_retry_predicate}",
    )
    return None


def _parse_number(field: Field | None, place: Place) -> Template | None:
    """Return a setting of a policy; a plain value must be a number that is not negative."""
    if field is None:
        return None
    template = parse_template(field.value, place)
    if isinstance(template, Interpolation):
        return template
    value = template.value if isinstance(template, Constant) else None
    if value is None and isinstance(template, Constant):
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
        message = f"'{field.name}' must be a number of at least 0; got {describe(field.value)}"
        place.error("invalid-retry", field.place, message, "write a number, or an expression such as ${n}")
    return template


def parse_except(field: Field, place: Place) -> Except:
    """Return `except:`; without a value it has neither `as` nor steps."""
    node = field.value
    if isinstance(node, MapNode):
        found = read_fields(node, place, _EXCEPT_KEYS, "'except'")
        error = parse_name(found["as"].value, place, "'as'") if "as" in found else None
        body = steps.parse_steps(found["steps"], place, may_be_empty=True) if "steps" in found else ()
        return Except(error, body)
    if isinstance(node, ListNode):
        message = "'except' must be a map with 'as' and 'steps'; got a list"
        place.error("invalid-except", node.span, message, "put the list below `steps:`")
        return Except(None, steps.parse_steps(field, place, may_be_empty=True))
    if node.value is not None:
        message = f"'except' must be a map with 'as' and 'steps'; got {describe(node)}"
        place.error("invalid-except", node.span, message, "write `as: e` and `steps:` below it")
    return Except(None, ())
