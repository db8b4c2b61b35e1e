"""Money that goes back: refunds that we ask for, disputes that a donor's bank asks for."""

from collections.abc import Mapping
from typing import Any

from webhooks.sandbox.events import emit
from webhooks.sandbox.faults import StripeFault
from webhooks.sandbox.objects import new_balance_transaction, new_dispute, new_refund
from webhooks.sandbox.state import Body, Books

REFUND_OUTCOMES = ("succeeded", "pending", "failed")


def refund(books: Books, parameters: Mapping[str, Any]) -> Body:
    """Give back a part or the whole of a payment."""
    charge = _charge_to_refund(books, parameters)
    left = charge["amount_captured"] - charge["amount_refunded"]
    if charge["disputed"]:
        raise StripeFault(
            "Charge has been charged back; cannot issue a refund.", code="charge_disputed"
        )
    if left == 0:
        raise StripeFault(
            f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )
    amount = parameters.get("amount", left)
    if amount < 1:
        raise StripeFault(
            "Invalid positive integer", code="parameter_invalid_integer", param="amount"
        )
    if amount > left:
        raise StripeFault(
            f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})",
            param="amount",
        )
    made = new_refund(charge, parameters, amount=amount, now=books.now)
    movement = new_balance_transaction(made, _refund_kind(charge), -amount, now=books.now)
    books.add(movement)
    outcome = books.knob("refund_outcome", "succeeded")
    made["balance_transaction"] = movement["id"]
    made["status"] = "succeeded" if outcome == "succeeded" else "pending"
    books.add(made)
    before = {"amount_refunded": charge["amount_refunded"], "refunded": charge["refunded"]}
    _count_refunded(books, charge, amount)
    emit(books, "refund.created", made)
    emit(books, "charge.refunded", charge, previous=before)
    if outcome == "succeeded":
        _refer(books, made, charge["payment_method_details"]["type"])
    elif outcome == "failed":
        settle_refund(books, made["id"], outcome="failed")
    return books.require("refund", made["id"])


def settle_refund(books: Books, refund_id: str, *, outcome: str) -> Body:
    """A pending refund reaches the donor, or comes back."""
    made = books.require("refund", refund_id)
    if made["status"] != "pending" or outcome not in {"succeeded", "failed"}:
        raise StripeFault(f"A {made['status']} refund cannot become {outcome}.", param="outcome")
    made["status"] = outcome
    if outcome == "succeeded":
        books.save(made)
        emit(books, "refund.updated", made, previous={"status": "pending"})
        emit(books, "charge.refund.updated", made, previous={"status": "pending"})
        return made
    charge = books.require("charge", made["charge"])
    movement = new_balance_transaction(made, "refund_failure", made["amount"], now=books.now)
    books.add(movement)
    made |= {
        "failure_balance_transaction": movement["id"],
        "failure_reason": "expired_or_canceled_card",
    }
    books.save(made)
    _count_refunded(books, charge, -made["amount"])
    emit(books, "refund.failed", made)
    emit(books, "charge.refund.updated", made, previous={"status": "pending"})
    return made


def dispute(books: Books, payment_intent: str, *, amount: int | None, reason: str) -> Body:
    """A donor's bank takes the money back until the matter is decided."""
    charge = _charge_of(books, payment_intent)
    left = charge["amount_captured"] - charge["amount_refunded"]
    if charge["disputed"] or not 1 <= (left if amount is None else amount) <= left:
        raise StripeFault("This payment cannot be disputed for this amount.", param="amount")
    opened = new_dispute(
        charge, amount=left if amount is None else amount, reason=reason, now=books.now
    )
    charge["disputed"] = True
    books.save(charge)
    books.add(opened)
    emit(books, "charge.dispute.created", opened)
    _move_disputed(books, opened, -opened["amount"])
    emit(books, "charge.dispute.funds_withdrawn", opened)
    return opened


def close_dispute(books: Books, dispute_id: str, *, outcome: str) -> Body:
    """The matter is decided: won, and the money comes back; or lost."""
    closed = books.require("dispute", dispute_id)
    if closed["status"] not in {"needs_response", "under_review"} or outcome not in {"won", "lost"}:
        raise StripeFault(f"A {closed['status']} dispute cannot become {outcome}.", param="outcome")
    before = {"status": closed["status"]}
    closed["status"] = outcome
    books.save(closed)
    if outcome == "won":
        _move_disputed(books, closed, closed["amount"])
        emit(books, "charge.dispute.funds_reinstated", closed)
    emit(books, "charge.dispute.closed", closed, previous=before)
    return closed


def _charge_to_refund(books: Books, parameters: Mapping[str, Any]) -> Body:
    named = [name for name in ("charge", "payment_intent") if name in parameters]
    if len(named) != 1:
        raise StripeFault(
            "One of charge or payment_intent must be given.",
            code="parameter_missing",
            param="payment_intent",
        )
    if named == ["charge"]:
        charge = books.require("charge", parameters["charge"], param="charge")
        if charge["status"] != "succeeded":
            raise StripeFault("This charge did not succeed.", param="charge")
        return charge
    return _charge_of(books, parameters["payment_intent"])


def _charge_of(books: Books, payment_intent: str) -> Body:
    books.require("payment_intent", payment_intent, param="payment_intent")
    charges = books.of_payment("charge", payment_intent)
    taken = [charge for charge in charges if charge["status"] == "succeeded"]
    if not taken:
        raise StripeFault(
            f"This PaymentIntent ({payment_intent}) does not have a successful charge.",
            code="payment_intent_unexpected_state",
            param="payment_intent",
        )
    return taken[0]


def _refund_kind(charge: Body) -> str:
    return "refund" if charge["id"].startswith("ch_") else "payment_refund"


def _count_refunded(books: Books, charge: Body, amount: int) -> None:
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    books.save(charge)


def _refer(books: Books, made: Body, method: str) -> None:
    """The bank's reference of a refund comes a moment after it."""
    before = {"destination_details": None}
    made["destination_details"] = {
        "type": method,
        method: {"reference": made["id"][-8:], "reference_status": "available", "type": "refund"}
        if method == "card"
        else {},
    }
    books.save(made)
    emit(books, "refund.updated", made, previous=before)
    emit(books, "charge.refund.updated", made, previous=before)


def _move_disputed(books: Books, disputed: Body, amount: int) -> None:
    movement = new_balance_transaction(disputed, "adjustment", amount, now=books.now)
    books.add(movement)
    disputed["balance_transactions"] = [*disputed["balance_transactions"], movement]
    books.save(disputed)
