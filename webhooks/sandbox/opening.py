"""Opening a payment page: what the provider would refuse is refused in its words."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from webhooks.sandbox.faults import StripeFault
from webhooks.sandbox.objects import METHODS, new_session
from webhooks.sandbox.state import Body, Books

URL = re.compile(r"https?://[\w.:\[\]-]+([/?#]\S*)?", re.ASCII)
AMOUNT_MAX = 99_999_999  # the provider takes eight digits at most
OPEN_SECONDS_MIN = 30 * 60
OPEN_SECONDS_MAX = 24 * 60 * 60
REFERENCE_LENGTH_MAX = 200
METADATA_NAMES_MAX = 50
METADATA_NAME_LENGTH_MAX = 40
METADATA_VALUE_LENGTH_MAX = 500
CURRENCIES = frozenset({"cny", "hkd", "usd", "eur", "gbp", "sgd"})


def open_session(books: Books, parameters: Mapping[str, Any], *, public_url: str) -> Body:
    """Open a payment page."""
    asked = {"expires_at": books.now + OPEN_SECONDS_MAX} | dict(parameters)
    _check_words(asked)
    _check_lines(asked.get("line_items", []))
    _check_metadata(asked.get("metadata", {}), param="metadata")
    hidden = asked.get("payment_intent_data", {})
    _check_metadata(hidden.get("metadata", {}), param="payment_intent_data[metadata]")
    ahead = asked["expires_at"] - books.now
    # A minute of grace: the opener's clock read the time before ours did.
    if not OPEN_SECONDS_MIN - 60 <= ahead <= OPEN_SECONDS_MAX + 60:
        raise StripeFault(
            "The `expires_at` timestamp must be at least 30 minutes and at most 24 hours from"
            " Checkout Session creation.",
            param="expires_at",
        )
    session = new_session(asked, now=books.now, public_url=public_url)
    books.add(session)
    books.keep_hidden(session["id"], {"intent": hidden, "lines": asked["line_items"]})
    return session


def _check_words(asked: Mapping[str, Any]) -> None:
    if asked.get("mode") != "payment":
        raise StripeFault("The payment sandbox speaks only mode=payment.", param="mode")
    if asked.get("ui_mode", "hosted_page") != "hosted_page":
        raise StripeFault("The payment sandbox speaks only ui_mode=hosted_page.", param="ui_mode")
    for name in ("success_url", "cancel_url"):
        url = asked.get(name)
        if url is None and name == "success_url":
            raise StripeFault(
                "Missing required param: success_url.", code="parameter_missing", param=name
            )
        if url is not None and not URL.fullmatch(url):
            raise StripeFault("Not a valid URL", code="url_invalid", param=name)
    offered = asked.get("allowed_payment_method_types")
    if offered is not None and not set(offered) & set(METHODS):
        raise StripeFault(
            "No valid payment method types for this Checkout Session.",
            param="allowed_payment_method_types",
        )
    if len(asked.get("client_reference_id", "")) > REFERENCE_LENGTH_MAX:
        raise StripeFault("Too long: at most 200 characters.", param="client_reference_id")


def _check_lines(lines: Sequence[Mapping[str, Any]]) -> None:
    if not lines:
        raise StripeFault(
            "Missing required param: line_items.", code="parameter_missing", param="line_items"
        )
    totals = [_line_total(line, f"line_items[{place}]") for place, line in enumerate(lines)]
    if len({line["price_data"]["currency"] for line in lines}) > 1:
        raise StripeFault("All line items must have the same currency.", param="line_items")
    if sum(totals) > AMOUNT_MAX:
        raise StripeFault(
            "The Checkout Session's total amount due must be no more than 999,999.99.",
            code="amount_too_large",
        )
    if sum(totals) == 0:
        raise StripeFault("The total amount due must not be zero.", code="amount_too_small")


def _line_total(line: Mapping[str, Any], at: str) -> int:
    price = line.get("price_data", {})
    for name in ("unit_amount", "product_data"):
        if name not in price:
            raise StripeFault(
                f"Missing required param: {at}[price_data][{name}].",
                code="parameter_missing",
                param=f"{at}[price_data][{name}]",
            )
    if set(line) - {"price_data", "quantity"} or "recurring" in price:
        raise StripeFault("The payment sandbox speaks only one-time price_data.", param=at)
    if price["currency"] not in CURRENCIES:
        raise StripeFault(
            f"Invalid currency: {price['currency']}.", param=f"{at}[price_data][currency]"
        )
    quantity: int = line.get("quantity", 0)
    unit_amount: int = price["unit_amount"]
    for name, number, least in (
        ("quantity", quantity, 1),
        ("price_data][unit_amount", unit_amount, 0),
    ):
        if number < least:
            raise StripeFault(
                f"This value must be greater than or equal to {least}.", param=f"{at}[{name}]"
            )
    return quantity * unit_amount


def _check_metadata(metadata: Mapping[str, str], *, param: str) -> None:
    if len(metadata) > METADATA_NAMES_MAX:
        raise StripeFault("Metadata may have at most 50 keys.", param=param)
    for name, value in metadata.items():
        if len(name) > METADATA_NAME_LENGTH_MAX or len(value) > METADATA_VALUE_LENGTH_MAX:
            raise StripeFault(
                "Metadata keys have at most 40 characters, values at most 500.",
                param=f"{param}[{name}]",
            )
