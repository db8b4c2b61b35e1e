"""Acceptance and return: whole or in part, and when payment is due."""

import datetime as dt

import pytest
from sqlalchemy import insert, select

from models.kernel.clock import MovableClock
from models.kernel.ids import new_id
from models.kernel.refusals import InvalidValue, NotFound
from models.places import PolicyName, PolicyNumberRow, PolicyUnit
from models.procurement import acceptance
from models.procurement.acceptance import LineQuantity, QuantityExceeded
from models.procurement.orders import (
    Order,
    OrderState,
)
from tests.markets import FIRST, GRANTED_FEN, ORANGES_FEN, SECOND, THIRD, Market
from tests.models.procurement.moves import benefits, move, pay, trace


async def test_parts_are_accepted_and_the_rest_is_given_up(market: Market) -> None:
    order_id = await market.shipped(3)
    await market.accept(order_id, 2)
    assert await market.state(order_id) is OrderState.PARTLY_ACCEPTED

    await move(market, order_id, "cancel", "officer")

    figures = await market.figures()
    assert (figures.held_fen, figures.payable_fen) == (0, 2 * ORANGES_FEN)
    assert await market.state(order_id) is OrderState.ACCEPTED
    assert await market.stock(market.oranges_id) == 47
    assert await market.differences() == []


async def test_a_return_comes_from_what_is_owed_first_and_then_from_what_was_paid(
    market: Market,
) -> None:
    order_id = await market.shipped(3)
    await market.accept(order_id)
    await pay(market, order_id, 3_000)

    await market.give_back(order_id, 1)
    figures = await market.figures()
    assert (figures.payable_fen, figures.paid_fen) == (998, 3_000)
    await market.give_back(order_id, 2)
    figures = await market.figures()
    assert (figures.payable_fen, figures.paid_fen) == (0, 0)

    assert figures.available_fen == GRANTED_FEN
    assert await benefits(market) == {FIRST: 0, SECOND: 0, THIRD: 0}
    assert await market.state(order_id) is OrderState.RETURNED
    assert await market.differences() == []


async def test_no_more_is_accepted_or_returned_than_is_left(market: Market) -> None:
    order_id = await market.shipped(3)
    await market.accept(order_id, 2)
    before = await trace(market)

    with pytest.raises(QuantityExceeded) as refusal:
        await market.accept(order_id, 2)
    assert (refusal.value.left_quantity, refusal.value.required_quantity) == (1, 2)
    with pytest.raises(QuantityExceeded):
        await market.give_back(order_id, 3)
    for asked, expected in (
        ([], InvalidValue),
        ([LineQuantity(new_id(), 1)], NotFound),
        (await market.asked(order_id, (-1,)), InvalidValue),
        ((await market.asked(order_id, (1,)) or []) * 2, InvalidValue),
    ):
        with pytest.raises(expected):
            await market.do(
                lambda t, asked=asked: acceptance.accept(  # type: ignore[misc] # bound in the loop on purpose
                    t, market["officer"], order_id=order_id, quantities=asked
                )
            )

    assert await trace(market) == before


async def due_on(market: Market) -> dt.date | None:
    async with market.database.read() as connection:
        return (await connection.execute(select(Order.due_on))).scalar_one()


async def test_payment_is_due_by_the_rule_in_force_at_the_first_acceptance(
    market: Market, clock: MovableClock
) -> None:
    rule = {
        "name": PolicyName.PAYMENT_DUE_DAYS,
        "division_code": "000000000000",
        "valid_from": dt.date(2017, 1, 1),
        "valid_until": None,
        "value": 30,
        "unit": PolicyUnit.DAYS,
        "verified": False,
        "document": "",
        "clause": "",
        "note": "",
    }
    await market.do(lambda t: t.execute(insert(PolicyNumberRow).values(**rule)))
    order_id = await market.shipped(3)
    await market.accept(order_id, 1)
    assert await due_on(market) == dt.date(2017, 11, 15)

    clock.advance(dt.timedelta(days=5))
    await market.accept(order_id)

    assert await due_on(market) == dt.date(2017, 11, 15)


async def test_where_no_rule_is_in_force_there_is_no_due_date(market: Market) -> None:
    order_id = await market.shipped(3)
    await market.accept(order_id)

    assert await due_on(market) is None
