"""Whoever was told "done" was told the truth, though the server is killed in the middle of it.

The processes are those of the command line: `serve` alone on SQLite, `serve` and `work` apart on
PostgreSQL. The payment sandbox lives on while they are dead, as a provider does.
"""

import asyncio
import contextlib
import datetime as dt
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from api.settings import load
from models.funds.draws import Draw
from models.funds.receipts import FundReceipt
from models.kernel.clock import MovableClock, business_date
from models.kernel.database import Database, Transaction
from models.kernel.ids import new_id
from models.kernel.jobs import Job, JobState
from models.procurement.orders import Order
from tests import databases
from tests.processes import address_of, clean, run, started
from tests.running import Running, became, running, sandbox_for
from tests.stories.funds import CARD, ERMALU, FLOOR, open_fund, replenished
from tests.stories.markets import Market, open_market
from tests.webhooks.conftest import reaching
from webhooks.sandbox.serving import served

KILLS = 2
ENOUGH = 5
NODES_AT_ONCE = 50
TOLD_AGAIN_SECONDS = (0.3,) * 100
CUT_OFF = (httpx.TransportError, ValueError)


@dataclass
class Asked:
    """A mutation somebody sent, which may have been answered."""

    mutation: str
    by: str
    wanted: str
    given: Mapping[str, object]
    answer: dict[str, Any] | None = None


@dataclass
class Load:
    """What people ask of a server until it is gone, and what they were told."""

    platform: Running
    market: Market
    fund: str
    numbers: "count[int]" = field(default_factory=lambda: count(1))
    asked: list[Asked] = field(default_factory=list)
    paid_tokens: list[str] = field(default_factory=list)

    async def say(self, mutation: str, by: str, wanted: str, **given: object) -> dict[str, Any]:
        asked = Asked(mutation, by, wanted, {"requestId": str(new_id()), **given})
        self.asked.append(asked)
        asked.answer = await self.platform.do(mutation, by, wanted, **asked.given)
        return asked.answer

    async def give(self) -> None:
        number = next(self.numbers)
        gift = await self.say(
            "startDonation",
            "",
            "checkoutUrl token",
            fundId=self.fund,
            amountFen=str(1_000 + number),
            donorKind="PERSON",
            donorName="李善",
            method="CARD",
        )
        await self.platform.paid(gift, method="card")
        self.paid_tokens.append(gift["token"])

    async def order(self) -> None:
        await self.say("placeOrder", "officer", "order { id }", **self.market.wanted(oranges=1))

    async def relieve(self) -> None:
        number = next(self.numbers)
        granted = await self.say(
            "grantReliefPayout",
            "reviewer",
            "payout { id }",
            fundId=self.fund,
            household={
                "name": "张善良",
                "villageCode": ERMALU,
                "cardNumber": CARD,
                "members": 3,
                "kind": "BORDERLINE",
            },
            cause="ILLNESS",
            amountFen=str(10_000 + number),
        )
        await self.say(
            "settleReliefPayout",
            "cashier",
            "payout { id }",
            payoutId=granted["payout"]["id"],
            bankReference=f"HZ{number}",
        )

    def answered_ids(self, mutation: str) -> list[str]:
        """The ids of the nouns of the mutations that were answered."""
        answers = [one.answer for one in self.asked if one.mutation == mutation and one.answer]
        return [
            value["id"]
            for answer in answers
            for value in answer.values()
            if isinstance(value, dict)
        ]

    def asker(self, mutation: str) -> str:
        return next(one.by for one in self.asked if one.mutation == mutation)

    async def press(self) -> list[asyncio.Task[None]]:
        """People who ask and ask; given back as soon as enough of everything was answered."""
        watched = ("placeOrder", "settleReliefPayout")
        before = {name: len(self.answered_ids(name)) for name in watched}
        gifts = len(self.paid_tokens)
        tasks = [
            asyncio.create_task(until_cut_off(step))
            for step in (self.give, self.order, self.relieve)
            for _ in range(2)
        ]

        async def is_enough() -> bool:
            assert not any(task.done() for task in tasks), "the server went by itself"
            more = [len(self.answered_ids(name)) - was for name, was in before.items()]
            return min(*more, len(self.paid_tokens) - gifts) >= ENOUGH

        await became(is_enough)
        return tasks

    async def ask_again(self) -> None:
        """Whoever got no answer sends the same request once more."""
        for asked in self.asked:
            if asked.answer is None:
                asked.answer = await self.platform.do(
                    asked.mutation, asked.by, asked.wanted, **asked.given
                )
                if asked.mutation == "startDonation":
                    await self.platform.paid(asked.answer, method="card")
                    self.paid_tokens.append(asked.answer["token"])


