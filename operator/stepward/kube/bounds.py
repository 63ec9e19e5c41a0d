"""Every bound of the speaker to the API server and of the status it writes, with its unit and source.

"server": what the API server enforces (design notes, tried on a real one); "ours": a choice.
"""

from typing import Final

KIB: Final = 1024

# --- requests ----------------------------------------------------------------------------------
REQUEST_SECONDS: Final = 15.0  # ours: one request, answer read; the server gives up at 34 s
LIST_SECONDS: Final = 60.0  # ours: one page of a list
CONNECT_SECONDS: Final = 5.0  # ours: TCP and TLS
ATTEMPTS: Final = 4  # ours: of one request while the server is unavailable
BACKOFF_SECONDS: Final = (0.1, 0.4, 1.0)  # ours: before the 2nd, 3rd and 4th attempt
RETRY_AFTER_MAX_SECONDS: Final = 5.0  # ours: the longest wait a server may ask for within a call
CONNECTIONS: Final = 64  # ours: open connections to the API server on the hot path
PAGE_ITEMS: Final = 500  # ours: objects of one page of a metadata list
CREDENTIAL_SECONDS: Final = 60.0  # ours: how long a token read from a file is trusted
FAILURE_BYTES: Final = 64 * KIB  # ours: of an error answer that is read

# --- objects -----------------------------------------------------------------------------------
NAME_CHARACTERS: Final = 253  # server: longest object name
OBJECT_BYTES: Final = 1_490 * KIB  # server: largest object, as etcd stores it (1.49 MiB)
OBJECT_DEPTH: Final = 100  # ours: nesting kept of an object that somebody else wrote
CONDITIONS: Final = 8  # ours: conditions read from an object
REVISION_HASH_DIGITS: Final = 10  # ours: of SHA-256, in the name of a WorkflowRevision

# --- what a status may hold --------------------------------------------------------------------
MESSAGE_CHARACTERS: Final = 1_000  # ours: message of a condition (the convention allows 32,768)
RESULT_NATIVE_BYTES: Final = 64 * KIB  # ours: larger results are kept as text
RESULT_NATIVE_DEPTH: Final = 64  # ours: deeper results are kept as text
STATUS_SPARE_BYTES: Final = 64 * KIB  # ours: room for metadata and the rest of an object
ERROR_PAYLOAD_BYTES: Final = 64 * KIB  # ours: payload of an error, as JSON
ERROR_CONTEXT_CHARACTERS: Final = 8 * KIB  # ours
STACK_ELEMENTS: Final = 25  # ours: call depth is limited to 20
CURRENT_STEPS: Final = 20  # ours: concurrent branches are limited to 20
NAME_IN_STATUS_CHARACTERS: Final = 256  # ours: a step's or routine's name

# --- behaviour ---------------------------------------------------------------------------------
PROGRESS_SECONDS: Final = 5.0  # ours: least time between two progress writes of one execution
AUDIT_SECONDS: Final = 60.0  # ours: a list catches what the watch missed
AUDIT_READS: Final = 8  # ours: objects that one audit reads at a time
CONFLICTS: Final = 10  # ours: times one write is rebased before it is given up
WATCH_END_SECONDS: Final = 1.0  # ours: for kopf's tasks to end after one of them failed
WATCH_STUCK_SECONDS: Final = 75.0  # ours: a watch that is down and asks for nothing so long is ended
RESTART_SECONDS: Final = 0.5  # ours: before a watch that died is started again
ABSENT_SECONDS: Final = 5.0  # ours: before looking again for definitions that are not installed
STOP_SECONDS: Final = 10.0  # ours: for the watch's thread to end
INBOX_OBJECTS: Final = 20_000  # ours: seen and not yet looked at; above that the audit finds them
TIMER_SECONDS: Final = 86_400.0  # ours: longest single timer; longer waits are re-armed
LAST_WORDS_SECONDS: Final = 5.0  # ours: for the last writes of a process that ends
