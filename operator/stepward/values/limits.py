"""Every bound of the product, with its unit and where the figure comes from.

"Google" means the documented limit of the language (language.md, section 9); "ours" is a choice of
this project. Nothing else in the code spells such a number.
"""

from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB

# --- source text -------------------------------------------------------------------------------
SOURCE_BYTES: Final = 128 * KIB  # Google: source size
SOURCE_DEPTH: Final = 100  # ours: nested YAML collections; deeper is no workflow a person wrote
SOURCE_NODES: Final = 50_000  # ours: YAML nodes after aliases are expanded
EXPANDED_EXPRESSION_CHARACTERS: Final = 256 * KIB  # ours: of all expressions, aliases expanded
EXPRESSION_CHARACTERS: Final = 400  # Google: between `${` and `}`
ASSIGNMENTS_PER_STEP: Final = 50  # Google
CONDITIONS_PER_SWITCH: Final = 50  # Google
BRANCHES_PER_STEP: Final = 10  # Google
PARAMETERS_PER_ROUTINE: Final = 10  # Google
DIAGNOSTICS_SHOWN: Final = 20  # ours: more help nobody

# --- values ------------------------------------------------------------------------------------
INTEGER_MIN: Final = -(2**63)  # Google: 64-bit signed
INTEGER_MAX: Final = 2**63 - 1
STRING_BYTES: Final = 256 * KIB  # Google
VALUE_DEPTH: Final = 200  # ours: below the nesting at which JSON encoders give up
VARIABLES_BYTES: Final = 512 * KIB  # Google: all live variables, as language.md 4.8 counts them
KEPT_BYTES: Final = 3 * VARIABLES_BYTES  # ours: what the machine keeps beside them: snapshots, errors
MESSAGE_EXCERPT_CHARACTERS: Final = 200  # ours: of a text that a message quotes
CONTEXT_CHARACTERS: Final = 4 * KIB  # ours: of a raised value in the first line of `error.context`
ARGUMENT_BYTES: Final = 512 * KIB  # Google: execution argument, as JSON or YAML text

# --- execution ---------------------------------------------------------------------------------
STEPS: Final = 100_000  # Google: step executions of one execution
CALL_DEPTH: Final = 20  # Google: nested routine calls below `main`
PARALLEL_DEPTH: Final = 2  # Google
CONCURRENT_BRANCHES: Final = 20  # Google: in one execution; more wait their turn
BRANCH_ERRORS: Final = 100  # Google: uncaught branch errors recorded
BRANCH_ERROR_BYTES: Final = VARIABLES_BYTES // 2  # ours: of one parallel step, but for the first
SLICE_TICKS: Final = 1_000  # ours: a step takes one; work on large values more, a tick about 1 us
STEP_WORK: Final = 200_000  # ours: ticks that one step may take, in which nobody else has a turn
ENVIRONMENT_VARIABLES: Final = 20  # Google: user variables of one workflow
ENVIRONMENT_TEXT_BYTES: Final = 4 * KIB  # Google: the name or the value of one

# --- waiting -----------------------------------------------------------------------------------
SLEEP_SECONDS: Final = 31_536_000  # Google: one year
EXECUTION_SECONDS: Final = 31_536_000  # Google: one year
HTTP_TIMEOUT_SECONDS: Final = 300.0  # Google: default of `timeout`
HTTP_TIMEOUT_MAX_SECONDS: Final = 1_800.0  # Google
RETRY_MAX_RETRIES: Final = 5  # ours: default of `max_retries`
RETRY_INITIAL_DELAY_SECONDS: Final = 1  # Google: retry.default_backoff
RETRY_MAX_DELAY_SECONDS: Final = 60  # Google
RETRY_MULTIPLIER: Final = 1.25  # Google

# --- HTTP --------------------------------------------------------------------------------------
RESPONSE_BYTES: Final = 2_000_000  # Google: body of a response, after decompression
RESPONSE_ENCODED_BYTES: Final = RESPONSE_BYTES + 64 * KIB  # ours: the same before; data may not shrink
RESPONSE_GZIP_MEMBERS: Final = 100  # ours: concatenated streams in one body; each costs a copy
RESPONSE_HEADER_BYTES: Final = 64 * KIB  # ours: all header lines of a response together
RESPONSE_EVENTS: Final = 100_000  # ours: chunks of one response (5 us each)
RESPONSE_EVENTS_PER_TURN: Final = 500  # ours: chunks read before the event loop gets its turn
REQUEST_HEADERS: Final = 100  # ours: headers of one request
REQUEST_HEADER_BYTES: Final = 64 * KIB  # ours: all headers of one request together
URL_CHARACTERS: Final = 8 * KIB  # ours
REDIRECTS: Final = 10  # ours: language.md 6.6
CONNECTIONS_PER_HOST: Final = 100  # ours: in use at once, per policy class
CONNECTIONS: Final = 400  # ours: in use at once, per policy class; and kept idle, in all
CONNECT_SECONDS: Final = 30.0  # ours: establishing a connection, TLS included
KEEPALIVE_SECONDS: Final = 4.0  # ours: below the 5 s at which common servers close an idle connection
ADDRESSES_TRIED: Final = 8  # ours: of one host name
ADDRESS_HEAD_START_SECONDS: Final = 0.25  # RFC 8305: before the next address is tried as well
RESOLVER_THREADS: Final = 16  # ours: name lookups at once
TOKEN_SECONDS: Final = 30.0  # ours: obtaining a token for a call with `auth`
RESOLVER_THREADS_PER_TENANT: Final = 4  # ours: name lookups at once for one namespace

# --- library -----------------------------------------------------------------------------------
CALLBACK_SECONDS: Final = 43_200.0  # Google: default of `events.await_callback`
CHILD_EXECUTION_SECONDS: Final = 1_800.0  # Google: `experimental.executions.*`
CHILD_EXECUTION_DEPTH: Final = 10  # ours: executions of the local runner that start each other
CHILD_EXECUTIONS: Final = 1_000  # ours: executions that one execution of the local runner starts in all
CONNECTOR_SECONDS: Final = 1_800.0  # Google: default of connector_params.timeout
CONNECTOR_MAX_SECONDS: Final = 31_536_000.0  # Google
MOCKS_BYTES: Final = 1 * MIB  # ours: a file of mocks or of test cases
REGEX_PATTERN_BYTES: Final = 1 * KIB  # ours: threat model, row 26
REGEX_MEMORY_BYTES: Final = 1 * MIB  # ours: RE2's `max_mem` for one pattern
REGEX_CACHED: Final = 64  # ours: compiled patterns kept
REGEX_SCAN_WORK: Final = 360_000_000  # ours: text bytes times program size of one pass; at worst 3 s
REGEX_RESCAN_BYTES: Final = 2**26  # ours: bytes a call may look at again, weighted; at worst 3 s
