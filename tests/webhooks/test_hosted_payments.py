"""A payment page is opened once, whoever asks and whatever the provider does."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from models.donations.gifts import OPEN_CHECKOUT, DonationState
from models.kernel import jobs
from models.kernel.clock import MovableClock
from models.kernel.database import Database
from models.kernel.ids import new_id
from models.kernel.runs import Run
from tests.gifts import PUBLIC_URL, GiftDesk, gift_desk
from webhooks.hosted_payments import HostedPayments
from webhooks.stripe_checkout import PaymentProviderBusyError

BUSY = ["500", "429", "409", "lost_answer"]


@pytest.fixture
async def desk(database: Database, clock: MovableClock, tmp_path: Path) -> AsyncIterator[GiftDesk]:
    async with gift_desk(database, clock, tmp_path) as desk:
        yield desk


async def pages(desk: GiftDesk) -> int:
    listed = await desk.sandbox.stripe.v1.checkout.sessions.list_async({"limit": 100})
    return len(listed.data)


async def claimed(desk: GiftDesk) -> Run:
    """The job that was left with a gift, when it is due."""
    desk.clock.advance(dt.timedelta(seconds=30))
    lease = await desk.database.transact(
        lambda transaction: jobs.claim(transaction, {OPEN_CHECKOUT.name: OPEN_CHECKOUT})
    )
    assert lease is not None
    return Run(desk.database, lease)


async def test_many_who_ask_at_once_are_led_to_one_page(desk: GiftDesk) -> None:
    donation_id = await desk.started()

    urls = await asyncio.gather(*(desk.payments.open(donation_id) for _ in range(5)))

    gift = await desk.gift(donation_id)
    assert gift.state is DonationState.PENDING
    assert set(urls) - {None} == {gift.checkout_url}
    assert await desk.payments.open(donation_id) == gift.checkout_url
    assert await pages(desk) == 1


@pytest.mark.parametrize("kind", BUSY)
async def test_while_the_provider_is_busy_the_job_is_left_to_open_the_page(
    desk: GiftDesk, kind: str
) -> None:
    donation_id = await desk.started()
    await desk.sandbox.tell("faults", kind=kind, path="/v1/checkout", times=2)

    assert await desk.payments.open(donation_id) is None
    assert await desk.state(donation_id) is DonationState.STARTED
    run = await claimed(desk)
    with pytest.raises(PaymentProviderBusyError):
        await desk.payments.handlers[OPEN_CHECKOUT](run)
    await desk.payments.handlers[OPEN_CHECKOUT](run)

    gift = await desk.gift(donation_id)
    assert gift.state is DonationState.PENDING
    assert await desk.payments.open(donation_id) == gift.checkout_url
    assert await pages(desk) == 1
    assert await desk.is_untouched()


async def test_the_donor_is_not_kept_waiting_for_a_slow_provider(desk: GiftDesk) -> None:
    donation_id = await desk.started()
    hasty = HostedPayments(
        desk.database, desk.provider, public_url=PUBLIC_URL, patience_seconds=0.1
    )
    await desk.sandbox.tell("faults", kind="timeout", path="/v1/checkout", times=1, seconds=1)

    assert await hasty.open(donation_id) is None

    assert await desk.state(donation_id) is DonationState.STARTED
    assert await desk.payments.open(donation_id) is not None


async def test_a_gift_the_provider_will_never_take_has_failed(desk: GiftDesk) -> None:
    """Its page would be open for less than the half hour that the provider asks."""
    donation_id = await desk.started()
    desk.clock.advance(dt.timedelta(minutes=20))

    assert await desk.payments.open(donation_id) is None

    assert await desk.state(donation_id) is DonationState.FAILED
    await desk.payments.handlers[OPEN_CHECKOUT](await claimed(desk))
    assert await pages(desk) == 0
    assert await desk.is_untouched()


async def test_a_page_that_is_over_is_not_shown_any_more(desk: GiftDesk) -> None:
    donation_id = await desk.opened()
    desk.clock.advance(dt.timedelta(minutes=46))

    assert await desk.payments.open(donation_id) is None
    assert await pages(desk) == 1


async def test_there_is_no_page_for_a_gift_that_nobody_started(desk: GiftDesk) -> None:
    assert await desk.payments.open(new_id()) is None
    assert await pages(desk) == 0
