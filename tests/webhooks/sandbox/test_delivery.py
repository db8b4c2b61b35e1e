"""Every way in which the post can go wrong, and the faults of the API."""

import asyncio
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import stripe

from tests.webhooks.conftest import API_KEY, Ear, Sandbox, Start
from webhooks.stripe_transport import Transport


async def test_a_webhook_that_is_not_taken_comes_again(sandbox: Sandbox, ear: Ear) -> None:
    ear.answers = [500, 302, 200]
    session_id = await sandbox.opened()

    await sandbox.stripe.v1.checkout.sessions.expire_async(session_id)
    await ear.waited_for(1)

    async with asyncio.timeout(5):
        while (await sandbox.events())[0]["deliveries"][0]["state"] != "delivered":
            pass
    assert (await sandbox.events())[0]["deliveries"] == [
        {"state": "delivered", "signature": "right", "attempts": 3, "answer": "200"}
    ]


async def test_a_webhook_that_is_never_taken_is_given_up(sandbox: Sandbox, ear: Ear) -> None:
    ear.answers = [500] * 10
    await sandbox.stripe.v1.checkout.sessions.expire_async(await sandbox.opened())

    async with asyncio.timeout(10):
        while (await sandbox.events())[0]["deliveries"][0]["state"] != "failed":
            pass

    assert len(ear.answers) == 6
    assert ear.heard == []


async def test_copies_are_delivered_under_the_same_event_id(sandbox: Sandbox, ear: Ear) -> None:
    await sandbox.tell("post", copies=3)
    await sandbox.stripe.v1.checkout.sessions.expire_async(await sandbox.opened())
    await ear.waited_for(3)

    assert len(ear.heard) == 3
    assert len({event["id"] for event in ear.heard}) == 1


async def test_what_is_held_waits_for_the_word(sandbox: Sandbox, ear: Ear) -> None:
    await sandbox.tell("post", hold=True)
    await sandbox.paid()
    await asyncio.sleep(0.05)
    assert ear.heard == []

    answer = await sandbox.tell("deliver")

    assert [each["type"] for each in answer["delivered"]] == ear.kinds()
    assert {(each["answer"], each["state"]) for each in answer["delivered"]} == {
        ("200", "delivered")
    }
    assert len(ear.heard) == 5
    assert await sandbox.tell("deliver") == {"delivered": []}


@pytest.mark.parametrize("order", ["made", "reversed", "shuffled"])
async def test_what_is_held_is_delivered_in_the_order_asked(
    sandbox: Sandbox, ear: Ear, order: str
) -> None:
    await sandbox.tell("post", hold=True)
    await sandbox.paid()
    made = await sandbox.kinds()

    await sandbox.tell("deliver", order=order, seed=1)

    if order == "shuffled":
        assert ear.kinds() not in (made, made[::-1])
        assert sorted(ear.kinds()) == sorted(made)
    else:
        assert ear.kinds() == (made if order == "made" else made[::-1])


async def test_named_events_are_delivered_exactly_as_named(sandbox: Sandbox, ear: Ear) -> None:
    await sandbox.tell("post", hold=True)
    await sandbox.paid()
    first, second, *rest = [event["id"] for event in await sandbox.events()]

    await sandbox.tell("deliver", events=[second, first, second])

    assert [event["id"] for event in ear.heard] == [second, first, second]
    await sandbox.tell("deliver")
    assert [event["id"] for event in ear.heard[3:]] == rest
    unknown = await sandbox.http.post("/sandbox/deliver", json={"events": ["evt_none"]})
    assert unknown.status_code == 404


async def test_what_is_dropped_can_still_be_read(sandbox: Sandbox, ear: Ear) -> None:
    await sandbox.tell("post", drop=["checkout.session.completed", "charge.updated"])
    await sandbox.paid()
    await ear.waited_for(3)
    await sandbox.tell("post", drop=["*"])
    await sandbox.paid()
    await sandbox.tell("deliver")

    assert ear.kinds() == ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]
    events = await sandbox.stripe.v1.events.list_async()
    assert len(events.data) == 10


async def test_what_is_delayed_comes_later(sandbox: Sandbox, ear: Ear) -> None:
    await sandbox.tell("post", delay_seconds=0.2)
    before = asyncio.get_running_loop().time()
    await sandbox.stripe.v1.checkout.sessions.expire_async(await sandbox.opened())
    await ear.waited_for(1)

    assert asyncio.get_running_loop().time() - before >= 0.2


