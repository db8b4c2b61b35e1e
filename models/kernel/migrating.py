"""Brings a database to the newest revision; there is no way back but a backup."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from models.kernel.database import Database

_MIGRATIONS = Path(__file__).parent.parent / "migrations"


def configuration() -> Config:
    """Alembic's configuration, for a connection that is passed in its attributes."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


async def migrate(database: Database) -> None:
    """Apply every revision the database lacks, all in one transaction."""

    def upgrade(connection: Connection) -> None:
        config = configuration()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    await database.transact(lambda transaction: transaction.connection.run_sync(upgrade))


async def is_migrated(database: Database) -> bool:
    """Whether the database is at the newest revision."""
    async with database.read() as connection:
        current = await connection.run_sync(
            lambda connection: MigrationContext.configure(connection).get_current_revision()
        )
    return current == ScriptDirectory.from_config(configuration()).get_current_head()
