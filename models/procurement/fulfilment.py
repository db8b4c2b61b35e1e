"""What happens to an order's goods up to the door: confirmed, shipped, rejected, cancelled.

What is given up before shipping goes back into the stock. Goods that were under way are the
supplier's to count again: they may not be fit for sale.
"""

from uuid import UUID

from sqlalchemy import bindparam, select, update

from models.kernel.database import Transaction
from models.kernel.money import Fen
from models.kernel.refusals import InvalidValue
from models.parties import Actor
from models.procurement import budgets
from models.procurement.budgets import Move
from models.procurement.orders import (
    Order,
    OrderLine,
    OrderMove,
    OrderState,
    Taken,
    advance,
    require_length,
    settled_state,
    take,
)
from models.procurement.products import Product

_IN_STOCK = frozenset({OrderState.PLACED, OrderState.CONFIRMED})


async def confirm(transaction: Transaction, actor: Actor, *, order_id: UUID) -> None:
    """Take on a placed order, by the supplier's people.

    Refuses with NotFound, NotYourSupplier or WrongState.
    """
    order = await take(transaction, actor, order_id=order_id, move=OrderMove.CONFIRM)
    await advance(transaction, actor, order=order, move=OrderMove.CONFIRM, to=OrderState.CONFIRMED)


async def ship(transaction: Transaction, actor: Actor, *, order_id: UUID, note: str = "") -> None:
    """Send the goods of a confirmed order, by the supplier's people; the note names the carrier.

    Refuses with NotFound, NotYourSupplier, WrongState or InvalidValue.
    """
    require_length("note", note)
    order = await take(transaction, actor, order_id=order_id, move=OrderMove.SHIP)
    await advance(
        transaction, actor, order=order, move=OrderMove.SHIP, to=OrderState.SHIPPED, note=note
    )


async def reject(transaction: Transaction, actor: Actor, *, order_id: UUID, reason: str) -> None:
    """Decline an order before shipping (the supplier's people) or refuse its delivery (the unit).

    After: what it held of the appropriation is available again. Refuses with NotFound, NotYourUnit,
    NotYourSupplier, WrongState or InvalidValue (no reason).
    """
    if not reason.strip():
        raise InvalidValue(path="reason", reason="missing")
    require_length("reason", reason)
    order = await take(transaction, actor, order_id=order_id, move=OrderMove.REJECT)
    await _give_up(
        transaction,
        actor,
        order=order,
        move=OrderMove.REJECT,
        to=OrderState.REJECTED,
        reason=reason,
    )


async def cancel(
    transaction: Transaction, actor: Actor, *, order_id: UUID, reason: str = ""
) -> None:
    """Cancel an order that has not shipped, or the rest of a partly accepted one, by the unit.

    After: what it held of the appropriation is available again. Refuses with NotFound, NotYourUnit,
    WrongState or InvalidValue.
    """
    require_length("reason", reason)
    order = await take(transaction, actor, order_id=order_id, move=OrderMove.CANCEL)
    to = OrderState.CANCELLED
    if order.state is OrderState.PARTLY_ACCEPTED:
        to = settled_state(
            held_fen=0, accepted_fen=order.accepted_fen, returned_fen=order.returned_fen
        )
    await _give_up(transaction, actor, order=order, move=OrderMove.CANCEL, to=to, reason=reason)


async def _give_up(
    transaction: Transaction,
    actor: Actor,
    *,
    order: Taken,
    move: OrderMove,
    to: OrderState,
    reason: str,
) -> None:
    event_id = await advance(
        transaction,
        actor,
        order=order,
        move=move,
        to=to,
        amount_fen=order.held_fen,
        changes={
            "held_fen": Fen(0),
            "released_fen": Order.released_fen + order.held_fen,
        },
        note=reason,
    )
    if order.state in _IN_STOCK:
        await _put_back(transaction, order.id)
    await budgets.move(
        transaction,
        order.purse,
        reason=f"order_{to}",
        subject=("order_event", event_id),
        amounts={Move.RELEASE: order.held_fen},
    )


async def _put_back(transaction: Transaction, order_id: UUID) -> None:
    lines = await transaction.execute(
        select(OrderLine.product_id, OrderLine.quantity)
        .where(OrderLine.order_id == order_id)
        .order_by(OrderLine.product_id)
    )
    # One statement a product, in the order of their ids: the locks are taken as `place` takes them.
    await transaction.execute(
        update(Product)
        .where(Product.id == bindparam("product_id"))
        .values(stock_quantity=Product.stock_quantity + bindparam("returned_quantity")),
        [
            {"product_id": line.product_id, "returned_quantity": line.quantity}
            for line in lines.all()
        ],
    )
