"""What is selected below a field, however it is written, and at what cost to find out."""

import time

import strawberry

from resolvers.selections import EVERYTHING, below, selected

SEEN: list[set[str]] = []


@strawberry.type
class Leaf:
    name: str = "leaf"

    @strawberry.field
    def again(self) -> "Leaf":
        return self


@strawberry.type
class Query:
    @strawberry.field
    def tree(self, info: strawberry.Info) -> Leaf:
        SEEN.append(set(selected(info)))
        return Leaf()

    @strawberry.field
    def forest(self, info: strawberry.Info) -> Leaf:
        SEEN.append(set(selected(info, "again", "again.again")))
        return Leaf()


schema = strawberry.Schema(Query)


def seen(document: str) -> set[str]:
    result = schema.execute_sync(document)
    assert result.errors is None, result.errors
    return SEEN.pop()


def test_fields_are_found_through_aliases_and_fragments() -> None:
    found = seen(
        "{ tree { other: again { name } ...F ... on Leaf { name } } }"
        " fragment F on Leaf { again { again { __typename } } }"
    )

    assert found == {"again", "again.name", "again.again", "again.again.__typename", "name"}


def test_a_field_written_twice_is_one_selection() -> None:
    assert seen("{ tree { name } tree { again { name } } }") == {"name", "again", "again.name"}


def test_what_a_page_wraps_is_unwrapped() -> None:
    assert seen("{ forest { again { name again { again { name } } } } }") == {
        "name",
        "again",
        "again.again",
        "again.again.name",
        "again.name",
    }


def test_fragments_that_double_at_each_level_are_walked_once() -> None:
    levels = 40
    fragments = " ".join(
        f"fragment F{level} on Leaf {{ ...F{level + 1} ...F{level + 1} }}"
        for level in range(levels)
    )
    document = f"{{ tree {{ ...F0 }} }} {fragments} fragment F{levels} on Leaf {{ name }}"
    started = time.perf_counter()

    assert seen(document) == {"name"}

    assert time.perf_counter() - started < 5


def test_everything_has_whatever_is_asked_of_it() -> None:
    assert "any.path" in EVERYTHING
    assert below(EVERYTHING, "any") is EVERYTHING
    assert below({"a.b", "a.b.c", "d"}, "a") == {"b", "b.c"}
