"""The worker: does jobs, applies events, keeps schedules and watches over all three.

The same loop runs as a task of `serve` on the embedded default and as a process of its own
(`yuanliu work`), as many as one likes, on PostgreSQL. It is woken by announcements and also looks
by itself. Asked to stop, it begins nothing new, finishes what it can and gives the rest back.
"""

import asyncio
import os
import socket
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from api import telemetry
from api.announcements import Announcements
from models import alerts
from models.kernel import inbox, jobs, schedules, workers
from models.kernel.database import NO_SUBJECT, WORK_TOPIC, Database, Transaction
from models.kernel.ids import new_id
from models.kernel.inbox import Applier
from models.kernel.jobs import JobKind, Lease, LeaseLost
from models.kernel.runs import Handler, Run
from models.kernel.schedules import Schedule

log = structlog.get_logger(__name__)

ROUND_SECONDS = 10.0
_MISSED_ROUNDS = 4
_LONGEST_PAUSE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Work:
    """All a worker can do: jobs by kind, schedules, and who applies the events of a source."""

    handlers: Mapping[JobKind, Handler] = field(default_factory=dict)
    schedules: Sequence[Schedule] = ()
    appliers: Mapping[str, Applier] = field(default_factory=dict)

    @property
    def kinds(self) -> dict[str, JobKind]:
        """The kinds of job, by name."""
        return {kind.name: kind for kind in self.handlers}


@dataclass(frozen=True, slots=True)
class Pace:
    """How much at a time, and how often a worker looks by itself."""

    concurrency: int = 4
    poll_seconds: float = 1.0
    event_batch: int = 200
    stopping_seconds: float = 20.0


