"""Real databases for the tests, one of each engine for each worker, made by migrating once."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import sqlalchemy
from sqlalchemy.engine import make_url

from models.kernel.clock import Clock
from models.kernel.database import Database
from models.kernel.ids import new_id
from models.kernel.migrating import migrate
from models.kernel.sealing import Keyring

TEMPLATE = "yuanliu_template"
KEYRING = Keyring({1: bytes(range(32))})


class SqliteServer:
    """A folder of database files, each a copy of one that was migrated."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.template = folder / "template.sqlite3"

    async def prepare(self) -> None:
        database = Database(f"sqlite:///{self.template}")
        await migrate(database)
        await database.close()

    @asynccontextmanager
    async def database(self, clock: Clock | None = None) -> AsyncIterator[Database]:
        path = self.folder / f"{new_id()}.sqlite3"
        shutil.copyfile(self.template, path)
        database = Database(f"sqlite:///{path}", clock=clock, keyring=KEYRING)
        try:
            yield database
        finally:
            await database.close()
            for leftover in self.folder.glob(f"{path.name}*"):
                leftover.unlink()


class PostgresqlServer:
    """A PostgreSQL server in which each test gets a database of its own from a template."""

    def __init__(self, url: str, *, worker: str) -> None:
        self.url = make_url(url).set(drivername="postgresql")
        self.template = f"{TEMPLATE}_{worker}_{os.getpid()}"

    def named(self, name: str) -> str:
        return self.url.set(database=name).render_as_string(hide_password=False)

    async def administer(self, *statements: str) -> None:
        connection = await asyncpg.connect(self.named("postgres"))
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def prepare(self) -> None:
        await self.administer(
            f"DROP DATABASE IF EXISTS {self.template} WITH (FORCE)",
            f"CREATE DATABASE {self.template} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'",
        )
        database = Database(self.named(self.template))
        await migrate(database)
        await database.close()

    @asynccontextmanager
    async def database(self, clock: Clock | None = None) -> AsyncIterator[Database]:
        name = f"yuanliu_{new_id().hex}"
        await self.administer(f"CREATE DATABASE {name} TEMPLATE {self.template} STRATEGY FILE_COPY")
        database = Database(self.named(name), clock=clock, keyring=KEYRING, pool_size=5)
        try:
            yield database
        finally:
            await database.close()
            await self.administer(f"DROP DATABASE {name} WITH (FORCE)")

    async def drop_template(self) -> None:
        await self.administer(f"DROP DATABASE IF EXISTS {self.template} WITH (FORCE)")


async def count(database: Database, table: type[Any]) -> int:
    """How many rows a table has."""
    async with database.read() as connection:
        statement = sqlalchemy.select(sqlalchemy.func.count()).select_from(table)
        return (await connection.execute(statement)).scalar_one()
