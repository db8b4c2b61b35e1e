"""Runs the migrations: on the connection it is given, one runner at a time, patient for seconds."""

from alembic import context
from sqlalchemy import Connection, text

from models.kernel.database import Base
from models.migrations import tables

assert tables.COMPLETE


def run(connection: Connection) -> None:
    """Bring the connected database to the newest revision."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL lock_timeout = '5s'"))
            connection.execute(text("SET LOCAL statement_timeout = '5min'"))
            connection.execute(text("SELECT pg_advisory_xact_lock(7016996765293437281)"))
        context.run_migrations()


run(context.config.attributes["connection"])
