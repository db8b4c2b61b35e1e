"""The endpoint: believed, stored once, answered. What is refused leaves no trace."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from models.kernel.clock import MovableClock
from models.kernel.database import Database
from models.kernel.inbox import Event
from tests.databases import count
from tests.gifts import GiftDesk, gift_desk
from webhooks.routes import BODY_BYTES_MAX, STRIPE_PATH
from webhooks.stripe_events import translate
from webhooks.stripe_inbox import letter_of
from webhooks.stripe_signatures import read


@pytest.fixture
async def desk(database: Database, clock: MovableClock, tmp_path: Path) -> AsyncIterator[GiftDesk]:
    async with gift_desk(database, clock, tmp_path) as desk:
        yield desk


async def body_kept(desk: GiftDesk) -> Any:
    async with desk.database.read() as connection:
        return (await connection.execute(select(Event.body))).scalar_one()


async def test_an_event_is_stored_once_however_often_it_comes(desk: GiftDesk) -> None:
    event = desk.event("refund.created", {"object": "refund", "id": "re_1"})

    answers = await asyncio.gather(*(desk.told(event) for _ in range(5)))

    assert [answer.status_code for answer in answers] == [200] * 5
    assert await count(desk.database, Event) == 1


@pytest.mark.parametrize(
    "refused",
    [
        {"secret": "whsec_of_someone_else"},
        {"shift_seconds": -3_600},
        {"shift_seconds": 3_600},
        {"signed": False},
    ],
    ids=["wrong signature", "stale", "future-dated", "unsigned"],
)
async def test_what_is_not_believed_is_refused_and_not_stored(
    desk: GiftDesk, refused: dict[str, Any]
) -> None:
    event = desk.event("refund.created", {"object": "refund", "id": "re_1"})

    answer = await desk.told(event, **refused)

    assert answer.status_code == 400
    assert await count(desk.database, Event) == 0
    assert (await desk.told(event)).status_code == 200


@pytest.mark.parametrize(
    "body",
    ["", "17", "null", "[]", '"event"', "{}", "not json", "[" * 100_000, '{"id": "evt_1"}'],
)
async def test_a_signed_body_that_is_no_event_is_refused(desk: GiftDesk, body: str) -> None:
    answer = await desk.told(body)

    assert answer.status_code == 400
    assert await count(desk.database, Event) == 0


@pytest.mark.parametrize("event_id", ["e" * 256, "evt_\0", "evt_善款", "evt\n1"])
async def test_an_event_whose_name_cannot_be_kept_is_refused(desk: GiftDesk, event_id: str) -> None:
    answer = await desk.told(desk.event("refund.created", {}, event_id))

    assert answer.status_code == 400
    assert await count(desk.database, Event) == 0


async def test_a_body_too_large_is_refused_even_if_it_does_not_say_how_long_it_is(
    desk: GiftDesk,
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(BODY_BYTES_MAX // 1_000 + 2):
            yield b" " * 1_000

    stated = await desk.told(" " * (BODY_BYTES_MAX + 1))
    streamed = await desk.http.post(STRIPE_PATH, content=endless())

    assert (stated.status_code, streamed.status_code) == (413, 413)
    assert await count(desk.database, Event) == 0


async def test_only_posting_is_heard(desk: GiftDesk) -> None:
    assert (await desk.http.get(STRIPE_PATH)).status_code == 405
    assert (await desk.http.put(STRIPE_PATH)).status_code == 405


async def test_without_a_secret_the_endpoint_is_off(
    database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    async with gift_desk(database, clock, tmp_path, secrets=("",)) as desk:
        answer = await desk.told(desk.event("refund.created", {}), secret="")

        assert answer.status_code == 404
        assert await count(database, Event) == 0


async def test_nothing_is_kept_of_who_the_donor_is(desk: GiftDesk) -> None:
    details = {"email": "li@example.cn", "name": "李善", "phone": "13800000000"}
    subject = {
        "object": "checkout.session",
        "id": "cs_1",
        "customer_details": details,
        "billing_details": details,
        "metadata": {"donation_id": "d", "note": "李善"},
        "last_payment_error": {"code": "card_declined", "payment_method": details},
    }

    await desk.told(desk.event("checkout.session.completed", subject))

    kept = await body_kept(desk)
    assert "李善" not in json.dumps(kept, ensure_ascii=False)
    assert kept["data"]["object"] == {
        "object": "checkout.session",
        "id": "cs_1",
        "metadata": {"donation_id": "d"},
        "last_payment_error": {"code": "card_declined"},
    }


@pytest.mark.parametrize(
    "value",
    ["\0", "\ud83d", "善\0款", 1e300, float(10**15), 10**4_000, {"\0": ["\0"]}, [[]], None, True],
)
async def test_whatever_a_field_holds_is_stored_on_both_databases(
    desk: GiftDesk, value: object
) -> None:
    subject = {"object": "refund", "id": value, "amount": value, "metadata": value}

    assert (await desk.told(desk.event("refund.created", subject))).status_code == 200
    await desk.apply()

    assert len(await desk.incidents()) == 1
    assert await desk.is_untouched()


async def test_what_is_kept_says_what_the_whole_event_said(desk: GiftDesk) -> None:
    """Of every event the sandbox sends for a payment, a refund and a dispute."""
    donation_id = await desk.opened()
    await desk.paid(donation_id, outcome="declined")
    await desk.paid(donation_id)
    reference = (await desk.gift(donation_id)).checkout_reference
    stripe = desk.sandbox.stripe
    session = await stripe.v1.checkout.sessions.retrieve_async(reference)
    await stripe.v1.refunds.create_async(
        {"payment_intent": str(session.payment_intent), "amount": 45}
    )
    await desk.sandbox.tell(f"payments/{session.payment_intent}/dispute")
    events = await stripe.v1.events.list_async({"limit": 100})
    assert len(events.data) > 10

    for event in events.data:
        whole = read(json.dumps(event.to_dict()))
        kept = read(json.dumps(letter_of(whole).body))
        assert translate(kept) == translate(whole), event.type
