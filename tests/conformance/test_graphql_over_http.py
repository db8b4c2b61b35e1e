"""GraphQL over HTTP as its official audits ask for it, each under the audit's own id.

The audits are those of the npm package graphql-http (audits/server), 61 in all; they are told here
again so that no second toolchain is needed to run them.
"""

import json
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from urllib.parse import urlencode

import httpx
import pytest

from tests.api.endpoint.sample import application, caller

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
TYPENAME = "{ __typename }"
WITH_VARIABLE = "query Type($name: String!) { __type(name: $name) { name } }"
UNKNOWN_FIELD = "{ 8f31403dfe404bccbb0e835f2629c6a7 }"
COERCION = {"query": "query Fails($id: ID!) { __typename }", "variables": {"id": None}}

BAD_REQUEST = frozenset({400})
CLIENT_ERROR = frozenset(range(400, 500))
ANY_ERROR = frozenset(range(400, 600))
OK = frozenset({200})


@dataclass(frozen=True)
class Audit:
    """A request and what its answer must be."""

    id: str
    body: object = None
    raw: bytes | None = None
    parameters: dict[str, str] | None = None
    accept: str | None = None
    content_type: str | None = JSON
    status: Collection[int] = OK
    answered_as: str | None = None
    without: Collection[str] = field(default=())


def invalid_values(*, first: object) -> list[object]:
    return [first, 0, False, ["array"]]


AUDITS = [
    Audit("22EB", {"query": TYPENAME}, accept=GRAPHQL_JSON, answered_as=GRAPHQL_JSON),
    Audit("4655", {"query": TYPENAME}, accept=JSON, answered_as=JSON),
    Audit("47DE", {"query": TYPENAME}, accept="*/*", answered_as=JSON),
    Audit("80D8", {"query": TYPENAME}, answered_as=JSON),
    Audit("82A3", {"query": TYPENAME}),
    Audit(
        "BF61",
        {"query": '{ __type(name: "Run🏃Swim🏊") { name } }'},
        content_type="application/json; charset=utf-8",
    ),
    Audit("78D5", {"query": TYPENAME}),
    Audit("2C94", {"query": TYPENAME}),
    Audit("5A70", parameters={"query": TYPENAME}),
    Audit(
        "9C48",
        parameters={"query": "mutation { __typename }"},
        accept=GRAPHQL_JSON,
        status=CLIENT_ERROR,
    ),
    Audit("9ABE", {"query": TYPENAME}, content_type=None, status=CLIENT_ERROR),
    Audit("03D4", {"query": TYPENAME}),
    Audit("A5BF", raw=b"", status=BAD_REQUEST),
    Audit("423L", {"notquery": TYPENAME}, accept=GRAPHQL_JSON, status=BAD_REQUEST),
    *(
        Audit(f"LKJ{index}", {"query": value}, status=BAD_REQUEST)
        for index, value in enumerate(invalid_values(first={"obj": "ect"}))
    ),
    Audit("34A2", {"query": TYPENAME}, accept=GRAPHQL_JSON),
    Audit("13EE", {"query": TYPENAME}, accept=JSON, without=["errors"]),
    *(
        Audit(f"6C0{index}", {"query": TYPENAME, "operationName": value}, status=BAD_REQUEST)
        for index, value in enumerate(invalid_values(first={"obj": "ect"}))
    ),
    Audit(
        "8161",
        {"query": "query Query { __typename }", "operationName": "Query"},
        accept=GRAPHQL_JSON,
    ),
    Audit(
        "B8B3",
        {"query": "query Query { __typename }", "operationName": "Query"},
        accept=JSON,
        without=["errors"],
    ),
    *(
        Audit(
            f"{family}{index}", {"query": TYPENAME, name: None}, accept=accept, without=["errors"]
        )
        for index, name in enumerate(["variables", "operationName", "extensions"])
        for family, accept in [("94B", GRAPHQL_JSON), ("022", JSON)]
    ),
    *(
        Audit(f"476{index}", {"query": TYPENAME, "variables": value}, status=BAD_REQUEST)
        for index, value in enumerate(invalid_values(first="string"))
    ),
    Audit(
        "2EA1",
        {"query": WITH_VARIABLE, "variables": {"name": "sometype"}},
        accept=GRAPHQL_JSON,
    ),
    Audit(
        "28B9",
        {"query": WITH_VARIABLE, "variables": {"name": "sometype"}},
        accept=JSON,
        without=["errors"],
    ),
    *(
        Audit(
            id_,
            parameters={"query": WITH_VARIABLE, "variables": '{"name": "sometype"}'},
            accept=accept,
            without=["errors"],
        )
        for id_, accept in [("D6D5", GRAPHQL_JSON), ("6A70", JSON)]
    ),
    *(
        Audit(f"58B{index}", {"query": TYPENAME, "extensions": value}, status=BAD_REQUEST)
        for index, value in enumerate(invalid_values(first="string"))
    ),
    Audit("428F", {"query": TYPENAME, "extensions": {"some": "value"}}, accept=GRAPHQL_JSON),
    Audit(
        "1B7A",
        {"query": TYPENAME, "extensions": {"some": "value"}},
        accept=JSON,
        without=["errors"],
    ),
    Audit("B6DC", raw=b'{ "not a JSON', accept=JSON, status=ANY_ERROR),
    Audit("BCF8", raw=b'{ "not a JSON', accept=JSON, status=BAD_REQUEST),
    Audit("B7N8", raw=b'{ "not a JSON', accept=GRAPHQL_JSON, status=BAD_REQUEST),
    Audit("8764", {"qeury": TYPENAME}, status=ANY_ERROR),
    Audit("3E3A", {"qeury": TYPENAME}, status=BAD_REQUEST),
    Audit("572B", {"query": "{"}, accept=JSON),
    Audit("FDE2", {"query": UNKNOWN_FIELD}, accept=JSON),
    Audit("7B9B", COERCION, accept=JSON),
    Audit("865D", {"query": "{"}, accept=GRAPHQL_JSON, status=ANY_ERROR),
    Audit("556A", {"query": "{"}, accept=GRAPHQL_JSON, status=BAD_REQUEST),
    Audit("D586", {"query": "{"}, accept=GRAPHQL_JSON, status=ANY_ERROR, without=["data"]),
    Audit("51FE", {"query": UNKNOWN_FIELD}, accept=GRAPHQL_JSON, status=ANY_ERROR),
    Audit("74FF", {"query": UNKNOWN_FIELD}, accept=GRAPHQL_JSON, status=BAD_REQUEST),
    Audit(
        "5E5B", {"query": UNKNOWN_FIELD}, accept=GRAPHQL_JSON, status=ANY_ERROR, without=["data"]
    ),
    Audit("86EE", COERCION, accept=GRAPHQL_JSON, status=BAD_REQUEST),
]


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with caller(application()) as client:
        yield client


