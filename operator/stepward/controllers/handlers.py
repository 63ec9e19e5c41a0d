"""The kopf handlers: doorbells. They hand the object over and return None.

`on.event` only: every other kind of handler makes kopf write to the objects, and so would a value that
one of these returned.
"""

from typing import Any

import kopf

from stepward.controllers.inbox import Inbox, Sighting
from stepward.kube import client
from stepward.telemetry import metrics


def register(registry: kopf.OperatorRegistry, inbox: Inbox) -> None:
    """Register handlers that put what they are shown into *inbox*."""
    for plural in (client.WORKFLOWS, client.EXECUTIONS):
        seen = metrics.WATCH_EVENTS.labels(kind=plural)

        @kopf.on.event(client.GROUP, client.VERSION, plural, registry=registry)
        async def hand_over(event: Any, *, _plural: str = plural, _seen: Any = seen, **_: Any) -> None:
            body = event["object"]
            _seen.inc()
            inbox.put(body["metadata"]["uid"], Sighting(_plural, event["type"] == "DELETED", body))
