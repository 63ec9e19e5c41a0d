"""From a job to the engine and back."""

import json
from typing import Any

import pytest

import fakecluster
from stepward import stdlib
from stepward.controllers import status
from stepward.controllers.checking import Checker
from stepward.controllers.contracts import Job
from stepward.controllers.runner import EngineRunner, environment
from stepward.controllers.workflow import Serving
from stepward.engine import effects, outcome
from stepward.language import compilation
from stepward.runtime import driver, egress
from stepward.values import model

CHECKER = Checker(stdlib.library())


class Caller:
    """Answers every request with its address."""

    async def perform(self, request: effects.HttpRequest, *, policy: egress.Policy, tenant: str) -> object:
        assert policy == egress.OPERATOR
        return model.Map({"body": f"{tenant} {request.url}", "code": 200, "headers": model.Map({})})


class Silent:
    async def advanced(self, position: Any, asked: Any) -> None:
        """Keep no journal."""


async def run(source: str, argument: str | None = None) -> status.Ending:
    checked = CHECKER.check("wf", source)
    assert checked.problem == ""
    cluster = fakecluster.FakeCluster()
    spec = {} if argument is None else {"argument": argument}
    job = Job(cluster.execution("one", **spec), Serving("uid", "wf-1", checked.code, (("STAGE", "x"),), 1))
    runner = EngineRunner(driver.run, Caller(), egress.OPERATOR, compilation.read_argument, lambda: 5.0)
    return await runner(job, Silent())


async def test_a_workflow_runs_with_argument_environment_and_effects() -> None:
    source = """
main:
  params: [args]
  steps:
    - log: {call: sys.log, args: {json: {a: 1}, severity: WARNING}}
    - nap: {call: sys.sleep, args: {seconds: 0}}
    - get: {call: http.get, args: {url: "${args.url}"}, result: r}
    - done: {return: ["${r.body}", "${sys.get_env(\\"STAGE\\")}"]}
"""
    assert await run(source, "url: http://a.test/") == outcome.Succeeded(["ns http://a.test/", "x"])


@pytest.mark.parametrize("argument", ["{", "[" * 1_000, "*a", "x: 1\nx: 2", "- " * 20_000])
async def test_an_argument_that_cannot_be_read_ends_it_with_a_clear_message(argument: str) -> None:
    ended = await run("main: {params: [a], steps: [{done: {return: 1}}]}", argument)
    assert isinstance(ended, status.Stopped)
    assert ended.reason.value == "ArgumentInvalid"
    assert ended.message.startswith("spec.argument must be JSON or YAML of at most 512 KiB: ")


async def test_without_argument_a_default_applies() -> None:
    source = "main: {params: [{a: 3}], steps: [{done: {return: '${a}'}}]}"
    assert await run(source) == outcome.Succeeded(3)
    assert await run(source, "null") == outcome.Succeeded(None)


async def test_connectors_fail_with_a_clear_error() -> None:
    ended = await run("main: {steps: [{get: {call: http.get, args: {url: http://a.test/}, result: r}}]}")
    assert ended == outcome.Succeeded(None)


@pytest.mark.parametrize(
    "call",
    [
        "events.create_callback_endpoint",
        "events.await_callback, args: {callback: {url: 'https://a.test/'}}",
    ],
)
async def test_callbacks_fail_in_a_way_that_can_be_caught(call: str) -> None:
    caught = "except: {as: e, steps: [{done: {return: '${e.message}'}}]}"
    ended = await run(f"main: {{steps: [{{wait: {{try: {{call: {call}}}, {caught}}}}}]}}")
    assert isinstance(ended, outcome.Succeeded)
    assert "callbacks come to the cluster in a later version" in ended.value


async def test_other_workflows_fail_with_their_name() -> None:
    ended = await run("main: {steps: [{a: {call: experimental.executions.run, args: {workflow_id: x}}}]}")
    assert isinstance(ended, outcome.Failed)
    assert "not available in this version: experimental.executions.run" in ended.payload["message"]


def test_every_built_in_variable_has_a_value() -> None:
    cluster = fakecluster.FakeCluster()
    found = environment(Job(cluster.execution("one"), Serving("uid", "wf-1", None, (("GOOGLE_X", "no"),), 1)))
    built_in = {name: value for name, value in found.items() if name.startswith("GOOGLE_CLOUD_")}
    assert len(built_in) == 7
    assert all(built_in.values())
    assert found["GOOGLE_CLOUD_PROJECT_ID"] == "ns"
    json.dumps(found)


def test_the_first_problem_says_where_it_is_and_how_many_there_are() -> None:
    problem = CHECKER.check("wf", "main:\n  steps:\n    - a: {next: b}\n    - c: {next: d}\n").problem
    assert problem.startswith("3:")
    assert problem.endswith("(and 1 more)")