async def until_cut_off(step: Callable[[], Awaitable[None]]) -> None:
    with contextlib.suppress(*CUT_OFF):
        while True:
            await step()


@dataclass
class Machine:
    """A machine on which the platform is started again and again."""

    environment: Mapping[str, str]
    commands: tuple[tuple[str, ...], ...]

    @contextlib.asynccontextmanager
    async def up(self) -> AsyncIterator[list[asyncio.subprocess.Process]]:
        """Its processes; the server answers."""
        async with contextlib.AsyncExitStack() as stack:
            processes = [
                await stack.enter_async_context(started(self.environment, *command))
                for command in self.commands
            ]
            await address_of(processes[0])
            yield processes

    async def checked(self) -> str:
        """What `check-books` says, which finds nothing wrong."""
        checked = await asyncio.to_thread(run, self.environment, "check-books")
        assert checked.returncode == 0, checked.stdout + checked.stderr
        return checked.stdout


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@dataclass
class Place:
    machine: Machine
    load: Load


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncIterator[Place]:
    """A market and a fund at its floor, made before; the processes are not started yet."""
    clock = MovableClock()
    today = business_date(clock.now())
    async with running(database, clock, tmp_path) as before:
        market = await open_market(
            before, year=today.year, granted_fen=100_000_000, orange_quantity=10_000
        )
        fund = await open_fund(before, valid_from=today.isoformat())
        await replenished(before, fund, FLOOR, "通财〔1〕号", on=today.isoformat())
        for name in ("officer", "reviewer", "cashier"):
            await before.ready(name)
    settings = load(
        run_folder=tmp_path,
        environment="test",
        database_url=database.url.render_as_string(hide_password=False),
        port=free_port(),
    )
    provider = sandbox_for(
        settings, clock, tmp_path / "provider.sqlite", retry_seconds=TOLD_AGAIN_SECONDS
    )
    async with (
        served(provider) as url,
        reaching(url, clock, key=settings.payment_key) as sandbox,
        httpx.AsyncClient(base_url=settings.loopback_address, timeout=20) as http,
    ):
        environment = clean(tmp_path) | {
            "YUANLIU_ENVIRONMENT": "test",
            "YUANLIU_LOG_LEVEL": "error",
            "YUANLIU_PORT": str(settings.port),
            "YUANLIU_SANDBOX_URL": url,
            "DATABASE_URL": settings.database_url,
        }
        apart = () if settings.is_embedded else (("work",),)
        platform = Running(database, clock, settings, http, sandbox, before.tokens)
        yield Place(
            Machine(environment, (("serve",), *apart)),
            Load(platform, Market(**{**vars(market), "platform": platform}), fund),
        )


@pytest.mark.slow
async def test_every_answer_given_before_a_kill_is_kept_twice_in_a_row(place: Place) -> None:
    machine, load = place.machine, place.load

    async with machine.up() as processes:
        await press_and_kill(load, processes)
    for was_killed in range(1, KILLS + 1):
        assert "whole" in await machine.checked()
        async with machine.up() as processes:
            await all_is_there(load)
            await load.ask_again()
            await all_is_there(load)
            await everything_once(load)
            if was_killed < KILLS:
                await press_and_kill(load, processes)
    assert "whole" in await machine.checked()


async def press_and_kill(load: Load, processes: list[asyncio.subprocess.Process]) -> None:
    """Everything dies while people ask; some of them never hear whether they were served."""
    tasks = await load.press()
    for process in processes:
        process.kill()
    await asyncio.gather(*tasks)
    assert any(asked.answer is None for asked in load.asked), "nobody was cut off"


