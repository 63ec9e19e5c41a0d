"""Executions in virtual time: what is asked, when answers come, and how executions meet."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from runtime import programs
from stepward.engine import effects
from stepward.engine.outcome import Failed, Outcome, Succeeded
from stepward.runtime.simulation import CALLBACK_URL, Answer, Arrival, Simulation
from stepward.values import errors, limits
from stepward.values.errors import WorkflowError


@dataclass
class Script:
    """Answers by URL or name; keeps what was asked."""

    answers: Mapping[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    logged: list[Any] = field(default_factory=list)

    def answer(self, effect: effects.HttpRequest | effects.ConnectorCall) -> Answer | None:
        return self.answers.get(name(effect))

    def refuse(self, effect: effects.HttpRequest | effects.ConnectorCall) -> WorkflowError:
        self.asked.append(name(effect))
        return errors.error("UnansweredCall", f"nothing answers {name(effect)}")

    def log(self, entry: effects.Log) -> None:
        self.logged.append(entry.payload)


def name(effect: effects.HttpRequest | effects.ConnectorCall) -> str:
    return effect.url if isinstance(effect, effects.HttpRequest) else effect.name


def run(
    text: str,
    script: Script | None = None,
    *,
    workflows: Mapping[str, str] | None = None,
    arrivals: Sequence[Arrival] = (),
    argument: object = None,
) -> Outcome:
    simulation = Simulation(script or Script(), programs.family(workflows or {}), arrivals)
    return simulation.run(programs.linked(text), programs.started(argument))


def value_of(outcome: Outcome) -> Any:
    assert isinstance(outcome, Succeeded), outcome.context
    return outcome.value


def tags_of(outcome: Outcome) -> Any:
    assert isinstance(outcome, Failed)
    return outcome.payload["tags"]


def arrival(endpoint: int = 1, after: float = 0, method: str | None = None, body: bytes = b"") -> Arrival:
    return Arrival(endpoint, after, method, "", (), body)


def test_a_year_of_sleep_is_over_at_once() -> None:
    source = """
- begin: {assign: [began: "${sys.now()}"]}
- wait: {call: sys.sleep, args: {seconds: 31536000}}
- done: {return: "${sys.now() - began}"}
"""
    assert value_of(run(source)) == 31_536_000


def test_an_answer_comes_when_its_delay_is_over() -> None:
    source = """
- ask: {call: http.get, args: {url: "https://a.test/"}, result: r}
- done: {return: ["${r}", "${sys.now()}"]}
"""
    script = Script({"https://a.test/": Answer("x", delay_seconds=2.5)})
    assert value_of(run(source, script)) == ["x", programs.START + 2.5]


def test_branches_wait_at_the_same_time() -> None:
    source = """
main:
  steps:
    - init: {assign: [order: []]}
    - both:
        parallel:
          shared: [order]
          for:
            value: n
            in: [3, 1, 2]
            steps:
              - wait: {call: sys.sleep, args: {seconds: "${n}"}}
              - keep: {assign: [order: "${list.concat(order, n)}"]}
    - done: {return: ["${order}", "${sys.now()}"]}
"""
    assert value_of(run(source)) == [[1, 2, 3], programs.START + 3]


@pytest.mark.parametrize(
    "call, seconds",
    [
        ('http.get, args: {url: "https://a.test/", timeout: 10}', 10),
        ('http.get, args: {url: "https://a.test/"}', 300),
        ("googleapis.a.v1.b.c, args: {connector_params: {timeout: 20}}", 20),
        ("googleapis.a.v1.b.c, args: {}", 1800),
        ("experimental.executions.map, args: {workflow_id: x, arguments: [1], timeout: 30}", 30),
        ("experimental.executions.run, args: {workflow_id: x}", 1800),
    ],
)
def test_a_call_waits_no_longer_than_it_says(call: str, seconds: int) -> None:
    source = f"""
- ask:
    try: {{call: {call}}}
    except: {{as: e, steps: [{{done: {{return: ["${{e.tags[0]}}", "${{sys.now()}}"]}}}}]}}
