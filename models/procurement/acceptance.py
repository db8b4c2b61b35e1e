"""Acceptance (验收) of goods, whole or in part, and their return (退货).

What is accepted turns from held into payable and is credited to the origin villages in the same
transaction; a return takes it back, from what is still owed first and then from what was paid.
Payment is due within the days that 《保障中小企业款项支付条例》 sets, from the first
acceptance; where no rule was in force on that day, there is no due date. Returned goods do not go
back into the stock.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Row, bindparam, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from models.kernel.clock import business_date
from models.kernel.database import Base, Transaction
from models.kernel.ids import new_id
from models.kernel.money import Fen
from models.kernel.refusals import InvalidValue, NotFound, Refusal
from models.parties import Actor
from models.places import PolicyName, policy_number
from models.procurement import attribution, budgets
from models.procurement.attribution import Movement
from models.procurement.budgets import Move
from models.procurement.orders import (
    Order,
    OrderLine,
    OrderMove,
    Taken,
    advance,
    require_length,
    settled_state,
    take,
)


class LineMovement(Base):
    """Sales units of a line accepted (above zero) or returned (below) in one event; append-only."""

    __tablename__ = "order_line_movements"
    __table_args__ = (
        CheckConstraint("quantity <> 0", name="quantity_is_not_zero"),
        Index(None, "line_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(ForeignKey("order_events.id"), index=True)
    line_id: Mapped[UUID] = mapped_column(ForeignKey("order_lines.id"))
    quantity: Mapped[int]
    amount_fen: Mapped[Fen]


@dataclass(frozen=True, slots=True)
class LineQuantity:
    """Some sales units of an order line."""

    line_id: UUID
    quantity: int


@dataclass(eq=False)
class QuantityExceeded(Refusal):
    """Fewer sales units of the line are left to accept, or to return, than was asked."""

    line_id: UUID
    left_quantity: int
    required_quantity: int


@dataclass(frozen=True, slots=True)
class _Step:
    """A quantity accepted or returned of a line as it was found."""

    line: Row[*tuple[Any, ...]]
    quantity: int

    @property
    def amount_fen(self) -> Fen:
        return Fen(self.quantity * self.line.unit_price_fen)

    def movement(self, sign: int) -> Movement:
        line = self.line
        before = Fen((line.accepted_quantity - line.returned_quantity) * line.unit_price_fen)
        return Movement(line.id, line.lot_id, before, Fen(before + sign * self.amount_fen))


async def accept(
    transaction: Transaction,
    actor: Actor,
    *,
    order_id: UUID,
    quantities: Sequence[LineQuantity] | None = None,
    note: str = "",
) -> None:
    """Accept goods of a shipped order, by the unit: the given quantities, or all that is left.

    After: the accepted amount is payable, and attributed to the lots' villages. Refuses with
    NotFound, NotYourUnit, WrongState, InvalidValue or QuantityExceeded.
    """
    require_length("note", note)
    order = await take(transaction, actor, order_id=order_id, move=OrderMove.ACCEPT)
    steps = await _steps(transaction, order, quantities, left=_left_to_accept)
    amount = _total(steps)
    due_on = order.due_on or await _due_on(transaction, order.division_code)
    event_id = await advance(
        transaction,
        actor,
        order=order,
        move=OrderMove.ACCEPT,
        to=settled_state(
            held_fen=order.held_fen - amount,
            accepted_fen=order.accepted_fen + amount,
            returned_fen=order.returned_fen,
        ),
        amount_fen=amount,
        changes={
            "held_fen": Order.held_fen - amount,
            "accepted_fen": Order.accepted_fen + amount,
            "payable_fen": Order.payable_fen + amount,
            "due_on": due_on,
        },
        note=note,
    )
    await _record(transaction, order, event_id, steps, sign=1)
    await _move(transaction, order, event_id, {Move.OWE: amount})


async def return_goods(
    transaction: Transaction,
    actor: Actor,
    *,
    order_id: UUID,
    quantities: Sequence[LineQuantity] | None = None,
    reason: str = "",
) -> None:
    """Give back accepted goods, by the unit: the given quantities, or all that was accepted.

    After: the amount is available to the unit again, and no longer attributed to villages. Refuses
    with NotFound, NotYourUnit, WrongState, InvalidValue or QuantityExceeded.
    """
    require_length("reason", reason)
    order = await take(transaction, actor, order_id=order_id, move=OrderMove.RETURN)
    steps = await _steps(transaction, order, quantities, left=_left_to_return)
    amount = _total(steps)
    unpaid = Fen(min(amount, order.payable_fen))
    event_id = await advance(
        transaction,
        actor,
        order=order,
        move=OrderMove.RETURN,
        to=settled_state(
            held_fen=order.held_fen,
            accepted_fen=order.accepted_fen,
            returned_fen=order.returned_fen + amount,
        ),
        amount_fen=amount,
        changes={
            "returned_fen": Order.returned_fen + amount,
            "payable_fen": Order.payable_fen - unpaid,
            "paid_fen": Order.paid_fen - (amount - unpaid),
        },
        note=reason,
    )
    await _record(transaction, order, event_id, steps, sign=-1)
    paid = Fen(amount - unpaid)
    await _move(transaction, order, event_id, {Move.NO_LONGER_OWE: unpaid, Move.GET_BACK: paid})


def _left_to_accept(line: Row[*tuple[Any, ...]]) -> int:
    left: int = line.quantity - line.accepted_quantity
    return left


def _left_to_return(line: Row[*tuple[Any, ...]]) -> int:
    left: int = line.accepted_quantity - line.returned_quantity
    return left


def _total(steps: Sequence[_Step]) -> Fen:
    return Fen(sum(step.amount_fen for step in steps))


async def _steps(
    transaction: Transaction,
    order: Taken,
    quantities: Sequence[LineQuantity] | None,
    *,
    left: Callable[[Row[*tuple[Any, ...]]], int],
) -> list[_Step]:
    rows = await transaction.execute(
        select(
            OrderLine.id,
            OrderLine.lot_id,
            OrderLine.quantity,
            OrderLine.unit_price_fen,
            OrderLine.accepted_quantity,
            OrderLine.returned_quantity,
        )
        .where(OrderLine.order_id == order.id)
        .order_by(OrderLine.position)
    )
    lines = {row.id: row for row in rows}
    if quantities is None:
        quantities = [LineQuantity(line.id, left(line)) for line in lines.values() if left(line)]
    if not quantities or len({asked.line_id for asked in quantities}) != len(quantities):
        raise InvalidValue(path="lines", reason="none" if not quantities else "line_twice")
    for asked in quantities:
        if asked.line_id not in lines:
            raise NotFound(noun="order_line")
        if asked.quantity <= 0:
            raise InvalidValue(path="lines.quantity", reason="range")
        if asked.quantity > (available := left(lines[asked.line_id])):
            raise QuantityExceeded(
                line_id=asked.line_id, left_quantity=available, required_quantity=asked.quantity
            )
    return [_Step(lines[asked.line_id], asked.quantity) for asked in quantities]


async def _record(
    transaction: Transaction, order: Taken, event_id: UUID, steps: Sequence[_Step], *, sign: int
) -> None:
    column = OrderLine.accepted_quantity if sign > 0 else OrderLine.returned_quantity
    await transaction.execute(
        update(OrderLine)
        .where(OrderLine.id == bindparam("line_id"))
        .values({column: column + bindparam("moved_quantity")}),
        [{"line_id": step.line.id, "moved_quantity": step.quantity} for step in steps],
    )
    await transaction.execute(
        insert(LineMovement),
        [
            {
                "id": new_id(),
                "event_id": event_id,
                "line_id": step.line.id,
                "quantity": sign * step.quantity,
                "amount_fen": sign * step.amount_fen,
            }
            for step in steps
        ],
    )
    await attribution.attribute(
        transaction,
        [step.movement(sign) for step in steps],
        order_id=order.id,
        event_id=event_id,
    )


async def _move(
    transaction: Transaction, order: Taken, event_id: UUID, amounts: Mapping[Move, Fen]
) -> None:
    await budgets.move(
        transaction,
        order.purse,
        reason="order_accepted" if Move.OWE in amounts else "goods_returned",
        subject=("order_event", event_id),
        amounts=amounts,
    )


async def _due_on(transaction: Transaction, division_code: str) -> dt.date | None:
    today = business_date(transaction.now)
    rule = await policy_number(
        transaction.connection, PolicyName.PAYMENT_DUE_DAYS, division_code, today
    )
    return None if rule is None else today + dt.timedelta(days=rule.value)
