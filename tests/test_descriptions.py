from graphql import build_schema

from resolvers.schema import schema
from tests.api.endpoint import sample
from tests.descriptions import undescribed


def test_what_has_no_description_is_found_wherever_it_is() -> None:
    schema = build_schema("""
        directive @slow(why: String) on FIELD
        scalar Fen
        interface Named { name: String }
        type Query implements Named { "It." name(of: Kind): String  "  " found: Union }
        union Union = Query
        enum Kind { ONE "Two." TWO }
        "An input."
        input Wanted { kind: Kind = ONE }
    """)

    assert undescribed(schema) == [
        "@slow",
        "@slow(why:)",
        "Fen",
        "Kind",
        "Kind.ONE",
        "Named",
        "Named.name",
        "Query",
        "Query.found",
        "Query.name(of:)",
        "Union",
        "Wanted.kind",
    ]


def test_the_parts_of_ours_that_every_schema_shares_are_described() -> None:
    assert undescribed(sample.schema._schema) == []


def test_everything_in_the_schema_is_described() -> None:
    assert undescribed(schema._schema) == []
