"""A gift by card, Alipay or WeChat Pay, from the donor's intent to the fund, over real HTTP."""

import pytest

from models.donations.gifts import DonationState
from models.funds.fund import DonationMethod
from models.kernel.inbox import EventState
from tests.gifts import AMOUNT, PUBLIC_URL, GiftDesk

ONLINE = [DonationMethod.CARD, DonationMethod.ALIPAY, DonationMethod.WECHAT_PAY]


@pytest.mark.parametrize("method", ONLINE)
async def test_a_gift_is_paid_and_booked_once_though_told_under_several_event_ids(
    desk: GiftDesk, method: DonationMethod
) -> None:
    donation_id = await desk.opened(method=method)
    assert await desk.state(donation_id) is DonationState.PENDING
    await desk.paid(donation_id, method=method)
    assert set(await desk.delivered()) == {"200"}
    assert await desk.received() == [], "an event was applied where it was heard"

    await desk.apply()

    gift = await desk.gift(donation_id)
    assert (gift.state, gift.amount_fen) == (DonationState.RECEIVED, AMOUNT)
    assert gift.receipt_code.startswith("JZ-")
    assert await desk.received() == [AMOUNT]
    assert (await desk.world.standing()).balance_fen == AMOUNT
    events = await desk.events()
    assert len([name for name in events if "succeeded" in name or "completed" in name]) == 3
    assert set(events.values()) == {EventState.APPLIED}
    assert await desk.differences() == []


async def test_the_payment_page_offers_what_the_donor_chose_and_leads_back(desk: GiftDesk) -> None:
    donation_id = await desk.opened(method=DonationMethod.ALIPAY)

    gift = await desk.gift(donation_id)
    page = await desk.sandbox.stripe.v1.checkout.sessions.retrieve_async(gift.checkout_reference)
    assert page.payment_method_types == ["alipay"]
    assert page.success_url == f"{PUBLIC_URL}/donations/{gift.token}?from=checkout"
    assert page.cancel_url == page.success_url
    assert (page.amount_total, page.currency) == (AMOUNT, "cny")
    assert page.url == gift.checkout_url


@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
async def test_a_payment_that_takes_its_time_is_received_or_fails(
    desk: GiftDesk, outcome: str
) -> None:
    donation_id = await desk.opened(method=DonationMethod.ALIPAY)
    await desk.paid(donation_id, method=DonationMethod.ALIPAY, outcome="pending")
    await desk.delivered()
    await desk.apply()
    assert await desk.state(donation_id) is DonationState.PENDING
    assert await desk.received() == []

    await desk.settled(donation_id, outcome)
    await desk.delivered()
    await desk.apply()

    is_received = outcome == "succeeded"
    expected = DonationState.RECEIVED if is_received else DonationState.FAILED
    assert await desk.state(donation_id) is expected
    assert await desk.received() == ([AMOUNT] if is_received else [])
    assert await desk.differences() == []


async def test_a_card_that_is_declined_can_be_tried_again_on_the_same_page(desk: GiftDesk) -> None:
    donation_id = await desk.opened()
    url = (await desk.gift(donation_id)).checkout_url
    await desk.paid(donation_id, outcome="declined")
    await desk.delivered()
    await desk.apply()
    assert await desk.state(donation_id) is DonationState.PENDING
    assert await desk.payments.open(donation_id) == url

    await desk.paid(donation_id)
    await desk.delivered()
    await desk.apply()

    assert await desk.received() == [AMOUNT]
    assert await desk.payments.open(donation_id) is None
    assert await desk.differences() == []


async def test_a_page_on_which_nobody_pays_expires(desk: GiftDesk) -> None:
    donation_id = await desk.opened()
    reference = (await desk.gift(donation_id)).checkout_reference
    await desk.paid(donation_id, outcome="declined")
    await desk.sandbox.stripe.v1.checkout.sessions.expire_async(reference)
    await desk.delivered()

    await desk.apply()

    assert await desk.state(donation_id) is DonationState.EXPIRED
    assert await desk.payments.open(donation_id) is None
    assert await desk.is_untouched()