"""
    late = Answer("x", delay_seconds=4000)
    names = (
        "https://a.test/",
        "googleapis.a.v1.b.c",
        "experimental.executions.map",
        "experimental.executions.run",
    )
    outcome = run(source, Script(dict.fromkeys(names, late)))
    assert value_of(outcome) == ["TimeoutError", programs.START + seconds]


def test_what_nothing_answers_ends_the_execution_and_cannot_be_caught() -> None:
    source = """
- ask:
    try: {call: http.get, args: {url: "https://a.test/"}}
    retry: {predicate: "${retry.always}", max_retries: 3}
    except: {as: e, steps: [{done: {return: caught}}]}
"""
    script = Script()
    outcome = run(source, script)
    assert tags_of(outcome) == ["UnansweredCall"]
    assert script.asked == ["https://a.test/"]


def test_what_nothing_answers_in_a_child_ends_its_callers_too() -> None:
    source = """
- ask:
    try: {call: experimental.executions.run, args: {workflow_id: child}}
    except: {as: e, steps: [{done: {return: caught}}]}
"""
    child = '- ask: {call: http.get, args: {url: "https://a.test/"}}'
    outcome = run(source, workflows={"child": child})
    assert tags_of(outcome) == ["UnansweredCall"]
    assert isinstance(outcome, Failed)
    assert outcome.stack[0].line == 3, "the stack is the caller's"


def test_a_workflow_that_nobody_knows_is_a_call_that_nothing_answers() -> None:
    script = Script()
    run("- ask: {call: experimental.executions.run, args: {workflow_id: child}}", script)
    assert script.asked == ["experimental.executions.run"]


def test_log_entries_go_to_the_script() -> None:
    script = Script()
    run("- say: {call: sys.log, args: {data: hi}}", script)
    assert script.logged == ["hi"]


def test_a_long_computation_goes_on_in_slices() -> None:
    source = """
main:
  steps:
    - init: {assign: [n: 0]}
    - count: {for: {value: i, range: [1, 20000], steps: [{add: {assign: [n: "${n + 1}"]}}]}}
    - done: {return: "${n}"}
"""
    assert value_of(run(source)) == 20_000


# --- callbacks ------------------------------------------------------------------------------------

WAIT = """
- make: {call: events.create_callback_endpoint, result: cb}
- wait:
    try: {call: events.await_callback, args: {callback: "${cb}", timeout: 60}, result: r}
    except: {as: e, steps: [{late: {return: ["${e.tags[0]}", "${sys.now()}"]}}]}
- done: {return: ["${r.http_request.body}", "${sys.now()}"]}
"""


def test_a_request_comes_after_its_endpoint_was_made() -> None:
    come = arrival(after=5, body=b"hello")
    assert value_of(run(WAIT, arrivals=[come])) == ["hello", programs.START + 5]
    assert come.status == 200


def test_nobody_calls_in_time() -> None:
    late = arrival(after=60.5)
    assert value_of(run(WAIT, arrivals=[late])) == ["TimeoutError", programs.START + 60]
    assert late.status == 404, "by then the execution is over"


def test_requests_that_fit_nothing_say_so() -> None:
    wrong, never = arrival(method="GET"), arrival(endpoint=2)
    run(WAIT, arrivals=[wrong, never])
    assert (wrong.status, never.status) == (405, None)


def test_a_workflow_may_call_its_own_endpoint() -> None:
    source = """
- init: {assign: [refused: 0]}
- make: {call: events.create_callback_endpoint, result: cb}
- first: {call: http.post, args: {url: '${cb.url + "?n=1"}', body: {a: 1}}, result: r}
- second:
    try: {call: http.post, args: {url: "${cb.url}"}}
    except: {as: e, steps: [{keep: {assign: [refused: "${e.code}"]}}]}
