"""Placing an order: goods leave the stock, and the unit's appropriation holds the total.

Three statements on PostgreSQL: what is wanted is priced without a lock; then stock is taken and
the order written; then the ledger moves. The locks, of products and then of accounts, each in the
order of their ids, are held for the last two only.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import bindparam, insert, text, update

from models.kernel.clock import business_date
from models.kernel.database import Transaction
from models.kernel.ids import new_code, new_id
from models.parties import Actor
from models.procurement import budgets
from models.procurement.baskets import Basket, Wanted, price
from models.procurement.budgets import NOTHING, BudgetExceeded, Move
from models.procurement.orders import (
    Order,
    OrderEvent,
    OrderLine,
    OrderMove,
    OrderState,
    require_length,
    require_officer,
)
from models.procurement.products import Product, out_of_stock

_TAKE_AND_WRITE = text(
    """
    WITH line AS (
        SELECT * FROM unnest(
            CAST(:line_ids AS uuid[]), CAST(:positions AS smallint[]),
            CAST(:product_ids AS uuid[]), CAST(:lot_ids AS uuid[]),
            CAST(:quantities AS integer[]), CAST(:unit_prices AS bigint[])
        ) AS l (id, position, product_id, lot_id, quantity, unit_price_fen)
    ), locked AS MATERIALIZED (
        SELECT id FROM products WHERE id = ANY(CAST(:product_ids AS uuid[]))
        ORDER BY id FOR NO KEY UPDATE
    ), taken AS (
        UPDATE products AS p SET stock_quantity = p.stock_quantity - line.quantity
        FROM line JOIN locked ON locked.id = line.product_id
        WHERE p.id = line.product_id AND p.stock_quantity >= line.quantity
        RETURNING p.id
    ), placed AS (
        INSERT INTO orders (id, number, transfer_code, unit_id, supplier_id, appropriation_id,
                            division_code, placed_by, placed_at, note, state, total_fen, held_fen,
                            released_fen, accepted_fen, returned_fen, payable_fen, paid_fen)
        VALUES (CAST(:order_id AS uuid), :number, :transfer_code, CAST(:unit_id AS uuid),
                CAST(:supplier_id AS uuid), CAST(:appropriation_id AS uuid), :division_code,
                CAST(:placed_by AS uuid), CAST(:now AS timestamptz), :note, 'placed',
                CAST(:total_fen AS bigint), CAST(:total_fen AS bigint), 0, 0, 0, 0, 0)
    ), written AS (
        INSERT INTO order_lines (id, order_id, position, product_id, lot_id, quantity,
                                 unit_price_fen, amount_fen, accepted_quantity, returned_quantity)
        SELECT id, CAST(:order_id AS uuid), position, product_id, lot_id, quantity,
               unit_price_fen, quantity * unit_price_fen, 0, 0
        FROM line
    ), event AS (
        INSERT INTO order_events (id, order_id, at, actor_id, move, state, amount_fen, note)
        VALUES (CAST(:event_id AS uuid), CAST(:order_id AS uuid), CAST(:now AS timestamptz),
                CAST(:placed_by AS uuid), 'place', 'placed', CAST(:total_fen AS bigint), '')
    )
    SELECT id FROM taken
    """
)


async def place(
    transaction: Transaction,
    actor: Actor,
    *,
    order_id: UUID,
    unit_id: UUID,
    wanted: Sequence[Wanted],
    note: str = "",
) -> None:
    """Place an order with one supplier, by an officer of the unit, at the prices of this moment.

    After: the stock is less by the quantities and the unit's appropriation of the year (in
    Shanghai) holds the total. Refuses with NotYourUnit, InvalidValue, NotFound, SeveralSuppliers,
    SupplierNotAdmitted, NoValidLot, OutOfStock or BudgetExceeded.
    """
    placed_by = require_officer(actor, unit_id)
    require_length("note", note)
    basket = await price(
        transaction.connection,
        unit_id=unit_id,
        wanted=wanted,
        day=business_date(transaction.now),
    )
    purse = basket.purse
    if purse is None:
        raise BudgetExceeded(available_fen=NOTHING, required_fen=basket.total_fen)
    order = {
        "order_id": order_id,
        "number": new_code("PO"),
        "transfer_code": new_transfer_code(),
        "unit_id": unit_id,
        "supplier_id": basket.supplier_id,
        "appropriation_id": purse.id,
        "division_code": basket.unit_division_code,
        "placed_by": placed_by,
        "note": note,
        "total_fen": basket.total_fen,
    }
    write = _write_on_postgresql if transaction.dialect == "postgresql" else _write_on_sqlite
    await write(transaction, basket, order)
    await budgets.move(
        transaction,
        purse,
        reason="order_placed",
        subject=("order", order_id),
        amounts={Move.HOLD: basket.total_fen},
    )


def new_transfer_code() -> str:
    """A short code for the memo of a bank transfer, which takes letters and digits only."""
    while not (code := new_code("T"))[-1].isalnum():
        pass
    return code


async def _write_on_postgresql(
    transaction: Transaction, basket: Basket, order: Mapping[str, object]
) -> None:
    lines = basket.lines
    taken = await transaction.execute(
        _TAKE_AND_WRITE,
        {
            **order,
            "now": transaction.now,
            "event_id": new_id(),
            "line_ids": [new_id() for _ in lines],
            "positions": list(range(1, len(lines) + 1)),
            "product_ids": [line.product_id for line in lines],
            "lot_ids": [line.lot_id for line in lines],
            "quantities": [line.quantity for line in lines],
            "unit_prices": [line.unit_price_fen for line in lines],
        },
    )
    if len(taken.all()) != len(lines):
        raise await out_of_stock(transaction, {line.product_id: line.quantity for line in lines})


async def _write_on_sqlite(
    transaction: Transaction, basket: Basket, order: Mapping[str, object]
) -> None:
    # There is one writer, so the stock that was read in this transaction is still there.
    await transaction.execute(
        update(Product)
        .where(Product.id == bindparam("product_id"))
        .values(stock_quantity=Product.stock_quantity - bindparam("taken_quantity")),
        [{"product_id": line.product_id, "taken_quantity": line.quantity} for line in basket.lines],
    )
    await transaction.execute(insert(Order).values(_order_row(transaction, order)))
    await transaction.execute(insert(OrderLine), _line_rows(basket, order))
    await transaction.execute(
        insert(OrderEvent).values(
            id=new_id(),
            order_id=order["order_id"],
            at=transaction.now,
            actor_id=order["placed_by"],
            move=OrderMove.PLACE,
            state=OrderState.PLACED,
            amount_fen=order["total_fen"],
            note="",
        )
    )


def _order_row(transaction: Transaction, order: Mapping[str, object]) -> dict[str, object]:
    nothing_yet = ("released_fen", "accepted_fen", "returned_fen", "payable_fen", "paid_fen")
    return {
        **{name: value for name, value in order.items() if name != "order_id"},
        **dict.fromkeys(nothing_yet, NOTHING),
        "id": order["order_id"],
        "placed_at": transaction.now,
        "state": OrderState.PLACED,
        "held_fen": order["total_fen"],
    }


def _line_rows(basket: Basket, order: Mapping[str, object]) -> list[dict[str, object]]:
    return [
        {
            "id": new_id(),
            "order_id": order["order_id"],
            "position": position,
            "product_id": line.product_id,
            "lot_id": line.lot_id,
            "quantity": line.quantity,
            "unit_price_fen": line.unit_price_fen,
            "amount_fen": line.amount_fen,
            "accepted_quantity": 0,
            "returned_quantity": 0,
        }
        for position, line in enumerate(basket.lines, start=1)
    ]