class Worker:
    """One worker on one database."""

    def __init__(
        self, database: Database, announcements: Announcements, work: Work, *, pace: Pace
    ) -> None:
        self.id = new_id()
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._database = database
        self._announcements = announcements
        self._work = work
        self._kinds = work.kinds
        self._pace = pace
        self._running: set[asyncio.Task[None]] = set()
        self._is_stopping = False
        self._job_wake = asyncio.Event()
        self._event_wake = asyncio.Event()
        self._round_wake = asyncio.Event()
        self._last_round = time.monotonic()

    @property
    def is_fresh(self) -> bool:
        """Whether the worker went round lately."""
        return time.monotonic() - self._last_round < _MISSED_ROUNDS * ROUND_SECONDS

    def stop(self) -> None:
        """Begin nothing new; `run` returns when what runs is finished or given back."""
        self._is_stopping = True
        for wake in (self._job_wake, self._event_wake, self._round_wake):
            wake.set()

    async def run(self) -> None:
        """Work until told to stop."""
        log.info("worker.started", worker=self.name)
        listening = asyncio.create_task(self._listen())
        poll_seconds = self._pace.poll_seconds
        try:
            await asyncio.gather(
                self._repeat(self._take_jobs, self._job_wake, every_seconds=poll_seconds),
                self._repeat(self._apply_events, self._event_wake, every_seconds=poll_seconds),
                self._repeat(self._go_round, self._round_wake, every_seconds=ROUND_SECONDS),
            )
        finally:
            listening.cancel()
            await self._finish()
        log.info("worker.stopped", worker=self.name)

    async def drain(self) -> int:
        """Do, one after the other, all that is due now and all that comes of it; how much it was.

        For those who move the clock themselves and then want the work of that day done.
        """
        total = 0
        while True:
            await self._database.transact(self._enqueue_due)
            done = await self._apply_events()
            while (lease := await self._claim()) is not None:
                await self._do(lease)
                done += 1
            if not done:
                return total
            total += done

    async def _listen(self) -> None:
        async with self._announcements.watch(WORK_TOPIC, NO_SUBJECT) as ticks:
            async for _ in ticks:
                self._job_wake.set()
                self._event_wake.set()

    async def _repeat(
        self, step: Callable[[], Awaitable[object]], wake: asyncio.Event, *, every_seconds: float
    ) -> None:
        """Do a step when woken, and every so often; what fails is tried again, less and less."""
        pause_seconds = every_seconds
        while not self._is_stopping:
            wake.clear()
            try:
                await step()
                pause_seconds = every_seconds
            except Exception as error:
                pause_seconds = min(pause_seconds * 2, max(_LONGEST_PAUSE_SECONDS, every_seconds))
                log.warning("worker.interrupted", step=step.__name__, exc_info=error)
                await asyncio.sleep(min(pause_seconds, 1))
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_seconds):
                    await wake.wait()

    async def _take_jobs(self) -> None:
        while not self._is_stopping and len(self._running) < self._pace.concurrency:
            lease = await self._claim()
            if lease is None:
                return
            task = asyncio.create_task(self._do(lease))
            self._running.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._job_wake.set()

    async def _claim(self) -> Lease | None:
        async with self._database.read() as connection:
            now = self._database.clock.now()
            if not await jobs.is_due(connection, now, list(self._kinds)):
                return None
        return await self._database.transact(
            lambda transaction: jobs.claim(transaction, self._kinds)
        )

    async def _do(self, lease: Lease) -> None:
        """Do the jobs of a lease; when several fail together each is done by itself."""
        failed = await self._attempt(lease)
        if failed is None:
            return
        if len(lease.jobs) > 1:
            for job in lease.jobs:
                await self._do(Lease(lease.id, lease.kind, (job,)))
            return
        with suppress(LeaseLost):
            await self._database.transact(lambda transaction: jobs.fail(transaction, lease, failed))

    async def _attempt(self, lease: Lease) -> Exception | None:
        """One attempt; the answer is why the jobs must be put back, or None."""
        began = time.monotonic()
        outcome = "done"
        run = Run(self._database, lease)
        bound = log.bind(kind=lease.kind.name, jobs=[str(job.id) for job in lease.jobs])
        try:
            await self._handle(run)
        except LeaseLost:
            outcome = "lost"
            bound.warning("job.lost")
        except asyncio.CancelledError:
            outcome = "released"
            await self._release(lease)
            raise
        except Exception as error:  # noqa: BLE001 - a job that fails must not end the worker
            outcome = "done" if run.completed else "failed"
            bound.error("job.failed", exc_info=error)
            return None if run.completed else error
        finally:
            telemetry.job_ended(lease.kind.name, outcome, time.monotonic() - began)
        return None

    async def _handle(self, run: Run) -> None:
        """Run the handler, holding the lease for as long as it takes."""
        if not run.jobs:
            return
        task = asyncio.ensure_future(self._work.handlers[run.lease.kind](run))
        beat_seconds = run.lease.kind.lease.total_seconds() / 3
        try:
            while not (await asyncio.wait({task}, timeout=beat_seconds))[0]:
                if not run.completing:
                    await self._extend(run)
            await task
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task})
        if not run.completed:
            await run.complete(_nothing)

    async def _extend(self, run: Run) -> None:
        try:
            await run.extend()
        except LeaseLost:
            # Completing asks for the lease itself, and it may be what has just ended it.
            if not (run.completing or run.completed):
                raise
        except Exception as error:
            log.warning("job.not_extended", kind=run.lease.kind.name, exc_info=error)

    async def _release(self, lease: Lease) -> None:
        with suppress(LeaseLost):
            await asyncio.shield(
                self._database.transact(lambda transaction: jobs.release(transaction, lease))
            )

    async def _apply_events(self) -> int:
        total = 0
        for source, applier in self._work.appliers.items():
            limit = applied = self._pace.event_batch
            while applied == limit and not self._is_stopping:
                applied = await inbox.apply_events(self._database, source, applier, limit=limit)
                telemetry.events_applied(source, applied)
                total += applied
        return total

    async def _enqueue_due(self, transaction: Transaction) -> list[str]:
        return await schedules.enqueue_due(transaction, self._work.schedules)

    async def _go_round(self) -> None:
        async def go(transaction: Transaction) -> list[tuple[alerts.AlertKind, str]]:
            await workers.say_alive(transaction, self.id, name=self.name)
            if await self._enqueue_due(transaction):
                # After a halt, or where the clock was moved, what is late has only just begun.
                return []
            return await alerts.watch_platform(transaction, self._work.schedules)

        for kind, name in await self._database.transact(go):
            log.error("watchdog.found", alert=kind.value, name=name)
        self._last_round = time.monotonic()

    async def _finish(self) -> None:
        if self._running:
            await asyncio.wait(self._running, timeout=self._pace.stopping_seconds)
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        with suppress(Exception):
            await self._database.transact(
                lambda transaction: workers.say_goodbye(transaction, self.id)
            )


async def _nothing(_transaction: Transaction) -> None:
    """The work of a job whose handler has done it all before."""
