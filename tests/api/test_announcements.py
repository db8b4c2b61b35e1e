"""What a transaction announced reaches the watchers of every process, once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from sqlalchemy import text

from api.announcements import Announcements
from models.kernel.clock import MovableClock
from models.kernel.database import NO_SUBJECT, WORK_TOPIC, Database, Transaction
from models.kernel.ids import new_id
from tests.databases import PostgresqlServer

FUND, OTHER = new_id(), new_id()


@asynccontextmanager
async def announcing(database: Database) -> AsyncIterator[Announcements]:
    announcements = Announcements(database)
    running = asyncio.create_task(announcements.run())
    try:
        yield announcements
    finally:
        announcements.close()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def announce(database: Database, *subjects: UUID, fails: bool = False) -> None:
    async def work(transaction: Transaction) -> None:
        for subject in subjects:
            transaction.announce("fund", subject)
        if fails:
            raise LookupError

    await database.transact(work)


async def leave_work(database: Database) -> None:
    async def work(transaction: Transaction) -> None:
        transaction.leave_work()

    await database.transact(work)


async def ticked(ticks: AsyncIterator[None], seconds: float = 5.0) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await anext(ticks)
    except TimeoutError:
        return False
    return True


async def listening(database: Database) -> None:
    """Until PostgreSQL has a listener for this database."""
    statement = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
    )
    async with asyncio.timeout(5):
        while True:
            async with database.read() as connection:
                if (await connection.execute(statement)).scalar_one():
                    return
            await asyncio.sleep(0.02)


async def settled(database: Database, ticks: AsyncIterator[None]) -> None:
    """Until the line is made, after which everybody looks once, and they have looked."""
    if database.dialect == "postgresql":
        await listening(database)
        while await ticked(ticks, 0.3):
            pass


async def test_a_watcher_hears_of_its_subject_alone_and_bursts_are_one_tick(
    database: Database,
) -> None:
    async with (
        announcing(database) as announcements,
        announcements.watch("fund", FUND) as ticks,
    ):
        await settled(database, ticks)
        await announce(database, OTHER)
        assert not await ticked(ticks, 0.05)
        for _ in range(3):
            await announce(database, FUND)

        assert await ticked(ticks)
        assert not await ticked(ticks, 0.3)


async def test_what_was_rolled_back_was_never_announced(database: Database) -> None:
    async with (
        announcing(database) as announcements,
        announcements.watch("fund", FUND) as ticks,
    ):
        await settled(database, ticks)
        with pytest.raises(LookupError):
            await announce(database, FUND, fails=True)

        assert not await ticked(ticks, 0.2)


async def test_closing_ends_every_watch_and_new_ones_too(database: Database) -> None:
    async with (
        announcing(database) as announcements,
        announcements.watch("fund", FUND) as ticks,
    ):
        announcements.close()

        assert [tick async for tick in ticks] == []
        async with announcements.watch("fund", FUND) as late:
            assert [tick async for tick in late] == []


async def test_watches_that_have_ended_are_not_kept(database: Database) -> None:
    async with announcing(database) as announcements:
        async with announcements.watch("fund", FUND), announcements.watch("fund", FUND):
            assert len(announcements._watches) == 1

        assert len(announcements._watches) == 0


async def test_another_process_hears_of_subjects_and_of_work(
    postgresql_server: PostgresqlServer, clock: MovableClock
) -> None:
    async with postgresql_server.database(clock) as here:
        there = Database(here.url.render_as_string(hide_password=False))
        async with (
            announcing(here) as announcements,
            announcing(there),
            announcements.watch("fund", FUND) as ticks,
            announcements.watch(WORK_TOPIC, NO_SUBJECT) as work,
        ):
            await settled(here, ticks)
            await announce(there, FUND, OTHER)
            assert await ticked(ticks)
            await leave_work(there)
            assert await ticked(work)
        await there.close()


async def test_the_line_is_made_anew_when_it_breaks_and_everybody_looks(
    postgresql_server: PostgresqlServer, clock: MovableClock
) -> None:
    async with postgresql_server.database(clock) as here:
        there = Database(here.url.render_as_string(hide_password=False))
        async with (
            announcing(here) as announcements,
            announcements.watch("fund", FUND) as ticks,
        ):
            await settled(here, ticks)
            async with there.read() as connection:
                await connection.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
                    )
                )
            await leave_work(here)

            assert await ticked(ticks)
            await announce(there, FUND)
            assert await ticked(ticks)
        await there.close()
