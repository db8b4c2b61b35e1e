"""A fund below its floor has exactly one open call, for exactly what is missing."""

import asyncio
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from models.alerts import Alert, AlertKind
from models.funds import floor
from models.funds.floor import Change, OpenCall, ReplenishmentCall, decide
from models.funds.statement import FundOverdrawn
from models.kernel.clock import MovableClock
from models.kernel.database import Database
from models.kernel.ids import new_id
from models.kernel.money import Fen
from tests.models.funds.worlds import FLOOR, World, make_world, set_standing


@pytest.fixture
async def world(database: Database) -> World:
    return await make_world(database)


async def test_exactly_at_the_floor_there_is_no_call_and_one_fen_below_there_is_one(
    world: World,
) -> None:
    await world.deposit(FLOOR)
    await world.activate()
    assert await world.calls() == []

    await world.hold(1)

    assert await world.calls() == [(1, False)]
    assert await world.outstanding() == 1
    assert await world.differences() == []


async def test_a_call_is_raised_partly_met_and_closed_with_its_due_date(
    world: World, database: Database
) -> None:
    await world.deposit(92_000_000)
    await world.activate()
    await world.hold(200_000)
    await world.deposit(5_000_000)
    await world.deposit(3_200_000)

    assert await world.events() == [
        ("opened", 8_000_000),
        ("raised", 200_000),
        ("partly_met", 5_000_000),
        ("met", 3_200_000),
    ]
    assert await world.calls() == [(8_200_000, True)]
    async with database.read() as connection:
        call = (await connection.execute(select(ReplenishmentCall.__table__))).one()
    assert (call.due_on, call.is_due_provisional) == (dt.date(2017, 10, 30), False)
    assert await world.differences() == []


async def test_a_failed_payout_eases_the_call_and_closes_it(world: World) -> None:
    await world.deposit(FLOOR)
    await world.activate()
    first, second = await world.hold(300), await world.hold(500)

    await world.settle(first, paid=False)
    await world.settle(second, paid=False)

    assert await world.events() == [
        ("opened", 300),
        ("raised", 500),
        ("eased", 300),
        ("eased", 500),
    ]
    assert await world.outstanding() is None
    assert await world.differences() == []


async def test_paying_what_is_held_does_not_touch_the_call(world: World) -> None:
    await world.deposit(FLOOR)
    await world.activate()
    payout = await world.hold(300)

    await world.settle(payout)

    assert await world.events() == [("opened", 300)]
    standing = await world.standing()
    assert (standing.balance_fen, standing.available_fen) == (FLOOR - 300, FLOOR - 300)


async def test_a_payout_may_cross_the_floor_but_not_overdraw(world: World) -> None:
    await world.deposit(FLOOR)
    await world.activate()
    await world.hold(FLOOR - 5)

    with pytest.raises(FundOverdrawn) as refusal:
        await world.hold(6)

    assert refusal.value.facts == {"available_fen": 5, "required_fen": 6}
    assert await world.events() == [("opened", FLOOR - 5)]
    assert await world.differences() == []


async def test_the_floor_is_watched_from_the_first_day_of_the_rule(
    database: Database, clock: MovableClock
) -> None:
    world = await make_world(database, valid_from=dt.date(2017, 10, 18))
    await world.deposit(92_000_000)
    await world.activate()
    assert await world.calls() == []

    clock.set(dt.datetime(2017, 10, 17, 16, 0, tzinfo=dt.UTC))
    await world.activate()

    assert await world.calls() == [(8_000_000, False)]


async def test_an_overdue_call_is_escalated_each_day_until_it_is_met(
    world: World, database: Database, clock: MovableClock
) -> None:
    await world.activate()
    async with database.read() as connection:
        call_id = (await connection.execute(select(OpenCall.call_id))).scalar_one()
    clock.set(dt.datetime(2017, 10, 30, 16, 0, tzinfo=dt.UTC))
    for day in (30, 31):
        await database.transact(
            lambda transaction, day=day: floor.escalate_overdue(  # type: ignore[misc] # bound
                transaction, call_id, dt.date(2017, 10, day)
            )
        )
    await world.deposit(FLOOR)
    await database.transact(
        lambda transaction: floor.escalate_overdue(transaction, call_id, dt.date(2017, 11, 1))
    )

    assert [kind for kind, _ in await world.events()] == ["opened", "escalated", "escalated", "met"]
    async with database.read() as connection:
        alerts = (await connection.execute(select(Alert.kind, Alert.closed_at))).all()
    assert {alert.kind for alert in alerts} == {
        AlertKind.FUND_UNDER_FLOOR,
        AlertKind.REPLENISHMENT_OVERDUE,
    }
    assert all(alert.closed_at for alert in alerts)


async def test_the_database_refuses_a_fund_below_its_floor_without_a_call(world: World) -> None:
    await world.deposit(FLOOR)
    await world.activate()

    with pytest.raises(IntegrityError):
        await world.database.transact(
            lambda transaction: set_standing(transaction, world.fund, FLOOR - 1)
        )

    assert (await world.standing()).available_fen == FLOOR


async def test_the_database_refuses_to_lose_an_open_call_or_to_keep_one_for_another_amount(
    world: World,
) -> None:
    await world.deposit(FLOOR)
    await world.activate()
    await world.hold(10)

    with pytest.raises(IntegrityError):
        await world.database.transact(lambda transaction: transaction.execute(delete(OpenCall)))
    with pytest.raises(IntegrityError):
        await world.database.transact(
            lambda transaction: set_standing(transaction, world.fund, FLOOR)
        )

    assert await world.outstanding() == 10


async def test_fifty_racing_payouts_open_one_call_for_their_sum(world: World) -> None:
    await world.deposit(FLOOR)
    await world.activate()
    earlier = [await world.hold(7), await world.hold(11)]

    await asyncio.gather(*(world.hold(200 + number) for number in range(50)))

    total = 7 + 11 + sum(200 + number for number in range(50))
    assert await world.calls() == [(total, False)]
    assert await world.outstanding() == total
    assert len(earlier) == 2
    assert await world.differences() == []


async def test_the_last_fen_goes_to_one_of_the_racing_payouts(world: World) -> None:
    await world.deposit(1_000)
    await world.activate()
    await world.hold(990)

    outcomes = await asyncio.gather(
        *(world.hold(10, new_id()) for _ in range(6)), return_exceptions=True
    )

    assert sum(isinstance(outcome, FundOverdrawn) for outcome in outcomes) == 5
    assert (await world.standing()).available_fen == 0
    assert await world.differences() == []


AMOUNTS = st.integers(0, 10**12).map(Fen)


@given(before=st.none() | AMOUNTS.filter(bool), shortfall=AMOUNTS, money_in=st.booleans())
def test_what_a_call_goes_through_always_ends_at_the_shortfall(
    before: Fen | None, shortfall: Fen, *, money_in: bool
) -> None:
    change = decide(before, shortfall, money_in=money_in)

    if change is None:
        assert (before or 0) == shortfall
        return
    grows = change.kind in (floor.CallEventKind.OPENED, floor.CallEventKind.RAISED)
    assert change.amount_fen > 0
    assert (before or 0) + (change.amount_fen if grows else -change.amount_fen) == shortfall
    assert change.closes == (not grows and shortfall == 0)
    assert (change.kind is floor.CallEventKind.OPENED) == (before is None)
    assert isinstance(change, Change)
