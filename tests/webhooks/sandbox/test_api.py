"""The sandbox speaks to the provider's own SDK over a real socket."""

import asyncio
import re
from typing import Any

import httpx
import pytest
import stripe
from stripe.checkout import Session

from tests.webhooks.conftest import API_KEY, Sandbox, in_minutes


async def test_an_open_page_holds_what_it_was_opened_with(sandbox: Sandbox) -> None:
    expires_at = in_minutes(sandbox.clock, 45)
    page: Any = sandbox.page(
        expires_at=expires_at,
        client_reference_id="gift-1",
        metadata={"donation_id": "gift-1", "0": "zero"},
        allowed_payment_method_types=["alipay", "card"],
        payment_method_options={"wechat_pay": {"client": "web"}},
        locale="zh",
    )

    session = await sandbox.stripe.v1.checkout.sessions.create_async(page)

    assert session.id.startswith("cs_test_")
    assert session.url == f"{sandbox.url}/c/pay/{session.id}"
    assert (session.status, session.payment_status) == ("open", "unpaid")
    assert (session.amount_total, session.currency) == (12_345, "cny")
    assert session.expires_at == expires_at
    assert session.client_reference_id == "gift-1"
    assert session.metadata is not None
    assert session.metadata.to_dict() == {"donation_id": "gift-1", "0": "zero"}
    assert session.payment_method_types == ["card", "alipay"]
    assert session.livemode is False
    again = await sandbox.stripe.v1.checkout.sessions.retrieve_async(session.id)
    assert again.to_dict() == session.to_dict()


@pytest.mark.parametrize(
    ("changes", "param", "code"),
    [
        ({"payment_method_types": ["card"]}, "payment_method_types", "parameter_unknown"),
        ({"colour": "red"}, "colour", "parameter_unknown"),
        ({"mode": "gift"}, "mode", None),
        ({"mode": "subscription"}, "mode", None),
        ({"ui_mode": "elements"}, "ui_mode", None),
        ({"submit_type": "give"}, "submit_type", None),
        ({"discounts": [{"coupon": "x"}]}, "discounts", None),
        ({"line_items": []}, "line_items", "parameter_missing"),
        ({"line_items": [{"quantity": 1}]}, "line_items[0][price_data][unit_amount]", None),
        ({"line_items": [{"quantity": "one"}]}, "line_items[0][quantity]", None),
        ({"line_items": [{"quantity": "1_0"}]}, "line_items[0][quantity]", None),
        ({"success_url": "thanks"}, "success_url", "url_invalid"),
        ({"success_url": "http://a;script-src *"}, "success_url", "url_invalid"),
        ({"cancel_url": "javascript:alert(1)"}, "cancel_url", "url_invalid"),
        ({"expires_at": 1}, "expires_at", None),
        ({"client_reference_id": "x" * 201}, "client_reference_id", None),
        ({"metadata": {"note": "x" * 501}}, "metadata[note]", None),
        ({"metadata": {str(n): "x" for n in range(51)}}, "metadata", None),
        (
            {"allowed_payment_method_types": ["paypal"]},
            "allowed_payment_method_types",
            None,
        ),
        (
            {"allowed_payment_method_types": ["cash"]},
            "allowed_payment_method_types[0]",
            None,
        ),
        (
            {"payment_method_options": {"wechat_pay": {"app_id": "1"}}},
            "payment_method_options[wechat_pay][client]",
            "parameter_missing",
        ),
    ],
)
async def test_a_wrong_parameter_is_refused_by_name_and_opens_nothing(
    sandbox: Sandbox, changes: dict[str, Any], param: str, code: str | None
) -> None:
    page: Any = sandbox.page(**changes)

    with pytest.raises(stripe.InvalidRequestError) as refused:
        await sandbox.stripe.v1.checkout.sessions.create_async(page)

    assert refused.value.param == param
    assert code is None or refused.value.code == code
    assert (await sandbox.stripe.v1.checkout.sessions.list_async()).data == []


@pytest.mark.parametrize(
    ("amount", "code"), [(0, "amount_too_small"), (100_000_000, "amount_too_large")]
)
async def test_an_amount_the_provider_would_not_take_is_refused(
    sandbox: Sandbox, amount: int, code: str
) -> None:
    page: Any = sandbox.page()
    page["line_items"][0]["price_data"]["unit_amount"] = amount

    with pytest.raises(stripe.InvalidRequestError) as refused:
        await sandbox.stripe.v1.checkout.sessions.create_async(page)

    assert refused.value.code == code


async def test_the_same_key_and_request_give_the_same_answer(sandbox: Sandbox) -> None:
    page: Any = sandbox.page()
    options: Any = {"idempotency_key": "gift-1"}

    first = await sandbox.stripe.v1.checkout.sessions.create_async(page, options)
    second = await sandbox.stripe.v1.checkout.sessions.create_async(page, options)

    assert second.to_dict() == first.to_dict()
    assert first.last_response is not None
    assert second.last_response is not None
    assert "idempotent-replayed" not in first.last_response.headers
    assert second.last_response.headers["idempotent-replayed"] == "true"
    assert len((await sandbox.stripe.v1.checkout.sessions.list_async()).data) == 1


