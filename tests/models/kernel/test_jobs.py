"""Jobs are leased, taken over from the dead, completed with their effect, tried again, given up."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from sqlalchemy import select

from models.kernel import audit, jobs
from models.kernel.audit import AuditEntry
from models.kernel.clock import MovableClock
from models.kernel.database import Database, Transaction
from models.kernel.ids import new_id
from models.kernel.jobs import HeldJob, Job, JobKind, JobState, Lease, LeaseLost
from models.kernel.paging import Keyset
from models.kernel.refusals import InvalidValue, NotFound, WrongState
from models.kernel.runs import Run, batch_in_transaction, in_transaction
from tests.databases import count

GREET = JobKind("greet", lease=dt.timedelta(seconds=30), max_attempts=3)
COUNT = JobKind("count", batch=3)
BRITTLE = JobKind("brittle", max_attempts=1)
KINDS = {kind.name: kind for kind in (GREET, COUNT, BRITTLE)}


async def enqueue(database: Database, kind: JobKind = GREET, **options: object) -> UUID | None:
    return await database.transact(
        lambda transaction: jobs.enqueue(transaction, kind, **options)  # type: ignore[arg-type] # options, passed on as they are
    )


async def claim(database: Database) -> Lease | None:
    return await database.transact(lambda transaction: jobs.claim(transaction, KINDS))


async def claimed(database: Database) -> Lease:
    lease = await claim(database)
    assert lease is not None
    return lease


async def fail(database: Database, lease: Lease) -> list[UUID]:
    return await database.transact(
        lambda transaction: jobs.fail(transaction, lease, InvalidValue(path="x", reason="bad"))
    )


async def row(database: Database, job_id: UUID | None) -> Job:
    async with database.read() as connection:
        found = (await connection.execute(select(Job).where(Job.id == job_id))).mappings().one()
    return Job(**{str(name): value for name, value in found.items()})


async def leave_a_trace(transaction: Transaction, job: HeldJob) -> None:
    await audit.record(transaction, None, act="greeted", subject="job", subject_id=job.id)


greet = in_transaction(leave_a_trace)


@pytest.fixture
async def other(database: Database, clock: MovableClock) -> AsyncIterator[Database]:
    """The same database as another process would open it."""
    other = Database(database.url.render_as_string(hide_password=False), clock=clock)
    yield other
    await other.close()


async def test_a_job_of_a_transaction_that_fails_was_never_there(database: Database) -> None:
    async def enqueue_and_fail(transaction: Transaction) -> None:
        await jobs.enqueue(transaction, GREET)
        raise LookupError

    with pytest.raises(LookupError):
        await database.transact(enqueue_and_fail)

    assert await count(database, Job) == 0


async def test_a_job_is_done_with_its_effect_and_not_again(database: Database) -> None:
    job_id = await enqueue(database, payload={"who": "village"})
    lease = await claimed(database)
    assert lease.jobs == (
        HeldJob(id=lease.jobs[0].id, kind="greet", payload={"who": "village"}, attempts=1),
    )

    await greet(Run(database, lease))

    assert (await row(database, job_id)).state == JobState.DONE
    assert await count(database, AuditEntry) == 1
    assert await claim(database) is None


async def test_an_effect_that_fails_leaves_its_job_undone(database: Database) -> None:
    job_id = await enqueue(database)

    async def act_and_fail(transaction: Transaction, job: HeldJob) -> None:
        await leave_a_trace(transaction, job)
        raise LookupError

    with pytest.raises(LookupError):
        await in_transaction(act_and_fail)(Run(database, await claimed(database)))

    assert (await row(database, job_id)).state == JobState.RUNNING
    assert await count(database, AuditEntry) == 0


async def test_the_job_of_a_dead_worker_is_taken_over_when_its_lease_ends(
    database: Database, other: Database, clock: MovableClock
) -> None:
    await enqueue(database)
    lost = await claimed(database)
    clock.advance(dt.timedelta(seconds=20))
    assert await claim(other) is None

    clock.advance(dt.timedelta(seconds=15))
    taken = await claimed(other)

    assert (taken.jobs[0].id, taken.jobs[0].attempts) == (lost.jobs[0].id, 2)
    await greet(Run(other, taken))
    assert await count(database, AuditEntry) == 1


async def test_a_worker_whose_lease_was_taken_over_cannot_complete(
    database: Database, other: Database, clock: MovableClock
) -> None:
    job_id = await enqueue(database)
    lost = await claimed(database)
    clock.advance(dt.timedelta(seconds=31))
    taken = await claimed(other)

    with pytest.raises(LeaseLost):
        await greet(Run(database, lost))
    with pytest.raises(LeaseLost):
        await Run(database, lost).extend()
    with pytest.raises(LeaseLost):
        await fail(database, lost)
    with pytest.raises(LeaseLost):
        await database.transact(lambda transaction: jobs.release(transaction, lost))

    assert await count(database, AuditEntry) == 0
    assert (await row(database, job_id)).lease_id == taken.id
    await greet(Run(other, taken))
    with pytest.raises(LeaseLost):
        await greet(Run(database, lost))
    assert await count(database, AuditEntry) == 1


async def test_a_lease_that_is_extended_is_not_taken_over(
    database: Database, other: Database, clock: MovableClock
) -> None:
    await enqueue(database)
    lease = await claimed(database)
    for _ in range(3):
        clock.advance(dt.timedelta(seconds=25))
        await Run(database, lease).extend()

    assert await claim(other) is None
    await greet(Run(database, lease))


async def test_racing_workers_never_hold_the_same_job(database: Database, other: Database) -> None:
    for _ in range(12):
        await enqueue(database)

    leases = await asyncio.gather(*(claim(one) for one in (database, other) for _ in range(10)))

    held = [job.id for lease in leases if lease is not None for job in lease.jobs]
    assert len(held) == len(set(held)) == 12


async def test_a_failed_job_waits_longer_each_time_and_is_given_up(
    database: Database, clock: MovableClock
) -> None:
    job_id = await enqueue(database)
    waits: list[float] = []
    for attempt in (1, 2, 3):
        lease = await claimed(database)
        assert lease.jobs[0].attempts == attempt
        before = clock.now()
        given_up = await fail(database, lease)
        assert given_up == ([] if attempt < 3 else [job_id])
        waits.append(((await row(database, job_id)).due_at - before).total_seconds())
        assert await claim(database) is None
        clock.advance(dt.timedelta(seconds=waits[-1] + 0.1))

    assert 1 <= waits[0] <= 2.5
    assert 2 <= waits[1] <= 4.5
    assert await claim(database) is None
    dead = await row(database, job_id)
    assert (dead.state, dead.error) == (
        JobState.DEAD,
        "INVALID_VALUE {'path': 'x', 'reason': 'bad'}",
    )


def test_the_delay_doubles_up_to_an_hour_and_half_of_it_is_chance() -> None:
    assert jobs.delay_after(1, share=1) == dt.timedelta(seconds=2)
    assert jobs.delay_after(1, share=0) == dt.timedelta(seconds=1)
    assert jobs.delay_after(5, share=1) == dt.timedelta(seconds=32)
    assert jobs.delay_after(500, share=1) == dt.timedelta(hours=1)


async def test_a_job_that_kills_its_workers_is_given_up_too(
    database: Database, clock: MovableClock
) -> None:
    job_id = await enqueue(database)
    for _ in range(3):
        await claimed(database)
        clock.advance(dt.timedelta(seconds=31))

    emptied = await claimed(database)

    assert emptied.jobs == ()
    dead = await row(database, job_id)
    assert (dead.state, dead.attempts, dead.error) == (JobState.DEAD, 3, "the worker died")
    assert await claim(database) is None


async def test_a_dead_letter_can_be_tried_again_and_only_that(
    database: Database, clock: MovableClock
) -> None:
    job_id = await enqueue(database)
    assert job_id is not None

    async def retry(of: UUID) -> None:
        await database.transact(lambda transaction: jobs.retry(transaction, None, job_id=of))

    with pytest.raises(WrongState) as refusal:
        await retry(job_id)
    assert refusal.value.facts == {"noun": "job", "state": "waiting"}
    with pytest.raises(NotFound):
        await retry(new_id())
    assert await count(database, AuditEntry) == 0
    for _ in range(3):
        await fail(database, await claimed(database))
        clock.advance(dt.timedelta(hours=1))

    await retry(job_id)

    lease = await claimed(database)
    assert (lease.jobs[0].id, lease.jobs[0].attempts) == (job_id, 1)
    assert await count(database, AuditEntry) == 1


async def test_a_worker_that_stops_gives_its_job_back_uncounted(database: Database) -> None:
    await enqueue(database)
    lease = await claimed(database)

    await database.transact(lambda transaction: jobs.release(transaction, lease))

    assert (await claimed(database)).jobs[0].attempts == 1


async def test_a_key_holds_back_a_twin_only_until_the_job_begins(database: Database) -> None:
    assert await enqueue(database, dedupe_key="fund:1") is not None
    assert await enqueue(database, dedupe_key="fund:1") is None
    assert await enqueue(database, dedupe_key="fund:2") is not None
    lease = await claimed(database)

    assert await enqueue(database, dedupe_key="fund:1") is not None

    await fail(database, lease)
    assert await count(database, Job) == 3


async def test_jobs_begin_at_their_time_and_the_urgent_ones_first(
    database: Database, clock: MovableClock
) -> None:
    later = await enqueue(database, run_at=clock.now() + dt.timedelta(minutes=1))
    plain = await enqueue(database)
    soon = await enqueue(database, priority=jobs.SOON)

    for expected in (soon, plain):
        lease = await claimed(database)
        assert lease.jobs[0].id == expected
        await greet(Run(database, lease))
    assert await claim(database) is None
    clock.advance(dt.timedelta(minutes=1, seconds=1))
    assert (await claimed(database)).jobs[0].id == later


async def test_jobs_of_a_batch_kind_are_taken_and_done_together(database: Database) -> None:
    for _ in range(4):
        await enqueue(database, COUNT)
    await enqueue(database, GREET)
    seen: list[int] = []

    async def tally(transaction: Transaction, held: tuple[HeldJob, ...]) -> None:
        await leave_a_trace(transaction, held[0])
        seen.append(len(held))

    while (lease := await claim(database)) is not None:
        await batch_in_transaction(tally)(Run(database, lease))

    assert sorted(seen) == [1, 1, 3]


async def test_a_worker_leaves_kinds_it_does_not_know(database: Database) -> None:
    await enqueue(database, JobKind("of_a_newer_version"))

    assert await claim(database) is None
    async with database.read() as connection:
        assert not await jobs.is_due(connection, database.clock.now(), list(KINDS))


async def test_jobs_are_counted_listed_and_swept(database: Database, clock: MovableClock) -> None:
    done = await enqueue(database)
    await greet(Run(database, await claimed(database)))
    dead = await enqueue(database, BRITTLE)
    await fail(database, await claimed(database))
    clock.advance(dt.timedelta(hours=3))
    waiting = await enqueue(database)
    async with database.read() as connection:
        figures = {figure.state: figure.count for figure in await jobs.figures(connection)}
        first = await jobs.jobs(connection, Keyset(limit=2))
        rest = await jobs.jobs(connection, Keyset(limit=2, after=(first.rows[-1].id,)))
        back = await jobs.jobs(
            connection, Keyset(limit=1, before=(rest.rows[0].id,), backwards=True)
        )
        letters = await jobs.jobs(connection, Keyset(), state=JobState.DEAD)

    assert figures[JobState.DEAD] == 1
    assert [page.has_more for page in (first, rest, back)] == [True, False, True]
    assert [one.id for one in (*first.rows, *rest.rows)] == [waiting, dead, done]
    assert [one.id for one in back.rows] == [dead]
    assert [one.id for one in letters.rows] == [dead]
    swept = await database.transact(
        lambda transaction: jobs.sweep(transaction, older_than=dt.timedelta(hours=2))
    )
    assert swept == 1
    assert await count(database, Job) == 2
