import json
from collections.abc import AsyncIterator

import httpx
import pytest
import strawberry
from strawberry.extensions import MaskErrors

from api.endpoint.graphql import Timing
from api.endpoint.operations import Operations
from tests.api.endpoint import sample
from tests.api.endpoint.sample import application, caller, listening, until

GRAPHQL_JSON = "application/graphql-response+json"
COUNTED = "subscription { counted(to: 2) }"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with caller(application(timing=Timing(heartbeat_seconds=0.05))) as client:
        yield client


async def post(
    client: httpx.AsyncClient, query: str, variables: object = None, **headers: str
) -> httpx.Response:
    return await client.post(
        "/graphql",
        json={"query": query, "variables": variables},
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


async def test_a_query_is_answered(client: httpx.AsyncClient) -> None:
    response = await post(client, "{ products(first: 2) { name priceFen villages { name } } }")

    assert response.json() == {
        "data": {
            "products": [
                {"name": "p0", "priceFen": "0", "villages": [{"name": "p0-0"}, {"name": "p0-1"}]},
                {"name": "p1", "priceFen": "1", "villages": [{"name": "p1-0"}, {"name": "p1-1"}]},
            ]
        }
    }


async def test_a_bad_cursor_is_an_error_with_a_code(client: httpx.AsyncClient) -> None:
    response = await post(client, '{ paged(after: "x") { nodes { name } } }')

    (error,) = response.json()["errors"]
    assert error["extensions"] == {"code": "BAD_CURSOR"}
    assert error["path"] == ["paged"]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
async def test_other_methods_are_refused(client: httpx.AsyncClient, method: str) -> None:
    response = await client.request(method, "/graphql")

    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST"


async def test_a_mutation_needs_post(client: httpx.AsyncClient) -> None:
    response = await client.get("/graphql", params={"query": "mutation { __typename }"})

    assert response.status_code == 405
    assert response.headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("accept", "answered_as"),
    [
        (f"{GRAPHQL_JSON}, application/json;q=0.9", GRAPHQL_JSON),
        (f"application/json, {GRAPHQL_JSON}", GRAPHQL_JSON),
        (f"application/json, {GRAPHQL_JSON};q=0.5", "application/json"),
        (f"{GRAPHQL_JSON};q=0, */*", "application/json"),
        ("application/*;q=0.1", "application/json"),
        ("text/event-stream, application/json", "application/json"),
        ("text/event-stream, application/json;q=0.1", "application/json"),
        (f"text/event-stream, {GRAPHQL_JSON}", GRAPHQL_JSON),
        ("text/event-stream, */*", "application/json"),
        ("text/html, */*;q=0.8", "application/json"),
        ("application/json; charset=UTF-8", "application/json"),
        ("text/event-stream", "text/event-stream"),
        ("text/event-stream, application/json;q=0", "text/event-stream"),
    ],
)
async def test_a_query_is_answered_in_the_form_the_client_prefers(
    client: httpx.AsyncClient, accept: str, answered_as: str
) -> None:
    response = await post(client, "{ __typename }", accept=accept)

    assert response.status_code == 200
    assert response.headers["content-type"].split(";")[0] == answered_as


@pytest.mark.parametrize(
    "accept", ["text/html", "application/json;q=0", "image/*", "application/json; charset=gbk"]
)
async def test_a_client_that_takes_no_form_of_ours_is_told_so(
    client: httpx.AsyncClient, accept: str
) -> None:
    response = await post(client, "{ __typename }", accept=accept)

    assert response.status_code == 406
    assert response.json()["errors"][0]["extensions"] == {"code": "NOT_ACCEPTABLE"}


async def test_a_subscription_is_a_stream_of_events(client: httpx.AsyncClient) -> None:
    response = await post(client, COUNTED, accept="text/event-stream")

    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["cache-control"] == "no-store"
    assert response.text == (
        'event: next\ndata: {"data":{"counted":1}}\n\n'
        'event: next\ndata: {"data":{"counted":2}}\n\n'
        "event: complete\ndata:\n\n"
    )


