"""An order and the moves it may make (domain §2 "Order"): goods on one track, money on another.

Goods: placed → confirmed → shipped → partly accepted | accepted → returned, or cancelled by the
unit, or rejected — by the supplier before it ships, by the unit when it refuses the delivery.
Money: the order's own figures say what it still holds of the appropriation, owes and has paid; the
database checks that they add up, and the ledger carries the same moves. Every change takes the lock
of the order first, updates it only in the state that was expected, and leaves a row of history,
which is also the record of who did it.
"""

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Row,
    SmallInteger,
    String,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from models.kernel.database import Base, Transaction
from models.kernel.ids import new_id
from models.kernel.money import Fen
from models.kernel.refusals import NotFound, Refusal, WrongState
from models.kernel.texts import optional
from models.parties import Actor, Organisation, Role
from models.parties.rights import Right, own
from models.procurement.budgets import NOTHING, PURSE_COLUMNS, Appropriation, Purse
from models.procurement.scope import readable_orders
from models.procurement.suppliers import SELLING, NotYourSupplier

BUYING = own(Role.OFFICER)
NOTE_LENGTH_MAX = 400


class OrderState(enum.StrEnum):
    """Where the goods of an order are."""

    PLACED = "placed"
    CONFIRMED = "confirmed"
    SHIPPED = "shipped"
    PARTLY_ACCEPTED = "partly_accepted"
    ACCEPTED = "accepted"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    RETURNED = "returned"


class PaymentState(enum.StrEnum):
    """How much of what an order came to has been paid."""

    UNPAID = "unpaid"
    PART_PAID = "part_paid"
    PAID = "paid"


class OrderMove(enum.StrEnum):
    """What is done to an order."""

    PLACE = "place"
    CONFIRM = "confirm"
    SHIP = "ship"
    REJECT = "reject"
    CANCEL = "cancel"
    ACCEPT = "accept"
    RETURN = "return"
    PAY = "pay"


class Party(enum.Enum):
    """Whose people make a move."""

    UNIT = "unit"
    SUPPLIER = "supplier"


class Order(Base):
    """One order of one unit with one supplier, and where its money is, in fen."""

    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint("total_fen = held_fen + released_fen + accepted_fen", name="goods_add_up"),
        CheckConstraint(
            "accepted_fen - returned_fen = payable_fen + paid_fen", name="money_adds_up"
        ),
        CheckConstraint(
            "held_fen >= 0 AND released_fen >= 0 AND returned_fen >= 0"
            " AND payable_fen >= 0 AND paid_fen >= 0",
            name="nothing_is_negative",
        ),
        CheckConstraint("total_fen > 0", name="total_is_positive"),
        Index(None, "unit_id", "id"),
        Index(None, "supplier_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(24), unique=True)
    transfer_code: Mapped[str] = mapped_column(String(24), unique=True)
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("suppliers.id"))
    appropriation_id: Mapped[UUID] = mapped_column(ForeignKey("appropriations.id"), index=True)
    division_code: Mapped[str] = mapped_column(String(12))
    placed_by: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    placed_at: Mapped[dt.datetime]
    note: Mapped[str] = mapped_column(String(NOTE_LENGTH_MAX))
    state: Mapped[OrderState]
    due_on: Mapped[dt.date | None]
    total_fen: Mapped[Fen]
    held_fen: Mapped[Fen]
    released_fen: Mapped[Fen]
    accepted_fen: Mapped[Fen]
    returned_fen: Mapped[Fen]
    payable_fen: Mapped[Fen]
    paid_fen: Mapped[Fen]


