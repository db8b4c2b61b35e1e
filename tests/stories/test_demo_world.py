"""The demo world, made by the command line in a process of its own, on each engine."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from models.kernel.ids import new_id
from tests.databases import PostgresqlServer, SqliteServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

FIGURES = {
    "donated on 10·17": "92 万元",
    "first call": "80,000.00",
    "payouts": "31",
    "relief paid": "6.3 万元",
    "later calls": "63,000.00",
    "balance": "100 万元",
    "benefits *": "63,448.52",
    "differences in the books": "0",
}
PATIENCE_SECONDS = 300


@pytest.fixture
async def environment(
    server: SqliteServer | PostgresqlServer, tmp_path: Path
) -> AsyncIterator[dict[str, str]]:
    """A clean environment with a run folder of its own, and for PostgreSQL an empty database."""
    kept = {"PATH", "HOME", "LANG", "PYTHONPATH"}
    inherited = {name: value for name, value in os.environ.items() if name in kept}  # noqa: TID251 - the shell's own
    environment = inherited | {"YUANLIU_RUN_FOLDER": str(tmp_path)}
    if isinstance(server, SqliteServer):
        yield environment
        return
    name = f"demo_{new_id().hex}"
    await server.administer(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    try:
        yield environment | {"DATABASE_URL": server.named(name)}
    finally:
        await server.administer(f"DROP DATABASE {name} WITH (FORCE)")


async def begin(environment: Mapping[str, str], *options: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "api",
        "demo",
        *options,
        env=dict(environment),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def stopped_when_it_says(
    process: asyncio.subprocess.Process, words: str, number: signal.Signals
) -> str:
    """What it said until these words, when it was sent a signal, and after them."""
    assert process.stdout is not None
    said: list[str] = []
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not said or words not in said[-1]:
            said.append((await process.stdout.readline()).decode())
            assert said[-1], "".join(said)
        process.send_signal(number)
        rest, _ = await process.communicate()
    return "".join(said) + rest.decode()


def assert_whole(output: str) -> None:
    for name, figure in FIGURES.items():
        row = rf"{re.escape(name)} +{re.escape(figure)} +=  +{re.escape(figure)}\n"
        assert re.search(row, output), f"{name}\n{output}"
    assert "≠" not in output
    assert "仍在基金 still in the fund  0.00 元" in output


async def test_a_world_shown_once_holds_what_the_sources_say(environment: dict[str, str]) -> None:
    demo = await begin(environment, "--once")
    async with asyncio.timeout(PATIENCE_SECONDS):
        output = (await demo.communicate())[0].decode()

    assert demo.returncode == 0, output
    assert_whole(output)


async def test_a_world_that_was_killed_halfway_is_made_anew_and_then_kept(
    environment: dict[str, str],
) -> None:
    killed = await begin(environment, "--port", "0")
    await stopped_when_it_says(killed, "2017-11-09", signal.SIGKILL)

    made = await begin(environment, "--port", "0")
    output = await stopped_when_it_says(made, "Ctrl-C", signal.SIGINT)

    assert made.returncode == 0, output
    assert_whole(output)

    visited = await begin(environment, "--port", "0")
    output = await stopped_when_it_says(visited, "Ctrl-C", signal.SIGTERM)

    assert visited.returncode == 0, output
    assert "as it was left" in output
    assert "2017-10-17" not in output


async def test_a_demo_interrupted_at_its_beginning_says_so_and_leaves_quietly(
    environment: dict[str, str],
) -> None:
    demo = await begin(environment, "--port", "0")

    output = await stopped_when_it_says(demo, "2017-10-16", signal.SIGINT)

    assert demo.returncode == 1, output
    assert "interrupted: the next one begins from the start" in output
    assert "Traceback" not in output
