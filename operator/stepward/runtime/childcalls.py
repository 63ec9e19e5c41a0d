"""Calls of other workflows, read from the effect that asks for them (stdlib.md 7, language.md 2.12)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

from stepward.engine.effects import ConnectorCall
from stepward.values import convert, errors, limits, model
from stepward.values.errors import WorkflowError

_CONNECTOR: Final = re.compile(
    r"googleapis\.workflowexecutions\.v1(?:beta)?\.projects\.locations\.workflows\.executions\.(run|create)"
)
_PARENT: Final = re.compile(r"projects/[^/]+/locations/[^/]+/workflows/([^/]+)")
_PARAMETERS: Final = {
    "run": ("workflow_id", "location", "project_id", "argument", "callLogLevel", "labels",
            "disableConcurrencyQuotaOverflowBuffering", "connector_params"),
    "create": ("parent", "body", "connector_params"),
}  # fmt: skip


class Form(Enum):
    """Which function was called: it decides what the caller gets."""

    RUN = auto()
    """`executions.run`: the result; OperationError."""
    CREATE = auto()
    """`executions.create`: the execution as a resource; OperationError."""
    EXPERIMENTAL_RUN = auto()
    """The result; ExecutionError."""
    EXPERIMENTAL_MAP = auto()
    """The list of results; ExecutionError."""


@dataclass(frozen=True, slots=True)
class Call:
    """What a step asks for: executions of one workflow, one for each argument, JSON text or None."""

    form: Form
    workflow_id: str
    arguments: tuple[str | None, ...]
    timeout_seconds: float
    waits: bool = True
    """False: the caller goes on as soon as the execution exists (`skip_polling`)."""


def is_call(effect: ConnectorCall) -> bool:
    """Return whether *effect* calls a workflow, rightly or wrongly."""
    return effect.name.startswith("experimental.executions.") or bool(_CONNECTOR.fullmatch(effect.name))


def read(effect: ConnectorCall) -> Call | None:
    """Return what *effect* asks for; None if it calls no workflow. WorkflowError if it is called wrongly."""
    given = effect.arguments
    if effect.name == "experimental.executions.run":
        text = _argument_text(effect.name, given["argument"])
        return Call(Form.EXPERIMENTAL_RUN, given["workflow_id"], (text,), limits.CHILD_EXECUTION_SECONDS)
    if effect.name == "experimental.executions.map":
        texts = tuple(_argument_text(effect.name, argument) for argument in given["arguments"])
        return Call(Form.EXPERIMENTAL_MAP, given["workflow_id"], texts, given["timeout"])
    connector = _CONNECTOR.fullmatch(effect.name)
    if connector is None:
        return None
    return _read_connector(connector[1], effect.name, given)


def patience_seconds(effect: ConnectorCall) -> float:
    """Return how long the caller waits for the answer to any connector; WorkflowError as `read`."""
    if effect.name == "experimental.executions.map":
        return float(effect.arguments["timeout"])
    return _connector_parameters(effect.name, effect.arguments.get("connector_params"))[0]


def _read_connector(method: str, name: str, given: Mapping[str, Any]) -> Call:
    for key in given:
        if key not in _PARAMETERS[method]:
            raise errors.type_error(f"{name}: there is no parameter {errors.quoted(key)}")
    timeout, waits = _connector_parameters(name, given.get("connector_params"))
    if method == "run":
        workflow_id = _text(name, given, "workflow_id")
        argument = given.get("argument")
        if type(argument) is bytes:
            raise errors.type_error(f"{name}: argument 'argument' cannot be bytes")
        return Call(Form.RUN, workflow_id, (_argument_text(name, argument),), timeout, waits)
    parent = _PARENT.fullmatch(_text(name, given, "parent"))
    if parent is None:
        raise errors.value_error(f"{name}: argument 'parent' must be projects/P/locations/L/workflows/W")
    return Call(Form.CREATE, parent[1], (_body_argument(name, given.get("body")),), timeout, waits)


def _text(name: str, given: Mapping[str, Any], key: str) -> str:
    text = given.get(key)
    if type(text) is not str:
        got = model.type_name(text)
        raise errors.type_error(f"{name}: argument '{key}' must be string; got: {got}")
    return text


def _body_argument(name: str, body: Any) -> str | None:
    if body is None:
        return None
    if type(body) is not model.Map:
        raise errors.type_error(f"{name}: argument 'body' must be map; got: {model.type_name(body)}")
    text = body.get("argument")
    if text is None:
        return None
    if type(text) is not str:
        raise errors.type_error(f"{name}: 'argument' of argument 'body' must be string, which is JSON text")
    try:
        convert.decode_json(text)
    except WorkflowError as failure:
        if failure.fatal:
            raise
        raise errors.value_error(f"{name}: 'argument' of argument 'body' is not JSON text") from None
    return text


def _argument_text(name: str, argument: Any) -> str | None:
    """Return *argument* as it goes over: JSON text, or None for none."""
    if argument is None:
        return None
    try:
        return convert.encode_json(argument)
    except WorkflowError:
        raise errors.type_error(f"{name}: an argument must not hold bytes or functions") from None


def _connector_parameters(name: str, given: Any) -> tuple[float, bool]:
    """Return how long to wait, and whether to wait at all."""
    if given is None:
        return limits.CONNECTOR_SECONDS, True
    if type(given) is not model.Map:
        raise errors.type_error(f"{name}: argument 'connector_params' must be map")
    timeout = given.get("timeout", limits.CONNECTOR_SECONDS)
    if type(timeout) not in (int, float):
        raise errors.type_error(f"{name}: connector_params.timeout must be a number")
    if not 0 < timeout <= limits.CONNECTOR_MAX_SECONDS:
        raise errors.value_error(
            f"{name}: connector_params.timeout must be above 0 and at most {limits.CONNECTOR_MAX_SECONDS:.0f}"
        )
    skips = given.get("skip_polling", False)
    if type(skips) is not bool:
        raise errors.type_error(f"{name}: connector_params.skip_polling must be a boolean")
    return float(timeout), not skips
