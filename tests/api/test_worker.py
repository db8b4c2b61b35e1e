"""The worker: woken, outliving what fails, holding its leases, stopping in good order."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import select

from api.announcements import Announcements
from api.worker import Pace, Work, Worker
from models import alerts
from models.alerts import Alert, AlertKind
from models.kernel import audit, inbox, jobs, workers
from models.kernel.audit import AuditEntry
from models.kernel.clock import MovableClock
from models.kernel.database import Database, Transaction
from models.kernel.ids import new_id
from models.kernel.inbox import ReceivedEvent
from models.kernel.jobs import HeldJob, Job, JobKind, JobState
from models.kernel.paging import Keyset
from models.kernel.runs import Handler, Run, batch_in_transaction, in_transaction
from models.kernel.schedules import Schedule
from tests.api.endpoint.sample import until
from tests.databases import count

GREET = JobKind("greet", max_attempts=2)
SLOW = JobKind("slow", lease=dt.timedelta(seconds=1))
MANY = JobKind("many", batch=10, max_attempts=1)
DAILY = Schedule(GREET, every=dt.timedelta(days=1))
NEVER = Pace(poll_seconds=60)  # so that only a wake can have done it


async def leave_a_trace(transaction: Transaction, job: HeldJob) -> None:
    await audit.record(transaction, None, act="greeted", subject="job", subject_id=job.id)


async def fail(_transaction: Transaction, _job: HeldJob) -> None:
    raise LookupError


async def apply(transaction: Transaction, events: Sequence[ReceivedEvent]) -> None:
    for event in events:
        await audit.record(transaction, None, act="applied", subject="event", subject_id=event.id)


def greeting(handler: Handler | None = None, **more: Any) -> Work:
    return Work(handlers={GREET: handler or in_transaction(leave_a_trace)}, **more)


def worker_on(database: Database, work: Work, pace: Pace = NEVER) -> Worker:
    return Worker(database, Announcements(database), work, pace=pace)


@asynccontextmanager
async def running(worker: Worker) -> AsyncIterator[None]:
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        worker.stop()
        await task


async def enqueue(database: Database, kind: JobKind = GREET, number: int = 1) -> None:
    async def work(transaction: Transaction) -> None:
        for _ in range(number):
            await jobs.enqueue(transaction, kind)

    await database.transact(work)


async def states(database: Database) -> list[JobState]:
    async with database.read() as connection:
        return list((await connection.execute(select(Job.state))).scalars())


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what another task brings about, ten seconds at most."""
    async with asyncio.timeout(10):
        while not await condition():  # noqa: ASYNC110 - the database has no event
            await asyncio.sleep(0.02)


async def reaches(database: Database, *expected: JobState) -> None:
    async def reached() -> bool:
        return await states(database) == list(expected)

    await eventually(reached)


@pytest.fixture
async def other(database: Database, clock: MovableClock) -> AsyncIterator[Database]:
    """The same database as another process would open it."""
    other = Database(database.url.render_as_string(hide_password=False), clock=clock)
    yield other
    await other.close()


async def test_a_worker_is_woken_by_a_job_and_by_an_event(database: Database) -> None:
    work = greeting(appliers={"bank": apply})
    async with running(worker_on(database, work)):
        await asyncio.sleep(0.2)
        await enqueue(database)
        await reaches(database, JobState.DONE)
        await database.transact(
            lambda transaction: inbox.receive(
                transaction, source="bank", external_id="1", kind="paid", body={}
            )
        )

        async def both_left_a_trace() -> bool:
            return await count(database, AuditEntry) == 2

        await eventually(both_left_a_trace)


async def test_a_worker_looks_by_itself_when_nobody_wakes_it(
    database: Database, other: Database
) -> None:
    async with running(worker_on(database, greeting(), Pace(poll_seconds=0.05))):
        await enqueue(other)
        await reaches(database, JobState.DONE)


async def test_the_job_of_a_killed_worker_is_done_once_by_another(
    database: Database, other: Database, clock: MovableClock
) -> None:
    begun = asyncio.Event()

    async def hang_before_committing(run: Run) -> None:
        async def work(transaction: Transaction) -> None:
            await leave_a_trace(transaction, run.job)
            begun.set()
            await asyncio.Event().wait()

        await run.complete(work)

    await enqueue(database)
    lease = await other.transact(lambda transaction: jobs.claim(transaction, {"greet": GREET}))
    assert lease is not None
    killed = asyncio.create_task(hang_before_committing(Run(other, lease)))
    await begun.wait()
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)

    survivor = worker_on(database, greeting())
    assert await survivor.drain() == 0
    clock.advance(GREET.lease + dt.timedelta(seconds=1))
    assert await survivor.drain() == 1

    assert await count(database, AuditEntry) == 1


