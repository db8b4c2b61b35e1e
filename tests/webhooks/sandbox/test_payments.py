"""Which events a payment makes, in which order, and what they say to the product."""

import datetime as dt
from typing import Any

import pytest
import stripe

from models.kernel.ids import new_id
from tests.webhooks.conftest import Ear, Sandbox, in_minutes
from webhooks.stripe_events import DONATION_KEY, PaymentNews, Unknown, translate
from webhooks.stripe_signatures import VerifiedEvent

CARD_EVENTS = [
    "payment_intent.created",
    "charge.succeeded",
    "payment_intent.succeeded",
    "checkout.session.completed",
    "charge.updated",
]
PENDING_EVENTS = [
    "payment_intent.created",
    "charge.pending",
    "payment_intent.processing",
    "checkout.session.completed",
]


def told(events: list[dict[str, Any]]) -> list[tuple[str, str | None, int]]:
    """What the product understands: status, payment, amount."""
    news: list[tuple[str, str | None, int]] = []
    for event in events:
        answer = translate(
            VerifiedEvent(
                event_id=event["id"],
                kind=event["type"],
                occurred_at=dt.datetime.fromtimestamp(event["created"], dt.UTC),
                is_live=event["livemode"],
                subject=event["data"]["object"],
            )
        )
        assert not isinstance(answer, Unknown), answer
        if isinstance(answer, PaymentNews):
            assert answer.amount_fen is not None
            news.append((answer.status.value, answer.payment_reference, answer.amount_fen))
    return news


async def test_a_payment_by_card_is_announced_under_five_ids_as_one_payment(
    sandbox: Sandbox, ear: Ear
) -> None:
    donation_id = str(new_id())
    names = {DONATION_KEY: donation_id}
    session_id = await sandbox.opened(
        client_reference_id=donation_id,
        metadata=names,
        payment_intent_data={"metadata": names, "description": "10·17"},
    )

    session = await sandbox.tell(f"sessions/{session_id}/pay")
    await ear.waited_for(5)

    assert ear.kinds() == CARD_EVENTS
    assert len({event["id"] for event in ear.heard}) == 5
    intent = session["payment_intent"]
    assert told(ear.heard) == [("paid", intent, 12_345)] * 3
    assert {event["data"]["object"]["metadata"][DONATION_KEY] for event in ear.heard} == {
        donation_id
    }
    assert (session["status"], session["payment_status"], session["url"]) == (
        "complete",
        "paid",
        None,
    )
    assert ear.heard[-1]["data"]["previous_attributes"] == {"balance_transaction": None}


async def test_events_tell_the_time_of_the_injected_clock(sandbox: Sandbox, ear: Ear) -> None:
    sandbox.clock.set(dt.datetime(2017, 10, 17, 3, 0, tzinfo=dt.UTC))
    await sandbox.paid()
    await ear.waited_for(5)

    created = {dt.datetime.fromtimestamp(event["created"], dt.UTC).date() for event in ear.heard}
    assert created == {dt.date(2017, 10, 17)}
    assert ear.refused == []


@pytest.mark.parametrize("method", ["alipay", "wechat_pay"])
async def test_a_wallet_may_pay_at_once_as_well(sandbox: Sandbox, method: str) -> None:
    intent = await sandbox.paid(method=method)

    assert await sandbox.kinds() == CARD_EVENTS
    charges = await sandbox.stripe.v1.charges.list_async({"payment_intent": intent})
    assert charges.data[0].payment_method_details is not None
    assert charges.data[0].payment_method_details.type == method


async def test_a_pending_payment_that_arrives_is_pending_then_paid(
    sandbox: Sandbox, ear: Ear
) -> None:
    session_id = await sandbox.opened()

    session = await sandbox.tell(f"sessions/{session_id}/pay", method="alipay", outcome="pending")
    assert (session["status"], session["payment_status"]) == ("complete", "unpaid")
    await sandbox.tell(f"sessions/{session_id}/settle", outcome="succeeded")
    await ear.waited_for(8)

    assert ear.kinds() == [
        *PENDING_EVENTS,
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.async_payment_succeeded",
        "charge.updated",
    ]
    statuses = [status for status, _, _ in told(ear.heard)]
    assert statuses == ["pending"] * 3 + ["paid"] * 3
    assert {payment for _, payment, _ in told(ear.heard)} == {session["payment_intent"]}


