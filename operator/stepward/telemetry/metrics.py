"""Every metric of the operator. Labels are bounded: never a name that a tenant chooses."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram, Info

BUILD: Final = Info("stepward_build", "Version of the running operator.")

EXECUTIONS_STARTED: Final = Counter(
    "stepward_executions_started_total", "Executions that this process claimed and began to run."
)
EXECUTIONS_FINISHED: Final = Counter(
    "stepward_executions_finished_total",
    "Executions whose final status this process wrote, by reason of the condition Succeeded.",
    ["reason"],
)
EXECUTIONS_ACTIVE: Final = Gauge(
    "stepward_executions_active", "Executions that are running in this process now."
)
EXECUTIONS_BACKLOG: Final = Gauge(
    "stepward_executions_backlog", "Executions that could run but wait because --concurrency is reached."
)
EXECUTIONS_ABANDONED: Final = Counter(
    "stepward_executions_abandoned_total",
    "Running executions that were given up because the object was deleted or taken by someone else.",
)
EXECUTION_SECONDS: Final = Histogram(
    "stepward_execution_seconds",
    "Time from the claim to the final status of an execution.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800, 7200, 86400),
)
START_SECONDS: Final = Histogram(
    "stepward_start_seconds",
    "Time from the creation of an execution (in whole seconds, as the server stamps it) to its claim.",
    buckets=(0.5, 1, 2.5, 5, 15, 60, 300, 1800, 7200, 86400),
)
INTERNAL_ERRORS: Final = Counter(
    "stepward_internal_errors_total", "Faults of ours; each is in the log with an id."
)
WORKFLOWS_VALIDATED: Final = Counter(
    "stepward_workflows_validated_total",
    "Sources that were checked, by outcome: valid or invalid.",
    ["outcome"],
)
REVISIONS_PRUNED: Final = Counter(
    "stepward_revisions_pruned_total", "WorkflowRevisions deleted because of revisionHistoryLimit."
)
OBJECTS_DELETED: Final = Counter(
    "stepward_objects_deleted_total",
    "Executions deleted, by cause: ttl (ttlSecondsAfterFinished) or owner (their Workflow is gone).",
    ["cause"],
)

API_REQUESTS: Final = Counter(
    "stepward_api_requests_total",
    "Requests to the API server, the watch's apart, by method and outcome.",
    ["method", "outcome"],
)
API_SECONDS: Final = Histogram(
    "stepward_api_seconds",
    "Time of one request to the API server, the watch's apart.",
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 15),
)

WATCH_UP: Final = Gauge("stepward_watch_up", "1 while every watch has listed and follows, else 0.")
WATCH_RESTARTS: Final = Counter(
    "stepward_watch_restarts_total", "Times the watch ended and was started again."
)
WATCH_EVENTS: Final = Counter("stepward_watch_events_total", "Objects that the watch handed over.", ["kind"])
INBOX_DROPPED: Final = Counter(
    "stepward_inbox_dropped_total", "Objects that the watch could not hand over; the audit finds them."
)
AUDITS: Final = Counter(
    "stepward_audits_total", "Audits (lists that catch what was missed), by outcome.", ["outcome"]
)
AUDIT_FINDINGS: Final = Counter(
    "stepward_audit_findings_total", "Objects that an audit had to read because the watch had not shown them."
)

WORKFLOW_LOG_ENTRIES: Final = Counter("stepward_workflow_log_entries_total", "Entries written by sys.log.")
