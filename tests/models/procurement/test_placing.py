"""Placing an order: what it takes and holds, and when it is refused."""

import datetime as dt

import pytest

from models.kernel.clock import MovableClock
from models.kernel.ids import new_id
from models.kernel.money import BasisPoints
from models.kernel.refusals import InvalidValue, NotFound
from models.parties import ANONYMOUS
from models.parties.rights import NotPermitted, NotSignedIn
from models.procurement import lots, suppliers
from models.procurement.baskets import NoValidLot, SeveralSuppliers, Wanted
from models.procurement.budgets import BudgetExceeded
from models.procurement.orders import (
    NotYourUnit,
    OrderState,
)
from models.procurement.products import OutOfStock
from models.procurement.suppliers import SupplierNotAdmitted
from tests.databases import PostgresqlServer
from tests.markets import GRANTED_FEN, ORANGES_FEN, SECOND, THIRD, Market, a_market, grant
from tests.models.procurement.moves import benefits, place, trace
from tests.statements import statements


async def test_placing_holds_the_total_and_takes_the_stock(market: Market) -> None:
    order_id = await market.place(3)

    figures = await market.figures()
    assert (figures.held_fen, figures.available_fen) == (5_997, GRANTED_FEN - 5_997)
    assert figures.total_fen == GRANTED_FEN
    assert await market.stock(market.oranges_id) == 47
    assert await market.state(order_id) is OrderState.PLACED
    assert await market.differences() == []


async def test_over_budget_is_refused_to_the_fen(market: Market) -> None:
    await market.do(lambda t: grant(t, market, 3 * ORANGES_FEN - 1 - GRANTED_FEN, "减〔2017〕1号"))
    before = await trace(market)

    with pytest.raises(BudgetExceeded) as refusal:
        await market.place(3)

    assert refusal.value.facts == {"available_fen": 5_996, "required_fen": 5_997}
    assert await trace(market) == before
    await market.do(lambda t: grant(t, market, 1, "增〔2017〕2号"))
    await market.place(3)
    assert (await market.figures()).available_fen == 0


async def test_a_year_without_an_appropriation_has_nothing(
    market: Market, clock: MovableClock
) -> None:
    clock.set(dt.datetime(2017, 12, 31, 16, 0, tzinfo=dt.UTC))

    with pytest.raises(BudgetExceeded) as refusal:
        await market.place(1)

    assert refusal.value.facts == {"available_fen": 0, "required_fen": ORANGES_FEN}


async def test_out_of_stock_names_the_product_and_what_is_there(market: Market) -> None:
    before = await trace(market)

    with pytest.raises(OutOfStock) as refusal:
        await market.place(51)

    assert refusal.value.facts == {
        "product_id": market.oranges_id,
        "product_name": "脐橙",
        "available_quantity": 50,
        "required_quantity": 51,
    }
    assert await trace(market) == before


@pytest.mark.parametrize(
    ("by", "refusal"),
    [
        ("sister", NotYourUnit),
        ("superior", NotPermitted),
        ("supplier", NotPermitted),
        ("auditor", NotPermitted),
        ("administrator", NotPermitted),
        ("nobody", NotSignedIn),
    ],
)
async def test_nobody_but_an_officer_of_the_unit_places(
    market: Market, by: str, refusal: type[Exception]
) -> None:
    market.actors["nobody"] = ANONYMOUS
    before = await trace(market)

    with pytest.raises(refusal):
        await place(market, by, [Wanted(market.oranges_id, 1)])

    assert await trace(market) == before


async def test_one_order_has_one_supplier_that_is_admitted(market: Market) -> None:
    before = await trace(market)
    both = [Wanted(market.oranges_id, 1), Wanted(market.rice_id, 1)]

    with pytest.raises(SeveralSuppliers) as refusal:
        await place(market, "officer", both)
    assert refusal.value.facts == {"supplier_names": ("宁都果业合作社", "宁都粮油公司")}
    await market.do(
        lambda transaction: suppliers.suspend(
            transaction,
            market["administrator"],
            organisation_id=market.rival_id,
            reason="inspection",
        )
    )
    with pytest.raises(SupplierNotAdmitted):
        await place(market, "officer", both[1:])

    assert await trace(market) == before


@pytest.mark.parametrize("quantities", [(), (0,), (-1,), (1_000_001,), (1, 1), (1,) * 101])
async def test_lines_that_make_no_sense_are_refused(
    market: Market, quantities: tuple[int, ...]
) -> None:
    before = await trace(market)

    with pytest.raises(InvalidValue):
        await place(
            market, "officer", [Wanted(market.oranges_id, quantity) for quantity in quantities]
        )
    with pytest.raises(NotFound):
        await place(market, "officer", [Wanted(market.oranges_id, 1), Wanted(new_id(), 1)])

    assert await trace(market) == before


async def test_a_line_keeps_the_newest_lot_that_was_valid_when_it_was_placed(
    market: Market, clock: MovableClock
) -> None:
    for number, valid_from, village in (
        ("old", dt.date(2016, 1, 1), SECOND),
        ("today", dt.date(2017, 10, 16), THIRD),
        ("tomorrow", dt.date(2017, 10, 17), SECOND),
    ):
        await market.do(
            lambda t, number=number, valid_from=valid_from, village=village: lots.add(  # type: ignore[misc] # bound in the loop on purpose
                t,
                market["supplier"],
                lot_id=new_id(),
                product_id=market.oranges_id,
                number=number,
                valid_from=valid_from,
                villages={village: BasisPoints(10_000)},
            )
        )
    order_id = await market.shipped(1)
    clock.advance(dt.timedelta(days=2))
    await market.accept(order_id)

    assert await benefits(market) == {THIRD: ORANGES_FEN}


async def test_a_product_without_a_valid_lot_is_not_sold(
    market: Market, clock: MovableClock
) -> None:
    clock.set(dt.datetime(2016, 12, 31, 15, 59, tzinfo=dt.UTC))

    with pytest.raises(NoValidLot) as refusal:
        await market.place(1)

    assert refusal.value.facts == {"product_id": market.oranges_id, "product_name": "脐橙"}


async def test_placing_on_postgresql_takes_three_statements_however_many_lines(
    postgresql_server: PostgresqlServer,
) -> None:
    async with a_market(postgresql_server) as market:
        for wanted in (
            [Wanted(market.oranges_id, 1)],
            [Wanted(market.oranges_id, 1), Wanted(market.honey_id, 2)],
        ):
            with statements(market.database) as sent:
                await place(market, "officer", wanted)

            assert len(sent) == 3
            assert "FOR" not in sent[0]
            assert "ORDER BY id FOR NO KEY UPDATE" in sent[1]
            assert "ORDER BY id FOR NO KEY UPDATE" in sent[2]
