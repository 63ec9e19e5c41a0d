"""From the watch's thread to the main loop."""

import asyncio
import threading

from stepward.controllers.inbox import Inbox, Sighting


def sighting(number: int) -> Sighting:
    return Sighting("executions", deleted=False, body=number)


async def test_the_newest_sighting_of_each_object_is_delivered_once() -> None:
    delivered: list[Sighting] = []
    inbox = Inbox(asyncio.get_running_loop(), delivered.append, lambda: None)

    def watch() -> None:
        for number in range(1_000):
            inbox.put(f"uid-{number % 10}", sighting(number))

    thread = threading.Thread(target=watch)
    thread.start()
    thread.join()
    await asyncio.sleep(0)
    assert [found.body for found in delivered] == list(range(990, 1_000))


async def test_what_does_not_fit_is_dropped_and_an_audit_asked_for() -> None:
    delivered: list[Sighting] = []
    asked: list[bool] = []
    inbox = Inbox(asyncio.get_running_loop(), delivered.append, lambda: asked.append(True), limit=2)
    for number in range(5):
        inbox.put(f"uid-{number}", sighting(number))
    inbox.put("uid-1", sighting(9))
    await asyncio.sleep(0)
    assert [found.body for found in delivered] == [0, 9]
    assert asked == [True]
    inbox.put("uid-7", sighting(7))
    await asyncio.sleep(0)
    assert delivered[-1].body == 7
    assert asked == [True]


def test_a_loop_that_is_closed_is_in_nobodys_way() -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    Inbox(loop, lambda _: None, lambda: None).put("uid", sighting(1))
