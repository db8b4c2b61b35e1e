"""Where every fen of a gift is: the parts add up to it, and name nobody."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from functools import partial
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.funds import receipts, settlements
from models.funds.fund import Purse, Source
from models.funds.receipts import NewReceipt
from models.kernel.clock import MovableClock
from models.kernel.database import Database, Transaction
from models.kernel.ids import new_id
from models.kernel.money import Fen
from models.relief.payouts import Cause
from models.reports.trace import (
    PaidPart,
    Trace,
    TraceEntry,
    TraceKind,
    origins,
    trace,
    traces,
)
from tests.desks import FLOOR, VILLAGE, Desk, make_desk
from tests.parties import TONGCHUAN, make_administrator, make_division

OTHER_VILLAGE = "511702001002"
NOVEMBER = dt.datetime(2017, 11, 3, 1, 0, tzinfo=dt.UTC)

parts = st.lists(
    st.builds(
        PaidPart,
        amount_fen=st.integers(1, 10**9).map(Fen),
        settled_at=st.datetimes(dt.datetime(2017, 1, 1), dt.datetime(2019, 1, 1)).map(  # noqa: DTZ001 - made aware below
            lambda moment: moment.replace(tzinfo=dt.UTC)
        ),
        village_code=st.sampled_from([VILLAGE, OTHER_VILLAGE, "511702001201"]),
        cause=st.sampled_from(Cause),
    ),
    max_size=20,
)


@given(parts, st.integers(0, 10**9).map(Fen))
def test_the_entries_add_up_to_the_gift_and_each_place_comes_once(
    paid: list[PaidPart], remaining: Fen
) -> None:
    amount = Fen(remaining + sum(part.amount_fen for part in paid))

    traced = trace(amount, remaining, paid)

    assert sum(entry.amount_fen for entry in traced.entries) == amount
    assert all(entry.amount_fen > 0 for entry in traced.entries)
    places = [
        (entry.kind, entry.paid_in, entry.village_code, entry.cause) for entry in traced.entries
    ]
    assert len(set(places)) == len(places)
    kept = [entry for entry in traced.entries if entry.kind is TraceKind.IN_FUND]
    assert [entry.amount_fen for entry in kept] == ([remaining] if remaining else [])
    by_village = Counter[str | None]()
    for part in paid:
        by_village[part.village_code] += part.amount_fen
    for entry in traced.entries:
        by_village[entry.village_code] -= entry.amount_fen
    assert set(by_village.values()) <= {0, -remaining}


@given(parts, st.integers(1, 100))
def test_a_trace_that_does_not_add_up_is_never_shown(paid: list[PaidPart], missing: int) -> None:
    amount = Fen(sum(part.amount_fen for part in paid) + missing)

    with pytest.raises(AssertionError):
        trace(amount, Fen(0), paid)


def test_the_month_is_that_of_shanghai_and_says_no_day() -> None:
    last_evening = dt.datetime(2017, 10, 31, 15, 59, tzinfo=dt.UTC)
    at_midnight = dt.datetime(2017, 10, 31, 16, 0, tzinfo=dt.UTC)
    paid = [
        PaidPart(Fen(1), last_evening, VILLAGE, Cause.ILLNESS),
        PaidPart(Fen(2), at_midnight, VILLAGE, Cause.ILLNESS),
        PaidPart(Fen(4), NOVEMBER, VILLAGE, Cause.ILLNESS),
    ]

    traced = trace(Fen(7), Fen(0), paid)

    assert [(entry.paid_in, entry.amount_fen) for entry in traced.entries] == [
        ("2017-10", 1),
        ("2017-11", 6),
    ]


@pytest.fixture
async def desk(database: Database) -> Desk:
    await make_division(database, OTHER_VILLAGE)
    return await make_desk(database, await make_administrator(database))


async def receive_gift(desk: Desk, amount: int) -> UUID:
    """A gift by bank transfer, so that it can be paid out; the id is the donation's."""
    donation_id = new_id()

    async def receive(transaction: Transaction) -> None:
        receipt = NewReceipt(
            id=new_id(),
            source=Source.DONATION,
            purse=Purse.BANK,
            amount_fen=Fen(amount),
            reference=str(donation_id),
            subject="donation",
            subject_id=donation_id,
            received_at=transaction.now,
        )
        await receipts.receive(transaction, desk.fund_id, TONGCHUAN, [receipt])

    await desk.database.transact(receive)
    return donation_id


async def settle_with_the_bank(desk: Desk, amount: int) -> None:
    """What the payment provider holds reaches the bank, from where alone payouts leave."""
    await desk.database.transact(
        partial(
            settlements.record,
            actor=desk.manager,
            settlement_id=new_id(),
            fund_id=desk.fund_id,
            amount_fen=Fen(amount),
            reference=f"ST{new_id()}",
        )
    )


async def pay(desk: Desk, amount: int, village: str) -> UUID:
    payout_id = await desk.grant(amount, village=village)
    await desk.settle(payout_id)
    return payout_id


async def traced(desk: Desk, gifts: Sequence[UUID]) -> dict[UUID, Trace]:
    async with desk.database.read() as connection:
        return await traces(connection, gifts)


async def test_a_gift_is_followed_into_villages_and_a_payout_back_to_its_money(
    desk: Desk, clock: MovableClock
) -> None:
    """The fund of the desk holds 1,000,000 yuan of finance and 10 yuan that came before."""
    first, second = await receive_gift(desk, 300), await receive_gift(desk, 500)
    await settle_with_the_bank(desk, 1_000)
    await desk.settle(desk.payout_id)
    await pay(desk, FLOOR - 200_000 + 1_000 - 50, VILLAGE)
    before = await pay(desk, 150, VILLAGE)
    clock.set(NOVEMBER)
    after = await pay(desk, 400, OTHER_VILLAGE)
    failed = await desk.grant(250, village=OTHER_VILLAGE)
    await desk.settle(failed, failure_reason="账号已销户")

    found = await traced(desk, [first, second, new_id()])

    illness = Cause.ILLNESS
    assert found == {
        first: Trace(
            Fen(300),
            Fen(0),
            (
                TraceEntry(TraceKind.PAID_OUT, Fen(100), "2017-10", VILLAGE, illness),
                TraceEntry(TraceKind.PAID_OUT, Fen(200), "2017-11", OTHER_VILLAGE, illness),
            ),
        ),
        second: Trace(
            Fen(500),
            Fen(300),
            (
                TraceEntry(TraceKind.PAID_OUT, Fen(200), "2017-11", OTHER_VILLAGE, illness),
                TraceEntry(TraceKind.IN_FUND, Fen(300)),
            ),
        ),
    }
    async with desk.database.read() as connection:
        money = await origins(connection, [before, after, failed])
    assert {
        payout_id: [(origin.source, origin.amount_fen) for origin in origin_list]
        for payout_id, origin_list in money.items()
    } == {
        before: [(Source.DONATION, 50), (Source.DONATION, 100)],
        after: [(Source.DONATION, 200), (Source.DONATION, 200)],
    }