async def test_a_pending_payment_that_fails_is_failed_and_takes_nothing(
    sandbox: Sandbox, ear: Ear
) -> None:
    session_id = await sandbox.opened()

    await sandbox.tell(f"sessions/{session_id}/pay", method="wechat_pay", outcome="pending")
    await sandbox.tell(f"sessions/{session_id}/settle", outcome="failed")
    await ear.waited_for(7)

    assert ear.kinds()[4:] == [
        "charge.failed",
        "payment_intent.payment_failed",
        "checkout.session.async_payment_failed",
    ]
    assert [status for status, _, _ in told(ear.heard)][3:] == ["declined", "declined", "failed"]
    assert (await sandbox.stripe.v1.balance_transactions.list_async()).data == []


async def test_a_declined_card_leaves_the_page_open_for_another_try(
    sandbox: Sandbox, ear: Ear
) -> None:
    session_id = await sandbox.opened()

    declined = await sandbox.tell(f"sessions/{session_id}/pay", outcome="declined")
    assert declined["status"] == "open"
    paid = await sandbox.tell(f"sessions/{session_id}/pay", outcome="paid")
    await ear.waited_for(7)

    assert paid["payment_intent"] == declined["payment_intent"]
    assert ear.kinds() == [
        "payment_intent.created",
        "charge.failed",
        "payment_intent.payment_failed",
        *CARD_EVENTS[1:],
    ]
    failure = ear.heard[2]["data"]["object"]["last_payment_error"]
    assert failure["code"] == "card_declined"


async def test_a_page_expires_when_its_time_is_over(sandbox: Sandbox, ear: Ear) -> None:
    session_id = await sandbox.opened(expires_at=in_minutes(sandbox.clock, 31))
    sandbox.clock.advance(dt.timedelta(minutes=32))
    await ear.waited_for(1)

    assert ear.kinds() == ["checkout.session.expired"]
    assert told(ear.heard) == [("expired", None, 12_345)]
    session = await sandbox.stripe.v1.checkout.sessions.retrieve_async(session_id)
    assert (session.status, session.url) == ("expired", None)


async def test_a_page_that_expires_after_a_declined_try_ends_its_payment(sandbox: Sandbox) -> None:
    session_id = await sandbox.opened()
    await sandbox.tell(f"sessions/{session_id}/pay", outcome="declined")

    await sandbox.stripe.v1.checkout.sessions.expire_async(session_id)

    assert (await sandbox.kinds())[-2:] == ["payment_intent.canceled", "checkout.session.expired"]


@pytest.mark.parametrize("act", ["pay", "settle"])
async def test_a_page_that_is_over_takes_no_act(sandbox: Sandbox, act: str) -> None:
    session_id = await sandbox.opened()
    await sandbox.tell(f"sessions/{session_id}/pay")
    before = await sandbox.kinds()

    answer = await sandbox.http.post(f"/sandbox/sessions/{session_id}/{act}", json={})
    with pytest.raises(stripe.InvalidRequestError):
        await sandbox.stripe.v1.checkout.sessions.expire_async(session_id)

    assert answer.status_code == 400
    assert await sandbox.kinds() == before


@pytest.mark.parametrize(
    "order",
    [
        {"method": "card", "outcome": "pending"},
        {"method": "wechat_pay", "outcome": "paid"},
        {"method": "cash", "outcome": "paid"},
        {"method": "card", "outcome": "maybe"},
        {"method": "card", "colour": "red"},
    ],
)
async def test_an_act_the_page_does_not_offer_does_nothing(
    sandbox: Sandbox, order: dict[str, str]
) -> None:
    session_id = await sandbox.opened(allowed_payment_method_types=["card", "alipay"])

    answer = await sandbox.http.post(f"/sandbox/sessions/{session_id}/pay", json=order)

    assert answer.status_code in {400, 422}
    assert await sandbox.events() == []


async def test_the_control_surface_hears_no_browser_form(sandbox: Sandbox) -> None:
    session_id = await sandbox.opened()

    answer = await sandbox.http.post(f"/sandbox/sessions/{session_id}/pay", data={"method": "card"})

    assert answer.status_code == 415
    assert await sandbox.events() == []
