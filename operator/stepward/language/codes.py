"""Every diagnostic code and the sentence that explains it: the one place where a code is spelled out.

Codes are stable: people search for them. A `Report` refuses a code that is not here.
"""

from typing import Final

from stepward.values import limits

_TEXT: Final = {
    "source-too-large": f"A source holds at most {limits.SOURCE_BYTES // limits.KIB} KiB of UTF-8 text.",
    "source-empty": "A source holds a map of routines or a list of steps; this one holds nothing.",
    "invalid-character": "A source holds printable characters, tabs and line breaks; no control characters.",
    "yaml-syntax": "The source is not well-formed YAML.",
    "several-documents": "A source holds exactly one YAML document.",
    "nested-too-deep": f"Lists and maps of a source may be nested {limits.SOURCE_DEPTH} levels deep.",
    "too-many-nodes": f"A source holds at most {limits.SOURCE_NODES:,} keys and values, aliases expanded.",
    "tag-not-allowed": "YAML tags such as `!!str` or `!name` have no meaning in a workflow.",
    "unknown-anchor": "An alias `*name` repeats what an anchor `&name` marked earlier in the source.",
    "recursive-alias": "An alias must not stand inside the value that its own anchor marks.",
    "merge-key": "The YAML merge key `<<` has no meaning in a workflow.",
    "duplicate-key": "A key may occur once in a map.",
    "key-not-a-scalar": "A map key is a name or another single value, never a list or a map.",
    "null-key": "A map key must not be null or empty.",
    "number-out-of-range": "Integers are 64-bit signed; doubles are finite 64-bit numbers.",
    "ambiguous-number": "A number with leading zeros means one thing in base 8 and another in base 10.",
    "expression-cut-short": "Outside YAML quotes a ` #` or `: ` ends a value, also inside `${…}`.",
}

_EXPRESSIONS: Final = {
    "expression-empty": "There must be an expression between `${` and `}`.",
    "expression-too-long": f"An expression has at most {limits.EXPRESSION_CHARACTERS} characters.",
    "expression-too-deep": "Brackets, calls and prefix operators are nested deeper than anybody can read.",
    "expression-token": "A character or word that the expression language does not have.",
    "expression-string": "A string ends with the quote it began with and uses known escapes only.",
    "expression-number": "Numbers are written like `12`, `1.5` or `2.5e-3`.",
    "expression-syntax": "The parts of the expression do not fit together.",
    "nested-expression": "Inside `${…}` names are written bare: there is no `${` within an expression.",
    "map-literal": "Expressions have list literals but no map literals.",
    "unknown-operator": "An operator of another language.",
    "invalid-target": "An assignment target is a variable, maybe with `.member` and `[subscript]` parts.",
}

