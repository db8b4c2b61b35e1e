"""The command line, as a person runs it: in a process of its own."""

import asyncio
import shutil
import signal
from pathlib import Path

import httpx
import pytest
from graphql import build_schema
from sqlalchemy import select

from models.kernel.database import Database
from models.kernel.migrating import is_migrated
from models.parties.people import Person
from tests.databases import PostgresqlServer, SqliteServer
from tests.processes import address_of, clean, run, started

PASSWORD = "a long way to the source"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return clean(tmp_path)


@pytest.fixture(scope="session")
def loaded_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder whose database holds the reference data, which takes seconds to load."""
    folder = tmp_path_factory.mktemp("loaded")
    for command in ("migrate", "load-reference"):
        assert run(clean(folder), command).returncode == 0
    return folder


@pytest.fixture
def loaded(loaded_folder: Path, tmp_path: Path) -> dict[str, str]:
    """A clean environment with a copy of that folder."""
    shutil.copytree(loaded_folder, tmp_path, dirs_exist_ok=True)
    return clean(tmp_path)


async def until_a_worker_is_seen(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(30):
        while (await client.get("/readyz")).json()["worker"] != "ok":  # noqa: ASYNC110 - no event reaches us
            await asyncio.sleep(0.2)


def test_help_names_every_command(environment: dict[str, str]) -> None:
    helped = run(environment, "--help")

    assert helped.returncode == 0
    for command in (
        *("serve", "work", "migrate", "load-reference"),
        *("check-books", "create-administrator", "export-schema"),
    ):
        assert command in helped.stdout
        assert run(environment, command, "--help").returncode == 0


def test_what_cannot_be_used_is_told_in_words(environment: dict[str, str]) -> None:
    for arguments, more, words in (
        ((), {}, "the following arguments are required: COMMAND"),
        (("paint",), {}, "invalid choice: 'paint'"),
        (("migrate",), {"YUANLIU_PORT": "x"}, "YUANLIU_PORT: Input should be a valid integer"),
        (("migrate",), {"YUANLIU_ENVIRONMENT": "production"}, "DATABASE_URL: production names"),
        (("serve", "--port", "99999"), {}, "YUANLIU_PORT: Input should be less than"),
    ):
        refused = run(environment | more, *arguments)

        assert refused.returncode == 2
        assert words in refused.stderr
        assert "Traceback" not in refused.stderr


def test_the_schema_is_printed(environment: dict[str, str]) -> None:
    printed = run(environment, "export-schema")

    assert printed.returncode == 0
    core = build_schema(printed.stdout)
    assert core.query_type is not None
    assert "viewer" in core.query_type.fields


async def test_migrating_twice_is_the_same_as_once(environment: dict[str, str]) -> None:
    for _ in range(2):
        migrated = await asyncio.to_thread(run, environment, "migrate")
        assert (migrated.returncode, migrated.stdout, migrated.stderr) == (0, "migrated\n", "")

    folder = environment["YUANLIU_RUN_FOLDER"]
    database = Database(f"sqlite:///{folder}/yuanliu.sqlite3")
    assert await is_migrated(database)
    await database.close()


async def test_books_are_checked_and_an_administrator_is_made(
    server: SqliteServer | PostgresqlServer, environment: dict[str, str]
) -> None:
    async with server.database() as database:
        url = database.url.render_as_string(hide_password=False)
        there = environment | {
            "DATABASE_URL": url.replace("+aiosqlite", "").replace("+asyncpg", "")
        }
        checked = await asyncio.to_thread(run, there, "check-books")
        assert (checked.returncode, checked.stdout) == (0, "the books are whole\n")

        make = ("create-administrator", "anna", "--name", "安娜", "--password-stdin")
        weak = await asyncio.to_thread(run, there, *make, typed="short\n")
        assert weak.returncode == 1
        async with database.read() as connection:
            assert (await connection.execute(select(Person.id))).first() is None
        made = await asyncio.to_thread(run, there, *make, typed=f"{PASSWORD}\n")
        assert (made.returncode, made.stderr) == (0, "")
        again = await asyncio.to_thread(run, there, *make, typed=f"{PASSWORD}\n")
        assert again.returncode == 1
        async with database.read() as connection:
            row = (await connection.execute(select(Person.name, Person.password_hash))).one()
    assert row.name == "安娜"
    assert row.password_hash.startswith("$argon2id$")


async def test_the_platform_serves_and_stops_when_asked(loaded: dict[str, str]) -> None:
    async with started(loaded, "serve", "--port", "0") as process:
        address = await address_of(process)
        async with httpx.AsyncClient(base_url=address) as client:
            alive = await client.get("/healthz")
            ready = await client.get("/readyz")
            metrics = await client.get("/metrics")
            lost = await client.get("/no-such-page", headers={"x-request-id": "request-12345"})
            answered = await client.post("/graphql", json={"query": "{ viewer { __typename } }"})
            unsigned = await client.post("/webhooks/stripe", json={"id": "evt_1"})
            counted = await client.get("/metrics")
            too_large = await client.post("/readyz", content=b"x" * 1_000_001)
        process.send_signal(signal.SIGTERM)
        _, errors = await asyncio.wait_for(process.communicate(), 20)

    assert alive.status_code == 200
    assert ready.json() == {"ready": True, "database": "ok", "worker": "ok"}
    assert 'yuanliu_schedule_late_seconds{schedule="sweep"} 0.0' in metrics.text
    assert answered.json() == {"data": {"viewer": None}}
    assert unsigned.status_code == 400
    assert 'operation="query.viewer",status="200"' in counted.text
    assert (lost.status_code, lost.headers["x-request-id"]) == (404, "request-12345")
    assert lost.headers["x-content-type-options"] == "nosniff"
    assert too_large.status_code in {405, 413}
    assert process.returncode == 0, errors.decode()


async def test_a_port_that_is_taken_is_told_in_words(loaded: dict[str, str]) -> None:
    async with started(loaded, "serve", "--port", "0") as process:
        port = (await address_of(process)).rpartition(":")[2]
        second = await asyncio.to_thread(run, loaded, "serve", "--port", port)

    assert second.returncode == 3
    assert "choose another with --port" in second.stderr


async def test_postgresql_is_migrated_only_when_asked(
    postgresql_server: PostgresqlServer, environment: dict[str, str]
) -> None:
    name = "yuanliu_to_migrate"
    await postgresql_server.administer(f"CREATE DATABASE {name}")
    there = environment | {"DATABASE_URL": postgresql_server.named(name)}
    try:
        for command in ("serve", "work"):
            refused = await asyncio.to_thread(run, there, command)
            assert refused.returncode == 3
            assert "run `yuanliu migrate`" in refused.stderr

        assert (await asyncio.to_thread(run, there, "migrate")).returncode == 0
        async with started(there, "serve", "--port", "0") as serving:
            address = await address_of(serving)
            async with httpx.AsyncClient(base_url=address) as client:
                alone = (await client.get("/readyz")).json()
                async with started(there, "work") as working:
                    await until_a_worker_is_seen(client)
                    working.send_signal(signal.SIGTERM)
                    assert await asyncio.wait_for(working.wait(), 20) == 0
    finally:
        await postgresql_server.administer(f"DROP DATABASE {name} WITH (FORCE)")
    assert alone == {"ready": True, "database": "ok", "worker": "none"}
