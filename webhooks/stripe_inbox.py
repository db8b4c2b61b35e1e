"""The payment provider's events on their way through the inbox: what is kept, how it is applied.

Of a signed event only what a rule reads is kept: the donor's name, address and card, which the
provider writes beside it, are none of ours (law 11). Applying translates each event and hands the
facts of the whole batch to the donations at once; whatever no rule accepts is parked with a reason.
"""

import datetime as dt
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from models.donations import payments
from models.donations.payments import PaymentFact, PaymentOutcome
from models.kernel.database import Transaction
from models.kernel.inbox import Parked, ReceivedEvent
from webhooks.stripe_checkout import CheckoutStanding
from webhooks.stripe_events import (
    DONATION_KEY,
    FUND_KEY,
    PaymentNews,
    PaymentStatus,
    Uneventful,
    Unknown,
    donation_named_by,
    translate,
)
from webhooks.stripe_signatures import BodyRefusedError, VerifiedEvent, read

SOURCE: Final = "stripe"
_ID_LENGTH = 255
_KIND_LENGTH = 120
_REFERENCE_LENGTH = 120
_KEPT: Final = (
    *("id", "object", "created", "livemode", "status", "currency", "metadata"),
    *("amount", "amount_total", "amount_received", "captured"),
    *("payment_intent", "payment_status", "client_reference_id", "charge"),
    *("last_payment_error", "failure_code", "failure_reason", "reason"),
)
_KEPT_INSIDE: Final[Mapping[str, tuple[str, ...]]] = {
    "metadata": (DONATION_KEY, FUND_KEY),
    "last_payment_error": ("code",),
}
_OUTCOMES: Final[Mapping[PaymentStatus, PaymentOutcome]] = {
    PaymentStatus.PENDING: PaymentOutcome.PENDING,
    PaymentStatus.PAID: PaymentOutcome.PAID,
    PaymentStatus.DECLINED: PaymentOutcome.DECLINED,
    PaymentStatus.FAILED: PaymentOutcome.FAILED,
    PaymentStatus.EXPIRED: PaymentOutcome.EXPIRED,
}


@dataclass(frozen=True, slots=True)
class Letter:
    """An event as the inbox takes it."""

    external_id: str
    kind: str
    body: Mapping[str, object]


def letter_of(event: VerifiedEvent) -> Letter:
    """What is kept of a verified event; BodyRefusedError when its names cannot be stored."""
    for name, length in ((event.event_id, _ID_LENGTH), (event.kind, _KIND_LENGTH)):
        if len(name) > length or not (name.isascii() and name.isprintable()):
            raise BodyRefusedError("not a name")
    subject = {name: _inside(name, event.subject[name]) for name in _KEPT if name in event.subject}
    return Letter(
        external_id=event.event_id,
        kind=event.kind,
        body={
            "object": "event",
            "id": event.event_id,
            "type": event.kind,
            "created": int(event.occurred_at.timestamp()),
            "livemode": event.is_live,
            "data": {"object": _storable(subject)},
        },
    )


def letter_of_standing(
    standing: CheckoutStanding, *, donation_id: UUID, asked_at: dt.datetime
) -> Letter:
    """What the provider answered about a page, as the event that should have told it.

    The same answer is the same event, so that asking again changes nothing.
    """
    is_complete = standing.status == "complete"
    answer = f"{standing.session_reference}:{standing.status}:{standing.payment_status}"
    return letter_of(
        VerifiedEvent(
            event_id=f"asked:{answer}",
            kind=f"checkout.session.{'completed' if is_complete else standing.status}",
            occurred_at=asked_at,
            is_live=standing.is_live,
            subject={
                "object": "checkout.session",
                "id": standing.session_reference,
                "status": standing.status,
                "payment_status": standing.payment_status,
                "payment_intent": standing.payment_reference,
                "amount_total": standing.amount_minor,
                "currency": standing.currency,
                "client_reference_id": str(donation_id),
            },
        )
    )


async def apply(transaction: Transaction, events: Sequence[ReceivedEvent]) -> Mapping[UUID, Parked]:
    """Apply stored events, all in one step; the answer is those that a person must look at."""
    parked: dict[UUID, Parked] = {}
    facts: list[PaymentFact] = []
    for event in events:
        try:
            verified = read(json.dumps(event.body))
        except BodyRefusedError:
            parked[event.id] = Parked("event_unreadable")
            continue
        news = _checked(translate(verified), verified)
        if isinstance(news, PaymentNews):
            facts.append(_fact(event.id, news))
        elif isinstance(news, Unknown):
            facts.append(_not_understood(event.id, news, verified))
    return parked | await payments.apply(transaction, facts)


def _checked(
    news: PaymentNews | Uneventful | Unknown, event: VerifiedEvent
) -> PaymentNews | Uneventful | Unknown:
    """The news, unless its payment has a name that no gift could keep."""
    if isinstance(news, PaymentNews) and len(news.payment_reference or "") > _REFERENCE_LENGTH:
        return Unknown(event_id=event.event_id, kind=event.kind, reason="payment_unreadable")
    return news


def _fact(event_id: UUID, news: PaymentNews) -> PaymentFact:
    return PaymentFact(
        event_id=event_id,
        outcome=_OUTCOMES.get(news.status, PaymentOutcome.OTHER),
        what=news.status.value,
        donation_id=news.donation_id,
        payment_reference=news.payment_reference,
        amount_minor=news.amount_minor,
        currency=news.currency,
        occurred_at=news.occurred_at,
    )


def _not_understood(event_id: UUID, news: Unknown, event: VerifiedEvent) -> PaymentFact:
    """Parked by its reason, in the work list of the fund if it names one of its gifts."""
    return PaymentFact(
        event_id=event_id,
        outcome=PaymentOutcome.OTHER,
        what=news.reason,
        donation_id=donation_named_by(event.subject),
        payment_reference=None,
        amount_minor=0,
        currency="",
        occurred_at=event.occurred_at,
    )


def _inside(name: str, value: object) -> object:
    if name in _KEPT_INSIDE and isinstance(value, dict):
        return {inner: value[inner] for inner in _KEPT_INSIDE[name] if inner in value}
    return value


def _storable(value: Any) -> Any:
    """The value in what both databases can hold: no NUL, half characters or endless numbers.

    A fraction becomes a text, which no amount is: money is never a float.
    """
    match value:
        case str():
            whole = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            return whole.replace("\0", "\ufffd")
        case dict():
            return {_storable(name): _storable(inner) for name, inner in value.items()}
        case list():
            return [_storable(inner) for inner in value]
        case float():
            return str(value) if math.isfinite(value) else "not_a_number"
    return value
