"""Failures of a workflow, as values it can catch (language.md, section 5).

`WorkflowError` travels as a Python exception inside the engine and the library; everything a
workflow can see of it is `value`. Faults of ours are ordinary Python exceptions and are never
turned into one of these. (`model` and this module import each other: neither uses the other at import.)
"""

from typing import Any

from stepward.values import limits, model


class WorkflowError(Exception):
    """A failure that belongs to the workflow.

    `value`: what `except` binds: a map with `message` and `tags`, or what the author raised.
    `fatal`: cannot be caught (ResourceLimitError raised by the engine, language.md 2.8).
    `raised`: the author raised it with `raise`.
    `span`: the piece of source at fault, filled in by the first place that knows it.
    `caught`: what a handler kept of it, if it goes on outwards from there: it keeps its stack.
    """

    def __init__(self, value: Any, *, fatal: bool = False, raised: bool = False) -> None:
        super().__init__(value)
        self.value = value
        self.fatal = fatal
        self.raised = raised
        self.span: Any = None
        self.caught: Any = None


_SECONDARY_TAGS = {
    "KeyError": ["LookupError"],
    "IndexError": ["LookupError"],
    "TimeoutError": ["OSError"],
    "ConnectionFailedError": ["ConnectionError"],
}


def error(tag: str, message: str, *, prefix: bool = True, **extra: Any) -> WorkflowError:
    """Return an error of kind *tag* (language.md 5.2) with *message* and extra keys.

    The message starts with the kind, a colon and a space, unless *prefix* is false.
    """
    text = f"{tag}: {message}" if prefix else message
    tags = model.List([tag, *_SECONDARY_TAGS.get(tag, ())])
    return WorkflowError(model.Map({"message": text, "tags": tags, **extra}))


def type_error(message: str, *, prefix: bool = True) -> WorkflowError:
    """Operation or function applied to the wrong type."""
    return error("TypeError", message, prefix=prefix)


def value_error(message: str) -> WorkflowError:
    """Right type, bad value, nothing more specific."""
    return error("ValueError", message)


def key_error(key: str) -> WorkflowError:
    """Map key absent."""
    return error("KeyError", f"key not found: {shortened(key)}")


def shortened(text: str) -> str:
    """Return *text*, cut if it is long: messages are kept, shown, and count as memory."""
    most = limits.MESSAGE_EXCERPT_CHARACTERS
    return text if len(text) <= most else f"{text[: most - 1]}…"


def index_error(message: str) -> WorkflowError:
    """List subscript out of range."""
    return error("IndexError", message)


def resource_limit(message: str) -> WorkflowError:
    """A limit of the engine is hit: cannot be caught (language.md 2.8, 5.2)."""
    failure = error("ResourceLimitError", message)
    failure.fatal = True
    return failure


def memory_exceeded() -> WorkflowError:
    """All variables together exceed `limits.VARIABLES_BYTES`; wording of the real service."""
    return resource_limit("Memory usage limit exceeded")


def kept_too_much() -> WorkflowError:
    """What the machine keeps beside the variables exceeds `limits.KEPT_BYTES`."""
    return resource_limit(
        "Memory usage limit exceeded by lists that loops run over and errors that are being handled"
    )


def step_limit() -> WorkflowError:
    """The execution ran `limits.STEPS` steps and wants another one."""
    return resource_limit(f"Step limit exceeded: an execution may run {limits.STEPS} steps")


def too_much_work() -> WorkflowError:
    """One step exceeds `limits.STEP_WORK`."""
    return resource_limit("A single step does too much work; spread it over several steps")


def too_deep() -> WorkflowError:
    """A value is nested deeper than `limits.VALUE_DEPTH`."""
    return resource_limit(f"Value nested deeper than {limits.VALUE_DEPTH} levels")


def string_too_long() -> WorkflowError:
    """A string exceeds `limits.STRING_BYTES`."""
    return resource_limit(f"String longer than {limits.STRING_BYTES // limits.KIB} KiB")


def unavailable(name: str) -> WorkflowError:
    """Library function *name* belongs to the language, but not to this version of the product."""
    return error("SystemError", f"{name} is not available in this version")


def quoted(text: str, characters: int = 60) -> str:
    """Return *text* in quotes for a message, shortened: messages are kept and shown."""
    return f'"{text}"' if len(text) <= characters else f'"{text[: characters - 1]}…"'
