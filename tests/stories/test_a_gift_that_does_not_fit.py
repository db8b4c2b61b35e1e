"""Events that no rule accepts: parked where the right person sees them; the books do not move."""

import re
from typing import Any

import pytest
from structlog.testing import capture_logs

from models.donations import incidents
from models.donations.gifts import DonationState
from models.kernel import inbox
from models.kernel.divisions import NATION
from models.kernel.ids import new_id
from models.kernel.paging import Keyset
from models.kernel.refusals import InvalidValue, NotFound, WrongState
from models.parties import Actor, Role
from models.parties.rights import NotPermitted, NotSignedIn
from tests.gifts import AMOUNT, GiftDesk
from tests.models.funds.worlds import DIVISION, OTHER_DIVISION, actor
from webhooks import stripe_inbox

ADMINISTRATOR = actor(new_id(), Role.ADMINISTRATOR, division_code=NATION)
OTHER_MANAGER = actor(new_id(), Role.FUND_MANAGER, division_code=OTHER_DIVISION)


async def reasons(desk: GiftDesk, reader: Actor, *, is_open: bool | None = True) -> list[str]:
    async with desk.database.read() as connection:
        page = await incidents.work_list(connection, reader, Keyset(), is_open=is_open)
    return sorted(row.reason for row in page.rows)


async def pay_another_page(desk: GiftDesk, *, donation_id: object, currency: str, fen: int) -> None:
    """A page of our account that names the gift, but is not the one we opened for it."""
    price = {"currency": currency, "unit_amount": fen, "product_data": {"name": "捐赠"}}
    names = {"donation_id": str(donation_id)}
    session_id = await desk.sandbox.opened(
        line_items=[{"price_data": price, "quantity": 1}],
        client_reference_id=str(donation_id),
        metadata=names,
        payment_intent_data={"metadata": names},
    )
    await desk.sandbox.tell(f"sessions/{session_id}/pay", method="card")
    assert set(await desk.delivered()) == {"200"}
    await desk.apply()


@pytest.mark.parametrize(
    ("currency", "fen", "reason"),
    [
        ("cny", AMOUNT - 1, "wrong_amount"),
        ("cny", AMOUNT + 1, "wrong_amount"),
        ("usd", AMOUNT, "wrong_currency"),
    ],
)
async def test_a_payment_that_is_not_the_gift_waits_for_the_manager_of_the_fund(
    desk: GiftDesk, currency: str, fen: int, reason: str
) -> None:
    donation_id = await desk.opened()

    await pay_another_page(desk, donation_id=donation_id, currency=currency, fen=fen)

    assert await reasons(desk, desk.world.manager) == [reason] * 3
    assert await reasons(desk, ADMINISTRATOR) == [reason] * 3
    assert await reasons(desk, OTHER_MANAGER) == []
    assert await desk.state(donation_id) is DonationState.PENDING
    assert await desk.is_untouched()


async def test_a_payment_of_no_gift_of_ours_waits_for_an_administrator(desk: GiftDesk) -> None:
    await pay_another_page(desk, donation_id=new_id(), currency="cny", fen=AMOUNT)

    assert await reasons(desk, desk.world.manager) == []
    assert await reasons(desk, ADMINISTRATOR) == ["unknown_donation"] * 3
    assert await desk.is_untouched()


@pytest.mark.parametrize(
    ("kind", "changes", "reason"),
    [
        (
            "checkout.session.completed",
            {"payment_status": "no_payment_required"},
            "payment_status_unknown",
        ),
        ("checkout.session.completed", {"payment_status": "new_word"}, "payment_status_unknown"),
        ("checkout.session.completed", {"amount_total": "12345"}, "amount_unreadable"),
        ("checkout.session.completed", {"payment_intent": None}, "payment_missing"),
        ("checkout.session.completed", {"payment_intent": "p" * 121}, "payment_unreadable"),
        ("checkout.session.transfigured", {}, "kind_unexpected"),
        ("invoice.paid", {}, "kind_unexpected"),
    ],
)
async def test_what_is_not_understood_is_parked_and_the_rest_of_the_batch_goes_through(
    desk: GiftDesk, kind: str, changes: dict[str, Any], reason: str
) -> None:
    good, strange = await desk.opened(), await desk.opened()
    await desk.paid(good)
    subject = {
        "object": "checkout.session",
        "id": "cs_1",
        "payment_status": "paid",
        "payment_intent": "pi_1",
        "amount_total": AMOUNT,
        "currency": "cny",
        "client_reference_id": str(strange),
        **changes,
    }
    await desk.told(desk.event(kind, subject))
    await desk.delivered()

    await desk.apply()

    assert await desk.incidents() == [(kind, reason, DIVISION)]
    assert await desk.state(strange) is DonationState.PENDING
    assert await desk.state(good) is DonationState.RECEIVED
    assert await desk.received() == [AMOUNT]
    assert await desk.differences() == []


