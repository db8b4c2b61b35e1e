from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, get_args
from uuid import UUID

import pytest
from stripe import Charge, Dispute, Event, PaymentIntent
from stripe.checkout import Session

from models.kernel.ids import new_id
from webhooks.stripe_events import (
    DONATION_KEY,
    PaymentNews,
    PaymentStatus,
    Uneventful,
    Unknown,
    translate,
)
from webhooks.stripe_signatures import VerifiedEvent

DONATION = new_id()
AT = datetime(2017, 10, 17, 1, 0, tzinfo=UTC)
SESSION: Mapping[str, Any] = {
    "object": "checkout.session",
    "id": "cs_test_1",
    "payment_intent": "pi_1",
    "payment_status": "paid",
    "amount_total": 12_345,
    "currency": "cny",
    "client_reference_id": str(DONATION),
    "metadata": {DONATION_KEY: str(DONATION)},
}
INTENT: Mapping[str, Any] = {
    "object": "payment_intent",
    "id": "pi_1",
    "status": "succeeded",
    "amount": 12_345,
    "amount_received": 12_345,
    "currency": "cny",
    "metadata": {DONATION_KEY: str(DONATION)},
}
CHARGE: Mapping[str, Any] = {
    "object": "charge",
    "id": "ch_1",
    "payment_intent": "pi_1",
    "status": "succeeded",
    "captured": True,
    "amount": 12_345,
    "currency": "cny",
    "metadata": {DONATION_KEY: str(DONATION)},
}
REFUND: Mapping[str, Any] = {
    "object": "refund",
    "id": "re_1",
    "payment_intent": "pi_1",
    "status": "succeeded",
    "amount": 45,
    "currency": "cny",
}
DISPUTE: Mapping[str, Any] = {
    "object": "dispute",
    "id": "du_1",
    "payment_intent": "pi_1",
    "status": "needs_response",
    "reason": "fraudulent",
    "amount": 12_345,
    "currency": "cny",
}


def translated(
    kind: str, subject: Mapping[str, Any], **changes: Any
) -> PaymentNews | Uneventful | Unknown:
    return translate(
        VerifiedEvent(
            event_id="evt_1",
            kind=kind,
            occurred_at=AT,
            is_live=False,
            subject={**subject, **changes},
        )
    )


def news(kind: str, subject: Mapping[str, Any], **changes: Any) -> PaymentNews:
    answer = translated(kind, subject, **changes)
    assert isinstance(answer, PaymentNews), answer
    return answer


def parked(kind: str, subject: Mapping[str, Any], **changes: Any) -> str:
    answer = translated(kind, subject, **changes)
    assert isinstance(answer, Unknown), answer
    assert answer.event_id == "evt_1"
    assert answer.kind == kind
    return answer.reason


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        ("checkout.session.completed", SESSION),
        ("checkout.session.async_payment_succeeded", SESSION),
        ("payment_intent.succeeded", INTENT),
        ("charge.succeeded", CHARGE),
    ],
)
def test_every_way_to_say_paid_names_the_same_payment_gift_and_amount(
    kind: str, subject: Mapping[str, Any]
) -> None:
    paid = news(kind, subject)

    assert paid.status is PaymentStatus.PAID
    assert paid.payment_reference == "pi_1"
    assert paid.donation_id == DONATION
    assert paid.amount_fen == 12_345
    assert paid.occurred_at == AT