async def ask(client: httpx.AsyncClient, audit: Audit) -> httpx.Response:
    # httpx adds headers of its own; an audit sends only what it names.
    headers = {"accept": audit.accept, "content-type": audit.content_type}
    method, url, content = "POST", "/graphql", audit.raw
    if audit.parameters is not None:
        method, url = "GET", f"/graphql?{urlencode(audit.parameters)}"
        del headers["content-type"]
    elif content is None:
        content = json.dumps(audit.body).encode()
    request = httpx.Request(
        method,
        f"http://platform.test{url}",
        content=content,
        headers={name: value for name, value in headers.items() if value is not None},
    )
    return await client.send(request)


def test_all_61_audits_are_here() -> None:
    assert len({audit.id for audit in AUDITS}) == len(AUDITS) == 61


@pytest.mark.parametrize("audit", AUDITS, ids=lambda audit: audit.id)
async def test_the_endpoint_passes_the_audit(client: httpx.AsyncClient, audit: Audit) -> None:
    response = await ask(client, audit)

    assert response.status_code in audit.status
    media_type, _, charset = response.headers["content-type"].partition(";")
    assert charset.strip() == "charset=utf-8"
    if audit.answered_as:
        assert media_type == audit.answered_as
    body = json.loads(response.content.decode("utf-8"))
    for name in audit.without:
        assert name not in body
    assert ("errors" in body) == (
        response.status_code != 200 or audit.id in {"572B", "FDE2", "7B9B"}
    )
