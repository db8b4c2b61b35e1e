"""How long `serve` takes to start, and what it holds when nobody asks anything."""

import statistics
import time
from pathlib import Path

import pytest

from models.kernel.migrating import migrate
from tests.bench.servers import platform, postgresql

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]

ROUNDS = 5


async def test_starting_and_doing_nothing(tmp_path: Path) -> None:
    with postgresql() as server:
        async with server.database() as (database, url):
            await migrate(database)
            embedded = f"sqlite:///{tmp_path / 'yuanliu.sqlite3'}"
            with platform(embedded, tmp_path) as first:
                print(f"\nSQLite, the very first start: {first.seconds:.1f} s")
            for name, chosen in (("SQLite", embedded), ("PostgreSQL", url)):
                seconds, megabytes = [], []
                for _ in range(ROUNDS):
                    with platform(chosen, tmp_path) as served:
                        time.sleep(2)  # noqa: ASYNC251 - nothing else is to be done meanwhile
                        seconds.append(served.seconds)
                        megabytes.append(served.resident_megabytes)
                print(
                    f"{name}: ready after {statistics.median(seconds):.1f} s, "
                    f"{statistics.median(megabytes):.0f} MB (medians of {ROUNDS})"
                )