async def test_the_same_key_many_times_at_once_opens_one_page(sandbox: Sandbox) -> None:
    page: Any = sandbox.page()
    create = sandbox.stripe.v1.checkout.sessions.create_async

    made = await asyncio.gather(*(create(page, {"idempotency_key": "k"}) for _ in range(8)))

    assert len({session.id for session in made}) == 1
    assert len((await sandbox.stripe.v1.checkout.sessions.list_async()).data) == 1


async def test_the_same_key_with_another_request_is_refused(sandbox: Sandbox) -> None:
    page: Any = sandbox.page()
    other: Any = sandbox.page(client_reference_id="gift-2")
    await sandbox.stripe.v1.checkout.sessions.create_async(page, {"idempotency_key": "gift-1"})

    with pytest.raises(stripe.IdempotencyError) as refused:
        await sandbox.stripe.v1.checkout.sessions.create_async(other, {"idempotency_key": "gift-1"})

    assert refused.value.http_status == 400
    assert len((await sandbox.stripe.v1.checkout.sessions.list_async()).data) == 1


async def test_a_request_that_was_malformed_does_not_use_up_its_key(sandbox: Sandbox) -> None:
    wrong: Any = sandbox.page(mode="gift")
    right: Any = sandbox.page()
    with pytest.raises(stripe.InvalidRequestError):
        await sandbox.stripe.v1.checkout.sessions.create_async(wrong, {"idempotency_key": "k"})

    session = await sandbox.stripe.v1.checkout.sessions.create_async(
        right, {"idempotency_key": "k"}
    )

    assert session.status == "open"


async def test_a_refusal_of_the_work_itself_is_replayed_too(sandbox: Sandbox) -> None:
    intent = await sandbox.paid()
    too_much: Any = {"payment_intent": intent, "amount": 99_999}

    for replayed in (None, "true"):
        answer = await sandbox.http.post(
            "/v1/refunds",
            data=too_much,
            headers={"Authorization": f"Bearer {API_KEY}", "Idempotency-Key": "refund-1"},
        )
        assert answer.status_code == 400
        assert answer.json()["error"]["param"] == "amount"
        assert answer.headers.get("idempotent-replayed") == replayed


@pytest.mark.parametrize("key", ["sk_test_other", "sk_live_real", "-"])
async def test_another_key_is_not_let_in(sandbox: Sandbox, key: str) -> None:
    for path in ("/v1/events", "/v1/nothing"):
        answer = await sandbox.http.get(path, headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 401
        assert answer.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("headers", "content"),
    [
        ({"Content-Type": "application/json"}, b"{}"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"mode"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"mode[=1"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"mode=a&mode=b"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"a=1&a[b]=1"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"a=1&" * 2_000),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"\xff\xfe=1"),
        (
            {
                "Content-Type": "application/x-www-form-urlencoded",
                "Stripe-Version": "2020-08-27",
            },
            b"mode=payment",
        ),
        (
            {
                "Content-Type": "application/x-www-form-urlencoded",
                "Idempotency-Key": "k" * 256,
            },
            b"mode=payment",
        ),
    ],
)
async def test_what_is_no_request_of_the_provider_is_refused(
    sandbox: Sandbox, headers: dict[str, str], content: bytes
) -> None:
    answer = await sandbox.http.post(
        "/v1/checkout/sessions",
        content=content,
        headers={"Authorization": f"Bearer {API_KEY}", **headers},
    )

    assert answer.status_code == 400
    assert answer.json()["error"]["message"]


async def test_a_body_without_end_is_refused(sandbox: Sandbox) -> None:
    answer = await sandbox.http.post(
        "/v1/checkout/sessions",
        content=b"a=" + b"1" * 300_000,
        headers={
            "Authorization": f"Bearer {API_KEY}",
            "Content-Type": "application/x-www-form-urlencoded",
        },
    )

    assert answer.status_code == 413


async def test_what_does_not_exist_is_missing(sandbox: Sandbox) -> None:
    for call in (
        sandbox.stripe.v1.checkout.sessions.retrieve_async,
        sandbox.stripe.v1.payment_intents.retrieve_async,
        sandbox.stripe.v1.charges.retrieve_async,
        sandbox.stripe.v1.refunds.retrieve_async,
        sandbox.stripe.v1.balance_transactions.retrieve_async,
        sandbox.stripe.v1.events.retrieve_async,
    ):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            await call("nothing_1")
        assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")

    with pytest.raises(stripe.InvalidRequestError) as unknown:
        await sandbox.stripe.v1.customers.list_async()
    assert unknown.value.http_status == 404