- wait: {call: events.await_callback, args: {callback: "${cb}"}, result: q}
- done: {return: ["${cb.url}", "${r.code}", "${refused}", "${q.http_request}"]}
"""
    url, code, refused, request = value_of(run(source))
    assert (url, code, refused) == (f"{CALLBACK_URL}1", 200, 429)
    assert (request["body"], request["query"]) == ({"a": 1}, {"n": "1"})


def test_each_execution_has_endpoints_of_its_own() -> None:
    child = """
main:
  params: [callback]
  steps:
    - wait: {call: events.await_callback, args: {callback: "${callback}"}}
"""
    source = """
- make: {call: events.create_callback_endpoint, result: cb}
- ask:
    try: {call: experimental.executions.run, args: {workflow_id: child, argument: "${cb}"}}
    except: {as: e, steps: [{done: {return: "${e.error.payload}"}}]}
"""
    payload = value_of(run(source, workflows={"child": child}, arrivals=[arrival()]))
    assert "no endpoint of this execution" in payload


# --- executions that start executions ----------------------------------------------------------------

DOUBLE = """
main:
  params: [n]
  steps:
    - wait: {call: sys.sleep, args: {seconds: "${n}"}}
    - done: {return: "${n * 2}"}
"""


def test_children_run_at_the_same_time_and_answer_in_their_order() -> None:
    source = """
- ask: {call: experimental.executions.map, args: {workflow_id: double, arguments: [3, 1, 2]}, result: r}
- done: {return: ["${r}", "${sys.now()}"]}
"""
    assert value_of(run(source, workflows={"double": DOUBLE})) == [[6, 2, 4], programs.START + 3]


def test_a_child_that_nobody_waits_for_runs_to_its_end() -> None:
    child = """
- wait: {call: sys.sleep, args: {seconds: 60}}
- say: {call: sys.log, args: {data: done}}
"""
    source = """
- ask:
    call: googleapis.workflowexecutions.v1.projects.locations.workflows.executions.run
    args: {workflow_id: child, connector_params: {skip_polling: true}}
- done: {return: "${sys.now()}"}
"""
    script = Script()
    assert value_of(run(source, script, workflows={"child": child})) == programs.START
    assert script.logged == ["done"]


def test_executions_that_start_each_other_without_end_are_stopped() -> None:
    again = "- ask: {call: experimental.executions.run, args: {workflow_id: again}}"
    outcome = run(again, workflows={"again": again})
    assert tags_of(outcome) == ["ExecutionError"]
    assert isinstance(outcome, Failed)
    innermost = outcome.payload
    depth = 0
    while "error" in innermost:
        innermost = json.loads(innermost["error"]["payload"])
        depth += 1
    assert innermost["tags"] == ["ResourceLimitError"]
    assert depth == limits.CHILD_EXECUTION_DEPTH


def test_one_execution_starts_only_so_many() -> None:
    source = """
main:
  steps:
    - each:
        for:
          value: i
          range: [1, 2000]
          steps:
            - ask: {call: experimental.executions.run, args: {workflow_id: child}}
"""
    outcome = run(source, workflows={"child": "- done: {return: 1}"})
    assert tags_of(outcome) == ["ResourceLimitError"]


def test_a_child_finds_itself_in_its_environment() -> None:
    child = """
- name: {assign: [prefix: GOOGLE_CLOUD_WORKFLOW]}
- done: {return: ['${sys.get_env(prefix + "_ID")}', '${sys.get_env(prefix + "_EXECUTION_ID")}']}
"""
    source = """
- one: {call: experimental.executions.run, args: {workflow_id: child}, result: a}
- two: {call: experimental.executions.run, args: {workflow_id: child}, result: b}
- done: {return: ["${a[0]}", "${a[1] != b[1]}", "${len(a[1])}"]}
"""
    assert value_of(run(source, workflows={"child": child})) == ["child", True, 36]


def test_every_run_is_like_the_other() -> None:
    source = """
- ask: {call: experimental.executions.run, args: {workflow_id: child}, result: r}
- done: {return: ["${r}", "${uuid.generate()}"]}
"""
    first, second = (
        run(source, workflows={"child": "- a: {return: '${uuid.generate()}'}"}) for _ in range(2)
    )
    assert first == second
