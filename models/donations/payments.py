"""What the payment provider says becomes of gifts: each is booked once, however it is told.

Facts come duplicated, late and in any order, and one payment is told in several. What decides is
the payment's own reference: the first fact that says "paid", in yuan and for the gift's amount,
books the gift; a second one for the same payment changes nothing; a paid gift stays paid whatever
comes later. A fact that fits no rule is parked for a person (domain §3, "Donations"; law 5).
"""

import datetime as dt
import enum
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, or_, select, update

from models.donations.gifts import Donation, DonationState
from models.funds import receipts
from models.funds.fund import Purse, Source
from models.funds.receipts import NewReceipt
from models.kernel.database import Transaction
from models.kernel.ids import new_code, new_id
from models.kernel.inbox import Parked
from models.kernel.money import Fen

_CURRENCY = "cny"
# An expired page also cancels its payment, which by itself would read as a failure.
_COURSE = (
    DonationState.STARTED,
    DonationState.PENDING,
    DonationState.FAILED,
    DonationState.EXPIRED,
    DonationState.RECEIVED,
)


class PaymentOutcome(enum.StrEnum):
    """What a fact says of a payment."""

    PENDING = "pending"
    PAID = "paid"
    DECLINED = "declined"
    FAILED = "failed"
    EXPIRED = "expired"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class PaymentFact:
    """One fact about one payment, in our words; `event_id` is that of the stored event.

    `amount_minor` is in the smallest unit of `currency`; `what` is what the provider calls it.
    """

    event_id: UUID
    outcome: PaymentOutcome
    what: str
    donation_id: UUID | None
    payment_reference: str | None
    amount_minor: int
    currency: str
    occurred_at: dt.datetime


@dataclass(slots=True)
class Gift:
    """A gift as it changes while the facts of a batch are read."""

    id: UUID
    fund_id: UUID
    division_code: str
    amount_fen: Fen
    state: DonationState
    payment_reference: str | None
    paid_by: PaymentFact | None = None
    is_changed: bool = False


def decide(gift: Gift, fact: PaymentFact) -> Parked | None:
    """Let a fact change its gift, or say why a person must look at it."""
    if fact.outcome is PaymentOutcome.OTHER:
        return Parked(fact.what, gift.division_code)
    if fact.outcome is PaymentOutcome.PAID:
        return _decide_paid(gift, fact)
    if fact.outcome is not PaymentOutcome.DECLINED:
        _advance(gift, DonationState(fact.outcome.value))
    return None


def _advance(gift: Gift, state: DonationState) -> None:
    """Only ever forward, so that the order in which facts come does not matter."""
    if _COURSE.index(state) > _COURSE.index(gift.state):
        gift.state = state
        gift.is_changed = True


def _decide_paid(gift: Gift, fact: PaymentFact) -> Parked | None:
    if fact.currency != _CURRENCY:
        return Parked("wrong_currency", gift.division_code)
    if fact.amount_minor != gift.amount_fen:
        return Parked("wrong_amount", gift.division_code)
    if fact.payment_reference is None:
        return Parked("payment_without_reference", gift.division_code)
    if gift.state is DonationState.RECEIVED:
        if gift.payment_reference == fact.payment_reference:
            return None
        return Parked("paid_twice", gift.division_code)
    _advance(gift, DonationState.RECEIVED)
    gift.payment_reference = fact.payment_reference
    gift.paid_by = fact
    return None


def _unplaced(fact: PaymentFact) -> Parked:
    is_other = fact.outcome is PaymentOutcome.OTHER
    return Parked(fact.what if is_other else "unknown_donation")


async def apply(transaction: Transaction, facts: Sequence[PaymentFact]) -> dict[UUID, Parked]:
    """Apply a batch of facts: gifts, ledger, statement and floor, one lock for each fund.

    After: every gift stands as the facts say. The answer names, by event id, the facts that are to
    be parked; they changed nothing.
    """
    gifts = await _locked_gifts(transaction, facts)
    by_reference = {
        gift.payment_reference: gift for gift in gifts.values() if gift.payment_reference
    }
    parked: dict[UUID, Parked] = {}
    # Those that name only the payment last: one of the others may book it first.
    for fact in sorted(facts, key=lambda fact: fact.donation_id is None):
        gift = (
            gifts.get(fact.donation_id)
            if fact.donation_id is not None
            else by_reference.get(fact.payment_reference or "")
        )
        trouble = decide(gift, fact) if gift is not None else _unplaced(fact)
        if trouble is not None:
            parked[fact.event_id] = trouble
        elif gift is not None and gift.payment_reference:
            by_reference[gift.payment_reference] = gift
    await _write(transaction, [gift for gift in gifts.values() if gift.is_changed])
    return parked


async def _locked_gifts(transaction: Transaction, facts: Sequence[PaymentFact]) -> dict[UUID, Gift]:
    ids = {fact.donation_id for fact in facts if fact.donation_id is not None}
    references = {fact.payment_reference for fact in facts if fact.donation_id is None} - {None}
    rows = await transaction.execute(
        select(
            Donation.id,
            Donation.fund_id,
            Donation.division_code,
            Donation.amount_fen,
            Donation.state,
            Donation.payment_reference,
        )
        .where(or_(Donation.id.in_(ids), Donation.payment_reference.in_(references)))
        .order_by(Donation.id)
        .with_for_update()
    )
    return {row.id: Gift(*row) for row in rows}


async def _write(transaction: Transaction, gifts: Sequence[Gift]) -> None:
    received: defaultdict[tuple[UUID, str], list[NewReceipt]] = defaultdict(list)
    rows: list[dict[str, Any]] = []
    for gift in gifts:
        fact = gift.paid_by
        rows.append(
            {
                "gift": gift.id,
                "state": gift.state,
                "payment_reference": gift.payment_reference,
                "receipt_code": new_code("JZ") if fact else None,
                "received_at": fact.occurred_at if fact else None,
            }
        )
        if fact is not None:
            received[gift.fund_id, gift.division_code].append(_receipt(gift, fact))
        transaction.announce("donation", gift.id)
    if rows:
        await transaction.execute(
            update(Donation)
            .where(Donation.id == bindparam("gift"))
            .values(
                state=bindparam("state"),
                payment_reference=bindparam("payment_reference"),
                receipt_code=bindparam("receipt_code"),
                received_at=bindparam("received_at"),
            ),
            rows,
        )
    for (fund_id, division_code), new_receipts in sorted(received.items()):
        await receipts.receive(transaction, fund_id, division_code, new_receipts)


def _receipt(gift: Gift, fact: PaymentFact) -> NewReceipt:
    assert gift.payment_reference is not None
    return NewReceipt(
        id=new_id(),
        source=Source.DONATION,
        purse=Purse.PROVIDER,
        amount_fen=gift.amount_fen,
        reference=gift.payment_reference,
        subject="donation",
        subject_id=gift.id,
        received_at=fact.occurred_at,
    )
