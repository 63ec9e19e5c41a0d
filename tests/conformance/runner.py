"""Runs one conformance case in one of four modes. The README beside it describes the format."""

import dataclasses
import heapq
import itertools
import json
import re
from dataclasses import dataclass
from typing import Any

from conformance.world import START, ScriptedWorld
from stepward import stdlib
from stepward.engine import code, events, machine
from stepward.engine.outcome import Failed, Outcome, Succeeded
from stepward.engine.state import State
from stepward.language import compilation, diagnostics
from stepward.language.source import Source, Span
from stepward.runtime.children import Child, Family, Workflow
from stepward.values import convert, model

MODES = ("straight", "saved", "twice", "cut")
LIBRARY = stdlib.library()


@dataclass
class Run:
    """What came of a case, and how much its mode really did."""

    outcome: Any
    world: ScriptedWorld
    state: State
    active: int = 0
    """The most effects that were pending at once."""
    met: int = 0
    """How often the state was restored, an event doubled, or an effect cut off."""


def workflow_of(case: dict[str, Any]) -> str:
    """Return the source text of *case*; an expression becomes a workflow that returns it."""
    if "workflow" in case:
        text = str(case["workflow"])
        missing = case.get("filled_to", 0) - len(text.encode())
        return f"{text}#{'-' * (missing - 1)}" if missing > 0 else text
    expression = json.dumps("${" + case["expr"] + "}", ensure_ascii=False)
    names = list(case.get("with", {}))
    assigns = "".join(f"        - {name}: ${{given.{name}}}\n" for name in names)
    head = "main:\n  params: [given]\n  steps:\n"
    init = f"    - bind:\n        assign:\n{assigns}" if names else ""
    return f"{head}{init}    - answer:\n        return: {expression}\n"


def compile_case(case: dict[str, Any]) -> tuple[Any, diagnostics.Report, Source]:
    """Return the program of *case*, or None, and the report."""
    source = Source("case.yaml", workflow_of(case))
    program, report = compilation.compile_workflow(source, LIBRARY)
    return program, report, source


def family(case: dict[str, Any]) -> Family:
    """Return the workflows that the execution of *case* may start."""
    workflows = {}
    for name, text in case.get("workflows", {}).items():
        program, report, source = compile_case({"workflow": text})
        assert program is not None, diagnostics.render_all(report, source)
        environment = {"GOOGLE_CLOUD_WORKFLOW_ID": name, "workflow": text}
        workflows[name] = Workflow(code.link(program, LIBRARY), environment)
    return Family(workflows)


def run_child(child: Child, mode: str) -> tuple[Outcome, float]:
    """Run an execution that a case starts, by itself: nothing passes between the two but its end."""
    workflow = child.started.environment["workflow"]
    done = run({"workflow": workflow}, mode, dataclasses.replace(child.started, at=START))
    return done.outcome, done.world.now - START


def run(case: dict[str, Any], mode: str, start: events.Started | None = None) -> Run:
    """Run *case* to its end; *start* begins it, if not the argument that the case names."""
    program, report, source = compile_case(case)
    assert program is not None, diagnostics.render_all(report, source)
    linked = code.link(program, LIBRARY)
    world = ScriptedWorld(list(case.get("world", [])), family(case), lambda child: run_child(child, mode))
    state = State(program.digest)
    order = itertools.count()
    # The earliest answer comes first; of those at one time, the one that was asked for first.
    queue: list[tuple[float, int, Any]] = [(world.now, next(order), start or started(case))]
    queue += [(world.now + arrival["at"], next(order), arrival) for arrival in world.arrivals()]
    heapq.heapify(queue)
    active = met = 0
    while queue:
        world.now, _, event = heapq.heappop(queue)
        if isinstance(event, dict):  # a request to a callback; the engine hears of it only if it waits
            event = world.arrive(event)
            if event is None:
                continue
        saved = json.dumps(state.to_json()) if mode != "straight" else ""
        if mode == "saved":
            state = State.from_json(json.loads(saved))
            met += 1
        asked = machine.advance(linked, state, event)
        if mode == "cut" and asked:
            # The effects were performed, then the process died: the event comes again to the old state.
            state = State.from_json(json.loads(saved))
            again = machine.advance(linked, state, event)
            assert again == asked, "after a cut the engine asks for something else"
            met += 1
        if mode == "twice":
            assert [e for e in machine.advance(linked, state, event) if e.id] == [], "an event counted twice"
            met += 1
        active = max(active, len(state.waiting))
        world.happened(event, state.outcome)
        for effect in asked:
            answer = world.answer(effect)
            heapq.heappush(queue, (answer.at, next(order), answer))
    assert state.outcome is not None, "the engine neither asks nor ends"
    return Run(state.outcome, world, state, active, met)


