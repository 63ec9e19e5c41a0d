"""What the world tells the engine. Every event carries `at`, seconds since 1970 (UTC): the only clock."""

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from stepward.values.errors import WorkflowError


@dataclass(slots=True)
class Started:
    """The execution begins. A second one is ignored."""

    at: float
    argument: Any = None
    argument_given: bool = False
    """False: no argument was supplied, so a default of main's parameter applies."""
    environment: dict[str, str] = field(default_factory=dict)
    """What `sys.get_env` reads: built-in and user variables."""
    seed: str = ""
    """All chance of the execution derives from it (`uuid.generate`)."""


@dataclass(slots=True)
class Answered:
    """Effect *effect_id* succeeded with *value*. Ignored unless that effect is pending."""

    at: float
    effect_id: int
    value: Any = None


@dataclass(slots=True)
class Failed:
    """Effect *effect_id* failed with *error*. Ignored unless that effect is pending."""

    at: float
    effect_id: int
    error: WorkflowError


@dataclass(slots=True)
class Continued:
    """The event loop had its turn: go on with runnable branches."""

    at: float


Event: TypeAlias = Started | Answered | Failed | Continued
