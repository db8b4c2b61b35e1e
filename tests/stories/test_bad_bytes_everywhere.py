"""Whatever bytes come to whichever door of the whole application: 4xx, and it lives on.

What the endpoint itself makes of single bodies is in tests/api/test_bad_bytes.py; here the same
and worse come through every layer to both databases, signed where a signature is asked for.
"""

import asyncio
import contextlib
import gzip
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.clients import whole
from tests.running import Running
from tests.stories.funds import open_fund
from webhooks.routes import STRIPE_PATH

DIGITS = b"9" * 10_000
DEEP = b"[" * 100_000
BODIES: Mapping[str, bytes] = {
    "nothing": b"",
    "no JSON": b"query=%7B__typename%7D",
    "a number": b"7",
    "null": b"null",
    "a list": b"[1, 2]",
    "deep brackets": DEEP,
    "deep and closed": DEEP + b"]" * 100_000,
    "deep braces": b'{"a":' * 100_000,
    "10,000 digits": DIGITS,
    "10,000 digits inside": b'{"query": "{ __typename }", "variables": {"x": ' + DIGITS + b"}}",
    "bad UTF-8": b'{"query": "{ __typename \xff }", "object": "event", "id": "\xc0\xaf"}',
    "a NUL": b'{"query": "{ a\x00 }"}',
    "half a surrogate pair": b'{"query": "\\ud800", "id": "\\ud800"}',
    "compressed": gzip.compress(b'{"query": "{ __typename }"}'),
}
LONG = "源" * 100_000


@pytest.fixture
async def unmoved(still_platform: Running) -> AsyncIterator[Running]:
    """A platform with a fund, in which not a row has moved at the end, and which is alive."""
    await open_fund(still_platform, valid_from="2017-10-17")
    before = await whole(still_platform.database)
    yield still_platform
    assert (await still_platform.http.get("/healthz")).status_code == 200
    after = await whole(still_platform.database)
    assert after == before, [name for name in before if before[name] != after[name]]


async def test_the_endpoint_refuses_them(unmoved: Running) -> None:
    json_type = {"content-type": "application/json"}
    for name, body in BODIES.items():
        encoding = {"content-encoding": "gzip"} if name == "compressed" else {}
        for accept in ("application/json", "text/event-stream", "*/*"):
            response = await unmoved.http.post(
                "/graphql", content=body, headers=json_type | encoding | {"accept": accept}
            )
            assert 400 <= response.status_code < 500, (name, accept, response.status_code)
    for content_type in ("text/plain", "multipart/form-data", "application/x-www-form-urlencoded"):
        response = await unmoved.http.post(
            "/graphql", content=b"{}", headers={"content-type": content_type}
        )
        assert response.status_code == 415


