"""Schedules: each due time once, and a watchdog for those that did not run."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select

from models import alerts
from models.alerts import Alert, AlertKind
from models.kernel import jobs, schedules
from models.kernel.clock import MovableClock
from models.kernel.database import Database, Transaction
from models.kernel.jobs import Job, JobKind
from models.kernel.paging import Keyset
from models.kernel.runs import Run
from models.kernel.schedules import ScheduledRun
from tests.databases import count

HOUR = dt.timedelta(hours=1)
NIGHTLY = schedules.Schedule(
    JobKind("nightly", max_attempts=1), every=24 * HOUR, after_midnight=2 * HOUR, grace=HOUR
)
KINDS = {NIGHTLY.name: NIGHTLY.kind}


@pytest.fixture
async def other(database: Database, clock: MovableClock) -> AsyncIterator[Database]:
    """The same database as another process would open it."""
    other = Database(database.url.render_as_string(hide_password=False), clock=clock)
    yield other
    await other.close()


async def enqueue_due(database: Database) -> list[str]:
    return await database.transact(
        lambda transaction: schedules.enqueue_due(transaction, [NIGHTLY])
    )


async def watch(database: Database) -> list[tuple[AlertKind, str]]:
    return await database.transact(
        lambda transaction: alerts.watch_platform(transaction, [NIGHTLY])
    )


async def nothing(_transaction: Transaction) -> None:
    """Work that is done at once."""


async def run_one(database: Database) -> None:
    lease = await database.transact(lambda transaction: jobs.claim(transaction, KINDS))
    assert lease is not None
    await Run(database, lease).complete(nothing)


async def open_alerts(database: Database) -> list[tuple[AlertKind, object]]:
    async with database.read() as connection:
        page = await alerts.alerts(connection, Keyset(), division_codes=None, is_open=True)
    return [(row.kind, row.facts["name"]) for row in page.rows]


def test_a_due_time_is_that_of_shanghai() -> None:
    nine_utc = dt.datetime(2026, 11, 22, 9, 0, tzinfo=dt.UTC)

    assert NIGHTLY.latest_due(nine_utc) == dt.datetime(2026, 11, 21, 18, 0, tzinfo=dt.UTC)
    at_two = dt.datetime(2026, 11, 22, 18, 0, tzinfo=dt.UTC)
    assert NIGHTLY.latest_due(at_two) == at_two
    assert NIGHTLY.latest_due(at_two - dt.timedelta(microseconds=1)) == at_two - 24 * HOUR
    often = schedules.Schedule(JobKind("often"), every=dt.timedelta(minutes=10))
    assert often.latest_due(nine_utc + dt.timedelta(minutes=19)) == nine_utc + dt.timedelta(
        minutes=10
    )


async def test_two_racing_workers_enqueue_a_due_time_once(
    database: Database, other: Database, clock: MovableClock
) -> None:
    assert await enqueue_due(database) == []
    clock.advance(24 * HOUR)

    answers = await asyncio.gather(*(enqueue_due(one) for one in (database, other) * 4))

    assert sorted(answers) == [[]] * 7 + [["nightly"]]
    assert (await count(database, Job), await count(database, ScheduledRun)) == (1, 1)


async def test_after_a_time_without_workers_only_the_latest_due_time_is_run(
    database: Database, clock: MovableClock
) -> None:
    await enqueue_due(database)
    clock.advance(240 * HOUR)

    assert await enqueue_due(database) == ["nightly"]
    assert await enqueue_due(database) == []
    async with database.read() as connection:
        payload = (await connection.execute(select(Job.payload))).scalar_one()
    assert payload == {"dueAt": NIGHTLY.latest_due(clock.now()).isoformat()}


async def test_what_was_due_before_a_schedule_was_known_is_not_late(
    database: Database, clock: MovableClock
) -> None:
    await enqueue_due(database)
    clock.advance(2 * HOUR)

    assert await enqueue_due(database) == []
    assert await watch(database) == []


async def test_the_watchdog_reports_once_a_schedule_that_did_not_run_until_it_has(
    database: Database, clock: MovableClock
) -> None:
    await enqueue_due(database)
    clock.advance(24 * HOUR)

    assert await watch(database) == [(AlertKind.SCHEDULE_LATE, "nightly")]
    assert await watch(database) == []
    await enqueue_due(database)
    assert await watch(database) == []
    assert await open_alerts(database) == [(AlertKind.SCHEDULE_LATE, "nightly")]

    await run_one(database)
    assert await watch(database) == []
    assert await open_alerts(database) == []
    assert await count(database, Alert) == 1


async def test_a_schedule_within_its_grace_is_not_late(
    database: Database, clock: MovableClock
) -> None:
    clock.set(dt.datetime(2026, 11, 21, 17, 0, tzinfo=dt.UTC))
    await enqueue_due(database)
    clock.advance(dt.timedelta(hours=1, minutes=59))
    assert await watch(database) == []

    clock.advance(dt.timedelta(minutes=2))

    assert await watch(database) == [(AlertKind.SCHEDULE_LATE, "nightly")]


async def test_the_watchdog_reports_a_dead_letter_until_it_is_retried(
    database: Database, clock: MovableClock
) -> None:
    await enqueue_due(database)
    clock.advance(24 * HOUR)
    await enqueue_due(database)
    lease = await database.transact(lambda transaction: jobs.claim(transaction, KINDS))
    assert lease is not None
    await database.transact(
        lambda transaction: jobs.fail(transaction, lease, LookupError("a person's name"))
    )

    assert sorted(await watch(database)) == [
        (AlertKind.JOB_GIVEN_UP, "nightly"),
        (AlertKind.SCHEDULE_LATE, "nightly"),
    ]
    async with database.read() as connection:
        error = (await connection.execute(select(Job.error))).scalar_one()
    assert error == "LookupError"

    job_id = lease.jobs[0].id
    await database.transact(lambda transaction: jobs.retry(transaction, None, job_id=job_id))
    await run_one(database)
    assert await watch(database) == []
    assert await open_alerts(database) == []


async def test_old_due_times_are_swept_but_the_last_one_stays(
    database: Database, clock: MovableClock
) -> None:
    await enqueue_due(database)
    for _ in range(3):
        clock.advance(24 * HOUR)
        await enqueue_due(database)
        await run_one(database)
    clock.advance(100 * HOUR)

    swept = await database.transact(
        lambda transaction: schedules.sweep(transaction, older_than=HOUR)
    )

    assert swept == 2
    assert await count(database, ScheduledRun) == 1
