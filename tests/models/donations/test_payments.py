"""What facts make of a gift, in whatever order and however often they come."""

import datetime as dt
from collections.abc import Sequence
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.donations.gifts import DonationState
from models.donations.payments import Gift, PaymentFact, PaymentOutcome, decide
from models.kernel.ids import new_id
from models.kernel.inbox import Parked
from models.kernel.money import Fen

AT = dt.datetime(2017, 10, 17, 1, 0, tzinfo=dt.UTC)
AMOUNT = Fen(12_345)
DIVISION = "511702000000"
O = PaymentOutcome  # noqa: E741 - the tables below are read by it
# What the provider tells of each story, in the order in which it happens.
STORIES = {
    "a card": ([O.PAID, O.PAID, O.PAID], DonationState.RECEIVED),
    "a card declined, then paid": (
        [O.DECLINED, O.DECLINED, O.PAID, O.PAID, O.PAID],
        DonationState.RECEIVED,
    ),
    "paid later": (
        [O.PENDING, O.PENDING, O.PENDING, O.PAID, O.PAID, O.PAID],
        DonationState.RECEIVED,
    ),
    "failed later": (
        [O.PENDING, O.PENDING, O.PENDING, O.DECLINED, O.DECLINED, O.FAILED],
        DonationState.FAILED,
    ),
    "declined, then expired": (
        [O.DECLINED, O.DECLINED, O.FAILED, O.EXPIRED],
        DonationState.EXPIRED,
    ),
    "expired": ([O.EXPIRED], DonationState.EXPIRED),
}


def new_gift(state: DonationState = DonationState.PENDING) -> Gift:
    return Gift(new_id(), new_id(), DIVISION, AMOUNT, state, payment_reference=None)


def fact(
    outcome: PaymentOutcome,
    *,
    amount: int = AMOUNT,
    currency: str = "cny",
    reference: str | None = "pi_1",
) -> PaymentFact:
    return PaymentFact(
        event_id=new_id(),
        outcome=outcome,
        what=outcome.value,
        donation_id=None,
        payment_reference=reference,
        amount_minor=amount,
        currency=currency,
        occurred_at=AT,
    )


def become(outcomes: Sequence[PaymentOutcome]) -> tuple[DonationState, str | None, int]:
    gift = new_gift()
    booked = 0
    for outcome in outcomes:
        assert decide(gift, fact(outcome)) is None
        booked += gift.paid_by is not None
        gift.paid_by = None
    return gift.state, gift.payment_reference, booked


@pytest.mark.parametrize("name", STORIES)
def test_every_order_of_the_facts_ends_in_the_same_gift_booked_once(name: str) -> None:
    outcomes, state = STORIES[name]
    is_received = state is DonationState.RECEIVED

    ends = {become(order) for order in permutations(outcomes)}

    assert ends == {(state, "pi_1" if is_received else None, int(is_received))}


@given(st.lists(st.sampled_from([each for each in O if each is not O.OTHER]), max_size=12))
def test_a_gift_is_received_exactly_when_some_fact_says_paid(
    outcomes: list[PaymentOutcome],
) -> None:
    state, _, booked = become(outcomes)

    assert (state is DonationState.RECEIVED) == (O.PAID in outcomes)
    assert booked == (O.PAID in outcomes)


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        ({"amount": AMOUNT - 1}, "wrong_amount"),
        ({"amount": AMOUNT + 1}, "wrong_amount"),
        ({"amount": 0}, "wrong_amount"),
        ({"currency": "usd"}, "wrong_currency"),
        ({"currency": "CNY"}, "wrong_currency"),
        ({"reference": None}, "payment_without_reference"),
    ],
)
@pytest.mark.parametrize("state", list(DonationState))
def test_a_payment_that_does_not_fit_is_parked_and_changes_nothing(
    state: DonationState, trouble: dict[str, int | str | None], reason: str
) -> None:
    gift = new_gift(state)

    parked = decide(gift, fact(O.PAID, **trouble))  # type: ignore[arg-type] # one field at a time

    assert parked is not None
    assert (parked.reason, parked.division_code) == (reason, DIVISION)
    assert (gift.state, gift.is_changed, gift.paid_by) == (state, False, None)


def test_a_second_payment_of_the_same_gift_is_parked() -> None:
    gift = new_gift()
    decide(gift, fact(O.PAID))

    assert decide(gift, fact(O.PAID)) is None
    parked = decide(gift, fact(O.PAID, reference="pi_2"))

    assert isinstance(parked, Parked)
    assert parked.reason == "paid_twice"
    assert gift.payment_reference == "pi_1"


@pytest.mark.parametrize("state", list(DonationState))
def test_what_no_rule_covers_is_parked_by_its_own_name(state: DonationState) -> None:
    gift = new_gift(state)

    parked = decide(gift, fact(O.OTHER))

    assert parked is not None
    assert (parked.reason, gift.state) == ("other", state)


@pytest.mark.parametrize("ended", [DonationState.FAILED, DonationState.EXPIRED])
def test_money_that_arrives_after_all_is_received(ended: DonationState) -> None:
    gift = new_gift(ended)

    assert decide(gift, fact(O.PAID)) is None

    assert gift.state is DonationState.RECEIVED