async def test_no_value_of_an_argument_breaks_it(unmoved: Running) -> None:
    fund = (await unmoved.ask("{ funds { nodes { id } } }"))["funds"]["nodes"][0]["id"]
    texts = [LONG, "", " ", "\u202e", "%", "_", "\\", "'; DROP TABLE funds; --", "9" * 10_000]
    questions = (
        "query Q($v: String!) { division(code: $v) { name } }",
        "query Q($v: String!) { divisions(parentCode: $v) { name } }",
        'query Q($v: String!) { divisions(parentCode: "511702000000", search: $v) { name } }',
        "query Q($v: String!) { donation(receiptCode: $v) { state } }",
        "query Q($v: String!) { donationByToken(token: $v) { state } }",
        "query Q($v: String!) { products(search: $v) { nodes { name } } }",
        "query Q($v: String!) { products(divisionCode: $v) { nodes { name } } }",
        "query Q($v: String!) { funds(first: 1, after: $v) { nodes { name } } }",
        "query Q($v: String!) { villageBenefits(divisionCode: $v) { nodes { amountFen } } }",
        "query Q($v: ID!) { node(id: $v) { id } }",
        "query Q($v: ID!) { fund(id: $v) { name } }",
    )
    for question in questions:
        for text in texts:
            await answered(unmoved, question, {"v": text})
    give = {
        "requestId": "01999999-0000-7000-8000-000000000001",
        "fundId": fund,
        "amountFen": "0",
        "donorKind": "PERSON",
        "method": "CARD",
    }
    starting = (
        "mutation M($input: StartDonationInput!) { startDonation(input: $input) "
        "{ __typename ... on Refused { code } } }"
    )
    for change in (
        {"amountFen": "9" * 10_000},
        {"amountFen": -1},
        {"amountFen": "9223372036854775807"},
        {"amountFen": 1.5},
        {"amountFen": "1", "donorName": LONG},
        {"amountFen": "1", "donorName": "李善", "message": LONG},
        {"amountFen": "1", "donorName": "李善", "campaign": LONG},
        {"amountFen": "1", "method": "CASH"},
        {"requestId": LONG},
        {"fundId": LONG},
    ):
        answer = await answered(unmoved, starting, {"input": give | change})
        if "errors" not in answer:
            assert answer["data"]["startDonation"]["__typename"] == "Refused", change
    signing = (
        "mutation M($input: SignInInput!) { signIn(input: $input) "
        "{ __typename ... on Refused { code } } }"
    )
    for text in texts:
        given = {"requestId": give["requestId"], "signInName": text, "password": text}
        answer = await answered(unmoved, signing, {"input": given})
        assert answer["data"]["signIn"]["__typename"] == "Refused"


async def answered(platform: Running, query: str, variables: Mapping[str, object]) -> Any:
    """An answer in which nothing unexpected happened."""
    response = await platform.http.post("/graphql", json={"query": query, "variables": variables})
    assert response.status_code < 500, (query, response.text[:300])
    assert "INTERNAL_ERROR" not in response.text, (query, str(variables)[:100], response.text[:300])
    return response.json()


def events() -> Iterator[tuple[str, bytes]]:
    """What a provider that has lost its mind might sign."""
    event = {
        "object": "event",
        "id": "evt_1",
        "type": "checkout.session.completed",
        "created": 1_508_115_600,
        "livemode": False,
        "data": {"object": {"object": "checkout.session", "id": "cs_test_1"}},
    }
    for name, value in {
        "a long": "x" * 100_000,
        "a NUL in": "a\0b",
        "half a pair in": "\ud800",
        "a number as": 7,
        "a great number as": 10**400,
        "a list as": [[]],
        "no": None,
        "an object as": {"id": {}},
    }.items():
        for key in event:
            yield f"{name} {key}", json.dumps(event | {"id": "evt_1", key: value}).encode()
        subject = {"object": {"object": "checkout.session", "id": value, "metadata": value}}
        yield f"{name} session", json.dumps(event | {"data": subject}).encode()
    yield "10,000 digits", json.dumps(event).encode().replace(b"1508115600", DIGITS)


