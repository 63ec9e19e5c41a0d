"""Module `retry` (stdlib 14)."""

from typing import Any

from stepward.stdlib.registry import constant, function
from stepward.values import limits

constant(
    "retry.default_backoff",
    {
        "initial_delay": limits.RETRY_INITIAL_DELAY_SECONDS,
        "max_delay": limits.RETRY_MAX_DELAY_SECONDS,
        "multiplier": limits.RETRY_MULTIPLIER,
    },
)


@function("retry.always", example=('retry.always("any error")', True))
def always(exception: Any) -> bool:  # noqa: ARG001 - the language's signature
    """Return true: a predicate that retries every error."""
    return True


@function("retry.never", example=('retry.never("any error")', False))
def never(exception: Any) -> bool:  # noqa: ARG001 - the language's signature
    """Return false: a predicate that retries no error."""
    return False
