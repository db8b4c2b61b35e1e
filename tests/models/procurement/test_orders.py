"""The life of an order: every move, who may make it, and what it does to stock and money."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from models.kernel.refusals import NotFound, WrongState
from models.parties import ANONYMOUS
from models.parties.rights import NotPermitted, NotSignedIn
from models.procurement.orders import (
    LEGAL_MOVES,
    NotYourUnit,
    OrderMove,
    OrderState,
)
from models.procurement.suppliers import NotYourSupplier
from tests.markets import FIRST, GRANTED_FEN, SECOND, THIRD, Market
from tests.models.procurement.moves import benefits, move, pay, trace


async def test_the_whole_way_to_paid(market: Market) -> None:
    order_id = await market.shipped(3)
    await market.accept(order_id)
    await pay(market, order_id, 5_997)

    figures = await market.figures()
    assert (figures.held_fen, figures.payable_fen, figures.paid_fen) == (0, 0, 5_997)
    assert await benefits(market) == {FIRST: 2_999, SECOND: 1_799, THIRD: 1_199}
    assert await market.state(order_id) is OrderState.ACCEPTED
    assert await market.differences() == []


@pytest.mark.parametrize(
    ("steps", "by", "name", "state"),
    [
        ((), "officer", "cancel", OrderState.CANCELLED),
        (("confirm",), "officer", "cancel", OrderState.CANCELLED),
        ((), "supplier", "reject", OrderState.REJECTED),
        (("confirm",), "supplier", "reject", OrderState.REJECTED),
    ],
)
async def test_giving_up_before_shipping_releases_money_and_goods(
    market: Market, steps: tuple[str, ...], by: str, name: str, state: OrderState
) -> None:
    order_id = await market.place(3)
    for step in steps:
        await move(market, order_id, step, "supplier")

    await move(market, order_id, name, by)

    assert await market.state(order_id) is state
    assert (await market.figures()).available_fen == GRANTED_FEN
    assert await market.stock(market.oranges_id) == 50
    assert await market.differences() == []


async def test_a_refused_delivery_releases_the_money_but_not_the_goods(market: Market) -> None:
    order_id = await market.shipped(3)

    await move(market, order_id, "reject", "officer")

    assert await market.state(order_id) is OrderState.REJECTED
    assert (await market.figures()).available_fen == GRANTED_FEN
    assert await market.stock(market.oranges_id) == 47


PATHS: dict[OrderState, tuple[tuple[str, str], ...]] = {
    OrderState.PLACED: (),
    OrderState.CONFIRMED: (("confirm", "supplier"),),
    OrderState.SHIPPED: (("confirm", "supplier"), ("ship", "supplier")),
    OrderState.CANCELLED: (("cancel", "officer"),),
    OrderState.REJECTED: (("reject", "supplier"),),
    OrderState.ACCEPTED: (("confirm", "supplier"), ("ship", "supplier"), ("accept", "officer")),
    OrderState.RETURNED: (
        ("confirm", "supplier"),
        ("ship", "supplier"),
        ("accept", "officer"),
        ("return", "officer"),
    ),
}


@pytest.mark.parametrize("state", PATHS)
async def test_what_is_not_a_legal_move_is_refused_and_nothing_moves(
    market: Market, state: OrderState
) -> None:
    order_id = await market.place(3)
    for name, by in PATHS[state]:
        await move(market, order_id, name, by)
    assert await market.state(order_id) is state
    before = await trace(market)

    for illegal in set(OrderMove) - {OrderMove.PLACE}:
        if (illegal, state) in LEGAL_MOVES:
            continue
        by = "supplier" if illegal in (OrderMove.CONFIRM, OrderMove.SHIP) else "officer"
        with pytest.raises(WrongState) as refusal:
            await move(market, order_id, illegal, by)
        assert refusal.value.facts == {"noun": "order", "state": state}

    assert await trace(market) == before


@pytest.mark.parametrize(
    ("name", "by", "refusal"),
    [
        ("confirm", "rival", NotFound),
        ("confirm", "officer", NotPermitted),
        ("cancel", "sister", NotFound),
        ("cancel", "superior", NotPermitted),
        ("cancel", "supplier", NotPermitted),
        ("reject", "rival", NotFound),
        ("reject", "officer", NotYourSupplier),
        ("reject", "auditor", NotPermitted),
        ("accept", "nobody", NotSignedIn),
        ("pay", "finance", NotPermitted),
    ],
)
async def test_each_move_is_made_by_its_own_party_alone(
    market: Market, name: str, by: str, refusal: type[Exception]
) -> None:
    market.actors["nobody"] = ANONYMOUS
    order_id = await market.place(3)
    before = await trace(market)

    with pytest.raises(refusal):
        await move(market, order_id, name, by)

    assert await trace(market) == before
    assert await market.state(order_id) is OrderState.PLACED


async def test_a_shipped_order_is_rejected_by_the_unit_not_by_the_supplier(market: Market) -> None:
    order_id = await market.shipped(3)

    with pytest.raises(NotYourUnit):
        await move(market, order_id, "reject", "supplier")

    assert await market.state(order_id) is OrderState.SHIPPED


@pytest.mark.parametrize(
    "table", ["order_events", "order_line_movements", "village_benefits", "order_payments"]
)
async def test_the_history_of_an_order_cannot_be_rewritten(market: Market, table: str) -> None:
    order_id = await market.shipped(3)
    await market.accept(order_id)
    await pay(market, order_id, 100)

    for act in (f"DELETE FROM {table}", f"UPDATE {table} SET id = id"):
        with pytest.raises(DBAPIError, match="append-only"):
            await market.do(lambda t, act=act: t.execute(text(act)))  # type: ignore[misc] # bound in the loop on purpose


@pytest.mark.parametrize(
    "act",
    [
        "UPDATE orders SET held_fen = held_fen - 1",
        "UPDATE orders SET payable_fen = payable_fen + 1",
        "UPDATE orders SET accepted_fen = accepted_fen + 1, held_fen = held_fen - 1",
        "UPDATE order_lines SET accepted_quantity = quantity + 1",
        "UPDATE order_lines SET amount_fen = amount_fen + 1",
    ],
)
async def test_the_database_itself_refuses_figures_that_do_not_add_up(
    market: Market, act: str
) -> None:
    await market.place(3)

    with pytest.raises(IntegrityError):
        await market.do(lambda transaction: transaction.execute(text(act)))


async def test_the_check_names_what_was_changed_behind_the_back_of_the_model(
    market: Market,
) -> None:
    order_id = await market.shipped(3)
    await market.accept(order_id, 1)
    assert await market.differences() == []

    await market.do(
        lambda t: t.execute(
            text("UPDATE order_lines SET accepted_quantity = accepted_quantity + 1")
        )
    )
    await market.do(
        lambda t: t.execute(
            text("UPDATE orders SET held_fen = held_fen - 5, released_fen = released_fen + 5")
        )
    )
    await market.do(lambda t: t.execute(text("UPDATE orders SET state = 'confirmed'")))

    found = "\n".join(await market.differences())
    for word in ("its movements make", "the split of", "its lines make", "history", "held is"):
        assert word in found
