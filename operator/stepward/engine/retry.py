"""The arithmetic of retry policies (language.md 2.8)."""

from stepward.values import convert, errors, limits
from stepward.values.model import FunctionRef, Map, Value

_NUMBERS = frozenset({int, float})
_DEFAULTS = {
    "initial_delay": limits.RETRY_INITIAL_DELAY_SECONDS,
    "max_delay": limits.RETRY_MAX_DELAY_SECONDS,
    "multiplier": limits.RETRY_MULTIPLIER,
}


def begin(policy: Value) -> Map:
    """Return the retry state for *policy*, a map as `http.default_retry`.

    Raises TypeError or ValueError if it is none.
    """
    if type(policy) is not Map:
        raise errors.type_error(f"a retry policy must be a map; got: {convert.operand_name(policy)}")
    predicate = policy.get("predicate")
    if type(predicate) is not FunctionRef:
        raise errors.type_error("'predicate' of a retry policy must name a function or subworkflow")
    backoff = policy.get("backoff")
    if backoff is None:
        backoff = Map()
    if type(backoff) is not Map:
        raise errors.type_error(
            f"'backoff' of a retry policy must be a map; got: {convert.operand_name(backoff)}"
        )
    return Map(
        {
            "predicate": predicate,
            "left": _count(policy.get("max_retries")),
            "delay": _number(backoff, "initial_delay"),
            "max_delay": _number(backoff, "max_delay"),
            "multiplier": _number(backoff, "multiplier"),
        }
    )


def next_delay(state: Map) -> tuple[float, Map]:
    """Return the seconds to wait now, and the state after this retry.

    The first delay is `initial_delay`; each further one is `min(previous * multiplier, max_delay)`.
    """
    delay = min(state["delay"], limits.SLEEP_SECONDS)
    following = min(state["delay"] * state["multiplier"], state["max_delay"])
    return delay, Map({**state, "left": state["left"] - 1, "delay": following})


def _count(value: Value) -> int:
    if value is None:
        return limits.RETRY_MAX_RETRIES
    if type(value) not in _NUMBERS:
        raise errors.type_error(f"'max_retries' must be a number; got: {convert.operand_name(value)}")
    if value < 0:
        raise errors.value_error(f"'max_retries' must not be negative; got: {value}")
    return int(value)


def _number(backoff: Map, name: str) -> int | float:
    value = backoff.get(name)
    if value is None:
        return _DEFAULTS[name]
    if type(value) not in _NUMBERS:
        raise errors.type_error(f"'{name}' must be a number; got: {convert.operand_name(value)}")
    if value < 0:
        raise errors.value_error(f"'{name}' must not be negative; got: {value}")
    return float(value) if type(value) is float else int(value)
