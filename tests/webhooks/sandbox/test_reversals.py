"""Money that goes back, whole and in part."""

from typing import Any

import pytest
import stripe

from tests.webhooks.conftest import Sandbox


async def amounts(sandbox: Sandbox) -> list[int]:
    """The movements of the balance, oldest first."""
    movements = await sandbox.stripe.v1.balance_transactions.list_async()
    return [movement.amount for movement in movements.data][::-1]


async def test_refunds_in_part_add_up_to_the_payment_and_no_further(sandbox: Sandbox) -> None:
    intent = await sandbox.paid()
    refunds = sandbox.stripe.v1.refunds

    first = await refunds.create_async({"payment_intent": intent, "amount": 45})
    rest = await refunds.create_async({"payment_intent": intent})

    assert (first.status, first.amount, rest.amount) == ("succeeded", 45, 12_300)
    assert (await sandbox.kinds())[5:9] == [
        "refund.created",
        "charge.refunded",
        "refund.updated",
        "charge.refund.updated",
    ]
    charge = (await sandbox.stripe.v1.charges.list_async()).data[0]
    assert (charge.amount_refunded, charge.refunded) == (12_345, True)
    assert await amounts(sandbox) == [12_345, -45, -12_300]
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await refunds.create_async({"payment_intent": intent, "amount": 1})
    assert refused.value.code == "charge_already_refunded"
    assert await amounts(sandbox) == [12_345, -45, -12_300]


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({}, "payment_intent"),
        ({"payment_intent": "pi_1"}, "payment_intent"),
        ({"charge": "ch_1"}, "charge"),
        ({"amount": 12_346}, "amount"),
        ({"amount": 0}, "amount"),
        ({"amount": -1}, "amount"),
        ({"reason": "regret"}, "reason"),
    ],
)
async def test_a_refund_that_cannot_be_gives_nothing_back(
    sandbox: Sandbox, asked: dict[str, Any], param: str
) -> None:
    intent = await sandbox.paid()
    request: Any = (
        {"payment_intent": intent, **asked} if set(asked) & {"amount", "reason"} else asked
    )

    with pytest.raises(stripe.InvalidRequestError) as refused:
        await sandbox.stripe.v1.refunds.create_async(request)

    assert refused.value.param == param
    assert await amounts(sandbox) == [12_345]
    assert len(await sandbox.events()) == 5


async def test_a_refund_of_what_was_never_paid_is_refused(sandbox: Sandbox) -> None:
    session_id = await sandbox.opened()
    session = await sandbox.tell(f"sessions/{session_id}/pay", outcome="declined")
    charge = (await sandbox.stripe.v1.charges.list_async()).data[0]

    for asked in ({"payment_intent": session["payment_intent"]}, {"charge": charge.id}):
        request: Any = asked
        with pytest.raises(stripe.InvalidRequestError):
            await sandbox.stripe.v1.refunds.create_async(request)

    assert await amounts(sandbox) == []


async def test_a_refund_may_wait_and_then_arrive(sandbox: Sandbox) -> None:
    intent = await sandbox.paid(method="alipay")
    await sandbox.tell("refunds", outcome="pending")

    made = await sandbox.stripe.v1.refunds.create_async({"payment_intent": intent})
    settled = await sandbox.tell(f"refunds/{made.id}/settle", outcome="succeeded")

    assert (made.status, settled["status"]) == ("pending", "succeeded")
    assert (await sandbox.kinds())[5:] == [
        "refund.created",
        "charge.refunded",
        "refund.updated",
        "charge.refund.updated",
    ]
    again = await sandbox.http.post(f"/sandbox/refunds/{made.id}/settle", json={})
    assert again.status_code == 400


async def test_a_refund_that_fails_comes_back_to_the_balance(sandbox: Sandbox) -> None:
    intent = await sandbox.paid()
    await sandbox.tell("refunds", outcome="failed")

    made = await sandbox.stripe.v1.refunds.create_async({"payment_intent": intent, "amount": 45})

    assert (made.status, made.failure_reason) == ("failed", "expired_or_canceled_card")
    assert (await sandbox.kinds())[5:] == [
        "refund.created",
        "charge.refunded",
        "refund.failed",
        "charge.refund.updated",
    ]
    assert await amounts(sandbox) == [12_345, -45, 45]
    charge = (await sandbox.stripe.v1.charges.list_async()).data[0]
    assert (charge.amount_refunded, charge.refunded) == (0, False)


@pytest.mark.parametrize(
    ("outcome", "kinds", "left"),
    [
        ("won", ["charge.dispute.funds_reinstated", "charge.dispute.closed"], [12_345]),
        ("lost", ["charge.dispute.closed"], []),
    ],
)
async def test_a_dispute_takes_the_money_until_it_is_decided(
    sandbox: Sandbox, outcome: str, kinds: list[str], left: list[int]
) -> None:
    intent = await sandbox.paid()

    opened = await sandbox.tell(f"payments/{intent}/dispute", reason="fraudulent")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await sandbox.stripe.v1.refunds.create_async({"payment_intent": intent})
    closed = await sandbox.tell(f"disputes/{opened['id']}/close", outcome=outcome)

    assert refused.value.code == "charge_disputed"
    assert closed["status"] == outcome
    assert (await sandbox.kinds())[5:] == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        *kinds,
    ]
    assert await amounts(sandbox) == [12_345, -12_345, *left]
    again = await sandbox.http.post(
        f"/sandbox/disputes/{opened['id']}/close", json={"outcome": "won"}
    )
    assert again.status_code == 400


@pytest.mark.parametrize("amount", [0, 12_346])
async def test_more_than_the_payment_cannot_be_disputed(sandbox: Sandbox, amount: int) -> None:
    intent = await sandbox.paid()

    answer = await sandbox.http.post(f"/sandbox/payments/{intent}/dispute", json={"amount": amount})

    assert answer.status_code in {400, 422}
    assert await amounts(sandbox) == [12_345]