async def all_is_there(load: Load) -> None:
    """What was answered is there, and every gift that was paid at the provider's is received."""
    platform = load.platform
    for mutation, noun, state in (
        ("placeOrder", "Order", "PLACED"),
        ("settleReliefPayout", "ReliefPayout", "PAID"),
    ):
        ids = load.answered_ids(mutation)
        for start in range(0, len(ids), NODES_AT_ONCE):
            asked = ids[start : start + NODES_AT_ONCE]
            answer = await platform.ask(
                f"query Q($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {noun} {{ id state }} }} }}",
                load.asker(mutation),
                ids=asked,
            )
            assert answer["nodes"] == [{"id": one, "state": state} for one in asked]
    for token in load.paid_tokens:
        await became(lambda token=token: is_received(platform, token))  # type: ignore[misc] # bound in the loop on purpose


async def is_received(platform: Running, token: str) -> bool:
    answer = await platform.ask(
        "query Q($token: String!) { donationByToken(token: $token) { state } }", token=token
    )
    return bool(answer["donationByToken"]["state"] == "RECEIVED")


async def everything_once(load: Load) -> None:
    """However often something was asked, delivered or applied, it has counted once."""
    asked = {
        name: sum(one.mutation == name for one in load.asked)
        for name in ("placeOrder", "grantReliefPayout")
    }
    database = load.platform.database
    assert await databases.count(database, Order) == asked["placeOrder"]
    assert await databases.count(database, Draw) == asked["grantReliefPayout"]
    of_finance = 1
    assert await databases.count(database, FundReceipt) == len(load.paid_tokens) + of_finance


@pytest.mark.slow
async def test_a_job_that_a_killed_worker_held_is_done_by_the_next(place: Place) -> None:
    machine, platform = place.machine, place.load.platform
    async with machine.up() as processes:
        await platform.sandbox.tell("faults", kind="500", path="/v1/checkout/sessions", times=3)
        gift = await platform.do(
            "startDonation",
            "",
            "checkoutUrl token",
            fundId=place.load.fund,
            amountFen="1000",
            donorKind="PERSON",
            donorName="李善",
            method="CARD",
        )
        assert gift["checkoutUrl"] is None, "the provider was busy"
        await platform.sandbox.tell("calm")
        await platform.sandbox.tell(
            "faults", kind="timeout", path="/v1/checkout/sessions", times=1, seconds=15
        )
        await due_now(platform.database)
        await became(lambda: is_held(platform.database))
        for process in processes:
            process.kill()

    await platform.sandbox.tell("calm")
    assert await is_held(platform.database), "a dead worker still holds it"
    async with machine.up():
        # Its lease lasts a minute: here the minute is over at once.
        await due_now(platform.database)

        async def url() -> str | None:
            answer = await platform.ask(
                "query Q($token: String!) { donationByToken(token: $token) { checkoutUrl } }",
                token=gift["token"],
            )
            found: str | None = answer["donationByToken"]["checkoutUrl"]
            return found

        assert (await became(url)).startswith("http://127.0.0.1:")
        await became(lambda: is_done(platform.database))
        assert "whole" in await machine.checked()


OPENING = Job.kind == "open_checkout"


async def due_now(database: Database) -> None:
    """The moment has come for which the opening of the page waits, or at which its lease ends."""
    past = MovableClock().now() - dt.timedelta(seconds=1)

    async def work(transaction: Transaction) -> None:
        await transaction.execute(update(Job).where(OPENING).values(due_at=past))

    await database.transact(work)


async def opening(database: Database) -> tuple[JobState, int]:
    async with database.read() as connection:
        row = (await connection.execute(select(Job.state, Job.attempts).where(OPENING))).one()
    return row.state, row.attempts


async def is_held(database: Database) -> bool:
    return await opening(database) == (JobState.RUNNING, 1)


async def is_done(database: Database) -> bool:
    return await opening(database) == (JobState.DONE, 2)
