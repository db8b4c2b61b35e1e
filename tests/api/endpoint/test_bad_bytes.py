"""Whatever bytes arrive, the answer is a 4xx in JSON and the server lives on."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from api.endpoint.limits import Limits
from tests.api.endpoint.sample import application, caller, listening

OPERATION = b'{"query": "{ __typename }"}'
JSON = "application/json"

BODIES = {
    "nothing": b"",
    "spaces": b"  \n ",
    "a number": b"1",
    "null": b"null",
    "true": b"true",
    "a text": b'"{ __typename }"',
    "an empty list": b"[]",
    "a list of numbers": b"[1, 2]",
    "a batch": b"[" + OPERATION + b"]",
    "an empty object": b"{}",
    "no JSON": b"query=%7B__typename%7D",
    "half an object": OPERATION[:-3],
    "two objects": OPERATION * 2,
    "a byte order mark": b"\xef\xbb\xbf" + OPERATION,
    "UTF-16": OPERATION.decode().encode("utf-16"),
    "bad UTF-8": b'{"query": "{ __typename \xff }"}',
    "overlong UTF-8": b'{"query": "{ __typename \xc0\xaf }"}',
    "half a surrogate pair": b'{"query": "{ echo(text: \\"\\ud800\\") }"}',
    "NaN": b'{"query": "{ __typename }", "variables": {"x": NaN}}',
    "Infinity": b'{"query": "{ __typename }", "variables": {"x": -Infinity}}',
    "an integer of 10,000 digits": b'{"query": "{ __typename }", "variables": {"x": '
    + b"9" * 10_000
    + b"}}",
    "an exponent beyond all bounds": b'{"query": "{ __typename }", "variables": {"x": 1e999}}',
    "100,000 brackets": b"[" * 100_000,
    "100,000 braces": b'{"a":' * 100_000,
    "100,000 closed brackets": b"[" * 100_000 + b"]" * 100_000,
    "deep variables": b'{"query": "{ __typename }", "variables": {"x": '
    + b"[" * 500
    + b"]" * 500
    + b"}}",
    "a NUL byte": b'{"query": "{ __typename \x00 }"}',
    "an escaped NUL": b'{"query": "query Q($t: String!) { echo(text: $t) }", '
    b'"variables": {"t": "a\\u0000b"}}',
    "an empty query": b'{"query": ""}',
    "a query that is a number": b'{"query": 7}',
    "variables that are a list": b'{"query": "{ __typename }", "variables": []}',
    "an operation name that is an object": b'{"query": "{ __typename }", "operationName": {}}',
    "extensions that are a text": b'{"query": "{ __typename }", "extensions": ""}',
}


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with caller(application()) as client:
        yield client


async def test_the_operation_they_are_made_of_is_good(client: httpx.AsyncClient) -> None:
    response = await client.post("/graphql", content=OPERATION, headers={"content-type": JSON})

    assert response.json() == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize("accept", [JSON, "application/graphql-response+json"])
@pytest.mark.parametrize("body", BODIES.values(), ids=list(BODIES))
async def test_a_bad_body_is_a_bad_request(
    client: httpx.AsyncClient, body: bytes, accept: str
) -> None:
    response = await client.post(
        "/graphql", content=body, headers={"content-type": JSON, "accept": accept}
    )

    assert response.status_code == 400
    assert response.headers["content-type"] == f"{accept}; charset=utf-8"
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] in {"BAD_JSON", "BAD_REQUEST", "BAD_TEXT", "LIMIT_EXCEEDED"}


@pytest.mark.parametrize(
    "query",
    [
        "{" * 100_000,
        "{a" * 1_999,
        "{ echo(text: " + "[" * 3_000,
        "{ echo(text: " + "{a:" * 1_500 + "}" * 1_500 + ") }",
        "query Q($x: " + "[" * 3_000 + "Int" + "]" * 3_000 + ") { __typename }",
        "{" + "...{" * 1_900 + "__typename" + "}" * 1_901,
        "#" * 60_000,
        "#\n" * 20_000 + "{ __typename }",
        "{ __typename }" + " " * 60_000,
        "{ " + "__typename " * 10_000 + "}",
        "{ products(first: " + "9" * 10_000 + ") { name } }",
        "{ echoFen(amountFen: " + "9" * 10_000 + ") }",
        '{ echoFen(amountFen: "' + "9" * 10_000 + '") }',
        "{ echoFen(amountFen: 1e400) }",
        '{ echo(text: "a\\u0000b") }',
        '{ echo(text: "a\\u{0}b") }',
        '{ echo(text: "\\uD800") }',
        '{ echo(text: "',
        "\ufeff\ufeff",
        "🏃",
        "{ 🏃 }",
        "type Query { a: Int }",
        "fragment F on Query { __typename }",
        "query A { __typename } query B { __typename }",
        "query A { __typename } query A { __typename }",
        "subscription { a: counted(to: 1) b: counted(to: 1) }",
        "{ __typename @defer }",
    ],
)
async def test_a_bad_document_is_a_bad_request(client: httpx.AsyncClient, query: str) -> None:
    response = await client.post(
        "/graphql",
        json={"query": query},
        headers={"accept": "application/graphql-response+json"},
    )

    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["code"] != "INTERNAL_ERROR"
    assert "data" not in response.json()
    assert len(response.content) < 10_000


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json; charset=gbk",
        "application/json; charset=utf-16",
        "application/jsonp",
        "application/graphql",
        "text/json",
        "json",
        ";",
        "application/json, text/plain",
    ],
)
async def test_another_content_type_is_unsupported(
    client: httpx.AsyncClient, content_type: str
) -> None:
    response = await client.post(
        "/graphql", content=OPERATION, headers={"content-type": content_type}
    )

    assert response.status_code == 415


@pytest.mark.parametrize(
    "content_type", ["Application/JSON", 'application/json; charset="UTF-8"', "application/json;"]
)
async def test_the_content_type_is_read_as_http_writes_it(
    client: httpx.AsyncClient, content_type: str
) -> None:
    response = await client.post(
        "/graphql", content=OPERATION, headers={"content-type": content_type}
    )

    assert response.status_code == 200


async def test_a_compressed_body_is_unsupported(client: httpx.AsyncClient) -> None:
    response = await client.post(
        "/graphql",
        content=gzip.compress(OPERATION),
        headers={"content-type": JSON, "content-encoding": "gzip"},
    )

    assert response.status_code == 415


async def test_of_two_equal_keys_the_last_counts(client: httpx.AsyncClient) -> None:
    response = await client.post(
        "/graphql",
        content=b'{"query": "{ a }", "query": "{ __typename }"}',
        headers={"content-type": JSON},
    )

    assert response.json() == {"data": {"__typename": "Query"}}


async def test_an_integer_beyond_64_bits_is_no_amount(client: httpx.AsyncClient) -> None:
    for number in ["18446744073709551616", "9" * 30, "-9223372036854775809"]:
        response = await client.post(
            "/graphql",
            content=b'{"query": "query Q($x: Fen!) { echoFen(amountFen: $x) }", "variables": {"x": '
            + number.encode()
            + b"}}",
            headers={"content-type": JSON, "accept": "application/graphql-response+json"},
        )

        assert response.status_code == 400
        assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    "query_string",
    [
        "",
        "query",
        "query=",
        "query=%ff",
        "query=%7B__typename%7D&variables=1",
        "query=%7B__typename%7D&variables=%7B",
        "query=%7B__typename%7D&variables=" + "%5B" * 5_000,
        "query=%7B__typename%7D&extensions=[]",
        "&".join(f"a{number}=1" for number in range(50)),
    ],
)
async def test_bad_parameters_are_a_bad_request(
    client: httpx.AsyncClient, query_string: str
) -> None:
    response = await client.get(f"/graphql?{query_string}")

    assert response.status_code == 400


async def test_a_great_body_is_refused_by_its_declared_length() -> None:
    async with caller(application(limits=Limits(body_bytes=1_000))) as client:
        response = await client.post(
            "/graphql", content=b"x" * 1_001, headers={"content-type": JSON}
        )

    assert response.status_code == 413
    assert response.json()["errors"][0]["extensions"] == {"code": "LIMIT_EXCEEDED"}


async def test_20_megabytes_without_a_length_are_cut_off_and_the_server_lives_on() -> None:
    async with listening(application()) as address:
        host, _, port = address.partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            b"POST /graphql HTTP/1.1\r\nhost: platform.test\r\ncontent-type: application/json\r\n"
            b"transfer-encoding: chunked\r\n\r\n"
        )
        answered = asyncio.create_task(reader.readuntil(b"\r\n\r\n"))
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        sent = 0
        while sent < 20_000_000 and not answered.done():
            writer.write(chunk)
            await writer.drain()
            sent += 0x10000
        head = await answered
        writer.close()

        assert head.startswith(b"HTTP/1.1 413 ")
        assert sent < 10_000_000
        async with httpx.AsyncClient() as client:
            response = await client.post(f"http://{address}/graphql", json=json.loads(OPERATION))
        assert response.status_code == 200


async def test_a_body_that_ends_early_leaves_the_server_alive() -> None:
    async with listening(application()) as address:
        host, _, port = address.partition(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            b"POST /graphql HTTP/1.1\r\nhost: platform.test\r\ncontent-type: application/json\r\n"
            b"content-length: 1000\r\n\r\n{"
        )
        await writer.drain()
        writer.close()

        async with httpx.AsyncClient() as client:
            response = await client.post(f"http://{address}/graphql", json=json.loads(OPERATION))
        assert response.status_code == 200