def started(case: dict[str, Any]) -> events.Started:
    """Return the event that begins *case*."""
    argument = case.get("with", case.get("argument"))
    given = "argument" in case or "with" in case
    environment = {"GOOGLE_CLOUD_WORKFLOW_ID": "case", **case.get("env", {})}
    return events.Started(START, model.adopt(argument), given, environment, "seed")


def check(case: dict[str, Any], done: Run) -> None:
    """Compare what came out with what *case* wants."""
    outcome = done.outcome
    if "error" in case:
        assert isinstance(outcome, Failed), f"succeeded with {outcome.value!r}"
        check_error(case["error"], outcome)
    else:
        assert isinstance(outcome, Succeeded), outcome.context
        check_value(case, outcome.value)
    world = done.world
    if "asked" in case:
        assert world.asked == case["asked"]
    if "slept" in case:
        assert world.slept == case["slept"]
    if "logs" in case:
        assert world.logs == case["logs"]
    if "steps" in case:
        assert done.state.steps == case["steps"]
    if "active" in case:
        assert done.active == case["active"]
    if "took" in case:
        assert round(world.now - START, 6) == case["took"]
    unused = [entry.get("asks", entry) for i, entry in enumerate(world.script) if i not in world.used]
    assert not unused or case.get("unused_is_fine"), f"never asked: {unused}"


def check_value(case: dict[str, Any], value: Any) -> None:
    """Compare a result with `want`, kind for kind, and with `want_type`."""
    if "want" in case:
        wanted = model.adopt(case["want"])
        assert convert.freeze(value) == convert.freeze(wanted), f"{value!r} instead of {wanted!r}"
        same = convert.encode_json(value) == convert.encode_json(wanted)
        assert same, f"{value!r} instead of {wanted!r}"
    if "want_type" in case:
        assert model.type_name(value) == case["want_type"]
    if "want_match" in case:
        assert re.search(case["want_match"], value)


def check_error(wanted: dict[str, Any], outcome: Failed) -> None:
    """Compare the error of a failed execution."""
    payload = outcome.payload
    tags = payload.get("tags", []) if isinstance(payload, dict) else []
    for tag in wanted.get("tags", [wanted["tag"]] if "tag" in wanted else []):
        assert tag in tags, f"{tag} is not in {tags}: {outcome.context}"
    if "message" in wanted:
        assert re.search(wanted["message"], payload["message"]), payload["message"]
    if "payload" in wanted:
        assert convert.freeze(payload) == convert.freeze(model.adopt(wanted["payload"])), payload
    if "context" in wanted:
        assert re.search(wanted["context"], outcome.context), outcome.context
    if "line" in wanted:
        assert outcome.stack[0].line == wanted["line"]
    if "stack" in wanted:
        found = [[e.step, e.routine, e.line, e.column, e.length] for e in outcome.stack]
        assert [element[: len(want)] for element, want in zip(found, wanted["stack"], strict=True)] == wanted[
            "stack"
        ], found


def check_refused(case: dict[str, Any]) -> None:
    """Compare the errors of a source that must be refused with `refused`: these and no others."""
    program, report, source = compile_case(case)
    assert program is None, "it was accepted"
    check_found(case["refused"], "error", report, source)


def check_warned(case: dict[str, Any]) -> None:
    """Compare the warnings of a source with `warned`: these and no others."""
    _, report, source = compile_case(case)
    check_found(case["warned"], "warning", report, source)


def check_found(wanted: list[Any], severity: str, report: diagnostics.Report, source: Source) -> None:
    """Compare the diagnostics of one severity, in the order of the source."""
    found = [d for d in report.diagnostics if d.severity == severity]
    shown = diagnostics.render_all(found, source)
    assert len(found) == len(wanted), shown
    for entry, diagnostic in zip(wanted, found, strict=True):
        have = {**diagnostics.to_json(diagnostic, source), "at": text_at(diagnostic.span, source)}
        want = {"code": entry} if isinstance(entry, str) else entry
        for key in ("code", "line", "column", "at"):
            assert want.get(key, have[key]) == have[key], f"{key} {have[key]!r}:\n{shown}"
        for key in ("message", "help"):
            assert re.search(want.get(key, ""), str(have[key])), shown


def text_at(span: Span, source: Source) -> str:
    """Return the piece of source that the caret shows: the first line of *span*."""
    return source.text[span.start : span.end].split("\n")[0].rstrip()
