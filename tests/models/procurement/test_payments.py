"""Payments by bank transfer: no more than is owed, and each reference once."""

import datetime as dt

import pytest

from models.kernel.ids import new_id
from models.kernel.money import Fen
from models.kernel.refusals import InvalidValue
from models.procurement import payments
from models.procurement.orders import (
    PaymentState,
    payment_state,
)
from models.procurement.payments import BankReferenceUsed, PaymentExceedsPayable
from tests.markets import ORANGES_FEN, Market
from tests.models.procurement.moves import pay, trace


async def test_no_more_than_what_is_owed_is_paid_and_a_reference_counts_once(
    market: Market,
) -> None:
    order_id = await market.shipped(3)
    await market.accept(order_id, 1)
    before = await trace(market)

    with pytest.raises(PaymentExceedsPayable) as refusal:
        await pay(market, order_id, ORANGES_FEN + 1)
    assert refusal.value.facts == {"payable_fen": ORANGES_FEN, "required_fen": ORANGES_FEN + 1}
    assert await trace(market) == before

    await pay(market, order_id, 1_000, " B1 ")
    before = await trace(market)
    with pytest.raises(BankReferenceUsed) as used:
        await pay(market, order_id, 999, "B1")
    assert used.value.facts == {"bank_reference": "B1"}
    assert await trace(market) == before

    await pay(market, order_id, 999, "B2")
    assert (await market.figures()).paid_fen == ORANGES_FEN


@pytest.mark.parametrize(
    ("amount_fen", "reference", "paid_on", "path"),
    [
        (0, "B1", dt.date(2017, 10, 16), "amountFen"),
        (-1, "B1", dt.date(2017, 10, 16), "amountFen"),
        (1, " ", dt.date(2017, 10, 16), "bankReference"),
        (1, "B" * 65, dt.date(2017, 10, 16), "bankReference"),
        (1, "B1", dt.date(2017, 10, 17), "paidOn"),
    ],
)
async def test_a_payment_that_makes_no_sense_is_refused(
    market: Market, amount_fen: int, reference: str, paid_on: dt.date, path: str
) -> None:
    order_id = await market.shipped(3)
    await market.accept(order_id)
    before = await trace(market)

    with pytest.raises(InvalidValue) as refusal:
        await market.do(
            lambda transaction: payments.record(
                transaction,
                market["officer"],
                payment_id=new_id(),
                order_id=order_id,
                amount_fen=Fen(amount_fen),
                bank_reference=reference,
                paid_on=paid_on,
            )
        )

    assert refusal.value.path == path
    assert await trace(market) == before


@pytest.mark.parametrize(
    ("held", "payable", "paid", "state"),
    [
        (100, 0, 0, PaymentState.UNPAID),
        (0, 100, 0, PaymentState.UNPAID),
        (0, 1, 99, PaymentState.PART_PAID),
        (1, 0, 99, PaymentState.PART_PAID),
        (0, 0, 100, PaymentState.PAID),
    ],
)
def test_paid_means_that_nothing_is_owed_nor_awaited(
    held: int, payable: int, paid: int, state: PaymentState
) -> None:
    found = payment_state(held_fen=Fen(held), payable_fen=Fen(payable), paid_fen=Fen(paid))
    assert found is state
