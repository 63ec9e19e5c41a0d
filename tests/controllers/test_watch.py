"""The watch's health, and how its loop ends."""

import asyncio
import itertools
import threading
import time

import pytest

from stepward.controllers import loops, watch

EXECUTIONS = "/apis/stepward.dev/v1alpha1/executions"
WORKFLOWS = "/apis/stepward.dev/v1alpha1/workflows"


def test_a_stream_is_open_once_its_watch_was_answered() -> None:
    health = watch.Health([EXECUTIONS, WORKFLOWS])
    assert len(health.missing()) == 2
    health.observe(f"{EXECUTIONS}?limit=500", 200)
    health.observe("/apis", 200)
    assert len(health.missing()) == 2
    health.observe(f"{EXECUTIONS}?watch=true", 200)
    assert health.missing() == [f"not watching {WORKFLOWS}"]
    health.observe(f"{WORKFLOWS}?a=b&watch=true", 200)
    assert health.missing() == []


@pytest.mark.parametrize("status", [None, 401, 410, 500])
def test_a_stream_is_closed_when_a_request_fails(status: int | None) -> None:
    health = watch.Health([EXECUTIONS])
    health.observe(f"{EXECUTIONS}?watch=true", 200)
    health.observe(f"{EXECUTIONS}?watch=true", status)
    assert health.missing() == [f"not watching {EXECUTIONS}"]
    health.observe(f"{EXECUTIONS}?watch=true", 200)
    health.reset()
    assert health.missing() != []


def test_it_is_stuck_when_something_is_missing_and_nobody_asks() -> None:
    health = watch.Health([EXECUTIONS])
    assert not health.stuck(60)
    assert health.stuck(-1)
    health.observe(f"{EXECUTIONS}?watch=true", 200)
    assert not health.stuck(-1)


def test_kopf_is_told_to_write_nothing() -> None:
    settings = watch.settings()
    assert not settings.posting.enabled
    assert settings.scanning.disabled
    assert settings.peering.standalone
    backoffs = settings.networking.error_backoffs
    assert not isinstance(backoffs, float)
    for _ in range(2):  # it is used again for every request
        assert list(itertools.islice(backoffs, 5)) == [0.1, 0.2, 0.5, 1.0, 1.0]


def test_a_task_that_swallows_its_cancellation_is_left_behind() -> None:
    swallowed = []

    async def stubborn() -> None:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                swallowed.append(1)

    async def work() -> None:
        task = asyncio.create_task(stubborn())
        await asyncio.sleep(0)
        task.add_done_callback(print)
        raise ZeroDivisionError

    def run() -> None:
        with pytest.raises(ZeroDivisionError):
            loops.run_bounded(work(), 0.3)

    start = time.monotonic()
    thread = threading.Thread(target=run)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
    assert time.monotonic() - start < 5
    assert swallowed