_SHAPE: Final = {
    "not-a-workflow": "A workflow is a map of routines with `main`, or a list of steps.",
    "missing-main": "Execution starts at the routine `main`, so every workflow has one.",
    "routine-not-a-map": "A routine is a map with `steps` and, if it takes any, `params`.",
    "unknown-key": "Maps whose keys the language fixes hold no other keys.",
    "missing-key": "A key that must be there is missing.",
    "misplaced-key": "A key stands beside keys it does not belong to.",
    "params-not-a-list": "`params` is a list of names.",
    "invalid-parameter": "A parameter is a name, or a map with one entry, `name: default`.",
    "too-many-parameters": f"A routine takes at most {limits.PARAMETERS_PER_ROUTINE} parameters, `main` one.",
    "duplicate-parameter": "The parameters of a routine have different names.",
    "invalid-name": "Names consist of letters, digits and underscores and do not begin with a digit.",
    "reserved-name": "The name belongs to the language or its library.",
    "reserved-step-name": "`end`, and in loops `break` and `continue`, are targets of `next`, never steps.",
    "steps-not-a-list": "`steps` is a list of maps with one entry each, the name of the step.",
    "empty-steps": "`steps` holds at least one step.",
    "invalid-step": "A step is a map with one entry, its name; the value is a map, the body.",
    "empty-step": "A step does something, or has a `next`.",
    "two-actions": "A step does one thing.",
    "duplicate-step": "Step names are unique within a routine, nested steps and branches included.",
    "expression-not-allowed": "In this place a plain value must stand, not an expression.",
    "partial-expression": "`${…}` is an expression only when it is the whole value.",
    "invalid-assign": "`assign` is a list of maps with one entry each.",
    "too-many-assignments": f"A step makes at most {limits.ASSIGNMENTS_PER_STEP} assignments.",
    "invalid-call": "`call` names a function or a subworkflow.",
    "invalid-args": "`args` is a map of argument names to values.",
    "invalid-switch": "`switch` is a list of maps with `condition` and what to do.",
    "too-many-conditions": f"A `switch` has at most {limits.CONDITIONS_PER_SWITCH} conditions.",
    "invalid-for": "`for` has `value`, one of `in` and `range`, and `steps`.",
    "invalid-range": "`range` is a list of two numbers, or an expression.",
    "invalid-parallel": "`parallel` has either `branches` or `for`.",
    "invalid-branch": "A branch is a map with one entry, its name.",
    "too-many-branches": f"A `parallel` step has at most {limits.BRANCHES_PER_STEP} branches.",
    "invalid-shared": "`shared` is a list of variables of the enclosing routine.",
    "invalid-exception-policy": "The only exception policy is `continueAll`.",
    "invalid-concurrency-limit": "`concurrency_limit` is a positive integer, or an expression.",
    "invalid-try": "`try` holds `steps` or a single call.",
    "invalid-except": "`except` has `as` and, as a rule, `steps`.",
    "invalid-retry": "`retry` is a policy of the library, or a map of its settings.",
    "invalid-predicate": "A predicate is the name of a function that takes an error and answers a boolean.",
    "invalid-raise": "`raise` takes a string, a map, or an expression.",
    "invalid-next": "`next` takes the name of a step, or `end`, `break`, `continue`.",
}

_MEANING: Final = {
    "unknown-step": "`next` names a step of the same routine; there is none of this name.",
    "unreachable-target": "`next` stays in its list or goes to one around it, never across a loop or branch.",
    "jump-outside-loop": "`break` and `continue` work only in the steps of a `for`.",
    "return-in-branch": "A parallel branch cannot end its routine.",
    "unknown-variable": "A name is neither a variable of this scope nor a subworkflow.",
    "duplicate-variable": "A variable is introduced twice.",
    "loop-variable-reused": "A nested loop needs variables of its own.",
    "unshared-variable": "A parallel branch may change only the variables listed in `shared`.",
    "unknown-function": "There is no subworkflow and no library function of this name.",
    "duplicate-argument": "An argument is given twice, under two names of one parameter.",
    "unknown-argument": "The function has no parameter of this name.",
    "missing-argument": "The function has a parameter without default that got no argument.",
    "too-many-arguments": "The function takes fewer arguments.",
    "blocking-call-in-expression": "Functions that wait are run by `call` steps, never inside `${…}`.",
    "helper-as-step": "Helpers such as `len` are used inside `${…}`, never by a `call` step.",
    "function-as-value": "The name of a function is not a value.",
    "not-callable": "Only functions and subworkflows can be called.",
}

_DOUBTFUL: Final = {
    "constant-condition": "A condition that is a plain value must be true or false; any other raises.",
    "unreachable-entry": "Entries of a `switch` behind `condition: true` are never reached.",
    "unreachable-step": "Nothing leads to this step.",
    "loop-over-no-list": "`for` runs over a list; any other plain value raises a TypeError.",
    "hidden-variable": "A loop or error variable hides a variable of the same name around it.",
    "try-without-effect": "`try` has an effect only with `retry` or `except`.",
    "not-binds-tighter": "`not` binds tighter than comparison: `not a in b` is `(not a) in b`.",
    "chained-comparison": "`a < b < c` compares the boolean `a < b` with `c`, which raises a TypeError.",
}

_REHEARSAL: Final = {
    "invalid-mock": "A mock names a call and what answers it; docs/testing-workflows.md has every key.",
    "invalid-test": "A file of test cases names a workflow and lists cases with what they expect.",
    "unused-mock": "Nothing that the workflow did was answered by this mock.",
    "unanswered-call": "The workflow called what no mock answers, and so its run ended there.",
}

CODES: Final[dict[str, str]] = {**_TEXT, **_EXPRESSIONS, **_SHAPE, **_MEANING, **_DOUBTFUL, **_REHEARSAL}
"""code -> what it means, in one sentence."""
