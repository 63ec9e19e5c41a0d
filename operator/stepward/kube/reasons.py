"""Every reason a condition can have: public API, spelled here and nowhere else.

A reason is added with one line of meaning; the reference page is generated from this list.
"""

from enum import Enum
from typing import Self


class Reason(Enum):
    """Why a condition has its status. `value` is the word in the API."""

    meaning: str

    def __new__(cls, word: str, meaning: str) -> Self:
        """Take the word and its meaning from the table below."""
        reason = object.__new__(cls)
        reason._value_ = word
        reason.meaning = meaning
        return reason

    # --- Workflow: Ready ---
    VALID = "Valid", "The source is valid; executions run the revision in status.latestRevision."
    SUSPENDED = "Suspended", "The source is valid; spec.suspend keeps new executions queued."

    # --- Workflow: Ready is False; Execution: Succeeded is Unknown while it is queued ---
    WORKFLOW_INVALID = "WorkflowInvalid", "The workflow's source has errors, and there is no good revision."

    # --- Execution: Succeeded is Unknown ---
    QUEUED = "Queued", "The execution waits for its turn."
    WORKFLOW_NOT_FOUND = "WorkflowNotFound", "There is no workflow of that name in the namespace yet."
    WORKFLOW_SUSPENDED = "WorkflowSuspended", "The workflow starts nothing while its spec.suspend is true."
    RUNNING = "Running", "Steps are running."
    SLEEPING = "Sleeping", "The execution waits in a sleep."
    RETRYING = "Retrying", "A call failed and waits for its next attempt."

    # --- Execution: Succeeded is True ---
    COMPLETED = "Completed", "The workflow returned."

    # --- Execution: Succeeded is False ---
    FAILED = "Failed", "A step failed, and nothing in the workflow caught the error."
    CANCELLED = "Cancelled", "spec.desiredState asked for it; no step ran afterwards."
    DEADLINE_EXCEEDED = "DeadlineExceeded", "spec.timeoutSeconds passed, counted from creation."
    LIMIT_EXCEEDED = "LimitExceeded", "A limit of the language was hit, such as memory or number of steps."
    ARGUMENT_INVALID = "ArgumentInvalid", "spec.argument is neither JSON nor YAML that can be read."
    RESULT_TOO_LARGE = "ResultTooLarge", "The result does not fit into an object of the API server."
    OPERATOR_RESTARTED = "OperatorRestarted", "The operator stopped while the execution was running."
    INTERNAL_ERROR = "InternalError", "A fault of Stepward; the message has an id that is in its log."

    def __str__(self) -> str:
        """Return the word in the API."""
        return str(self.value)
