"""Module `experimental.executions` (stdlib 7): checked, but nothing starts other workflows yet."""

# ruff: noqa: ARG001 - the signatures are the language's, and checked

from typing import Any, NoReturn

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
) -> NoReturn:
    """Run another workflow and return its result. Not available in this version."""
    if type(argument) in (bytes, FunctionRef):
        raise errors.type_error(
            f"experimental.executions.run: argument 'argument' cannot be {model.type_name(argument)}"
        )
    raise errors.unavailable("experimental.executions.run")


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
) -> List:
    """Run another workflow once per item and return the results in order. Not available in this version."""
    if not arguments:
        return List()
    raise errors.unavailable("experimental.executions.map")


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
