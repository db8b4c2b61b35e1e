"""What becomes of an open payment page, and in which order the provider tells it."""

from collections.abc import Callable

from webhooks.sandbox.events import emit
from webhooks.sandbox.faults import StripeFault
from webhooks.sandbox.objects import (
    fee_of,
    new_balance_transaction,
    new_charge,
    new_intent,
)
from webhooks.sandbox.state import Body, Books

OUTCOMES = ("paid", "declined", "pending")


def pay(books: Books, session_id: str, *, method: str, outcome: str) -> Body:
    """The donor's act on the page: paid, declined, or agreed to with the money still to come."""
    session = books.require("checkout.session", session_id, param="session")
    if session["status"] != "open":
        raise StripeFault(f"This Checkout Session has a status of {session['status']}.")
    if method not in session["payment_method_types"]:
        raise StripeFault(f"This Checkout Session does not offer {method}.", param="method")
    if outcome not in OUTCOMES or (outcome == "pending" and method == "card"):
        raise StripeFault(f"A payment by {method} cannot be {outcome}.", param="outcome")
    intent = _intent_of(books, session)
    charge = new_charge(intent, method, now=books.now)
    books.add(charge)
    intent["latest_charge"] = charge["id"]
    intent["payment_method"] = charge["payment_method"]
    acts: dict[str, Callable[[Books, Body, Body, Body], None]] = {
        "paid": _pay_at_once,
        "declined": _decline,
        "pending": _pay_later,
    }
    acts[outcome](books, session, intent, charge)
    return session


def settle(books: Books, session_id: str, *, outcome: str) -> Body:
    """The money of a pending payment arrives, or does not."""
    session = books.require("checkout.session", session_id, param="session")
    intent = books.find("payment_intent", session["payment_intent"] or "")
    if intent is None or intent["status"] != "processing":
        raise StripeFault("This Checkout Session has no payment in processing.")
    charge = books.require("charge", intent["latest_charge"])
    if outcome == "succeeded":
        _take(books, intent, charge)
        session["payment_status"] = "paid"
        books.save(session)
        emit(books, "checkout.session.async_payment_succeeded", session)
        _account_for(books, charge)
    elif outcome == "failed":
        _fail(books, intent, charge, code="payment_intent_payment_attempt_failed")
        emit(books, "checkout.session.async_payment_failed", session)
    else:
        raise StripeFault("A payment settles as succeeded or failed.", param="outcome")
    return session


def expire(books: Books, session_id: str) -> Body:
    """Close an open page."""
    session = books.require("checkout.session", session_id, param="session")
    if session["status"] != "open":
        raise StripeFault(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout'
            f" Session has a status of `{session['status']}`."
        )
    session |= {"status": "expired", "url": None}
    books.save(session)
    intent = books.find("payment_intent", session["payment_intent"] or "")
    if intent is not None:
        intent |= {
            "status": "canceled",
            "canceled_at": books.now,
            "cancellation_reason": "expired",
        }
        books.save(intent)
        emit(books, "payment_intent.canceled", intent)
    emit(books, "checkout.session.expired", session)
    return session


def expire_due(books: Books) -> None:
    """Close every page whose time is over."""
    for session in books.sessions_due():
        expire(books, session["id"])


def _intent_of(books: Books, session: Body) -> Body:
    if session["payment_intent"] is not None:
        return books.require("payment_intent", session["payment_intent"])
    intent = new_intent(session, books.hidden(session["id"])["intent"], now=books.now)
    books.add(intent)
    session["payment_intent"] = intent["id"]
    books.save(session)
    emit(books, "payment_intent.created", intent)
    return intent


def _pay_at_once(books: Books, session: Body, intent: Body, charge: Body) -> None:
    _take(books, intent, charge)
    session |= {"status": "complete", "payment_status": "paid", "url": None}
    books.save(session)
    emit(books, "checkout.session.completed", session)
    _account_for(books, charge)


def _pay_later(books: Books, session: Body, intent: Body, charge: Body) -> None:
    intent["status"] = "processing"
    books.save(intent)
    session |= {"status": "complete", "url": None}
    books.save(session)
    emit(books, "charge.pending", charge)
    emit(books, "payment_intent.processing", intent)
    emit(books, "checkout.session.completed", session)


def _decline(books: Books, session: Body, intent: Body, charge: Body) -> None:
    del session  # stays open for another attempt
    _fail(books, intent, charge, code="card_declined")


def _take(books: Books, intent: Body, charge: Body) -> None:
    charge |= {
        "amount_captured": charge["amount"],
        "captured": True,
        "paid": True,
        "status": "succeeded",
    }
    books.save(charge)
    intent |= {
        "amount_received": intent["amount"],
        "last_payment_error": None,
        "status": "succeeded",
    }
    books.save(intent)
    emit(books, "charge.succeeded", charge)
    emit(books, "payment_intent.succeeded", intent)


def _account_for(books: Books, charge: Body) -> None:
    """Captured asynchronously: the fee is known a moment after the payment."""
    method = charge["payment_method_details"]["type"]
    movement = new_balance_transaction(
        charge,
        "charge" if method == "card" else "payment",
        charge["amount"],
        fee=fee_of(method, charge["amount"]),
        now=books.now,
    )
    books.add(movement)
    charge["balance_transaction"] = movement["id"]
    books.save(charge)
    emit(books, "charge.updated", charge, previous={"balance_transaction": None})


def _fail(books: Books, intent: Body, charge: Body, *, code: str) -> None:
    message = "The payment was declined. 付款被拒绝。"
    charge |= {"failure_code": code, "failure_message": message, "status": "failed"}
    books.save(charge)
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "last_payment_error": {
            "charge": charge["id"],
            "code": code,
            "message": message,
            "type": "card_error" if code == "card_declined" else "invalid_request_error",
        },
    }
    books.save(intent)
    emit(books, "charge.failed", charge)
    emit(books, "payment_intent.payment_failed", intent)
