"""Faults of the watch: whatever happens to it, it comes back, and nothing is lost."""

from collections.abc import Callable, Iterator

import pytest

import faultproxy
from localcluster.controlplane import ControlPlane
from operating import Desk, OperatorProcess, wait_for

StartOperator = Callable[..., OperatorProcess]

RETURN = "main: {steps: [{done: {return: 1}}]}"


@pytest.fixture
def proxy(cluster: ControlPlane) -> Iterator[faultproxy.FaultProxy]:
    proxy = faultproxy.FaultProxy(cluster, cluster.folder / "apiserver.crt", cluster.folder / "apiserver.key")
    yield proxy
    proxy.close()


FAULTS = {
    "cut": faultproxy.cut,
    "gone in the stream": faultproxy.say(faultproxy.error_event(410)),
    "error in the stream": faultproxy.say(faultproxy.error_event(500)),
    "garbage": faultproxy.say(b'{"type": "ADDED", "object": {{{'),
    "not an event": faultproxy.say(b"[1, 2]"),
    "an object without metadata": faultproxy.say(b'{"type": "ADDED", "object": {}}'),
    "an unknown event": faultproxy.say(b'{"type": "NEWS", "object": {"metadata": {}}}'),
    **{f"status {code}": faultproxy.refuse(code) for code in (401, 403, 404, 410, 429, 500, 503)},
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_the_watch_comes_back(
    desk: Desk, start_operator: StartOperator, proxy: faultproxy.FaultProxy, fault: faultproxy.Fault
) -> None:
    # The audit is kept out of it: what is found after the fault was found by the watch.
    operator = start_operator("--audit-seconds", "3600", server=proxy.url)
    desk.workflow("one", RETURN)
    desk.execution("before", "one")
    assert desk.wait_final("before")["state"] == "Succeeded"
    proxy.break_watch(fault)
    wait_for("the fault is there", lambda: proxy.broken >= 4 or None)
    desk.execution("during", "one")
    proxy.break_watch(None)
    assert desk.wait_final("during", 20)["state"] == "Succeeded", operator.log()
    desk.execution("after", "one")
    assert desk.wait_final("after", 20)["state"] == "Succeeded", operator.log()
    wait_for("it is ready", lambda: operator.probe("/readyz")[0] == 200 or None)
    assert operator.process.poll() is None


def test_readiness_says_that_the_watch_is_down(
    desk: Desk, start_operator: StartOperator, proxy: faultproxy.FaultProxy
) -> None:
    operator = start_operator(server=proxy.url)
    proxy.break_watch(faultproxy.refuse(500))
    wait_for("it is not ready", lambda: operator.probe("/readyz")[0] == 503 or None)
    assert "not watching" in operator.probe("/readyz")[1]
    assert operator.probe("/healthz")[0] == 200
    assert operator.metric("stepward_watch_up") == 0
    proxy.break_watch(None)
    wait_for("it is ready", lambda: operator.probe("/readyz")[0] == 200 or None)
    assert operator.metric("stepward_watch_up") == 1
    del desk


def test_the_audit_finds_what_the_watch_does_not_show(
    desk: Desk, start_operator: StartOperator, proxy: faultproxy.FaultProxy
) -> None:
    operator = start_operator(server=proxy.url)
    desk.workflow("one", RETURN)
    desk.wait_ready("one")
    proxy.break_watch(faultproxy.refuse(500))
    wait_for("the fault is there", lambda: proxy.broken >= 2 or None)
    desk.execution("unseen", "one")
    assert desk.wait_final("unseen")["state"] == "Succeeded"
    assert operator.metric("stepward_audit_findings_total") >= 1
