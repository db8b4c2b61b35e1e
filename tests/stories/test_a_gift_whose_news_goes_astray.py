"""News of a gift comes twice, late, in any order, or never: the books are the same."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from itertools import permutations

import pytest

from models.donations.gifts import DonationState
from models.funds.fund import DonationMethod
from models.kernel import inbox, jobs
from models.kernel.database import Database
from models.kernel.inbox import EventState
from models.kernel.runs import Run
from tests.gifts import AMOUNT, GiftDesk
from webhooks import stripe_inbox
from webhooks.hosted_payments import RECONCILE_CHECKOUTS

TOLD_OF_A_CARD = 5


@pytest.fixture
async def other(desk: GiftDesk) -> AsyncIterator[Database]:
    """The same database as another worker would open it."""
    url = desk.database.url.render_as_string(hide_password=False)
    other = Database(url, clock=desk.clock, keyring=desk.database.keyring)
    yield other
    await other.close()


async def told_of(desk: GiftDesk, count: int) -> list[str]:
    """The ids of the newest events, oldest first."""
    return [event["id"] for event in (await desk.sandbox.events())[-count:]]


async def reconcile(desk: GiftDesk) -> None:
    """The recurring job runs as a worker runs it."""
    await desk.database.transact(lambda transaction: jobs.enqueue(transaction, RECONCILE_CHECKOUTS))
    kinds = {RECONCILE_CHECKOUTS.name: RECONCILE_CHECKOUTS}
    lease = await desk.database.transact(lambda transaction: jobs.claim(transaction, kinds))
    assert lease is not None
    run = Run(desk.database, lease)
    await desk.payments.handlers[RECONCILE_CHECKOUTS](run)
    assert run.completed
    await desk.apply()


async def test_every_order_of_the_events_of_a_payment_comes_to_the_same_books(
    desk: GiftDesk,
) -> None:
    """Each order for a gift of its own, applied one at a time and all at once by turns.

    A sixth of the orders, over HTTP; tests/models/donations goes through them all.
    """
    gifts = 0
    for number, order in enumerate(permutations(range(TOLD_OF_A_CARD))):
        if number % 6:
            continue
        donation_id = await desk.opened()
        await desk.paid(donation_id)
        events = await told_of(desk, TOLD_OF_A_CARD)
        for place in order:
            assert await desk.delivered(events=[events[place]]) == ["200"]
            if number % 12:
                await desk.apply(limit=1)
        await desk.apply()
        gifts += 1
        assert await desk.state(donation_id) is DonationState.RECEIVED

    assert await desk.received() == [AMOUNT] * gifts
    assert await desk.incidents() == []
    assert await desk.differences() == []


@pytest.mark.parametrize("seed", range(3))
async def test_a_late_payment_told_in_disorder_and_twice_is_booked_once(
    desk: GiftDesk, seed: int
) -> None:
    await desk.sandbox.tell("post", hold=True, copies=2)
    donation_id = await desk.opened(method=DonationMethod.WECHAT_PAY)
    await desk.paid(donation_id, method=DonationMethod.WECHAT_PAY, outcome="pending")
    await desk.settled(donation_id, "succeeded")

    assert set(await desk.delivered(order="shuffled", seed=seed)) == {"200"}
    await desk.apply(limit=3)

    assert await desk.state(donation_id) is DonationState.RECEIVED
    assert await desk.received() == [AMOUNT]
    assert await desk.differences() == []


async def test_events_that_come_again_after_they_were_applied_change_nothing(
    desk: GiftDesk,
) -> None:
    donation_id = await desk.opened()
    await desk.paid(donation_id)
    events = await told_of(desk, TOLD_OF_A_CARD)
    await desk.delivered()
    await desk.apply()
    before = await desk.gift(donation_id)

    assert await desk.delivered(events=events) == ["200"] * TOLD_OF_A_CARD
    await desk.apply()

    assert await desk.gift(donation_id) == before
    assert await desk.received() == [AMOUNT]
    assert await desk.differences() == []


async def test_two_workers_on_the_same_events_book_each_gift_once(
    desk: GiftDesk, other: Database
) -> None:
    for _ in range(6):
        await desk.paid(await desk.opened())
    await desk.delivered(order="shuffled", seed=1)

    async def work(database: Database) -> None:
        while await inbox.apply_events(database, stripe_inbox.SOURCE, stripe_inbox.apply, limit=4):
            pass

    await asyncio.gather(work(desk.database), work(other), work(desk.database))

    assert await desk.received() == [AMOUNT] * 6
    assert set((await desk.events()).values()) == {EventState.APPLIED}
    assert await desk.differences() == []


async def test_a_gift_of_which_no_event_ever_comes_is_booked_by_asking(desk: GiftDesk) -> None:
    await desk.sandbox.tell("post", drop=["*"])
    paid, unpaid, late = [
        await desk.opened(),
        await desk.opened(),
        await desk.opened(method=DonationMethod.ALIPAY),
    ]
    await desk.paid(paid)
    await desk.paid(late, method=DonationMethod.ALIPAY, outcome="pending")
    reference = (await desk.gift(unpaid)).checkout_reference
    await desk.sandbox.stripe.v1.checkout.sessions.expire_async(reference)
    await reconcile(desk)
    assert await desk.state(paid) is DonationState.PENDING, "asked before news could have come"

    desk.clock.advance(dt.timedelta(minutes=51))
    await reconcile(desk)
    await reconcile(desk)

    assert await desk.state(paid) is DonationState.RECEIVED
    assert await desk.state(unpaid) is DonationState.EXPIRED
    assert await desk.state(late) is DonationState.PENDING
    assert await desk.received() == [AMOUNT]
    await desk.settled(late, "succeeded")
    await reconcile(desk)
    assert await desk.received() == [AMOUNT, AMOUNT]
    assert await desk.incidents() == []
    assert await desk.differences() == []


async def test_news_that_comes_after_the_asking_changes_nothing(desk: GiftDesk) -> None:
    donation_id = await desk.opened()
    await desk.paid(donation_id)
    desk.clock.advance(dt.timedelta(minutes=51))
    await reconcile(desk)
    before = await desk.gift(donation_id)
    assert before.state is DonationState.RECEIVED

    assert await desk.delivered() == ["200"] * TOLD_OF_A_CARD
    await desk.apply()

    assert await desk.gift(donation_id) == before
    assert await desk.received() == [AMOUNT]
    assert await desk.differences() == []


@pytest.mark.parametrize(("faults", "answered"), [(1, 4), (2, 3), (3, 0), (9, 0)])
async def test_a_provider_too_busy_to_answer_for_one_page_is_asked_again_in_the_next_round(
    desk: GiftDesk, faults: int, answered: int
) -> None:
    await desk.sandbox.tell("post", drop=["*"])
    for _ in range(5):
        await desk.paid(await desk.opened())
    desk.clock.advance(dt.timedelta(minutes=51))
    await desk.sandbox.tell("faults", kind="500", path="/v1/checkout", times=faults)

    await reconcile(desk)

    assert len(await desk.received()) == answered
    await desk.sandbox.tell("calm")
    await reconcile(desk)
    assert await desk.received() == [AMOUNT] * 5
    assert await desk.differences() == []
