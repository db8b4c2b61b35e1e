"""Brings a database to the newest revision; there is no way back but a backup."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from models.kernel.database import Database, Transaction

if TYPE_CHECKING:
    from alembic.config import Config

_MIGRATIONS = Path(__file__).parent.parent / "migrations"
_VERSION_TABLE = "alembic_version"


def configuration() -> "Config":
    """Alembic's configuration, for a connection that is passed in its attributes."""
    from alembic.config import Config  # noqa: PLC0415 - a process that only serves never loads it

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


async def migrate(database: Database) -> None:
    """Apply every revision the database lacks, all in one transaction."""
    from alembic import command  # noqa: PLC0415 - a process that only serves never loads it

    def upgrade(connection: Connection) -> None:
        config = configuration()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    await database.transact(lambda transaction: transaction.connection.run_sync(upgrade))


async def is_migrated(database: Database) -> bool:
    """Whether the database is at the newest revision; asked often, so without loading Alembic."""
    async with database.read() as connection:
        if not await connection.run_sync(lambda own: inspect(own).has_table(_VERSION_TABLE)):
            return False
        found = await connection.execute(text(f"SELECT version_num FROM {_VERSION_TABLE}"))  # noqa: S608 - a name of ours
        return found.scalar_one_or_none() == newest_revision()


async def is_empty(database: Database) -> bool:
    """Whether the database has no table at all."""
    async with database.read() as connection:
        return not await connection.run_sync(lambda own: inspect(own).get_table_names())


async def erase(database: Database) -> None:
    """Destroy everything in the database, whoever made it, and close it; for demo worlds only.

    Nobody else may be connected to a SQLite file. After: open the database anew to use it.
    """
    if database.dialect == "postgresql":
        await database.transact(_erase_schema)
        await database.close()
        return
    await database.close()
    path = Path(str(database.url.database))
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)


async def _erase_schema(transaction: Transaction) -> None:
    await transaction.execute(text("DROP SCHEMA public CASCADE"))
    await transaction.execute(text("CREATE SCHEMA public"))


def newest_revision() -> str:
    """The last revision there is: files are named by their numbers, `0001_kernel.py`."""
    return max(path.name.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))
