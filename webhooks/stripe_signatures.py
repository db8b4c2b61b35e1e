"""Proof that the bytes of a webhook come from the payment provider, before anything reads them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

TOLERANCE = timedelta(minutes=5)


class WebhookRefusedError(Exception):
    """A message to be answered with a 4xx, leaving no trace."""


class EndpointOffError(WebhookRefusedError):
    """No signing secret is set: nothing can be believed, so nothing is heard."""


class SignatureRefusedError(WebhookRefusedError):
    """Not signed by any of our secrets."""


class TimestampRefusedError(WebhookRefusedError):
    """Signed, but too long ago or in the future: a replay, or a clock that cannot be trusted."""


class BodyRefusedError(WebhookRefusedError):
    """Signed perhaps, but not an event."""


@dataclass(frozen=True, kw_only=True)
class VerifiedEvent:
    """An event whose bytes the provider signed; not yet understood."""

    event_id: str
    kind: str
    occurred_at: datetime
    is_live: bool
    subject: Mapping[str, Any]


def verify(
    raw_body: bytes,
    signature_header: str | None,
    *,
    secrets: Sequence[str],
    now: datetime,
    tolerance: timedelta = TOLERANCE,
) -> VerifiedEvent:
    """The event in `raw_body`, if one of `secrets` signed it within `tolerance` of `now`.

    Several secrets are accepted at once while one replaces another. The signature is the SDK's to
    check; the time is not, because the SDK reads the machine's clock and lets the future pass.
    """
    usable = [secret for secret in secrets if secret.strip()]
    if not usable:
        raise EndpointOffError
    try:
        text = raw_body.decode()
    except UnicodeDecodeError as error:
        raise BodyRefusedError("not UTF-8") from error
    signed_at = _signed_at(text, signature_header, usable)
    if abs(now.timestamp() - signed_at) > tolerance.total_seconds():
        raise TimestampRefusedError
    return read(text)


def read(text: str) -> VerifiedEvent:
    """The event in a text that was verified before: as it arrived, or as it was stored."""
    try:
        body = json.loads(text, object_pairs_hook=_each_name_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BodyRefusedError("not JSON") from error
    match body:
        case {
            "object": "event",
            "id": str(event_id),
            "type": str(kind),
            "created": int(created),
            "livemode": bool(is_live),
            "data": {"object": dict(subject)},
        } if event_id and kind and created is not True and created is not False:
            return VerifiedEvent(
                event_id=event_id,
                kind=kind,
                occurred_at=_instant(created),
                is_live=is_live,
                subject=subject,
            )
    raise BodyRefusedError("not an event")


def _signed_at(text: str, signature_header: str | None, secrets: Sequence[str]) -> int:
    if not signature_header or not signature_header.isascii():
        raise SignatureRefusedError  # the SDK falls over a letter outside ASCII
    from stripe import SignatureVerificationError, WebhookSignature  # noqa: PLC0415 - costs 0.4 s

    for secret in secrets:
        try:
            WebhookSignature.verify_header(text, signature_header, secret, None)
        except SignatureVerificationError:
            continue
        # What the SDK just signed anew: the first `t` of the header.
        parts = (part.split("=", 2) for part in signature_header.split(","))
        return int(next(part[1] for part in parts if part[0] == "t"))
    raise SignatureRefusedError


def _instant(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError) as error:
        raise BodyRefusedError("not a time") from error


def _each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        # Two readers of one body could each believe another value.
        raise ValueError("a name is given twice")
    return members


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
