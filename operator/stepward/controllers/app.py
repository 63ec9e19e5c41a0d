"""`stepward operator`: the composition root. Puts the parts together, runs them, and drains them."""

import asyncio
import logging
import signal
import socket
import time
import uuid
from collections.abc import Sequence

import stepward
from stepward import stdlib
from stepward.controllers import loops
from stepward.controllers import settings as options
from stepward.controllers.audit import Audit
from stepward.controllers.checking import Checker
from stepward.controllers.contracts import World
from stepward.controllers.inbox import Inbox, Sighting
from stepward.controllers.retirement import Retirement
from stepward.controllers.roster import Roster
from stepward.controllers.runner import EngineRunner
from stepward.controllers.settings import Settings
from stepward.controllers.watch import Watch
from stepward.controllers.workflow import Workflows
from stepward.kube import access, client, resources
from stepward.language import compilation
from stepward.runtime import driver, http
from stepward.telemetry import logs, metrics
from stepward.telemetry.probes import Probes

_log = logging.getLogger("stepward.operator")


def main(arguments: Sequence[str]) -> int:
    """Run the operator until it is told to stop. Return its exit code."""
    settings = options.parse(arguments)
    handler = logs.configure(settings.log_format, settings.log_level)
    metrics.BUILD.info({"version": stepward.__version__})
    loops.tune()
    try:
        with asyncio.Runner(loop_factory=loops.fastest()) as runner:
            runner.run(_operate(settings, handler))
    except (access.NoAccess, OSError) as error:
        _log.error("%s", error)
        return 1
    finally:
        handler.gather(None)
    return 0


async def _operate(settings: Settings, handler: logs.Handler) -> None:
    """Start everything, wait for a signal, and stop in the order that loses nothing."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    handler.gather(loop.call_later)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    entry = await access.connect(settings.kubeconfig or None)
    operator = Operator(entry, settings)
    try:
        await operator.start()
        await stop.wait()
        _log.info("stopping: nothing new is started")
        again = asyncio.ensure_future(_again(stop))
        drain = asyncio.ensure_future(operator.drain())
        await asyncio.wait({again, drain}, return_when=asyncio.FIRST_COMPLETED)
        again.cancel()
        drain.cancel()
    finally:
        await operator.close()
    _log.info("stopped")


async def _again(stop: asyncio.Event) -> None:
    """Wait for a second signal: whoever sends it does not want to wait."""
    stop.clear()
    await stop.wait()


class Operator:
    """All parts of one operator process."""

    def __init__(self, entry: access.Access, settings: Settings) -> None:
        """Must be called in the main loop."""
        library = stdlib.library()
        self._settings = settings
        self._api = client.Client(entry)
        self._http = http.Client()
        holder = f"{socket.gethostname()}-{uuid.uuid4().hex[:12]}"
        runner = EngineRunner(driver.run, self._http, settings.policy, compilation.read_argument, time.time)
        world = World(self._api, runner, time.time, holder)
        self._workflows = Workflows(
            self._api,
            Checker(library).check,
            time.time,
            self._workflow_changed,
            self._revisions_in_use,
        )
        self._retirement = Retirement(world, self._api)
        self._roster = Roster(world, self._workflows, self._retirement, settings.concurrency)
        self._audit = Audit(
            self._api, settings.namespaces, self._workflows, self._roster, self._retirement, self._deliver
        )
        inbox = Inbox(asyncio.get_running_loop(), self._deliver, self._audit.want)
        self._watch = Watch(entry, inbox, settings.namespaces)
        self._probes = Probes(self._missing)
        self._auditing: asyncio.Task[None] | None = None
        self._draining = False
        self._holder = holder

    async def start(self) -> None:
        """Start listening, watching and auditing."""
        port = await self._probes.start(self._settings.health_address, self._settings.health_port)
        self._watch.start()
        self._auditing = asyncio.create_task(self._audit.run(self._settings.audit_seconds))
        _log.info(
            "Stepward %s watches %s",
            stepward.__version__,
            ", ".join(self._settings.namespaces) or "all namespaces",
            extra=logs.about(health_port=port, holder=self._holder),
        )

    async def drain(self) -> None:
        """Take nothing new; let what runs come to its end, for a bounded time."""
        self._draining = True
        await self._roster.drain(self._settings.drain_seconds)

    async def close(self) -> None:
        """Stop everything that is left."""
        self._draining = True
        if self._auditing is not None:
            self._auditing.cancel()
            await asyncio.to_thread(self._watch.stop)
        await self._http.close()
        await self._api.close()
        await self._probes.stop()

    def _deliver(self, sighting: Sighting) -> None:
        """Hand what was seen to whom it concerns."""
        ref = resources.read_ref(sighting.body)
        if ref is None:
            return
        if sighting.plural == client.EXECUTIONS:
            if sighting.deleted:
                self._roster.left(ref)
            elif not self._roster.wrote(ref) and (execution := resources.read_execution(sighting.body)):
                self._roster.seen(execution)
        elif sighting.deleted:
            self._workflows.gone(ref)
            self._roster.workflow_gone(ref.uid)
        elif workflow := resources.read_workflow(sighting.body):
            self._workflows.seen(workflow)

    def _revisions_in_use(self, namespace: str) -> frozenset[str]:
        return self._roster.revisions_in_use(namespace)

    def _workflow_changed(self, namespace: str, name: str) -> None:
        self._roster.workflow_changed(namespace, name)

    def _missing(self) -> list[str]:
        """Return why the operator is not ready."""
        if self._draining:
            return ["stopping"]
        return self._watch.missing() + ([] if self._audit.done else ["the first list is not done"])