async def test_lists_turn_page_by_page_both_ways(sandbox: Sandbox) -> None:
    made = [await sandbox.opened() for _ in range(5)]
    newest_first = made[::-1]
    sessions = sandbox.stripe.v1.checkout.sessions

    first = await sessions.list_async({"limit": 2})
    second = await sessions.list_async({"limit": 2, "starting_after": first.data[-1].id})
    back = await sessions.list_async({"limit": 2, "ending_before": second.data[0].id})

    assert [session.id for session in first.data] == newest_first[:2]
    assert first.has_more is True
    assert [session.id for session in second.data] == newest_first[2:4]
    assert [session.id for session in back.data] == newest_first[:2]
    assert back.has_more is False
    walked = [session.id async for session in first.auto_paging_iter()]
    assert walked == newest_first


async def test_lists_are_narrowed_by_what_is_asked(sandbox: Sandbox) -> None:
    intent = await sandbox.paid()
    await sandbox.opened()
    now = int(sandbox.clock.now().timestamp())
    client = sandbox.stripe.v1

    paid = await client.checkout.sessions.list_async({"payment_intent": intent})
    still_open = await client.checkout.sessions.list_async({"status": "open"})
    charges = await client.charges.list_async({"payment_intent": intent})
    of_charge = await client.balance_transactions.list_async({"source": charges.data[0].id})
    payments = await client.events.list_async({"type": "payment_intent.*"})
    two = await client.events.list_async({"types": ["charge.succeeded", "charge.updated"]})
    tomorrow = await client.events.list_async({"created": {"gt": now + 86_400}})

    assert [session.payment_intent for session in paid.data] == [intent]
    assert [session.payment_intent for session in still_open.data] == [None]
    assert len(of_charge.data) == 1
    assert {event.type for event in payments.data} == {
        "payment_intent.created",
        "payment_intent.succeeded",
    }
    assert [event.type for event in two.data] == ["charge.updated", "charge.succeeded"]
    assert tomorrow.data == []


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 101},
        {"starting_after": "evt_1"},
        {"starting_after": "a", "ending_before": "b"},
        {"type": "a", "types": ["b"]},
        {"delivery_success": True},
    ],
)
async def test_a_list_that_cannot_be_is_refused(sandbox: Sandbox, query: dict[str, Any]) -> None:
    asked: Any = query
    with pytest.raises(stripe.InvalidRequestError):
        await sandbox.stripe.v1.events.list_async(asked)


async def test_references_unfold_down_to_the_fee(sandbox: Sandbox) -> None:
    intent_id = await sandbox.paid()

    intent = await sandbox.stripe.v1.payment_intents.retrieve_async(
        intent_id, {"expand": ["latest_charge.balance_transaction"]}
    )

    charge = intent.latest_charge
    assert isinstance(charge, stripe.Charge)
    movement = charge.balance_transaction
    assert isinstance(movement, stripe.BalanceTransaction)
    assert (movement.amount, movement.fee, movement.net) == (12_345, 655, 11_690)
    assert movement.fee == sum(detail.amount for detail in movement.fee_details)
    listed = await sandbox.stripe.v1.checkout.sessions.list_async(
        {"expand": ["data.payment_intent"]}
    )
    assert isinstance(listed.data[0].payment_intent, stripe.PaymentIntent)
    with pytest.raises(stripe.InvalidRequestError):
        await sandbox.stripe.v1.payment_intents.retrieve_async(intent_id, {"expand": ["colour"]})


async def test_objects_have_every_field_the_sdk_promises(sandbox: Sandbox) -> None:
    intent_id = await sandbox.paid()
    client = sandbox.stripe.v1
    await client.refunds.create_async({"payment_intent": intent_id, "amount": 45})
    charge = (await client.charges.list_async()).data[0]
    await sandbox.paid()
    other = (await client.checkout.sessions.list_async()).data[0]
    dispute = await sandbox.tell(f"payments/{other.payment_intent}/dispute")

    made: list[stripe.StripeObject] = [
        other,
        await client.payment_intents.retrieve_async(intent_id),
        charge,
        (await client.refunds.list_async()).data[0],
        await client.disputes.retrieve_async(dispute["id"]),
        *(await client.balance_transactions.list_async()).data,
        *(await client.events.list_async()).data,
    ]

    for each in made:
        for name, annotation in type(each).__annotations__.items():
            if name.islower() and not re.search("Optional|None", str(annotation)):
                assert getattr(each, name) is not None, (type(each), name)
    assert {type(each) for each in made} >= {Session, stripe.Charge, stripe.Event, stripe.Dispute}


async def test_it_takes_the_key_as_basic_credentials_too(sandbox: Sandbox) -> None:
    good = await sandbox.http.get("/v1/events", auth=httpx.BasicAuth(API_KEY, ""))
    bad = await sandbox.http.get("/v1/events", headers={"Authorization": "Basic !!"})

    assert (good.status_code, bad.status_code) == (200, 401)
