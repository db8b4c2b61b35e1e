"""The payment provider's events in our own words. Pure: it stores nothing and knows no table.

One payment is announced under several event ids. What makes it one is `payment_reference`, the id
of the vendor's PaymentIntent; a refund is one by `refund_reference`, a dispute by
`dispute_reference`. Every kind of event about a payment that we expect and every status of the
vendor has its line below; what has none is `Unknown`, for a person to look at.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from models.kernel.money import Fen
from webhooks.stripe_signatures import VerifiedEvent

DONATION_KEY = "donation_id"
FUND_KEY = "fund_id"


class PaymentStatus(StrEnum):
    """What became of a payment, a refund or a dispute."""

    PENDING = "pending"  # the donor agreed, the money is on its way
    PAID = "paid"
    DECLINED = "declined"  # one attempt failed; the page is still open for another
    FAILED = "failed"
    EXPIRED = "expired"
    REFUND_PENDING = "refund_pending"
    REFUNDED = "refunded"
    REFUND_FAILED = "refund_failed"
    DISPUTE_INQUIRY = "dispute_inquiry"  # a question from the bank; no money moves
    DISPUTED = "disputed"
    DISPUTE_WITHDRAWN = "dispute_withdrawn"  # the provider took the money out of our balance
    DISPUTE_REINSTATED = "dispute_reinstated"  # and put it back
    DISPUTE_WON = "dispute_won"
    DISPUTE_LOST = "dispute_lost"


@dataclass(frozen=True, kw_only=True)
class PaymentNews:
    """One fact about one payment; the amount is that of the fact (so of the refund)."""

    event_id: str
    status: PaymentStatus
    occurred_at: datetime
    amount_minor: int
    currency: str
    payment_reference: str | None = None  # none: a page on which nobody tried to pay
    donation_id: UUID | None = None  # none: refunds and disputes name only the payment
    session_reference: str | None = None
    refund_reference: str | None = None
    dispute_reference: str | None = None
    failure_code: str | None = None

    @property
    def amount_fen(self) -> Fen | None:
        """None where the currency has no fen: such an amount cannot be booked by mistake."""
        return Fen(self.amount_minor) if self.currency == "cny" else None


@dataclass(frozen=True, kw_only=True)
class Uneventful:
    """Understood; says nothing that another event does not say."""

    event_id: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class Unknown:
    """Not understood: to be parked where a person sees it, never guessed at."""

    event_id: str
    kind: str
    reason: str


class _UnreadableError(Exception):
    """Carries the reason of an Unknown."""


def translate(event: VerifiedEvent) -> PaymentNews | Uneventful | Unknown:
    """What the event says, in our words."""
    if event.kind in _UNEVENTFUL:
        return Uneventful(event_id=event.event_id, kind=event.kind)
    try:
        return _READERS.get(event.kind, _unexpected)(event)
    except _UnreadableError as error:
        return Unknown(event_id=event.event_id, kind=event.kind, reason=str(error))


def _unexpected(_: VerifiedEvent) -> PaymentNews:
    raise _UnreadableError("kind_unexpected")


def _session(event: VerifiedEvent, status: PaymentStatus) -> PaymentNews:
    session = event.subject
    payment_reference = _optional_text(session, "payment_intent")
    if payment_reference is None and status is not PaymentStatus.EXPIRED:
        raise _UnreadableError("payment_missing")
    return replace(
        _news(event, status, amount="amount_total", expected_object="checkout.session"),
        payment_reference=payment_reference,
        session_reference=_text(session, "id"),
        donation_id=_donation_id(session),
    )


def _session_completed(event: VerifiedEvent) -> PaymentNews:
    return _session(event, _word(event.subject, "payment_status", _SESSION_PAYMENT_STATUSES))


def _session_paid_late(event: VerifiedEvent) -> PaymentNews:
    if event.subject.get("payment_status") != "paid":
        raise _UnreadableError("payment_status_contradicts")
    return _session(event, PaymentStatus.PAID)


def _session_failed(event: VerifiedEvent) -> PaymentNews:
    return _session(event, PaymentStatus.FAILED)


def _session_expired(event: VerifiedEvent) -> PaymentNews:
    return _session(event, PaymentStatus.EXPIRED)


def _payment_intent(event: VerifiedEvent) -> PaymentNews:
    intent = event.subject
    status = _word(intent, "status", _INTENT_STATUSES)
    received = status is PaymentStatus.PAID
    error = intent.get("last_payment_error")
    return replace(
        _news(
            event,
            status,
            amount="amount_received" if received else "amount",
            expected_object="payment_intent",
        ),
        payment_reference=_text(intent, "id"),
        donation_id=_donation_id(intent),
        failure_code=_optional_text(error, "code") if isinstance(error, dict) else None,
    )


def _charge(event: VerifiedEvent) -> PaymentNews:
    charge = event.subject
    status = _word(charge, "status", _CHARGE_STATUSES)
    if status is PaymentStatus.PAID and charge.get("captured") is not True:
        raise _UnreadableError("charge_not_captured")
    return replace(
        _news(event, status, amount="amount", expected_object="charge"),
        payment_reference=_text(charge, "payment_intent"),
        donation_id=_donation_id(charge),
        failure_code=_optional_text(charge, "failure_code"),
    )


def _refund(event: VerifiedEvent) -> PaymentNews:
    refund = event.subject
    status = _word(refund, "status", _REFUND_STATUSES)
    return replace(
        _news(event, status, amount="amount", expected_object="refund"),
        payment_reference=_text(refund, "payment_intent"),
        refund_reference=_text(refund, "id"),
        failure_code=_optional_text(refund, "failure_reason"),
    )


def _dispute(event: VerifiedEvent) -> PaymentNews:
    return _dispute_as(event, _word(event.subject, "status", _DISPUTE_STATUSES))


def _dispute_withdrawn(event: VerifiedEvent) -> PaymentNews:
    return _dispute_as(event, PaymentStatus.DISPUTE_WITHDRAWN)


def _dispute_reinstated(event: VerifiedEvent) -> PaymentNews:
    return _dispute_as(event, PaymentStatus.DISPUTE_REINSTATED)


def _dispute_as(event: VerifiedEvent, status: PaymentStatus) -> PaymentNews:
    return replace(
        _news(event, status, amount="amount", expected_object="dispute"),
        payment_reference=_text(event.subject, "payment_intent"),
        dispute_reference=_text(event.subject, "id"),
        failure_code=_optional_text(event.subject, "reason"),
    )


def _news(
    event: VerifiedEvent, status: PaymentStatus, *, amount: str, expected_object: str
) -> PaymentNews:
    if event.subject.get("object") != expected_object:
        raise _UnreadableError("object_unexpected")
    match event.subject.get(amount):
        case bool():
            raise _UnreadableError("amount_unreadable")
        case int(amount_minor) if amount_minor >= 0:
            return PaymentNews(
                event_id=event.event_id,
                status=status,
                occurred_at=event.occurred_at,
                amount_minor=amount_minor,
                currency=_text(event.subject, "currency").lower(),
            )
        case _:
            raise _UnreadableError("amount_unreadable")


def _word(
    subject: Mapping[str, Any], name: str, words: Mapping[str, PaymentStatus | None]
) -> PaymentStatus:
    status = words.get(_text(subject, name))
    if status is None:
        raise _UnreadableError(f"{name}_unknown")
    return status


def _text(subject: Mapping[str, Any], name: str) -> str:
    value = _optional_text(subject, name)
    if not value:
        raise _UnreadableError(f"{name}_missing")
    return value


def _optional_text(subject: Mapping[str, Any], name: str) -> str | None:
    value = subject.get(name)
    if value is not None and not isinstance(value, str):
        raise _UnreadableError(f"{name}_unreadable")
    return value


def donation_named_by(subject: Mapping[str, Any]) -> UUID | None:
    """The donation that the subject of an event names, however little else of it is understood."""
    try:
        return _donation_id(subject)
    except _UnreadableError:
        return None


def _donation_id(subject: Mapping[str, Any]) -> UUID | None:
    metadata = subject.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise _UnreadableError("metadata_unreadable")
    named = {_optional_text(metadata, DONATION_KEY), _optional_text(subject, "client_reference_id")}
    named.discard(None)
    if len(named) > 1:
        raise _UnreadableError("donation_ambiguous")
    try:
        return UUID(named.pop()) if named else None
    except ValueError as error:
        raise _UnreadableError("donation_unreadable") from error


# None means: park it.
_SESSION_PAYMENT_STATUSES: Mapping[str, PaymentStatus | None] = {
    "paid": PaymentStatus.PAID,
    "unpaid": PaymentStatus.PENDING,
    "no_payment_required": None,  # a gift of nothing cannot be given
}
_INTENT_STATUSES: Mapping[str, PaymentStatus | None] = {
    "succeeded": PaymentStatus.PAID,
    "processing": PaymentStatus.PENDING,
    "requires_payment_method": PaymentStatus.DECLINED,
    "requires_action": PaymentStatus.PENDING,
    "requires_confirmation": PaymentStatus.PENDING,
    "canceled": PaymentStatus.FAILED,
    "requires_capture": None,  # we never ask for money to be held back
}
_CHARGE_STATUSES: Mapping[str, PaymentStatus | None] = {
    "succeeded": PaymentStatus.PAID,
    "pending": PaymentStatus.PENDING,
    "failed": PaymentStatus.DECLINED,
}
_REFUND_STATUSES: Mapping[str, PaymentStatus | None] = {
    "pending": PaymentStatus.REFUND_PENDING,
    "requires_action": PaymentStatus.REFUND_PENDING,
    "succeeded": PaymentStatus.REFUNDED,
    "failed": PaymentStatus.REFUND_FAILED,
    "canceled": PaymentStatus.REFUND_FAILED,
}
_DISPUTE_STATUSES: Mapping[str, PaymentStatus | None] = {
    "warning_needs_response": PaymentStatus.DISPUTE_INQUIRY,
    "warning_under_review": PaymentStatus.DISPUTE_INQUIRY,
    "warning_closed": PaymentStatus.DISPUTE_INQUIRY,
    "needs_response": PaymentStatus.DISPUTED,
    "under_review": PaymentStatus.DISPUTED,
    "appeal_needs_response": PaymentStatus.DISPUTED,
    "appeal_under_review": PaymentStatus.DISPUTED,
    "won": PaymentStatus.DISPUTE_WON,
    "lost": PaymentStatus.DISPUTE_LOST,
    "prevented": None,  # settled before it began, by rules of the card scheme we do not use
}

_READERS: Mapping[str, Callable[[VerifiedEvent], PaymentNews]] = {
    "checkout.session.completed": _session_completed,
    "checkout.session.async_payment_succeeded": _session_paid_late,
    "checkout.session.async_payment_failed": _session_failed,
    "checkout.session.expired": _session_expired,
    "payment_intent.succeeded": _payment_intent,
    "payment_intent.processing": _payment_intent,
    "payment_intent.payment_failed": _payment_intent,
    "payment_intent.canceled": _payment_intent,
    "charge.succeeded": _charge,
    "charge.pending": _charge,
    "charge.failed": _charge,
    "refund.created": _refund,
    "refund.updated": _refund,
    "refund.failed": _refund,
    "charge.refund.updated": _refund,
    "charge.dispute.created": _dispute,
    "charge.dispute.updated": _dispute,
    "charge.dispute.closed": _dispute,
    "charge.dispute.funds_withdrawn": _dispute_withdrawn,
    "charge.dispute.funds_reinstated": _dispute_reinstated,
}
_UNEVENTFUL = frozenset(
    {
        "payment_intent.created",
        "payment_intent.requires_action",
        "charge.updated",
        "charge.refunded",  # the sum so far; each refund also comes by itself as refund.*
    }
)
