"""Whatever is sent, the endpoint answers below 500 and in the form of GraphQL."""

import asyncio
import json
from typing import Any

import httpx
import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.api.endpoint.sample import application, caller

APPLICATION = application()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
VOCABULARY = """{ } ( ) [ ] : ! = @ $ ... & | # é 🏃 query mutation subscription fragment F on Query
Product Nothing $n Int Fen String ID true null 1 -1 1.5 1e9 99999999999999999999 "" "a" \\u0000
\"\"\"b\"\"\" products villages name priceFen echo text echoFen amountFen paged first: last: after:
nodes edges node id node(id:"x") __typename __schema __type @skip(if:true) @include(if:$n) payOrder
counted(to:1) broken hidden"""
WORDS = st.sampled_from(sorted(set(VOCABULARY.split())))


async def posted(body: bytes) -> httpx.Response:
    async with caller(APPLICATION) as client:
        return await client.post(
            "/graphql", content=body, headers={"content-type": "application/json"}
        )


def check(body: bytes) -> None:
    response = asyncio.run(posted(body))

    assert response.status_code < 500
    answer: dict[str, Any] = orjson.loads(response.content)
    assert set(answer) <= {"data", "errors"}
    for error in answer.get("errors", []):
        assert error["message"]
        assert error["extensions"]["code"] != "INTERNAL_ERROR" or error["path"] == ["broken"]


@settings(max_examples=100, deadline=None)
@given(st.binary())
def test_any_bytes_are_answered(body: bytes) -> None:
    check(body)


@settings(max_examples=100, deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "query": JSON | st.just("query Q($n: Int) { products(first: $n) { name } }"),
            "variables": JSON | st.fixed_dictionaries({"n": JSON}),
            "operationName": JSON,
            "extensions": JSON,
        },
    )
    | JSON
)
def test_any_json_is_answered(value: object) -> None:
    # The standard library writes NaN, great integers and half surrogate pairs, as some clients do.
    check(json.dumps(value).encode())


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, max_size=30))
def test_any_words_of_the_language_are_answered(words: list[str]) -> None:
    check(orjson.dumps({"query": " ".join(words)}))
