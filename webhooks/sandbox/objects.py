"""The provider's objects, field for field as the SDK's classes name them."""

from collections.abc import Mapping
from typing import Any

from stripe import BalanceTransaction, Charge, Dispute, Event, PaymentIntent, Refund
from stripe.checkout import Session

from webhooks.sandbox.state import Body, new_identity

API_VERSION = "2026-10-28.endive"
METHODS = ("card", "alipay", "wechat_pay")

# Basis points and a fixed part, in the style of the provider's price list.
FEES = {"card": (340, 235), "alipay": (220, 0), "wechat_pay": (220, 0)}


def blank(resource: type) -> Body:
    """Every field the SDK knows, empty."""
    return dict.fromkeys((name for name in resource.__annotations__ if name.islower()), None)


def new_session(parameters: Mapping[str, Any], *, now: int, public_url: str) -> Body:
    """An open payment page."""
    identity = new_identity("cs_test", 58)
    total = sum(
        item["price_data"]["unit_amount"] * item["quantity"] for item in parameters["line_items"]
    )
    offered = parameters.get("allowed_payment_method_types") or METHODS
    return blank(Session) | {
        "id": identity,
        "object": "checkout.session",
        "amount_subtotal": total,
        "amount_total": total,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "cancel_url": parameters.get("cancel_url"),
        "client_reference_id": parameters.get("client_reference_id"),
        "created": now,
        "currency": parameters["line_items"][0]["price_data"]["currency"],
        "custom_fields": [],
        "custom_text": {},
        "customer_creation": "if_required",
        "expires_at": parameters["expires_at"],
        "livemode": False,
        "locale": parameters.get("locale"),
        "metadata": parameters.get("metadata", {}),
        "mode": "payment",
        "payment_method_collection": "if_required",
        "payment_method_options": parameters.get("payment_method_options", {}),
        "payment_method_types": [method for method in METHODS if method in offered],
        "payment_status": "unpaid",
        "shipping_options": [],
        "status": "open",
        "submit_type": parameters.get("submit_type"),
        "success_url": parameters["success_url"],
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": f"{public_url}/c/pay/{identity}",
    }


def new_intent(session: Body, hidden: Mapping[str, Any], *, now: int) -> Body:
    """The payment a session starts; `hidden` is what its opener asked for it."""
    identity = new_identity("pi")
    return blank(PaymentIntent) | {
        "id": identity,
        "object": "payment_intent",
        "amount": session["amount_total"],
        "amount_capturable": 0,
        "amount_received": 0,
        "capture_method": "automatic_async",
        "client_secret": new_identity(f"{identity}_secret", 25),
        "confirmation_method": "automatic",
        "created": now,
        "currency": session["currency"],
        "description": hidden.get("description"),
        "livemode": False,
        "metadata": hidden.get("metadata", {}),
        "payment_method_options": {},
        "payment_method_types": session["payment_method_types"],
        "status": "requires_payment_method",
    }


def new_charge(intent: Body, method: str, *, now: int) -> Body:
    """One attempt to take the money."""
    return blank(Charge) | {
        "id": new_identity("ch" if method == "card" else "py"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "billing_details": {"address": None, "email": None, "name": None, "phone": None},
        "captured": False,
        "created": now,
        "currency": intent["currency"],
        "description": intent["description"],
        "disputed": False,
        "fraud_details": {},
        "livemode": False,
        "metadata": intent["metadata"],
        "paid": False,
        "payment_intent": intent["id"],
        "payment_method": new_identity("pm"),
        "payment_method_details": {"type": method, method: _details(method)},
        "refunded": False,
        "status": "pending",
    }


def new_balance_transaction(
    source: Body, kind: str, amount: int, *, fee: int = 0, now: int
) -> Body:
    """A movement of our balance at the provider."""
    fee_details = [
        {
            "amount": fee,
            "application": None,
            "currency": source["currency"],
            "description": "Stripe processing fees",
            "type": "stripe_fee",
        }
    ]
    return blank(BalanceTransaction) | {
        "id": new_identity("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": now,
        "balance_type": "payments",
        "created": now,
        "currency": source["currency"],
        "fee": fee,
        "fee_details": fee_details if fee else [],
        "net": amount - fee,
        "reporting_category": "dispute" if kind == "adjustment" else kind,
        "source": source["id"],
        "status": "available",
        "type": kind,
    }


def new_refund(charge: Body, parameters: Mapping[str, Any], *, amount: int, now: int) -> Body:
    """Money on its way back."""
    return blank(Refund) | {
        "id": new_identity("re" if charge["id"].startswith("ch_") else "pyr"),
        "object": "refund",
        "amount": amount,
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "metadata": parameters.get("metadata") or {},
        "payment_intent": charge["payment_intent"],
        "reason": parameters.get("reason"),
        "status": "pending",
    }


def new_dispute(charge: Body, *, amount: int, reason: str, now: int) -> Body:
    """A donor's bank asks for the money back."""
    return blank(Dispute) | {
        "id": new_identity("du"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {},
        "evidence_details": {
            "due_by": now + 9 * 86_400,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "status": "needs_response",
    }


def new_event(
    kind: str,
    subject: Body,
    *,
    previous: Mapping[str, Any] | None,
    request: Mapping[str, Any],
    now: int,
) -> Body:
    """What happened, with the object as it was then."""
    data: Body = {"object": subject}
    if previous is not None:
        data["previous_attributes"] = dict(previous)
    event = blank(Event) | {
        "id": new_identity("evt"),
        "object": "event",
        "api_version": API_VERSION,
        "created": now,
        "data": data,
        "livemode": False,
        "pending_webhooks": 1,
        "request": dict(request),
        "type": kind,
    }
    # A snapshot event of one's own account has neither.
    del event["account"], event["context"]
    return event


def fee_of(method: str, amount: int) -> int:
    """The provider's fee, rounded half up, never more than the payment."""
    basis_points, fixed = FEES[method]
    return min(amount, (amount * basis_points + 5_000) // 10_000 + fixed)


def _details(method: str) -> Body:
    if method == "card":
        return {
            "brand": "visa",
            "country": "CN",
            "exp_month": 12,
            "exp_year": 2034,
            "funding": "debit",
            "last4": "4242",
            "network": "visa",
        }
    return {"fingerprint": None, "transaction_id": new_identity("sandbox")}