@pytest.mark.parametrize(
    ("signature", "refusal"),
    [
        ("wrong", "SignatureRefusedError"),
        ("stale", "TimestampRefusedError"),
        ("future", "TimestampRefusedError"),
    ],
)
async def test_what_is_badly_signed_is_refused_and_not_sent_again(
    sandbox: Sandbox, ear: Ear, signature: str, refusal: str
) -> None:
    await sandbox.tell("post", hold=True, signature=signature)
    await sandbox.stripe.v1.checkout.sessions.expire_async(await sandbox.opened())

    answer = await sandbox.tell("deliver")

    assert ear.heard == []
    assert ear.refused == [refusal]
    assert (answer["delivered"][0]["answer"], answer["delivered"][0]["state"]) == ("400", "failed")
    await sandbox.tell("calm")
    await sandbox.tell("deliver", events=[answer["delivered"][0]["event"]])
    assert len(ear.heard) == 1


async def test_what_was_waiting_is_delivered_after_a_restart(
    start_sandbox: Start, tmp_path: Path, ear: Ear
) -> None:
    async with start_sandbox(tmp_path / "state.sqlite") as sandbox:
        await sandbox.tell("post", hold=True)
        await sandbox.paid()

    async with start_sandbox(tmp_path / "state.sqlite") as sandbox:
        await sandbox.tell("deliver")

    assert len(ear.heard) == 5


@pytest.mark.parametrize(
    ("kind", "error", "status"),
    [
        ("409", stripe.APIError, 409),
        ("429", stripe.RateLimitError, 429),
        ("500", stripe.APIError, 500),
    ],
)
async def test_an_armed_fault_comes_as_often_as_asked_and_does_nothing(
    sandbox: Sandbox, kind: str, error: type[stripe.StripeError], status: int
) -> None:
    await sandbox.tell("faults", kind=kind, times=2)

    for _ in range(2):
        with pytest.raises(error) as failed:
            await sandbox.opened()
        assert failed.value.http_status == status

    assert (await sandbox.stripe.v1.checkout.sessions.list_async()).data == []


async def test_a_fault_is_armed_for_a_path(sandbox: Sandbox) -> None:
    await sandbox.tell("faults", kind="500", path="/v1/refunds")

    intent = await sandbox.paid()

    with pytest.raises(stripe.APIError):
        await sandbox.stripe.v1.refunds.create_async({"payment_intent": intent})


async def test_calm_disarms_every_fault(sandbox: Sandbox) -> None:
    await sandbox.tell("faults", kind="500", times=100)
    await sandbox.tell("calm")

    assert await sandbox.opened()


async def test_a_lost_answer_has_done_its_work_once(sandbox: Sandbox) -> None:
    await sandbox.tell("faults", kind="lost_answer")
    page: Any = sandbox.page()
    options: Any = {"idempotency_key": "gift-1", "max_network_retries": 1}

    session = await sandbox.stripe.v1.checkout.sessions.create_async(page, options)

    assert session.last_response is not None
    assert session.last_response.headers["idempotent-replayed"] == "true"
    assert len((await sandbox.stripe.v1.checkout.sessions.list_async()).data) == 1


async def test_a_request_that_is_never_answered_times_out(sandbox: Sandbox) -> None:
    await sandbox.tell("faults", kind="timeout", seconds=30)
    transport = Transport(sandbox.url, timeout_seconds=0.1)
    client = stripe.StripeClient(
        API_KEY,
        base_addresses={"api": sandbox.url},
        http_client=transport,
        max_network_retries=0,
    )
    page: Any = sandbox.page()

    with pytest.raises(stripe.APIConnectionError):
        await client.v1.checkout.sessions.create_async(page)

    await transport.close_async()
    assert (await sandbox.stripe.v1.checkout.sessions.list_async()).data == []


async def test_events_of_many_payments_keep_their_order(sandbox: Sandbox, ear: Ear) -> None:
    await asyncio.gather(*(sandbox.paid() for _ in range(5)))
    await ear.waited_for(25)

    made = [event["id"] for event in await sandbox.events()]
    assert [event["id"] for event in ear.heard] == made
    assert all(first["created"] <= then["created"] for first, then in pairwise(ear.heard))
