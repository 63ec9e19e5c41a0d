"""The registry of library functions: one decorated function is all there is to add.

Signature, type checks, the reference page and "has a conformance case" are all derived from the
decorated function: its annotations say which values each parameter takes.

    @function("text.to_upper", example=("text.to_upper('abc')", "ABC"))
    def to_upper(source: str) -> str:
        \"\"\"Return *source* in upper case (stdlib.md 16.11).\"\"\"
        return source.upper()
"""

import inspect
import types
import typing
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from stepward.engine.ambient import Ambient
from stepward.language.signatures import Parameter, Signature
from stepward.values import errors, model

Number: typing.TypeAlias = int | float
"""Annotation of a parameter that takes an integer or a double."""


class _Unset:
    """The type of `UNSET`."""

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = _Unset()
"""Default of an optional parameter that has no documented default."""


@dataclass(frozen=True, slots=True)
class Function:
    """One library function as registered."""

    signature: Signature
    implementation: Callable[..., Any]
    """Takes positional arguments (after an `Ambient`, if the signature says so), checks their
    types, returns a value or an Effect."""
    example: tuple[str, Any] | None
    about: str


FUNCTIONS: Final[dict[str, Function]] = {}
CONSTANTS: Final[dict[str, Any]] = {}

_EXPECTED: Final[dict[type, str]] = {
    str: "string",
    bytes: "bytes",
    bool: "boolean",
    int: "integer",
    float: "double",
    model.List: "list",
    model.Map: "map",
    types.NoneType: "null",
}


def function(
    name: str,
    *,
    blocking: bool = False,
    helper: bool = False,
    aliases: dict[str, str] | None = None,
    example: tuple[str, Any] | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register the decorated function as *name*.

    *aliases* maps another accepted parameter name to the Python one. A Python parameter may end in
    an underscore to keep clear of a builtin; the language does not see it. A first parameter
    annotated `Ambient` is no parameter of the language. Lists and maps that the function returns
    may be plain Python ones.
    """

    def register(implementation: Callable[..., Any]) -> Callable[..., Any]:
        hints = typing.get_type_hints(implementation)
        parameters = list(inspect.signature(implementation).parameters.values())
        ambient = bool(parameters) and hints.get(parameters[0].name) is Ambient
        declared = parameters[1:] if ambient else parameters
        signature = Signature(
            name=name,
            parameters=tuple(
                Parameter(
                    name=parameter.name.rstrip("_"),
                    required=parameter.default is inspect.Parameter.empty,
                    aliases=tuple(
                        alias for alias, target in (aliases or {}).items() if target == parameter.name
                    ),
                )
                for parameter in declared
            ),
            blocking=blocking,
            helper=helper,
            ambient=ambient,
        )
        kinds = [_accepted(hints.get(parameter.name, Any)) for parameter in declared]
        defaults = [parameter.default for parameter in declared]
        about = (inspect.getdoc(implementation) or "").split("\n\n")[0].replace("\n", " ")
        checked = _checked(signature, implementation, kinds, defaults, ambient=ambient)
        FUNCTIONS[name] = Function(signature, checked, example, about)
        return implementation

    return register


def constant(name: str, value: Any) -> None:
    """Register a dotted library value such as `retry.default_backoff`."""
    CONSTANTS[name] = model.adopt(value) if isinstance(value, dict | list) else value


def _accepted(hint: Any) -> frozenset[type] | None:
    """Return the Python types that *hint* lets through; None for any value."""
    if hint is Any:
        return None
    members = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    accepted = {member for member in members if member is not _Unset}
    if Any in accepted:
        return None
    if float in accepted:
        accepted.add(int)  # an int is accepted wherever a double is wanted (stdlib.md 0.3)
    return frozenset(accepted)


def _checked(
    signature: Signature,
    implementation: Callable[..., Any],
    kinds: list[frozenset[type] | None],
    defaults: list[Any],
    *,
    ambient: bool,
) -> Callable[..., Any]:
    """Wrap *implementation*: defaults for null and missing arguments, types checked, result adopted."""
    rows = tuple(zip(signature.parameters, kinds, defaults, strict=True))

    def call(*arguments: Any) -> Any:
        given = len(arguments) - ambient
        ready: list[Any] = [arguments[0]] if ambient else []
        for position, (parameter, accepted, default) in enumerate(rows):
            argument = arguments[position + ambient] if position < given else None
            if argument is None and not parameter.required:
                # null in an optional position counts as "not given" (stdlib.md 1.2, 1.3)
                ready.append(default)
            elif accepted is None or type(argument) in accepted:
                ready.append(argument)
            else:
                raise _wrong_type(signature.name, parameter.name, accepted, argument)
        result = implementation(*ready)
        if type(result) is list or type(result) is dict:
            return model.adopt(result)
        return result

    return call


def _wrong_type(
    name: str, parameter: str, accepted: frozenset[type], argument: Any
) -> errors.WorkflowError:
    expected = " or ".join(sorted(_EXPECTED[kind] for kind in accepted))
    return errors.type_error(
        f"{name}: argument '{parameter}' must be {expected}; got: {model.type_name(argument)}"
    )


class StandardLibrary:
    """The `Library` made of everything that is registered."""

    def signature(self, name: str) -> Signature | None:
        """Return the signature of function *name*, or None if there is none."""
        found = FUNCTIONS.get(name)
        return found.signature if found else None

    def constant(self, name: str) -> Any:
        """Return the library value *name*; KeyError if there is none."""
        return CONSTANTS[name]

    def implementation(self, name: str) -> Callable[..., Any]:
        """Return the checked callable of function *name*."""
        return FUNCTIONS[name].implementation

    def names(self) -> Iterable[str]:
        """Yield every function and constant name."""
        yield from FUNCTIONS
        yield from CONSTANTS