@pytest.mark.parametrize(
    ("kind", "subject", "changes", "status"),
    [
        ("checkout.session.completed", SESSION, {"payment_status": "unpaid"}, "pending"),
        ("checkout.session.async_payment_failed", SESSION, {"payment_status": "unpaid"}, "failed"),
        ("checkout.session.expired", SESSION, {"payment_intent": None}, "expired"),
        ("payment_intent.processing", INTENT, {"status": "processing"}, "pending"),
        ("payment_intent.canceled", INTENT, {"status": "canceled"}, "failed"),
        (
            "payment_intent.payment_failed",
            INTENT,
            {"status": "requires_payment_method", "amount_received": 0},
            "declined",
        ),
        ("charge.pending", CHARGE, {"status": "pending"}, "pending"),
        ("charge.failed", CHARGE, {"status": "failed"}, "declined"),
        ("refund.created", REFUND, {"status": "pending"}, "refund_pending"),
        ("refund.created", REFUND, {"status": "requires_action"}, "refund_pending"),
        ("refund.updated", REFUND, {}, "refunded"),
        ("charge.refund.updated", REFUND, {}, "refunded"),
        ("refund.failed", REFUND, {"status": "failed"}, "refund_failed"),
        ("refund.updated", REFUND, {"status": "canceled"}, "refund_failed"),
        ("charge.dispute.created", DISPUTE, {}, "disputed"),
        ("charge.dispute.created", DISPUTE, {"status": "warning_closed"}, "dispute_inquiry"),
        ("charge.dispute.updated", DISPUTE, {"status": "under_review"}, "disputed"),
        ("charge.dispute.closed", DISPUTE, {"status": "won"}, "dispute_won"),
        ("charge.dispute.closed", DISPUTE, {"status": "lost"}, "dispute_lost"),
        ("charge.dispute.funds_withdrawn", DISPUTE, {}, "dispute_withdrawn"),
        ("charge.dispute.funds_reinstated", DISPUTE, {"status": "won"}, "dispute_reinstated"),
    ],
)
def test_each_fact_has_its_own_word(
    kind: str, subject: Mapping[str, Any], changes: dict[str, Any], status: str
) -> None:
    assert news(kind, subject, **changes).status == status


def test_a_refund_is_known_by_its_own_reference_and_amount() -> None:
    refunded = news("refund.created", REFUND)

    assert refunded.refund_reference == "re_1"
    assert refunded.payment_reference == "pi_1"
    assert refunded.amount_fen == 45
    assert refunded.donation_id is None


def test_a_dispute_is_known_by_its_own_reference_and_reason() -> None:
    disputed = news("charge.dispute.created", DISPUTE)

    assert disputed.dispute_reference == "du_1"
    assert disputed.failure_code == "fraudulent"


def test_a_declined_attempt_says_why() -> None:
    declined = news(
        "payment_intent.payment_failed",
        INTENT,
        status="requires_payment_method",
        last_payment_error={"code": "card_declined"},
    )

    assert declined.failure_code == "card_declined"


def test_only_what_was_received_counts_as_paid() -> None:
    assert news("payment_intent.succeeded", INTENT, amount_received=12_000).amount_fen == 12_000


def test_an_amount_in_another_currency_is_never_fen() -> None:
    paid = news("checkout.session.completed", SESSION, currency="USD")

    assert paid.currency == "usd"
    assert paid.amount_minor == 12_345
    assert paid.amount_fen is None


def test_a_payment_that_names_no_gift_is_still_told() -> None:
    paid = news("payment_intent.succeeded", INTENT, metadata={})

    assert paid.donation_id is None