def signed(platform: Running, body: bytes) -> dict[str, str]:
    at = int(platform.clock.now().timestamp())
    secret = platform.settings.payment_webhook_secret.encode()
    digest = hmac.new(secret, f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return {"stripe-signature": f"t={at},v1={digest}", "content-type": "application/json"}


async def test_the_webhook_refuses_them_signed_or_not(unmoved: Running) -> None:
    for name, body in BODIES.items():
        for headers in ({}, {"stripe-signature": "t=1,v1=\xff"}, signed(unmoved, body)):
            response = await unmoved.http.post(
                STRIPE_PATH,
                content=body,
                headers=[(key.encode(), value.encode("latin-1")) for key, value in headers.items()],
            )
            assert response.status_code in {400, 413}, (name, headers)


async def test_a_signed_event_of_any_shape_is_kept_or_refused(still_platform: Running) -> None:
    kept = 0
    for name, body in events():
        response = await still_platform.http.post(
            STRIPE_PATH, content=body, headers=signed(still_platform, body)
        )
        assert response.status_code in {200, 400}, (name, response.status_code)
        kept += response.status_code == 200
    assert kept, "nothing was as an event is"
    assert (await still_platform.http.get("/healthz")).status_code == 200


FORMS: Mapping[str, bytes] = {
    **BODIES,
    "bad UTF-8 in a field": b"operation=SignIn&requestId=%ff&signInName=%c0%af&password=%ed%a0%80",
    "a NUL in a field": b"operation=SignIn&requestId=1&signInName=a%00b&password=%00",
    "10,000 fields": b"&".join(b"lines.%d.quantity=1" % number for number in range(10_000)),
    "10,000 digits in a row": b"operation=Give&lines." + DIGITS + b".quantity=" + DIGITS,
    "an amount of 10,000 digits": b"operation=Give&amountFen=" + DIGITS,
    "percents": b"%" * 10_000,
    "an unknown operation": b"operation=DropTables",
    "two operations": b"operation=SignIn&operation=SignOut&check=SignIn",
}


async def test_a_form_of_a_page_refuses_them(unmoved: Running) -> None:
    fund = (await unmoved.ask("{ funds { nodes { id } } }"))["funds"]["nodes"][0]["id"]
    urlencoded = "application/x-www-form-urlencoded"
    multipart = "multipart/form-data; boundary=b"
    site = {"origin": unmoved.settings.loopback_address}
    for path in ("/sign-in", f"/give/{fund}", "/orders/new", "/preferences"):
        for name, body in FORMS.items():
            types = (
                (urlencoded, multipart, "application/json") if path == "/sign-in" else (urlencoded,)
            )
            for content_type in types:
                response = await unmoved.http.post(
                    path, content=body, headers=site | {"content-type": content_type}
                )
                # A form may also lead elsewhere: to sign in first, or back to where one was.
                expected = range(300, 500)
                assert response.status_code in expected, (path, name, content_type, response.text)


async def test_no_address_of_a_page_breaks_it(unmoved: Running) -> None:
    odd = ("%00", "%ff", "%ed%a0%80", "%2e%2e%2f", "%", "'", "9" * 4_000, "%E6%BA%90" * 400)
    pages = ("/funds/{}", "/give/{}", "/donations/{}", "/receipts/{}", "/villages/{}", "/orders/{}")
    for path in (*pages, "/{}", "/static/{}", "/orders?state={}", "/receipts?code={}"):
        for text in odd:
            response = await unmoved.http.get(path.format(text))
            assert response.status_code < 500, (path, text)


@pytest.mark.parametrize("path", ["/graphql", STRIPE_PATH, "/sign-in"])
async def test_20_megabytes_are_cut_off_at_each_door(unmoved: Running, path: str) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(320):
            yield b" " * 65_536

    kind = "application/x-www-form-urlencoded" if path == "/sign-in" else "application/json"
    headers = {"content-type": kind, "origin": unmoved.settings.loopback_address}
    for content in (b" " * 20_000_000, endless()):
        # The server answers before all of it was sent, and may have hung up by then.
        with contextlib.suppress(httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
            response = await unmoved.http.post(path, content=content, headers=headers)
            assert response.status_code == 413


async def test_a_socket_closes_on_them(unmoved: Running) -> None:
    address = unmoved.settings.loopback_address.replace("http://", "ws://")
    ack = '{"type": "connection_init"}'
    messages: list[bytes | str] = [
        *BODIES.values(),
        *(body.decode("utf-8", "replace") for body in BODIES.values()),
        "x" * 20_000_000,
        '{"type": "subscribe", "id": "1", "payload": {"query": ' + "9" * 10_000 + "}}",
    ]
    for begun in (True, False):
        for message in messages:
            async with connect(f"{address}/graphql", subprotocols=["graphql-transport-ws"]) as ws:  # type: ignore[list-item] # a Subprotocol is a text
                with contextlib.suppress(ConnectionClosed):
                    if begun:
                        await ws.send(ack)
                        await ws.recv()
                    await ws.send(message)
                    async with asyncio.timeout(5):
                        while True:
                            await ws.recv()
                assert ws.close_code in {1007, 1009, 4400}, (message[:40], ws.close_code)
