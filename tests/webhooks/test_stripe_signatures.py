import json
from datetime import UTC, datetime, timedelta

import pytest
import stripe

from webhooks.stripe_signatures import (
    TOLERANCE,
    BodyRefusedError,
    EndpointOffError,
    SignatureRefusedError,
    TimestampRefusedError,
    verify,
)

NOW = datetime(2017, 10, 17, 1, 0, tzinfo=UTC)
EVENT = {
    "id": "evt_1",
    "object": "event",
    "type": "refund.created",
    "created": 1508202000,
    "livemode": False,
    "data": {"object": {"id": "re_1", "note": "善款"}},
}
SECRET = "whsec_now"
BODY = json.dumps(EVENT, ensure_ascii=False)


def signed(body: str, *, at: datetime = NOW, secret: str = SECRET) -> str:
    header: str = stripe.WebhookSignature.generate_signature_header(
        body, secret, int(at.timestamp())
    )
    return header


def test_a_signed_event_is_read() -> None:
    event = verify(BODY.encode(), signed(BODY), secrets=["whsec_now"], now=NOW)

    assert event.event_id == "evt_1"
    assert event.kind == "refund.created"
    assert event.occurred_at == datetime(2017, 10, 17, 1, 0, tzinfo=UTC)
    assert event.is_live is False
    assert event.subject == {"id": "re_1", "note": "善款"}


@pytest.mark.parametrize("secret", ["whsec_old", "whsec_now"])
def test_both_secrets_are_good_while_one_replaces_the_other(secret: str) -> None:
    header = signed(BODY, secret=secret)

    event = verify(BODY.encode(), header, secrets=["whsec_now", "whsec_old"], now=NOW)

    assert event.event_id == "evt_1"
    with pytest.raises(SignatureRefusedError):
        verify(BODY.encode(), header, secrets=["whsec_other"], now=NOW)


@pytest.mark.parametrize("secrets", [[], [""], ["", "  "]])
def test_no_secret_turns_the_endpoint_off(secrets: list[str]) -> None:
    with pytest.raises(EndpointOffError):
        verify(BODY.encode(), signed(BODY, secret=""), secrets=secrets, now=NOW)


def test_an_empty_secret_beside_a_real_one_lets_nothing_in() -> None:
    with pytest.raises(SignatureRefusedError):
        verify(BODY.encode(), signed(BODY, secret=""), secrets=["", "whsec_now"], now=NOW)


def test_one_changed_byte_is_refused() -> None:
    with pytest.raises(SignatureRefusedError):
        verify(BODY.replace("re_1", "re_2").encode(), signed(BODY), secrets=["whsec_now"], now=NOW)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "t=",
        "t=1508202000",
        "v1=abc",
        "t=1508202000,v1=",
        "t=1508202000,v1=é",
        "t=now,v1=00",
        "nonsense",
        "t=1508202000,v0=" + signed(BODY)[-64:],
    ],
)
def test_a_header_that_signs_nothing_is_refused(header: str | None) -> None:
    with pytest.raises(SignatureRefusedError):
        verify(BODY.encode(), header, secrets=["whsec_now"], now=NOW)


def test_the_time_of_a_signature_is_part_of_what_is_signed() -> None:
    header = signed(BODY, at=NOW - timedelta(hours=1))
    moved = header.replace(header.split(",")[0], f"t={int(NOW.timestamp())}")

    with pytest.raises(SignatureRefusedError):
        verify(BODY.encode(), moved, secrets=["whsec_now"], now=NOW)


@pytest.mark.parametrize("direction", [-1, 1])
def test_the_time_may_be_off_by_the_tolerance_and_no_more(direction: int) -> None:
    edge = signed(BODY, at=NOW + direction * TOLERANCE)
    beyond = signed(BODY, at=NOW + direction * (TOLERANCE + timedelta(seconds=1)))

    assert verify(BODY.encode(), edge, secrets=["whsec_now"], now=NOW).event_id == "evt_1"
    with pytest.raises(TimestampRefusedError):
        verify(BODY.encode(), beyond, secrets=["whsec_now"], now=NOW)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "not json",
        "null",
        "17",
        "[]",
        '"event"',
        "NaN",
        "[" * 100_000,
        '{"created": ' + "9" * 10_000 + "}",
        json.dumps({**EVENT, "object": "v2.core.event"}),
        json.dumps({**EVENT, "id": ""}),
        json.dumps({**EVENT, "id": 7}),
        json.dumps({**EVENT, "type": None}),
        json.dumps({**EVENT, "created": True}),
        json.dumps({**EVENT, "created": 10**30}),
        json.dumps({**EVENT, "created": "1508202000"}),
        json.dumps({**EVENT, "livemode": "false"}),
        json.dumps({**EVENT, "data": {"object": []}}),
        json.dumps({**EVENT, "data": []}),
        BODY[:-1] + ', "id": "evt_2"}',
        BODY.replace('"note": "善款"', '"id": "re_2"'),
        BODY.replace('"善款"', "Infinity"),
    ],
)
def test_what_is_signed_but_no_event_is_refused(body: str) -> None:
    with pytest.raises(BodyRefusedError):
        verify(body.encode(), signed(body), secrets=["whsec_now"], now=NOW)


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(BodyRefusedError):
        verify(b"\xff\xfe", "t=1508202000,v1=00", secrets=["whsec_now"], now=NOW)
