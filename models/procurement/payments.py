"""A payment of the unit to the supplier by bank transfer, recorded with the bank's reference.

The transfer carries the order's own code in its memo. A reference of the bank counts once for a
unit; at most what is payable can be paid (domain §2 "Money of a unit").
"""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.kernel.clock import business_date
from models.kernel.database import Base, Transaction
from models.kernel.money import Fen
from models.kernel.refusals import InvalidValue, Refusal
from models.kernel.texts import required
from models.parties import Actor
from models.procurement import budgets
from models.procurement.budgets import Move
from models.procurement.orders import Order, OrderMove, advance, take

REFERENCE_LENGTH_MAX = 64


class OrderPayment(Base):
    """One bank transfer for one order; append-only."""

    __tablename__ = "order_payments"
    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount_is_positive"),
        UniqueConstraint("unit_id", "bank_reference"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), index=True)
    event_id: Mapped[UUID] = mapped_column(ForeignKey("order_events.id"))
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    amount_fen: Mapped[Fen]
    bank_reference: Mapped[str] = mapped_column(String(REFERENCE_LENGTH_MAX))
    paid_on: Mapped[dt.date]


@dataclass(eq=False)
class PaymentExceedsPayable(Refusal):
    """Less is owed on the order than the payment comes to."""

    payable_fen: Fen
    required_fen: Fen


@dataclass(eq=False)
class BankReferenceUsed(Refusal):
    """A payment with this reference of the bank was recorded before."""

    bank_reference: str


async def record(
    transaction: Transaction,
    actor: Actor,
    *,
    payment_id: UUID,
    order_id: UUID,
    amount_fen: Fen,
    bank_reference: str,
    paid_on: dt.date,
) -> None:
    """Record a payment of an order, by an officer of the unit.

    After: the amount is paid instead of payable. Refuses with InvalidValue, NotFound, NotYourUnit,
    WrongState, PaymentExceedsPayable or BankReferenceUsed.
    """
    reference = required(bank_reference, path="bankReference", longest=REFERENCE_LENGTH_MAX)
    if amount_fen <= 0:
        raise InvalidValue(path="amountFen", reason="range")
    order = await take(transaction, actor, order_id=order_id, move=OrderMove.PAY)
    if paid_on > business_date(transaction.now):
        raise InvalidValue(path="paidOn", reason="future")
    if amount_fen > order.payable_fen:
        raise PaymentExceedsPayable(payable_fen=order.payable_fen, required_fen=amount_fen)
    event_id = await advance(
        transaction,
        actor,
        order=order,
        move=OrderMove.PAY,
        to=order.state,
        amount_fen=amount_fen,
        changes=_paid(amount_fen),
        note=reference,
    )
    row = {
        "id": payment_id,
        "order_id": order_id,
        "event_id": event_id,
        "unit_id": order.unit_id,
        "amount_fen": amount_fen,
        "bank_reference": reference,
        "paid_on": paid_on,
    }
    key = ("unit_id", "bank_reference")
    if not await transaction.insert_if_free(OrderPayment, row, key=key):
        raise BankReferenceUsed(bank_reference=reference)
    await budgets.move(
        transaction,
        order.purse,
        reason="order_paid",
        subject=("order_event", event_id),
        amounts={Move.PAY: amount_fen},
    )


def _paid(amount_fen: Fen) -> dict[str, object]:
    return {
        "payable_fen": Order.payable_fen - amount_fen,
        "paid_fen": Order.paid_fen + amount_fen,
    }
