"""Migrating makes exactly the tables the model declares, on both engines."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Connection, inspect

from models.kernel.database import Base, Database
from models.kernel.migrating import configuration, is_migrated, migrate, newest_revision
from models.migrations import tables
from tests.databases import SqliteServer


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, Base.metadata))


def named(connection: Connection) -> dict[str, set[str | None]]:
    """The constraints that the comparison does not look at, by table."""
    found = inspect(connection)
    return {
        table: {check["name"] for check in found.get_check_constraints(table)}
        for table in Base.metadata.tables
    }


def declared() -> dict[str, set[str | None]]:
    return {
        table.name: {
            str(constraint.name)
            for constraint in table.constraints
            if isinstance(constraint, CheckConstraint)
        }
        for table in Base.metadata.tables.values()
    }


def test_revisions_stand_in_one_line_and_the_newest_is_known_by_its_file() -> None:
    scripts = ScriptDirectory.from_config(configuration())

    assert scripts.get_heads() == [newest_revision()]
    assert scripts.get_bases() == ["0001"]


# A fund's standing and its open call refer to each other on purpose: docs/adr/0007.
@pytest.mark.filterwarnings("ignore:Cannot correctly sort tables")
async def test_migrating_makes_exactly_what_the_model_declares(database: Database) -> None:
    assert tables.COMPLETE
    async with database.read() as connection:
        assert await connection.run_sync(differences) == []


async def test_migrating_makes_every_check_the_model_declares(database: Database) -> None:
    async with database.read() as connection:
        assert await connection.run_sync(named) == declared()


async def test_migrating_twice_changes_nothing(database: Database) -> None:
    await migrate(database)

    assert await is_migrated(database)


async def test_an_empty_database_is_not_taken_for_a_migrated_one(
    sqlite_server: SqliteServer,
) -> None:
    database = Database(f"sqlite:///{sqlite_server.folder / 'empty.sqlite3'}")

    assert not await is_migrated(database)
    await database.close()
