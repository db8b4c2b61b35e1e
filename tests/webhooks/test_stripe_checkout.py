"""The product's own client, against the sandbox."""

import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from models.kernel.ids import new_id
from models.kernel.money import Fen
from tests.webhooks.conftest import API_KEY, Sandbox
from webhooks.stripe_checkout import (
    GiftToPay,
    PaymentProviderBusyError,
    PaymentProviderRefusedError,
    StripeCheckout,
)


@pytest.fixture
async def checkout(sandbox: Sandbox) -> AsyncIterator[StripeCheckout]:
    checkout = StripeCheckout(API_KEY, api_base=sandbox.url, timeout_seconds=2, retries=0)
    yield checkout
    await checkout.close()


@pytest.fixture
def gift(sandbox: Sandbox) -> GiftToPay:
    return GiftToPay(
        donation_id=new_id(),
        fund_id=new_id(),
        amount_fen=Fen(92_000_00),
        title="达川区防返贫救助基金",
        success_url="http://127.0.0.1:9/donations/x?session={CHECKOUT_SESSION_ID}",
        cancel_url="http://127.0.0.1:9/give",
        expires_at=sandbox.clock.now() + dt.timedelta(minutes=45),
    )


async def test_a_page_is_opened_for_a_gift(
    checkout: StripeCheckout, sandbox: Sandbox, gift: GiftToPay
) -> None:
    opened = await checkout.open(gift, request_id=new_id())

    session = await sandbox.stripe.v1.checkout.sessions.retrieve_async(opened.session_reference)
    assert opened.url == session.url
    assert opened.expires_at == gift.expires_at.replace(microsecond=0)
    assert (session.amount_total, session.currency) == (92_000_00, "cny")
    assert (session.submit_type, session.locale) == ("donate", "zh")
    assert session.client_reference_id == str(gift.donation_id)
    assert session.metadata is not None
    assert session.metadata.to_dict() == {
        "donation_id": str(gift.donation_id),
        "fund_id": str(gift.fund_id),
    }
    assert session.success_url == gift.success_url
    assert session.cancel_url == gift.cancel_url
    assert session.payment_method_types == ["card", "alipay", "wechat_pay"]
    assert session.payment_method_options is not None
    assert session.payment_method_options.wechat_pay is not None
    assert session.payment_method_options.wechat_pay.client == "web"


async def test_only_the_ways_to_pay_that_were_asked_for_are_offered(
    checkout: StripeCheckout, sandbox: Sandbox, gift: GiftToPay
) -> None:
    opened = await checkout.open(replace(gift, methods=("card",)), request_id=new_id())

    session = await sandbox.stripe.v1.checkout.sessions.retrieve_async(opened.session_reference)
    assert session.payment_method_types == ["card"]


async def test_the_same_request_opens_the_same_page(
    checkout: StripeCheckout, gift: GiftToPay
) -> None:
    request_id = new_id()

    first = await checkout.open(gift, request_id=request_id)
    second = await checkout.open(gift, request_id=request_id)
    other = await checkout.open(gift, request_id=new_id())

    assert second == first
    assert other.session_reference != first.session_reference


async def test_the_same_request_with_another_gift_is_refused_for_ever(
    checkout: StripeCheckout, gift: GiftToPay
) -> None:
    request_id = new_id()
    await checkout.open(gift, request_id=request_id)

    with pytest.raises(PaymentProviderRefusedError):
        await checkout.open(replace(gift, amount_fen=Fen(1)), request_id=request_id)


async def test_a_wrong_parameter_is_refused_for_ever_by_name(
    checkout: StripeCheckout, gift: GiftToPay
) -> None:
    with pytest.raises(PaymentProviderRefusedError) as refused:
        await checkout.open(replace(gift, success_url="thanks"), request_id=new_id())

    assert refused.value.parameter == "success_url"
    assert refused.value.code == "url_invalid"
    assert str(refused.value) == "Not a valid URL"


async def test_a_wrong_key_is_refused_for_ever(sandbox: Sandbox, gift: GiftToPay) -> None:
    checkout = StripeCheckout("sk_test_other", api_base=sandbox.url, retries=0)

    with pytest.raises(PaymentProviderRefusedError):
        await checkout.open(gift, request_id=new_id())

    await checkout.close()


@pytest.mark.parametrize("kind", ["409", "429", "500", "lost_answer"])
async def test_a_provider_that_is_busy_may_be_asked_again_with_the_same_key(
    checkout: StripeCheckout, sandbox: Sandbox, gift: GiftToPay, kind: str
) -> None:
    request_id = new_id()
    await sandbox.tell("faults", kind=kind)

    with pytest.raises(PaymentProviderBusyError):
        await checkout.open(gift, request_id=request_id)
    await checkout.open(gift, request_id=request_id)

    assert len((await sandbox.stripe.v1.checkout.sessions.list_async()).data) == 1


async def test_a_provider_that_does_not_answer_may_be_asked_again(
    sandbox: Sandbox, gift: GiftToPay
) -> None:
    await sandbox.tell("faults", kind="timeout")
    slow = StripeCheckout(API_KEY, api_base=sandbox.url, timeout_seconds=0.1, retries=0)
    absent = StripeCheckout(API_KEY, api_base="http://127.0.0.1:1", retries=0)

    for checkout in (slow, absent):
        with pytest.raises(PaymentProviderBusyError):
            await checkout.open(gift, request_id=new_id())
        await checkout.close()


async def test_what_became_of_a_page_can_be_asked(
    checkout: StripeCheckout, sandbox: Sandbox, gift: GiftToPay
) -> None:
    opened = await checkout.open(gift, request_id=new_id())
    waiting = await checkout.retrieve(opened.session_reference)
    await sandbox.tell(f"sessions/{opened.session_reference}/pay")
    paid = await checkout.retrieve(opened.session_reference)

    assert (waiting.status, waiting.payment_status) == ("open", "unpaid")
    assert (waiting.payment_reference, waiting.url) == (None, opened.url)
    assert (paid.status, paid.payment_status) == ("complete", "paid")
    assert (paid.amount_minor, paid.currency) == (92_000_00, "cny")
    assert paid.payment_reference is not None
    assert paid.payment_reference.startswith("pi_")


async def test_the_same_request_gives_back_once(checkout: StripeCheckout, sandbox: Sandbox) -> None:
    payment = await sandbox.paid()
    request_id = new_id()

    first = await checkout.refund(payment, amount_fen=Fen(45), request_id=request_id)
    second = await checkout.refund(payment, amount_fen=Fen(45), request_id=request_id)

    assert second == first
    assert (first.status, first.amount_minor, first.currency) == ("succeeded", 45, "cny")
    assert len((await sandbox.stripe.v1.refunds.list_async()).data) == 1


async def test_more_than_was_paid_cannot_be_given_back(
    checkout: StripeCheckout, sandbox: Sandbox
) -> None:
    payment = await sandbox.paid()

    with pytest.raises(PaymentProviderRefusedError) as refused:
        await checkout.refund(payment, amount_fen=Fen(12_346), request_id=new_id())

    assert refused.value.parameter == "amount"
    assert (await sandbox.stripe.v1.refunds.list_async()).data == []