class OrderLine(Base):
    """Whole sales units of one product out of one lot, at the price when it was placed."""

    __tablename__ = "order_lines"
    __table_args__ = (
        CheckConstraint("amount_fen = quantity * unit_price_fen", name="amount_is_the_product"),
        CheckConstraint(
            "quantity > 0 AND accepted_quantity BETWEEN 0 AND quantity"
            " AND returned_quantity BETWEEN 0 AND accepted_quantity",
            name="quantities_are_in_order",
        ),
        Index(None, "order_id", "position", unique=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"))
    position: Mapped[int] = mapped_column(SmallInteger)
    product_id: Mapped[UUID] = mapped_column(ForeignKey("products.id"), index=True)
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("lots.id"))
    quantity: Mapped[int]
    unit_price_fen: Mapped[Fen]
    amount_fen: Mapped[Fen]
    accepted_quantity: Mapped[int]
    returned_quantity: Mapped[int]


class OrderEvent(Base):
    """One move of an order: who, when, the state after it, and the amount it was about."""

    __tablename__ = "order_events"
    __table_args__ = (Index(None, "order_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"))
    at: Mapped[dt.datetime]
    actor_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    move: Mapped[OrderMove]
    state: Mapped[OrderState]
    amount_fen: Mapped[Fen]
    note: Mapped[str] = mapped_column(String(NOTE_LENGTH_MAX))


@dataclass(eq=False)
class NotYourUnit(Refusal):
    """Only an officer of the unit itself may do this."""

    unit_id: UUID


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may make a move, and the states it may lead to."""

    by: Party
    to: frozenset[OrderState]


def _rule(by: Party, *to: OrderState) -> Rule:
    return Rule(by, frozenset(to))


# Every move there is; what is not here is refused as WrongState. Cancelling a partly accepted
# order gives up the rest, so that its money is not held for goods that will not come.
LEGAL_MOVES: Mapping[tuple[OrderMove, OrderState], Rule] = {
    (OrderMove.CONFIRM, OrderState.PLACED): _rule(Party.SUPPLIER, OrderState.CONFIRMED),
    (OrderMove.SHIP, OrderState.CONFIRMED): _rule(Party.SUPPLIER, OrderState.SHIPPED),
    (OrderMove.REJECT, OrderState.PLACED): _rule(Party.SUPPLIER, OrderState.REJECTED),
    (OrderMove.REJECT, OrderState.CONFIRMED): _rule(Party.SUPPLIER, OrderState.REJECTED),
    (OrderMove.REJECT, OrderState.SHIPPED): _rule(Party.UNIT, OrderState.REJECTED),
    (OrderMove.CANCEL, OrderState.PLACED): _rule(Party.UNIT, OrderState.CANCELLED),
    (OrderMove.CANCEL, OrderState.CONFIRMED): _rule(Party.UNIT, OrderState.CANCELLED),
    (OrderMove.CANCEL, OrderState.PARTLY_ACCEPTED): _rule(
        Party.UNIT, OrderState.ACCEPTED, OrderState.RETURNED
    ),
    (OrderMove.ACCEPT, OrderState.SHIPPED): _rule(
        Party.UNIT, OrderState.PARTLY_ACCEPTED, OrderState.ACCEPTED
    ),
    (OrderMove.ACCEPT, OrderState.PARTLY_ACCEPTED): _rule(
        Party.UNIT, OrderState.PARTLY_ACCEPTED, OrderState.ACCEPTED
    ),
    (OrderMove.RETURN, OrderState.PARTLY_ACCEPTED): _rule(Party.UNIT, OrderState.PARTLY_ACCEPTED),
    (OrderMove.RETURN, OrderState.ACCEPTED): _rule(
        Party.UNIT, OrderState.ACCEPTED, OrderState.RETURNED
    ),
    (OrderMove.PAY, OrderState.PARTLY_ACCEPTED): _rule(Party.UNIT, OrderState.PARTLY_ACCEPTED),
    (OrderMove.PAY, OrderState.ACCEPTED): _rule(Party.UNIT, OrderState.ACCEPTED),
}

PARTIES: Mapping[OrderMove, frozenset[Party]] = {
    move: frozenset(rule.by for (made, _), rule in LEGAL_MOVES.items() if made is move)
    for move in OrderMove
}


@dataclass(frozen=True, slots=True)
class Taken:
    """An order that this transaction has locked, as it was found."""

    id: UUID
    unit_id: UUID
    division_code: str
    state: OrderState
    due_on: dt.date | None
    total_fen: Fen
    held_fen: Fen
    accepted_fen: Fen
    returned_fen: Fen
    payable_fen: Fen
    purse: Purse


def payment_state(*, held_fen: Fen, payable_fen: Fen, paid_fen: Fen) -> PaymentState:
    """Paid means that nothing is owed and no more goods are awaited."""
    if not paid_fen:
        return PaymentState.UNPAID
    return PaymentState.PART_PAID if held_fen or payable_fen else PaymentState.PAID


def settled_state(*, held_fen: int, accepted_fen: int, returned_fen: int) -> OrderState:
    """The state of an order of which something was accepted, by its figures after a move."""
    if held_fen:
        return OrderState.PARTLY_ACCEPTED
    return OrderState.RETURNED if accepted_fen == returned_fen else OrderState.ACCEPTED


def right_to(move: OrderMove) -> Right:
    """Who may make a move of some order; which one depends on its parties and its state."""
    if PARTIES[move] == {Party.UNIT, Party.SUPPLIER}:
        return BUYING | SELLING
    return BUYING if Party.UNIT in PARTIES[move] else SELLING


def require_length(path: str, text: str) -> None:
    """Refuses with InvalidValue a note or reason that is longer than is kept."""
    optional(text, path=path, longest=NOTE_LENGTH_MAX)


def require_officer(actor: Actor, unit_id: UUID) -> UUID:
    """The person, when an officer of exactly this unit.

    Refuses with NotSignedIn, NotPermitted, or NotYourUnit for an officer of another unit.
    """
    BUYING.admit(actor)
    if actor.person_id is None or not BUYING.holds(actor, organisation_id=unit_id):
        raise NotYourUnit(unit_id=unit_id)
    return actor.person_id


async def take(transaction: Transaction, actor: Actor, *, order_id: UUID, move: OrderMove) -> Taken:
    """Lock an order in order to make a move, if there is such a move and the actor may make it.

    Refuses with NotSignedIn, NotPermitted, NotFound (also when the actor may not read it),
    NotYourUnit, NotYourSupplier or WrongState. After: the order is locked until the transaction
    ends.
    """
    right_to(move).admit(actor)
    row = (
        await transaction.execute(
            select(
                Order.id,
                Order.unit_id,
                Order.supplier_id,
                Order.division_code,
                Order.state,
                Order.due_on,
                Order.total_fen,
                Order.held_fen,
                Order.accepted_fen,
                Order.returned_fen,
                Order.payable_fen,
                *(column.label(f"purse_{column.key}") for column in PURSE_COLUMNS),
            )
            .join(Organisation, Organisation.id == Order.unit_id)
            .join(Appropriation, Appropriation.id == Order.appropriation_id)
            .where(Order.id == order_id, readable_orders(actor, Order.supplier_id))
            .with_for_update(of=Order, key_share=True)
        )
    ).one_or_none()
    if row is None:
        raise NotFound(noun="order")
    _require_party(actor, row, move)
    found = row._mapping  # noqa: SLF001 - the documented way to read a row by column name
    return Taken(
        **{name: found[name] for name in Taken.__slots__ if name != "purse"},
        purse=Purse(**{column.key: found[f"purse_{column.key}"] for column in PURSE_COLUMNS}),
    )


def _require_party(actor: Actor, row: Row[*tuple[Any, ...]], move: OrderMove) -> None:
    acts_as = {
        Party.UNIT: BUYING.holds(actor, organisation_id=row.unit_id),
        Party.SUPPLIER: SELLING.holds(actor, organisation_id=row.supplier_id),
    }
    rule = LEGAL_MOVES.get((move, row.state))
    movers = {rule.by} if rule else PARTIES[move]
    if not any(acts_as[party] for party in movers):
        if Party.UNIT in movers:
            raise NotYourUnit(unit_id=row.unit_id)
        raise NotYourSupplier(supplier_id=row.supplier_id)
    if rule is None:
        raise WrongState(noun="order", state=row.state)


async def advance(
    transaction: Transaction,
    actor: Actor,
    *,
    order: Taken,
    move: OrderMove,
    to: OrderState,
    amount_fen: Fen = NOTHING,
    changes: Mapping[str, object] | None = None,
    note: str = "",
) -> UUID:
    """Make a move of a locked order, with a row of history; returns the id of that row.

    Before: the order was taken for this move. After: it is in the state `to`, with the changes.
    """
    assert actor.person_id is not None
    assert to in LEGAL_MOVES[move, order.state].to
    changed = await transaction.execute(
        update(Order)
        .where(Order.id == order.id, Order.state == order.state)
        .values({"state": to, **(changes or {})})
    )
    assert changed.rowcount == 1, "the order was locked in the state in which it was found"
    event_id = new_id()
    await transaction.execute(
        insert(OrderEvent).values(
            id=event_id,
            order_id=order.id,
            at=transaction.now,
            actor_id=actor.person_id,
            move=move,
            state=to,
            amount_fen=amount_fen,
            note=note,
        )
    )
    return event_id
