"""Gifts into one hot fund, applied in batches ÷ the same statements with a lock for each gift.

The script of pgbench finds no gift and no event under its ids, so it does a little less.
"""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from models.kernel import inbox
from models.kernel.database import Database
from models.kernel.inbox import Event, EventState
from tests.bench.clients import Plan, ask
from tests.bench.recording import Script, pgbench, recorded
from tests.bench.servers import Served, platform, postgresql
from tests.bench.tables import Row, show
from tests.bench.worlds import Gift, make_gifts, signed, store
from tests.models.funds.worlds import World
from webhooks import stripe_inbox

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

CLIENTS, ROUNDS, SECONDS, GIFTS, BATCH = 32, 5, 4, 1_000, 200


async def apply(database: Database, *, limit: int) -> int:
    return await inbox.apply_events(database, stripe_inbox.SOURCE, stripe_inbox.apply, limit=limit)


async def naive(world: World, gifts: Iterator[Gift], folder: Path) -> Path:
    """A script that does for one gift, alone, what is done for a batch of one."""
    recordings = []
    for _ in range(3):
        await store(world.database, [next(gifts)])
        with recorded(world.database) as recording:
            assert await apply(world.database, limit=1) == 1
        recordings.append(recording)
        standing = await world.standing()
    known = {
        standing.entry_count: "entry_count",
        standing.balance_fen: "balance_fen",
    }
    script = folder / "naive.sql"
    results = ("RETURNING fund_standings.floor_fen",)
    text = Script(recordings[1], recordings[2], known, results).text()
    script.write_text(text, encoding="utf-8")
    return script


async def applied_per_second(world: World, gifts: Iterator[Gift]) -> float:
    """Stored events, all applied by one worker."""
    await store(world.database, [next(gifts) for _ in range(GIFTS)])
    began = time.monotonic()
    done = 0
    while taken := await apply(world.database, limit=BATCH):
        done += taken
    assert done == GIFTS
    return GIFTS / (time.monotonic() - began)


async def waiting(database: Database) -> int:
    async with database.read() as connection:
        statement = select(func.count()).where(Event.state == EventState.RECEIVED)
        return (await connection.execute(statement)).scalar_one()


async def told_and_booked(world: World, gifts: Iterator[Gift], served: Served, bare: float) -> Row:
    """Signed letters from many clients, until the last gift of them is in the fund."""
    now = world.database.clock.now()
    chosen = [next(gifts) for _ in range(GIFTS)]
    letters = [(signed(gift, now), gift.body) for gift in chosen]
    plan = Plan(served.port, CLIENTS, 120, "/webhooks/stripe", letters, each_once=True)
    before, began = served.cpu_seconds, time.monotonic()
    outcome = await asyncio.to_thread(ask, plan)
    while await waiting(world.database):  # noqa: ASYNC110 - the event is in another process
        await asyncio.sleep(0.02)
    seconds = time.monotonic() - began
    assert (outcome.answered, outcome.wrong) == (GIFTS, 0)
    cpu_ms = (served.cpu_seconds - before) / GIFTS * 1_000
    return Row(GIFTS / seconds, bare, outcome, cpu_ms)


async def test_gifts_into_one_fund_beside_a_lock_for_each(tmp_path: Path) -> None:
    with postgresql() as server:
        async with server.database() as (database, url):
            world, made = await make_gifts(database, 2 * ROUNDS * GIFTS + 3)
            gifts = iter(made)
            script = await naive(world, gifts, tmp_path)
            applied, ended = [], []
            for _ in range(ROUNDS):
                bare = pgbench(server.pgbench, url, [script], clients=CLIENTS, seconds=SECONDS)
                applied.append(Row(await applied_per_second(world, gifts), bare))
            with platform(url, tmp_path, YUANLIU_WORKER_IN_PROCESS="true") as served:
                for row in applied:
                    ended.append(await told_and_booked(world, gifts, served, row.other))  # noqa: PERF401 - one after the other
            assert await world.differences() == []
            show("applying stored gifts ÷ a lock for each by pgbench", applied)
            show("gifts through the endpoint, 32 clients ÷ a lock for each by pgbench", ended)
