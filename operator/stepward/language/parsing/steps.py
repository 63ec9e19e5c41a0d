"""Nodes to syntax tree: step lists, steps, and what a step body may hold together.

`actions` and its neighbours parse the kinds of action; they and this module call each other, as
steps nest. What is malformed is reported and then read as it was probably meant, so that one
mistake does not make names unknown that the author did write down.
"""

from dataclasses import dataclass
from typing import Final

from stepward.language.nodes import Entry, ListNode, MapNode, Node, ScalarNode
from stepward.language.parsing import actions
from stepward.language.parsing.fields import Field, Fields, read_fields
from stepward.language.parsing.places import Place
from stepward.language.parsing.words import describe, describe_entries, key_text, word_of
from stepward.language.source import Span
from stepward.language.structure import UNNAMED, Action, Name, Step, Steps

COMPANIONS: Final[dict[str, tuple[str, ...]]] = {
    "assign": ("next",),
    "call": ("args", "result", "next"),
    "switch": ("next",),
    "for": ("next",),
    "parallel": ("next",),
    "steps": ("next",),
    "try": ("retry", "except", "next"),
    "raise": (),
    "return": (),
}
"""Action key -> keys that may stand beside it (language.md 1.5)."""

BODY_KEYS: Final = (*COMPANIONS, "args", "result", "retry", "except", "next")
_ENDS: Final = {"return": "ends the routine", "raise": "raises an error"}


@dataclass(frozen=True, slots=True)
class Body:
    """What kind of map holds an action, in the words of messages."""

    what: str
    two_actions: str
    """What to do about two actions in one body."""
    may_be_empty: bool = False


_IN_STEPS: Final = "list both below `steps:`, as steps of their own"
STEP: Final = Body("a step", "put '{}' into a step of its own")
ENTRY: Final = Body("an entry of 'switch'", _IN_STEPS, may_be_empty=True)
BRANCH: Final = Body("a branch", _IN_STEPS)
TRY: Final = Body("'try'", _IN_STEPS)


def parse_steps(field: Field, place: Place, *, may_be_empty: bool = False) -> tuple[Step, ...]:
    """Return the steps of a step list (language.md 1.4)."""
    node = field.value
    if isinstance(node, MapNode) and node.entries:
        first = key_text(node.entries[0].key)
        place.error(
            "steps-not-a-list",
            node.span,
            "'steps' must be a list of steps, each a map with one entry; got a map",
            f"start each step with a dash: `- {first}:`",
        )
        return tuple(_parse_entry(entry, place) for entry in node.entries)
    empty = isinstance(node, ScalarNode) and node.value is None
    if not isinstance(node, ListNode) and not empty:
        message = f"'steps' must be a list of steps, each a map with one entry; got {describe(node)}"
        place.error("steps-not-a-list", node.span, message, "start each step with a dash: `- name:`")
        return ()
    items = node.items if isinstance(node, ListNode) else ()
    if not items and not may_be_empty:
        where = field.keyword if empty else node.span
        message = "'steps' must hold at least one step"
        place.error("empty-steps", where, message, "add one, such as `- start: {assign: [x: 1]}`")
    return tuple(step for item in items for step in _parse_item(item, place))


def _parse_item(node: Node, place: Place) -> tuple[Step, ...]:
    """Return the step that *node* is; several if it should have been several items."""
    if isinstance(node, MapNode) and len(node.entries) == 1:
        return (_parse_entry(node.entries[0], place),)
    if not isinstance(node, MapNode):
        place.error(
            "invalid-step",
            node.span,
            f"a step must be a map with exactly one entry, its name; got {describe(node)}",
            "put a colon behind the name, and the body of the step below it",
        )
        word = word_of(node)
        return (Step(Name(node.span, word), None, None),) if word else ()
    keys = [key_text(entry.key) for entry in node.entries]
    if all(key in BODY_KEYS for key in keys):
        help_ = "begin with the name of the step, `- name:`, and indent the rest below it"
        steps = _parse_unnamed(node, place)
    elif all(key in BODY_KEYS for key in keys[1:]):
        help_ = "indent the body of the step below its name"
        head, body = node.entries[0], MapNode(node.span, node.entries[1:])
        here = place.at_step(keys[0])
        steps = (Step(Name(head.key.span, keys[0]), *parse_body(body, here, STEP, head.key.span)),)
    else:
        help_ = "put a dash before each step"
        steps = tuple(_parse_entry(entry, place) for entry in node.entries)
    message = f"a step must be a map with exactly one entry, its name; {describe_entries(node)}"
    place.error("invalid-step", node.span, message, help_)
    return steps


