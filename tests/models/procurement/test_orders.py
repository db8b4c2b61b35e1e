"""The life of an order: every move, who may make it, and what it does to stock and money."""

import datetime as dt

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from models.kernel.clock import MovableClock
from models.kernel.ids import new_id
from models.kernel.money import BasisPoints, Fen
from models.kernel.refusals import InvalidValue, NotFound, WrongState
from models.ledger.books import JournalRow
from models.parties import ANONYMOUS
from models.parties.rights import NotPermitted, NotSignedIn
from models.places import PolicyName, PolicyNumberRow, PolicyUnit
from models.procurement import acceptance, fulfilment, lots, payments, placing, suppliers
from models.procurement.acceptance import LineQuantity, QuantityExceeded
from models.procurement.attribution import VillageBenefit
from models.procurement.baskets import NoValidLot, SeveralSuppliers, Wanted
from models.procurement.budgets import BudgetExceeded
from models.procurement.orders import (
    LEGAL_MOVES,
    NotYourUnit,
    Order,
    OrderEvent,
    OrderLine,
    OrderMove,
    OrderState,
    PaymentState,
    payment_state,
)
from models.procurement.payments import BankReferenceUsed, OrderPayment, PaymentExceedsPayable
from models.procurement.products import OutOfStock
from models.procurement.suppliers import NotYourSupplier, SupplierNotAdmitted
from tests.databases import count
from tests.markets import FIRST, GRANTED_FEN, ORANGES_FEN, SECOND, THIRD, Market, grant

EVERY_TABLE = (Order, OrderLine, OrderEvent, JournalRow, VillageBenefit, OrderPayment)


async def trace(market: Market) -> tuple[object, ...]:
    """All that a refused command must leave as it was."""
    rows = [await count(market.database, table) for table in EVERY_TABLE]
    return (*rows, await market.figures(), await market.stock(market.oranges_id))


async def move(market: Market, order_id: object, name: str, by: str) -> None:
    """Make a move of an order in its simplest form."""
    actor = market[by]
    assert isinstance(order_id, type(market.unit_id))
    commands = {
        "confirm": lambda t: fulfilment.confirm(t, actor, order_id=order_id),
        "ship": lambda t: fulfilment.ship(t, actor, order_id=order_id),
        "reject": lambda t: fulfilment.reject(t, actor, order_id=order_id, reason="no"),
        "cancel": lambda t: fulfilment.cancel(t, actor, order_id=order_id),
        "accept": lambda t: acceptance.accept(t, actor, order_id=order_id),
        "return": lambda t: acceptance.return_goods(t, actor, order_id=order_id, reason="bad"),
        "pay": lambda t: payments.record(
            t,
            actor,
            payment_id=new_id(),
            order_id=order_id,
            amount_fen=Fen(100),
            bank_reference=str(new_id()),
            paid_on=dt.date(2017, 10, 16),
        ),
    }
    await market.do(commands[name])


async def test_placing_holds_the_total_and_takes_the_stock(market: Market) -> None:
    order_id = await market.place(3)

    figures = await market.figures()
    assert (figures.held_fen, figures.available_fen) == (5_997, GRANTED_FEN - 5_997)
    assert figures.total_fen == GRANTED_FEN
    assert await market.stock(market.oranges_id) == 47
    assert await market.state(order_id) is OrderState.PLACED
    assert await market.differences() == []


async def test_the_whole_way_to_paid(market: Market) -> None:
    order_id = await market.shipped(3)
    await market.accept(order_id)
    await pay(market, order_id, 5_997)

    figures = await market.figures()
    assert (figures.held_fen, figures.payable_fen, figures.paid_fen) == (0, 0, 5_997)
    assert await benefits(market) == {FIRST: 2_999, SECOND: 1_799, THIRD: 1_199}
    assert await market.state(order_id) is OrderState.ACCEPTED
    assert await market.differences() == []


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


async def pay(market: Market, order_id: object, amount_fen: int, reference: str = "B1") -> None:
    assert isinstance(order_id, type(market.unit_id))
    await market.do(
        lambda transaction: payments.record(
            transaction,
            market["officer"],
            payment_id=new_id(),
            order_id=order_id,
            amount_fen=Fen(amount_fen),
            bank_reference=reference,
            paid_on=dt.date(2017, 10, 16),
        )
    )


async def benefits(market: Market) -> dict[str, int]:
    statement = select(VillageBenefit.village_code, func.sum(VillageBenefit.amount_fen)).group_by(
        VillageBenefit.village_code
    )
    async with market.database.read() as connection:
        rows = await connection.execute(statement)
        return {code: int(amount) for code, amount in rows}


async def test_no_more_than_what_is_owed_is_paid_and_a_reference_counts_once(
    market: Market,
) -> None:
    order_id = await market.shipped(3)
    await market.accept(order_id, 1)
    before = await trace(market)

    with pytest.raises(PaymentExceedsPayable) as refusal:
        await pay(market, order_id, ORANGES_FEN + 1)
    assert refusal.value.facts == {"payable_fen": ORANGES_FEN, "required_fen": ORANGES_FEN + 1}
    assert await trace(market) == before

    await pay(market, order_id, 1_000, " B1 ")
    before = await trace(market)
    with pytest.raises(BankReferenceUsed) as used:
        await pay(market, order_id, 999, "B1")
    assert used.value.facts == {"bank_reference": "B1"}
    assert await trace(market) == before

    await pay(market, order_id, 999, "B2")
    assert (await market.figures()).paid_fen == ORANGES_FEN


@pytest.mark.parametrize(
    ("amount_fen", "reference", "paid_on", "path"),
    [
        (0, "B1", dt.date(2017, 10, 16), "amountFen"),
        (-1, "B1", dt.date(2017, 10, 16), "amountFen"),
        (1, " ", dt.date(2017, 10, 16), "bankReference"),
        (1, "B" * 65, dt.date(2017, 10, 16), "bankReference"),
        (1, "B1", dt.date(2017, 10, 17), "paidOn"),
    ],
)
async def test_a_payment_that_makes_no_sense_is_refused(
    market: Market, amount_fen: int, reference: str, paid_on: dt.date, path: str
) -> None:
    order_id = await market.shipped(3)
    await market.accept(order_id)
    before = await trace(market)

    with pytest.raises(InvalidValue) as refusal:
        await market.do(
            lambda transaction: payments.record(
                transaction,
                market["officer"],
                payment_id=new_id(),
                order_id=order_id,
                amount_fen=Fen(amount_fen),
                bank_reference=reference,
                paid_on=paid_on,
            )
        )

    assert refusal.value.path == path
    assert await trace(market) == before


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


async def place(market: Market, by: str, wanted: list[Wanted]) -> None:
    await market.do(
        lambda transaction: placing.place(
            transaction, market[by], order_id=new_id(), unit_id=market.unit_id, wanted=wanted
        )
    )


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


@pytest.mark.parametrize(
    ("held", "payable", "paid", "state"),
    [
        (100, 0, 0, PaymentState.UNPAID),
        (0, 100, 0, PaymentState.UNPAID),
        (0, 1, 99, PaymentState.PART_PAID),
        (1, 0, 99, PaymentState.PART_PAID),
        (0, 0, 100, PaymentState.PAID),
    ],
)
def test_paid_means_that_nothing_is_owed_nor_awaited(
    held: int, payable: int, paid: int, state: PaymentState
) -> None:
    found = payment_state(held_fen=Fen(held), payable_fen=Fen(payable), paid_fen=Fen(paid))
    assert found is state
