"""The printed schema is the schema, so that a change of it is seen in its commit."""

from pathlib import Path

from resolvers.schema import schema

PRINTED = Path(__file__).parents[2] / "api" / "schema.graphql"


def test_the_printed_schema_is_what_the_platform_answers_to() -> None:
    assert PRINTED.read_text() == schema.as_str() + "\n", (
        "yuanliu export-schema > api/schema.graphql"
    )