async def test_each_event_of_a_stream_is_read_afresh(client: httpx.AsyncClient) -> None:
    query = "subscription { changed { a: remembered b: remembered } }"

    response = await post(client, query, accept="text/event-stream")

    assert response.text.count('{"data":{"changed":{"a":1,"b":2}}}') == 2


async def test_several_accept_headers_are_one_list(client: httpx.AsyncClient) -> None:
    response = await client.post(
        "/graphql",
        json={"query": "{ __typename }"},
        headers=[("accept", "text/html"), ("accept", GRAPHQL_JSON)],
    )

    assert response.headers["content-type"] == f"{GRAPHQL_JSON}; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"


async def test_a_subscription_can_be_opened_by_get_as_an_event_source_does(
    client: httpx.AsyncClient,
) -> None:
    response = await client.get(
        "/graphql", params={"query": COUNTED}, headers={"accept": "text/event-stream"}
    )

    assert response.text.count("event: next") == 2


async def test_a_subscription_cannot_be_answered_as_json(client: httpx.AsyncClient) -> None:
    response = await post(client, COUNTED, accept="application/json")

    assert response.status_code == 406
    assert sample.OPEN == []


async def test_a_query_over_events_is_one_event(client: httpx.AsyncClient) -> None:
    response = await post(client, "{ __typename }", accept="text/event-stream")

    assert response.text == (
        'event: next\ndata: {"data":{"__typename":"Query"}}\n\nevent: complete\ndata:\n\n'
    )


async def test_a_subscription_that_is_refused_is_not_opened(client: httpx.AsyncClient) -> None:
    response = await post(client, "subscription { guarded }", accept="text/event-stream")

    assert response.text.startswith('event: next\ndata: {"errors":[{"message":"没有找到基金')
    assert response.text.endswith("event: complete\ndata:\n\n")


async def test_a_subscription_that_breaks_ends_with_a_masked_error(
    client: httpx.AsyncClient,
) -> None:
    response = await post(
        client, 'subscription { counted(to: 1, then: "break") }', accept="text/event-stream"
    )

    assert response.text.count("event: next") == 2
    assert "INTERNAL_ERROR" in response.text
    assert "password" not in response.text
    assert response.text.endswith("event: complete\ndata:\n\n")


async def test_an_idle_stream_beats_and_a_client_that_leaves_closes_the_subscription() -> None:
    app = application(timing=Timing(heartbeat_seconds=0.02))
    async with listening(app) as address, httpx.AsyncClient(base_url=f"http://{address}") as client:
        query = 'subscription { counted(to: 1, then: "wait") }'
        async with client.stream(
            "POST", "/graphql", json={"query": query}, headers={"accept": "text/event-stream"}
        ) as response:
            lines = response.aiter_lines()
            while (await anext(lines)) != ":":
                pass
            assert sample.OPEN == [1]
        await until(lambda: not sample.OPEN)


async def test_an_unexpected_error_is_masked_and_carries_the_request_id(
    client: httpx.AsyncClient,
) -> None:
    response = await post(client, "{ broken __typename }", accept=GRAPHQL_JSON)

    assert response.status_code == 200
    body = response.json()
    assert body["data"] == {"broken": None, "__typename": "Query"}
    (error,) = body["errors"]
    assert error["path"] == ["broken"]
    assert error["extensions"] == {"code": "INTERNAL_ERROR", "requestId": "request-1"}
    assert "password" not in response.text


async def test_a_mistake_of_ours_before_the_operation_is_masked(client: httpx.AsyncClient) -> None:
    response = await post(client, "{ __typename }", authorization="Bearer broken")

    assert response.status_code == 500
    assert response.json()["errors"][0]["extensions"]["code"] == "INTERNAL_ERROR"
    assert "password" not in response.text