async def test_a_job_that_fails_is_tried_again_then_given_up_and_an_alert_raised(
    database: Database, clock: MovableClock
) -> None:
    await enqueue(database)
    worker = worker_on(database, greeting(in_transaction(fail)))

    assert await worker.drain() == 1
    assert await states(database) == [JobState.WAITING]
    clock.advance(dt.timedelta(seconds=3))
    assert await worker.drain() == 1
    assert await states(database) == [JobState.DEAD]

    await worker._go_round()
    async with database.read() as connection:
        page = await alerts.alerts(connection, Keyset(), division_codes=None, is_open=True)
    assert [row.kind for row in page.rows] == [AlertKind.JOB_GIVEN_UP]


async def test_of_jobs_that_fail_together_only_the_bad_one_is_given_up(database: Database) -> None:
    await enqueue(database, MANY, 5)
    async with database.read() as connection:
        bad = (await connection.execute(select(Job.id).order_by(Job.id).limit(1))).scalar_one()

    async def tally(transaction: Transaction, held: tuple[HeldJob, ...]) -> None:
        for job in held:
            await leave_a_trace(transaction, job)
        if bad in {job.id for job in held}:
            raise LookupError

    await worker_on(database, Work(handlers={MANY: batch_in_transaction(tally)})).drain()

    assert sorted(await states(database)) == [JobState.DEAD] + [JobState.DONE] * 4
    assert await count(database, AuditEntry) == 4


async def test_a_long_job_keeps_its_lease_and_is_not_taken_over(
    database: Database, other: Database
) -> None:
    began: list[int] = []

    async def take_long(run: Run) -> None:
        began.append(run.job.attempts)
        await asyncio.sleep(2.5)

    work = Work(handlers={SLOW: take_long})
    await enqueue(database, SLOW)
    async with (
        running(worker_on(database, work, Pace(poll_seconds=0.1))),
        running(worker_on(other, work, Pace(poll_seconds=0.1))),
    ):
        await reaches(database, JobState.DONE)

    assert began == [1]


async def test_a_handler_is_stopped_when_its_lease_was_taken_over(
    database: Database, clock: MovableClock
) -> None:
    cancelled = asyncio.Event()
    begun = asyncio.Event()

    async def hang(_run: Run) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    await enqueue(database, SLOW)
    worker = worker_on(database, Work(handlers={SLOW: hang}))
    draining = asyncio.create_task(worker.drain())
    await begun.wait()
    clock.advance(dt.timedelta(seconds=10))
    thief = await database.transact(lambda transaction: jobs.claim(transaction, {"slow": SLOW}))
    assert thief is not None

    async with asyncio.timeout(10):
        await draining

    assert cancelled.is_set()
    await Run(database, thief).complete(_nothing)


async def _nothing(_transaction: Transaction) -> None:
    """Work that is done at once."""


async def test_a_worker_that_stops_finishes_what_it_can_and_gives_back_the_rest(
    database: Database,
) -> None:
    begun: list[str] = []
    release = asyncio.Event()

    async def work(run: Run) -> None:
        begun.append(run.lease.kind.name)
        if run.lease.kind is SLOW:
            await asyncio.Event().wait()
        await release.wait()

    await enqueue(database)
    await enqueue(database, SLOW)
    worker = worker_on(
        database, Work(handlers={GREET: work, SLOW: work}), Pace(stopping_seconds=0.5)
    )
    async with running(worker):
        await until(lambda: sorted(begun) == ["greet", "slow"])
        await enqueue(database)
        worker.stop()
        release.set()

    async with database.read() as connection:
        rows = await connection.execute(select(Job.kind, Job.state, Job.attempts))
        found = sorted((row.kind, row.state.value, row.attempts) for row in rows)
        assert await workers.last_seen(connection) is None
    assert ("slow", "waiting", 0) in found
    assert ("greet", "done", 1) in found


async def test_schedules_are_kept_and_the_worker_says_it_is_alive(
    database: Database, clock: MovableClock
) -> None:
    worker = worker_on(database, greeting(schedules=(DAILY,)))
    assert await worker.drain() == 0
    clock.advance(dt.timedelta(days=1))
    assert await worker.drain() == 1
    assert await count(database, AuditEntry) == 1

    async def was_heard_of() -> bool:
        async with database.read() as connection:
            seen = await workers.last_seen(connection)
        return seen is not None and abs(clock.now() - seen) < dt.timedelta(seconds=30)

    async with running(worker):
        await eventually(was_heard_of)
    assert worker.is_fresh


async def test_what_has_only_just_been_enqueued_is_not_late_but_what_stays_undone_is(
    database: Database, clock: MovableClock
) -> None:
    worker = worker_on(database, greeting(schedules=(DAILY,)))
    await worker._go_round()
    clock.advance(dt.timedelta(days=30))

    await worker._go_round()
    assert await count(database, Alert) == 0

    await worker._go_round()
    assert await count(database, Alert) == 1


async def test_workers_not_heard_of_for_a_day_are_forgotten(
    database: Database, clock: MovableClock
) -> None:
    for _ in range(2):
        await database.transact(
            lambda transaction: workers.say_alive(transaction, new_id(), name="test")
        )
        clock.advance(dt.timedelta(hours=25))

    assert await count(database, workers.Worker) == 1
