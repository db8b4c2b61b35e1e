"""Relief leaves the fund in two steps, by two people, out of the oldest money."""

import asyncio
import dataclasses

import pytest
from sqlalchemy import func, select

from models.funds import checks
from models.funds.floor import OpenCall
from models.funds.receipts import FundReceipt, PayoutSource, ReferenceUsed
from models.funds.statement import FundOverdrawn
from models.households import Household
from models.kernel.database import Database
from models.kernel.ids import new_id
from models.kernel.refusals import InvalidValue, NotFound, Refusal, WrongState
from models.kernel.sealing import Place
from models.parties import Actor
from models.parties.rights import NotPermitted
from models.relief import payouts
from models.relief.payouts import (
    BankReferenceRepeated,
    HouseholdOutsideDivision,
    ReliefPayout,
    SamePerson,
)
from tests.databases import count
from tests.desks import CARD, Desk, household, make_desk
from tests.parties import make_administrator, make_division


@pytest.fixture
async def desk(database: Database) -> Desk:
    return await make_desk(database, await make_administrator(database))


async def parts(desk: Desk) -> list[tuple[int, int]]:
    """What was taken from each receipt, oldest first, and what is left of it."""
    async with desk.database.read() as connection:
        rows = await connection.execute(
            select(func.coalesce(func.sum(PayoutSource.amount_fen), 0), FundReceipt.remaining_fen)
            .outerjoin(PayoutSource, PayoutSource.receipt_id == FundReceipt.id)
            .select_from(FundReceipt)
            .group_by(FundReceipt.id, FundReceipt.number, FundReceipt.remaining_fen)
            .order_by(FundReceipt.number)
        )
        return [(int(taken), left) for taken, left in rows]


async def differences(desk: Desk) -> list[str]:
    async with desk.database.snapshot() as connection:
        return await checks.check(connection)


async def test_a_payout_is_paid_out_of_the_oldest_money_and_the_parts_add_up(desk: Desk) -> None:
    await desk.settle(desk.payout_id)
    second = await desk.grant(99_800_000)
    await desk.replenish(1_000_000, "通财〔2017〕3号")
    assert await parts(desk) == [(200_000, 99_800_000), (0, 1_000), (0, 1_000_000)]

    await desk.settle(second)
    third = await desk.grant(500_000)
    await desk.settle(third)

    # The second gift lies with the provider, but money is money: the oldest is spent first.
    assert await parts(desk) == [(100_000_000, 0), (1_000, 0), (499_000, 501_000)]
    assert await differences(desk) == []


async def test_a_failed_payout_takes_nothing_from_any_receipt(desk: Desk) -> None:
    await desk.settle(desk.payout_id, failure_reason="户名不符")

    assert [taken for taken, _ in await parts(desk)] == [0, 0]
    async with desk.database.read() as connection:
        assert (await connection.execute(select(OpenCall.fund_id))).first() is None
    assert await differences(desk) == []


async def test_a_payout_is_settled_once(desk: Desk) -> None:
    await desk.settle(desk.payout_id)

    with pytest.raises(WrongState) as refusal:
        await desk.settle(desk.payout_id, failure_reason="晚到的失败")

    assert refusal.value.facts == {"noun": "relief_payout", "state": "paid"}
    assert (await parts(desk))[0] == (200_000, 99_800_000)


async def test_racing_answers_of_the_bank_settle_it_once(desk: Desk) -> None:
    outcomes = await asyncio.gather(
        *(desk.settle(desk.payout_id) for _ in range(4)), return_exceptions=True
    )

    assert sum(outcome is None for outcome in outcomes) == 1
    assert sum(isinstance(outcome, WrongState) for outcome in outcomes) == 3
    assert await differences(desk) == []


async def test_who_approved_a_payout_does_not_settle_it(desk: Desk) -> None:
    both = Actor(desk.reviewer.person_id, desk.reviewer.grants + desk.cashier.grants)

    with pytest.raises(SamePerson):
        await dataclasses.replace(desk, cashier=both).settle(desk.payout_id)

    assert await differences(desk) == []
    assert [taken for taken, _ in await parts(desk)] == [0, 0]


async def test_the_cards_and_names_of_households_are_sealed(desk: Desk) -> None:
    async with desk.database.read() as connection:
        row = (await connection.execute(select(Household.__table__))).one()

    assert CARD.encode() not in bytes(row.card_number)
    assert "张三".encode() not in bytes(row.head_name)
    assert row.card_last_four == CARD[-4:]
    place = Place("households", "card_number", row.id)
    assert desk.database.keyring.unseal(bytes(row.card_number), place) == CARD


async def test_refusals_leave_no_household_and_hold_nothing(desk: Desk) -> None:
    await make_division(desk.database, "371311001001")

    async def refused(**changes: object) -> type[Refusal]:
        asked = {
            "actor": desk.reviewer,
            "payout_id": new_id(),
            "fund_id": desk.fund_id,
            "household": household(),
            "cause": payouts.Cause.ILLNESS,
            "amount_fen": 100,
        } | changes
        with pytest.raises(Refusal) as refusal:
            await desk.database.transact(
                lambda transaction: payouts.grant(transaction, **asked)  # type: ignore[arg-type] # varied on purpose
            )
        return refusal.type

    assert await refused(actor=desk.cashier) is NotPermitted
    assert await refused(fund_id=new_id()) is NotFound
    assert await refused(amount_fen=0) is InvalidValue
    assert await refused(amount_fen=10**12) is FundOverdrawn
    assert await refused(household=household("371311001001")) is HouseholdOutsideDivision
    assert await refused(household=household("511702001099")) is InvalidValue
    assert await refused(household=household(card="6222021234567890127")) is InvalidValue
    assert await count(desk.database, Household) == 1
    assert await count(desk.database, ReliefPayout) == 1
    assert await differences(desk) == []


async def test_one_bank_reference_settles_one_payout(desk: Desk) -> None:
    other = await desk.grant(100)

    async def settle(payout_id: object) -> None:
        await desk.database.transact(
            lambda transaction: payouts.settle(
                transaction,
                desk.cashier,
                payout_id=payout_id,  # type: ignore[arg-type] # an id
                bank_reference="HZ-SAME",
                failure_reason=None,
            )
        )

    await settle(other)
    with pytest.raises(BankReferenceRepeated):
        await settle(desk.payout_id)

    assert await differences(desk) == []


async def test_one_document_replenishes_once_however_many_race(desk: Desk) -> None:
    outcomes = await asyncio.gather(
        *(desk.replenish(500, "通财〔2017〕9号") for _ in range(5)), return_exceptions=True
    )

    assert sum(isinstance(outcome, ReferenceUsed) for outcome in outcomes) == 4
    assert [left for _, left in await parts(desk)] == [100_000_000, 1_000, 500]
    assert await differences(desk) == []