async def test_the_context_may_refuse_the_request(client: httpx.AsyncClient) -> None:
    response = await post(client, "{ __typename }", authorization="Bearer bad")

    assert response.status_code == 401
    assert response.json()["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}


async def test_a_refusal_outside_a_union_is_an_error_with_its_code_and_facts(
    client: httpx.AsyncClient,
) -> None:
    response = await post(client, "{ hidden }", accept_language="en")

    (error,) = response.json()["errors"]
    assert error["message"] == "There is no such order, or you may not see it."
    assert error["extensions"] == {"code": "NOT_FOUND", "facts": {"noun": "order"}}


async def test_a_refused_mutation_is_a_value_of_the_answer(client: httpx.AsyncClient) -> None:
    query = """mutation { payOrder(amountFen: 101) { __typename
        ... on PayOrderPayload { paidFen }
        ... on Refused { code message facts { name value } } } }"""

    response = await post(client, query)

    assert response.json() == {
        "data": {
            "payOrder": {
                "__typename": "Refused",
                "code": "WRONG_STATE",
                "message": "订单目前是“已支付”，不能这样做。",
                "facts": [
                    {"name": "noun", "value": "order"},
                    {"name": "state", "value": "paid"},
                ],
            }
        }
    }


async def test_the_schema_is_not_shown_to_everyone(client: httpx.AsyncClient) -> None:
    for query in [
        "{ __schema { types { name } } }",
        'query { ...F } fragment F on Query { t: __type(name: "Query") { name } }',
    ]:
        response = await post(client, query, authorization="Bearer nobody")

        assert response.status_code == 403
        assert response.json()["errors"][0]["extensions"] == {"code": "INTROSPECTION_REFUSED"}
    known = await post(client, "{ __typename }", authorization="Bearer nobody")
    assert known.status_code == 200


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("{ product }", None),
        ("{ products(frist: 1) { name } }", None),
        ("{ products { nam } }", None),
        ("fragment F on Produc { name } { products { ...F } }", None),
        ("query Q($x: Strin) { echo(text: $x) }", None),
        ("{ products @inclde(if: true) { name } }", None),
        ("query Q($x: String!) { echo(text: $x) }", {"x": {"a": 1}}),
    ],
)
async def test_no_error_suggests_a_name(
    client: httpx.AsyncClient, query: str, variables: object
) -> None:
    response = await post(client, query, variables)

    assert response.json()["errors"]
    assert "did you mean" not in response.text.lower()
    assert response.json()["errors"][0]["extensions"]["code"] in {
        "GRAPHQL_VALIDATION_FAILED",
        "BAD_USER_INPUT",
    }


async def test_a_resolver_may_add_a_header(client: httpx.AsyncClient) -> None:
    response = await post(client, "{ baked }")

    assert response.headers["set-cookie"] == "session=1; HttpOnly"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.test"},
        {"origin": "null"},
        {"origin": "https://platform.test.evil.test"},
        {"origin": "http://platform.test:8080"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "same-origin", "origin": "https://evil.test"},
    ],
)
async def test_a_cookie_from_a_foreign_page_is_refused(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    body = {"query": "mutation { payOrder(amountFen: 1) { __typename } }"}

    foreign = await client.post("/graphql", json=body, headers={"cookie": "session=1", **headers})
    without_cookie = await client.post("/graphql", json=body, headers=headers)

    assert foreign.status_code == 403
    assert foreign.json()["errors"][0]["extensions"] == {"code": "FOREIGN_ORIGIN"}
    assert without_cookie.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://platform.test"},
        {"origin": "https://friend.test", "sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
    ],
)
async def test_a_cookie_from_our_own_page_is_taken(headers: dict[str, str]) -> None:
    async with caller(application(allowed_origins=["https://friend.test"])) as client:
        response = await client.post(
            "/graphql", json={"query": "{ __typename }"}, headers={"cookie": "session=1", **headers}
        )

    assert response.status_code == 200


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""],
)
async def test_a_body_that_a_foreign_form_could_send_is_refused(
    client: httpx.AsyncClient, content_type: str
) -> None:
    response = await client.post(
        "/graphql",
        content=json.dumps({"query": "{ __typename }"}),
        headers={"content-type": content_type},
    )

    assert response.status_code == 415


async def test_a_schema_with_extensions_is_refused_at_the_start() -> None:
    extended = strawberry.Schema(sample.Village, extensions=[MaskErrors])

    with pytest.raises(ValueError, match="no schema extensions"):
        Operations(extended)
