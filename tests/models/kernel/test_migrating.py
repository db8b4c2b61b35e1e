"""A database is brought to the newest revision, and a demo's can be emptied again."""

from models.kernel.clock import MovableClock
from models.kernel.database import Database
from models.kernel.migrating import erase, is_empty, is_migrated, migrate
from tests.databases import PostgresqlServer, SqliteServer


async def test_an_erased_database_is_empty_and_can_be_migrated_anew(
    server: SqliteServer | PostgresqlServer, clock: MovableClock
) -> None:
    async with server.database(clock) as database:
        assert not await is_empty(database)

        await erase(database)

        again = Database(database.url.render_as_string(hide_password=False), clock=clock)
        try:
            assert await is_empty(again)
            assert not await is_migrated(again)
            await migrate(again)
            assert await is_migrated(again)
        finally:
            await again.close()


async def test_erasing_one_database_leaves_another_whole(
    server: SqliteServer | PostgresqlServer, clock: MovableClock, database: Database
) -> None:
    async with server.database(clock) as other:
        await erase(other)

    assert await is_migrated(database)
