import time

import pytest
from graphql import GraphQLError, OperationDefinitionNode, get_introspection_query, parse

from api.endpoint.limits import Limits, Measure, measure
from tests.api.endpoint.sample import application, caller, schema

CORE = schema._schema
LIMITS = Limits()


def measured(text: str, variables: dict[str, object] | None = None) -> Measure:
    document = parse(text)
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return measure(CORE, document, operation, limits=LIMITS, variables=variables)


def doubling(levels: int) -> str:
    """A document whose last fragment is spread 2 to the power of `levels` times."""
    fragments = [f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(levels)]
    return f"{{ ...f0 }} {' '.join(fragments)} fragment f{levels} on Query {{ __typename }}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ __typename }", Measure(1, 1, 0, 0, 1)),
        ("{ products { name } }", Measure(2, 2, 0, 0, 1 + 20)),
        ("{ products(first: 3) { name priceFen } }", Measure(2, 3, 0, 0, 1 + 3 * 2)),
        ("{ products(first: 0) { name } }", Measure(2, 2, 0, 0, 2)),
        ("{ products(first: 5000) { name } }", Measure(2, 2, 0, 0, 101)),
        ("{ products(first: -7) { name } }", Measure(2, 2, 0, 0, 2)),
        ("{ a: products(first: 1) { b: name } }", Measure(2, 2, 2, 0, 2)),
        ('query @x { echo(text: "") @skip(if: true) @y }', Measure(1, 1, 0, 3, 1)),
        # A list that is no page counts what its field declares.
        ("{ products(first: 2) { villages { name } } }", Measure(3, 3, 0, 0, 1 + 2 * (1 + 10))),
        (
            "{ products(first: 2) { ...P ... on Product { ...P } } } fragment P on Product {name}",
            Measure(2, 3, 0, 0, 1 + 2 * 2),
        ),
        # The page size counts at the connection, not again at its edges and nodes.
        (
            "{ paged(last: 5) { edges { node { name } } nodes { name } } }",
            Measure(4, 6, 0, 0, 1 + 5 * (1 + 1 + 1 + 1 + 1)),
        ),
        # What does not exist counts as one; the validator says so afterwards.
        ("{ nothing { here } ...Missing }", Measure(2, 2, 0, 0, 2)),
    ],
)
def test_a_document_is_measured_with_its_fragments_spread_out(text: str, expected: Measure) -> None:
    assert measured(text) == expected


def test_a_page_size_in_a_variable_counts_as_it_is_given() -> None:
    text = "query Q($n: Int = 7) { products(first: $n) { name } }"

    assert measured(text).cost == 101
    assert measured(text, {}).cost == 8
    assert measured(text, {"n": 50}).cost == 51
    assert measured(text, {"n": None}).cost == 21
    assert measured(text, {"n": 10**20}).cost == 101
    assert measured(text, {"n": "50"}).cost == 21


def test_spreads_that_double_at_each_level_cost_milliseconds() -> None:
    text = doubling(26)
    assert len(text) < 1_300

    started = time.perf_counter()
    found = measured(text)

    assert time.perf_counter() - started < 0.1
    assert found.fields == 2**26


def test_counts_stop_growing() -> None:
    assert measured(doubling(45)).fields == 1_000_000_000


def test_introspection_is_noticed_wherever_it_is_asked() -> None:
    assert not measured("{ __typename products { __typename } }").introspects
    assert measured(
        "{ ...F } fragment F on Query { ...G } fragment G on Query { s: __schema { x } }"
    ).introspects


def test_fragments_in_a_circle_are_refused() -> None:
    with pytest.raises(GraphQLError, match="The fragment A spreads itself"):
        measured("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }")


def test_endless_nesting_is_refused() -> None:
    with pytest.raises(GraphQLError, match="More nesting than the 50 allowed"):
        measured("{" + "... {" * 100 + "__typename" + "}" * 101)


@pytest.mark.parametrize(
    ("query", "limit", "allowed", "found"),
    [
        ("{ products" + " { alike" * 16 + " { name }" + " }" * 17, "depth", 16, 18),
        ("{ products { " + "name " * 400 + "} }", "fields", 400, 401),
        ("{ " + " ".join(f"a{n}: __typename" for n in range(51)) + " }", "aliases", 50, 51),
        ("{ __typename " + "@skip(if: false) " * 51 + "}", "directives", 50, 51),
        (doubling(26), "fields", 400, 2**26),
        (" ".join(f"query Q{n} {{ __typename }}" for n in range(31)), "operations", 30, 31),
        (
            "{ products(first: 100) { alike(first: 100) { alike(first: 5) { name } } } }",
            "cost",
            50_000,
            60_101,
        ),
        ("{" + " __typename" * 4_000 + "}", "tokens", 4_000, None),
        ("#" * 50_001, "characters", 50_000, 50_001),
    ],
)
async def test_a_document_beyond_a_limit_is_told_which_and_how_far(
    query: str, limit: str, allowed: int, found: int | None
) -> None:
    async with caller(application()) as client:
        response = await client.post("/graphql", json={"query": query})

    assert response.status_code == 400
    (error,) = response.json()["errors"]
    expected = {"code": "LIMIT_EXCEEDED", "limit": limit, "allowed": allowed}
    assert error["extensions"] == expected | ({} if found is None else {"found": found})
    assert str(allowed) in error["message"]


async def test_a_cost_that_hangs_on_a_variable_is_measured_with_its_value() -> None:
    query = """query Q($n: Int!) { products(first: $n) { alike(first: $n) { alike(first: $n) {
        name } } } }"""
    async with caller(application()) as client:
        small = await client.post("/graphql", json={"query": query, "variables": {"n": 2}})
        great = await client.post("/graphql", json={"query": query, "variables": {"n": 100}})

    assert small.status_code == 200
    assert len(small.json()["data"]["products"]) == 2
    assert great.status_code == 400
    assert great.json()["errors"][0]["extensions"]["limit"] == "cost"


async def test_the_query_of_every_tool_that_reads_a_schema_fits() -> None:
    async with caller(application()) as client:
        response = await client.post("/graphql", json={"query": get_introspection_query()})

    assert "errors" not in response.json()
