"""The registry of library functions: one decorated function is all there is to add.

Signature, type checks, the reference page and "has a conformance case" are all derived from the
decorated function: its annotations say which values each parameter takes.

    @function("text.to_upper", example=("text.to_upper('abc')", "ABC"))
    def to_upper(source: str) -> str:
        \"\"\"Return *source* in upper case (stdlib 16.11).\"\"\"
        return source.upper()

`stdlib.library()` imports every module of this package: a new one needs no entry anywhere.
"""

import inspect
import types
import typing
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from stepward.engine.ambient import Ambient
from stepward.language.signatures import Parameter, Signature
from stepward.values import errors, limits, model

Number: typing.TypeAlias = int | float
"""Annotation of a parameter that takes an integer or a double."""


@dataclass(frozen=True, slots=True)
class Function:
    """One library function as registered."""

    signature: Signature
    implementation: Callable[..., Any]
    """Takes positional arguments (after an `Ambient`, if the signature says so), checks their
    types, returns a value or an Effect."""
    example: tuple[str, Any] | None
    """What to write, and what comes out: an expression, or for a blocking function a call step."""
    about: str


FUNCTIONS: Final[dict[str, Function]] = {}
CONSTANTS: Final[dict[str, Any]] = {}

_Implementation = TypeVar("_Implementation", bound=Callable[..., Any])

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
) -> Callable[[_Implementation], _Implementation]:
    """Register the decorated function as *name*.

    *aliases* maps another accepted parameter name to the Python one. A Python parameter may end in
    an underscore to keep clear of a builtin; the language does not see it. An optional parameter
    without a documented default has the default None. A first parameter annotated `Ambient` is no
    parameter of the language. Lists and maps that the function returns may be plain Python ones.
    """

    def register(implementation: _Implementation) -> _Implementation:
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
        defaults = [parameter.default for parameter in declared]
        kinds = [
            _accepted(hints.get(parameter.name, Any), optional=parameter.default is None)
            for parameter in declared
        ]
        about = (inspect.getdoc(implementation) or "").split("\n\n")[0].replace("\n", " ")
        checked = _checked(signature, implementation, kinds, defaults)
        FUNCTIONS[name] = Function(signature, checked, example, about)
        return implementation

    return register


def constant(name: str, value: Any) -> None:
    """Register a dotted library value such as `retry.default_backoff`."""
    CONSTANTS[name] = model.adopt(value)


def _accepted(hint: Any, *, optional: bool) -> frozenset[type] | None:
    """Return the Python types of the values that *hint* lets through; None for any value."""
    members = set(typing.get_args(hint)) if isinstance(hint, types.UnionType) else {hint}
    if Any in members:
        return None
    if optional:
        members.discard(types.NoneType)  # the default; null there means "not given"
    if float in members:
        members.add(int)  # an int is accepted wherever a double is wanted (stdlib 0.3)
    if not members <= _EXPECTED.keys():
        raise TypeError(f"no value of the language fits the annotation {hint}")
    return frozenset(members)


def _checked(
    signature: Signature,
    implementation: Callable[..., Any],
    kinds: list[frozenset[type] | None],
    defaults: list[Any],
) -> Callable[..., Any]:
    """Wrap *implementation*: counts and types of arguments, defaults for null, bounds of the result."""
    first = int(signature.ambient)
    most = first + len(kinds)
    has_optional = signature.required_count < len(kinds)
    checks = tuple((at, accepted) for at, accepted in enumerate(kinds, first) if accepted is not None)

    def call(*arguments: Any) -> Any:
        if len(arguments) != most or has_optional:
            arguments = _completed(signature, arguments, defaults)
        for at, accepted in checks:
            argument = arguments[at]
            if type(argument) not in accepted and argument is not defaults[at - first]:
                raise _wrong_type(signature, at - first, accepted, argument)
        result = implementation(*arguments)
        return _bounded(result) if type(result) in _UNBOUNDED else result

    return call


def _completed(signature: Signature, arguments: tuple[Any, ...], defaults: list[Any]) -> tuple[Any, ...]:
    """Put defaults where an optional argument is missing or null (stdlib 1.2, 1.3)."""
    first, parameters = int(signature.ambient), signature.parameters
    given = arguments[first:]
    if len(given) > len(parameters):
        raise errors.type_error(
            f"{signature.name}: takes at most {len(parameters)} arguments; got: {len(given)}"
        )
    if len(given) < signature.required_count:
        missing = parameters[len(given)].name
        raise errors.type_error(f"{signature.name}: argument '{missing}' is missing")
    padded = given + (None,) * (len(parameters) - len(given))
    return arguments[:first] + tuple(
        default if argument is None and not parameter.required else argument
        for parameter, argument, default in zip(parameters, padded, defaults, strict=True)
    )


_UNBOUNDED: Final = frozenset({str, bytes, list, dict})
"""Types of results that may be too large, or are no values yet."""


def _bounded(result: Any) -> Any:
    """Return *result* as a value; refuse what no variable may hold."""
    kind = type(result)
    if kind is str:
        if len(result) * 4 > limits.STRING_BYTES:
            require_string_bytes(model.text_bytes(result) - model.SCALAR_BYTES)
    elif kind is bytes:
        require_value_bytes(len(result))
    else:
        return model.adopt(result)
    return result


def require_string_bytes(size: int) -> None:
    """Refuse to make a string of *size* bytes if that is too long."""
    if size > limits.STRING_BYTES:
        raise errors.string_too_long()


def require_value_bytes(size: int) -> None:
    """Refuse to make a value that counts *size* if no execution may hold it."""
    if size > limits.VARIABLES_BYTES:
        raise errors.memory_exceeded()


def _wrong_type(
    signature: Signature, position: int, accepted: frozenset[type], argument: Any
) -> errors.WorkflowError:
    expected = " or ".join(sorted(_EXPECTED[kind] for kind in accepted))
    parameter = signature.parameters[position].name
    return errors.type_error(
        f"{signature.name}: argument '{parameter}' must be {expected}; got: {model.type_name(argument)}"
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