async def test_an_event_about_nothing_of_ours_touches_no_gift_of_the_same_batch(
    desk: GiftDesk,
) -> None:
    donation_id = await desk.opened()
    page = {"object": "checkout.session", "id": "cs_1", "amount_total": 1, "currency": "cny"}
    await desk.told(desk.event("checkout.session.expired", page))
    await desk.paid(donation_id, outcome="declined")
    await desk.delivered()

    await desk.apply()

    assert await desk.state(donation_id) is DonationState.PENDING
    assert await desk.incidents() == [("checkout.session.expired", "unknown_donation", None)]


async def test_what_was_stored_and_cannot_be_read_is_parked(desk: GiftDesk) -> None:
    await desk.database.transact(
        lambda transaction: inbox.receive(
            transaction, source=stripe_inbox.SOURCE, external_id="evt_1", kind="?", body={}
        )
    )

    await desk.apply()

    assert await desk.incidents() == [("?", "event_unreadable", None)]


async def test_a_refund_and_a_dispute_wait_for_the_manager_and_move_no_money(
    desk: GiftDesk,
) -> None:
    donation_id = await desk.opened()
    await desk.paid(donation_id)
    payment = await desk.sandbox.stripe.v1.checkout.sessions.retrieve_async(
        (await desk.gift(donation_id)).checkout_reference
    )
    reference = str(payment.payment_intent)
    await desk.sandbox.stripe.v1.refunds.create_async({"payment_intent": reference, "amount": 45})
    await desk.sandbox.tell(f"payments/{reference}/dispute", amount=100)
    # The refund may come before the payment that it refunds, in the same batch.
    await desk.delivered(order="reversed")

    await desk.apply()

    found = await reasons(desk, desk.world.manager)
    assert set(found) >= {"refunded", "disputed"}
    assert await desk.state(donation_id) is DonationState.RECEIVED
    assert await desk.received() == [AMOUNT]
    assert await desk.differences() == []


async def test_two_payments_of_one_gift_are_booked_once_and_the_second_is_parked(
    desk: GiftDesk,
) -> None:
    donation_id = await desk.opened()
    await desk.paid(donation_id)
    await desk.delivered()
    await desk.apply()

    await pay_another_page(desk, donation_id=donation_id, currency="cny", fen=AMOUNT)

    assert await reasons(desk, desk.world.manager) == ["paid_twice"] * 3
    assert await desk.received() == [AMOUNT]
    assert await desk.differences() == []


async def test_an_incident_is_closed_once_by_who_may_with_a_note(desk: GiftDesk) -> None:
    donation_id = await desk.opened()
    await pay_another_page(desk, donation_id=donation_id, currency="cny", fen=1)
    manager = desk.world.manager
    async with desk.database.read() as connection:
        page = await incidents.work_list(connection, manager, Keyset(), is_open=True)
    incident_id = page.rows[0].id

    async def resolve(who: Actor, note: str = "已退回", what: Any = incident_id) -> None:
        await desk.database.transact(
            lambda transaction: incidents.resolve(transaction, who, incident_id=what, note=note)
        )

    with pytest.raises(NotSignedIn):
        await resolve(Actor())
    with pytest.raises(NotPermitted):
        await resolve(Actor(new_id()))
    with pytest.raises(NotPermitted):
        await resolve(OTHER_MANAGER)
    with pytest.raises(NotPermitted):
        await resolve(actor(desk.world.office, Role.AUDITOR))
    with pytest.raises(NotFound):
        await resolve(manager, what=new_id())
    with pytest.raises(InvalidValue):
        await resolve(manager, note="  ")
    assert await reasons(desk, manager) == ["wrong_amount"] * 3

    await resolve(manager)

    with pytest.raises(WrongState):
        await resolve(ADMINISTRATOR)
    assert await reasons(desk, manager) == ["wrong_amount"] * 2
    assert await reasons(desk, manager, is_open=False) == ["wrong_amount"]
    assert await desk.is_untouched()


async def test_no_log_line_says_who_gives(desk: GiftDesk) -> None:
    with capture_logs() as lines:
        donation_id = await desk.opened()
        await desk.paid(donation_id)
        await desk.sandbox.tell("faults", kind="500", path="/v1/checkout", times=1)
        assert await desk.payments.open(await desk.started()) is None
        await desk.delivered()
        await desk.apply()

    assert lines
    assert not re.search("李善", str(lines))
