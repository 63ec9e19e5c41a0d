"""Module `experimental.executions` (stdlib 7): calls of other workflows, which the world performs."""

from typing import Any

from stepward.engine.effects import ConnectorCall
from stepward.stdlib.registry import Number, function
from stepward.values import errors, limits, model
from stepward.values.model import FunctionRef, List, Map


@function(
    "experimental.executions.run",
    blocking=True,
    example=("{call: experimental.executions.run, args: {workflow_id: other, argument: {n: 1}}}", None),
)
def run(
    workflow_id: str, location: str | None = None, project_id: str | None = None, argument: Any = None
) -> ConnectorCall:
    """Run another workflow with *argument* and return its result."""
    _check_argument("experimental.executions.run: argument 'argument'", argument)
    where = {"workflow_id": workflow_id, "location": location, "project_id": project_id}
    return ConnectorCall("experimental.executions.run", {**where, "argument": argument})


@function(
    "experimental.executions.map",
    blocking=True,
    example=("{call: experimental.executions.map, args: {workflow_id: other, arguments: [1, 2]}}", None),
)
def map_(
    workflow_id: str,
    arguments: List,
    timeout: Number = limits.CHILD_EXECUTION_SECONDS,
    location: str | None = None,
    project_id: str | None = None,
) -> ConnectorCall | List:
    """Run another workflow once per item of *arguments* and return the results in their order."""
    if not 0 < timeout <= limits.EXECUTION_SECONDS:
        raise errors.value_error(
            "experimental.executions.map: argument 'timeout' must be above 0 and at most "
            f"{limits.EXECUTION_SECONDS} seconds"
        )
    for position, argument in enumerate(arguments):
        _check_argument(f"experimental.executions.map: item {position} of 'arguments'", argument)
    if not arguments:
        return List()
    where = {"workflow_id": workflow_id, "location": location, "project_id": project_id}
    return ConnectorCall(
        "experimental.executions.map", {**where, "arguments": arguments, "timeout": float(timeout)}
    )


def _check_argument(what: str, argument: Any) -> None:
    if type(argument) in (bytes, FunctionRef):
        raise errors.type_error(f"{what} cannot be {model.type_name(argument)}")


@function(
    "experimental.executions.execution_error",
    example=(
        """experimental.executions.execution_error(json.decode('{"state": "FAILED"}'))""",
        {"message": "Execution failed or cancelled.", "state": "FAILED", "tags": ["ExecutionError"]},
    ),
)
def execution_error(execution: Map) -> Map:
    """Return an error with tag `ExecutionError` and the data of *execution*, ready to be raised."""
    failure = {**model.shallow_items(execution), "message": "Execution failed or cancelled."}
    return Map({**failure, "tags": List(["ExecutionError"])})