def _parse_unnamed(node: MapNode, place: Place) -> tuple[Step, ...]:
    """Return the steps of a body whose name is missing: one for each action in it."""
    kinds = [key for key in map(key_text, (entry.key for entry in node.entries)) if key in COMPANIONS]
    bodies = (
        MapNode(node.span, tuple(e for e in node.entries if key_text(e.key) in (kind, *COMPANIONS[kind])))
        for kind in kinds
    )
    return tuple(Step(UNNAMED, *parse_body(body, place, STEP, node.span)) for body in bodies)


def _parse_entry(entry: Entry, place: Place) -> Step:
    name = Name(entry.key.span, key_text(entry.key))
    here = place.at_step(name.text)
    if not name.text:
        here.error("invalid-name", name.span, "the name of a step must not be empty", "give it a name")
    if name.text == "end":
        message = "a step must not be called 'end': `next: end` ends the routine"
        here.error("reserved-step-name", name.span, message, "choose another name")
    if not isinstance(entry.value, MapNode):
        here.error(
            "invalid-step",
            name.span,
            f"the body of a step must be a map; got {describe(entry.value)}",
            "put what the step does below its name, such as `call:` or `assign:`",
        )
        return Step(name, None, None)
    return Step(name, *parse_body(entry.value, here, STEP, name.span))


def parse_body(node: MapNode, place: Place, body: Body, where: Span) -> tuple[Action | None, Name | None]:
    """Return action and jump of a body (language.md 1.5); *where* is what owns it."""
    return parse_action(read_fields(node, place, BODY_KEYS, body.what), place, body, where)


def parse_action(fields: Fields, place: Place, body: Body, where: Span) -> tuple[Action | None, Name | None]:
    """Return action and jump of the fields of a body."""
    kinds = [name for name in fields if name in COMPANIONS]
    for extra in kinds[1:]:
        place.error(
            "two-actions",
            fields[extra].keyword,
            f"{body.what} does one thing: '{extra}' cannot stand beside '{kinds[0]}'",
            body.two_actions.format(extra),
        )
    kind = kinds[0] if kinds else None
    allowed = [companion for name in kinds for companion in COMPANIONS[name]] if kind else ["next"]
    misplaced = [name for name in fields if name not in COMPANIONS and name not in allowed]
    for name in misplaced:
        _report_misplaced(name, kind, fields[name], place, body)
    next_ = _parse_next(fields["next"], place) if "next" in fields else None
    if not fields.known and not fields.unknown and not body.may_be_empty:
        message = f"{body.what} must have an action, such as `call:` or `assign:`, or `next:`"
        place.error("empty-step", where, message, "to do nothing here, remove it")
    found = [actions.PARSERS[name](fields, place, body) for name in kinds]
    found += [actions.salvage(fields[name], place) for name in misplaced]
    return _together([action for action in found if action]), next_


def unnamed(action: Action | None, next_: Name | None) -> tuple[Step, ...]:
    """Return the steps of a body without a name: those of its `steps`, or one for its action."""
    if isinstance(action, Steps):
        return (*action.steps, Step(UNNAMED, None, next_)) if next_ else action.steps
    return (Step(UNNAMED, action, next_),) if action or next_ else ()


def _together(found: list[Action]) -> Action | None:
    """Return one action: the usual case, or several that should not stand together."""
    if len(found) > 1:
        return Steps(tuple(Step(UNNAMED, action, None) for action in found))
    return found[0] if found else None


def _report_misplaced(name: str, kind: str | None, field: Field, place: Place, body: Body) -> None:
    owner = next(action for action, companions in COMPANIONS.items() if name in companions)
    help_ = f"move it to the step with `{owner}:`, or remove it"
    if kind is None:
        message = f"'{name}' needs '{owner}' in the same step"
    elif name == "next":
        message = f"'next' cannot stand beside '{kind}', which {_ENDS[kind]}"
        help_ = "remove one of them"
    else:
        message = f"'{name}' cannot stand beside '{kind}'; it belongs to '{owner}'"
        if owner == "try":
            help_ = "move it to the column of `try:`" if body is TRY else f"move '{kind}' below `try:`"
    place.error("misplaced-key", field.keyword, message, help_)


def _parse_next(field: Field, place: Place) -> Name | None:
    target = word_of(field.value)
    if target:
        return Name(field.value.span, target)
    message = "'next' must be the name of a step, or `end`, `break` or `continue`"
    help_ = "to go on with the step below, leave `next` out"
    place.error("invalid-next", field.place, f"{message}; got {describe(field.value)}", help_)
    return None