@pytest.mark.parametrize(
    ("kind", "subject", "changes", "reason"),
    [
        ("customer.created", {}, {}, "kind_unexpected"),
        (
            "checkout.session.completed",
            SESSION,
            {"payment_status": "no_payment_required"},
            "payment_status_unknown",
        ),
        (
            "checkout.session.completed",
            SESSION,
            {"payment_status": "half"},
            "payment_status_unknown",
        ),
        (
            "checkout.session.async_payment_succeeded",
            SESSION,
            {"payment_status": "unpaid"},
            "payment_status_contradicts",
        ),
        ("checkout.session.completed", SESSION, {"payment_intent": None}, "payment_missing"),
        (
            "checkout.session.completed",
            SESSION,
            {"payment_intent": {"id": "pi_1"}},
            "payment_intent_unreadable",
        ),
        ("checkout.session.completed", SESSION, {"object": "charge"}, "object_unexpected"),
        ("checkout.session.completed", SESSION, {"amount_total": None}, "amount_unreadable"),
        ("checkout.session.completed", SESSION, {"amount_total": -1}, "amount_unreadable"),
        ("checkout.session.completed", SESSION, {"amount_total": True}, "amount_unreadable"),
        ("checkout.session.completed", SESSION, {"amount_total": "12345"}, "amount_unreadable"),
        ("checkout.session.completed", SESSION, {"currency": None}, "currency_missing"),
        ("checkout.session.completed", SESSION, {"metadata": "x"}, "metadata_unreadable"),
        (
            "checkout.session.completed",
            SESSION,
            {"client_reference_id": str(UUID(int=7))},
            "donation_ambiguous",
        ),
        (
            "payment_intent.succeeded",
            INTENT,
            {"metadata": {DONATION_KEY: "the first"}},
            "donation_unreadable",
        ),
        ("payment_intent.succeeded", INTENT, {"status": "requires_capture"}, "status_unknown"),
        ("charge.succeeded", CHARGE, {"captured": False}, "charge_not_captured"),
        ("charge.succeeded", CHARGE, {"payment_intent": None}, "payment_intent_missing"),
        ("refund.updated", REFUND, {"status": None}, "status_missing"),
        ("charge.dispute.closed", DISPUTE, {"status": "prevented"}, "status_unknown"),
    ],
)
def test_what_cannot_be_understood_is_parked_with_its_reason(
    kind: str, subject: Mapping[str, Any], changes: dict[str, Any], reason: str
) -> None:
    assert parked(kind, subject, **changes) == reason


@pytest.mark.parametrize(
    "kind",
    [
        "payment_intent.created",
        "payment_intent.requires_action",
        "charge.updated",
        "charge.refunded",
    ],
)
def test_what_only_repeats_another_event_is_uneventful(kind: str) -> None:
    assert translated(kind, {}) == Uneventful(event_id="evt_1", kind=kind)


# Money held back or paid in part: we never ask for it, so a person must look.
PARKED_ON_PURPOSE = {
    "payment_intent.amount_capturable_updated",
    "payment_intent.partially_funded",
    "charge.captured",
    "charge.expired",
}


def test_every_kind_of_event_about_a_payment_is_placed() -> None:
    kinds = {
        kind
        for kind in get_args(Event.__annotations__["type"])
        if kind.split(".")[0] in {"checkout", "payment_intent", "charge", "refund"}
    }

    unplaced = {
        kind
        for kind in kinds
        if isinstance(answer := translated(kind, {}), Unknown)
        and answer.reason == "kind_unexpected"
    }

    assert len(kinds) > 20
    assert unplaced == PARKED_ON_PURPOSE


def words_of(resource: type, name: str) -> list[str]:
    """The SDK writes each as `Union[Literal[...], str]`, sometimes inside Optional."""
    found: list[str] = []
    pending = [resource.__annotations__[name]]
    while pending:
        for argument in get_args(pending.pop()):
            if isinstance(argument, str):
                found.append(argument)
            else:
                pending.append(argument)
    return found


@pytest.mark.parametrize(
    ("resource", "name", "kind", "subject", "parked_words"),
    [
        (
            Session,
            "payment_status",
            "checkout.session.completed",
            SESSION,
            {"no_payment_required"},
        ),
        (PaymentIntent, "status", "payment_intent.succeeded", INTENT, {"requires_capture"}),
        (Charge, "status", "charge.succeeded", CHARGE, set()),
        (Dispute, "status", "charge.dispute.updated", DISPUTE, {"prevented"}),
    ],
)
def test_every_status_of_the_vendor_has_a_word_of_ours_or_is_parked_by_name(
    resource: type, name: str, kind: str, subject: Mapping[str, Any], parked_words: set[str]
) -> None:
    words = words_of(resource, name)

    answers = {word: translated(kind, subject, **{name: word}) for word in words}
    unknown = {word for word, answer in answers.items() if isinstance(answer, Unknown)}

    assert len(words) >= 3
    assert unknown == parked_words
