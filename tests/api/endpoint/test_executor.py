"""The quick way and graphql-core's own give the same answers and the same errors."""

import asyncio
import datetime as dt
import enum
from collections.abc import Generator, Sequence
from typing import Any
from uuid import UUID

import pytest
import strawberry
from graphql import Undefined, execute, parse
from hypothesis import given, settings
from hypothesis import strategies as st
from strawberry.schema.config import StrawberryConfig

from api.endpoint.executor import PlainExecutor, plain_fields
from models.kernel.money import Fen
from resolvers.identities import Node
from resolvers.scalars import SCALARS


@strawberry.enum
class Colour(enum.Enum):
    RED = "red"


@strawberry.type
class Twig:
    name: str
    count: int | None
    below: "Twig | None" = None

    @strawberry.field
    async def slow(self) -> str:
        return self.name


@strawberry.type
class Leafy(Node):
    text: str
    number: int
    amount_fen: Fen
    at: dt.datetime
    colour: Colour
    maybe: str | None
    words: list[str]
    renamed: int = strawberry.field(name="other")
    twig: Twig | None
    twigs: list[Twig]
    nested: list[list[Twig | None]] | None
    node: Node | None

    @strawberry.field
    def doubled(self) -> int:
        return self.number * 2

    @strawberry.field
    async def later(self) -> str:
        return self.text

    @strawberry.field
    def inner(self) -> "Leafy":
        return self

    @strawberry.field
    def repeated(self, times: int) -> str:
        return self.text * times


def leafy(**changed: Any) -> Leafy:
    values: dict[str, Any] = {
        "uuid": UUID(int=1), "text": "t", "number": 1, "amount_fen": Fen(5),
        "at": dt.datetime(2017, 10, 17, tzinfo=dt.UTC), "colour": Colour.RED, "maybe": None,
        "words": ["a"], "renamed": 3, "twig": None, "twigs": [], "nested": None, "node": None,
    }  # fmt: skip
    return Leafy(**(values | changed))


async def never() -> str:
    return "late"


@strawberry.type
class Query:
    @strawberry.field
    def one(self) -> Leafy:
        return leafy()

    @strawberry.field
    def wrong(self, what: str) -> Leafy | None:
        values: dict[str, Any] = {
            "text": None, "number": 2**40, "amountFen": 1.5, "at": dt.datetime(2017, 1, 1),  # noqa: DTZ001 - naive on purpose
            "colour": "blue", "maybe": object(), "other": "x",
        }  # fmt: skip
        names = {"amountFen": "amount_fen", "other": "renamed"}
        return leafy(**{names.get(what, what): values[what]})

    @strawberry.field
    def late(self) -> Leafy:
        return leafy(text=never())

    @strawberry.field
    def missing(self) -> Leafy | None:
        found = leafy()
        del found.text
        return found

    @strawberry.field
    def given(self, info: strawberry.Info) -> list[Leafy | None]:
        return list(info.context)


schema = strawberry.Schema(Query, config=StrawberryConfig(scalar_map=SCALARS))._schema
PLAIN = plain_fields(schema)


async def both(query: str, given: Any = (), *, yes: bool = True) -> tuple[Any, Any]:
    """The answer by the quick way, and that of graphql-core alone."""
    answers = []
    ways: list[dict[str, Any]] = [{"executor_class": PlainExecutor, "plain_fields": PLAIN}, {}]
    for options in ways:
        result: Any = execute(
            schema,
            parse(query),
            context_value=given,
            variable_values={"yes": yes},
            **options,
        )
        answer = result if hasattr(result, "data") else await result
        answers.append((answer.data, [error.formatted for error in answer.errors or ()]))
    return answers[0], answers[1]


def test_only_attributes_and_what_is_marked_are_plain() -> None:
    assert set(PLAIN["Leafy"]) == {
        "id", "text", "number", "amountFen", "at", "colour", "maybe", "words", "other",
        "twig", "twigs", "nested", "node",
    }  # fmt: skip
    assert set(PLAIN["Twig"]) == {"name", "count", "below"}
    assert PLAIN["Query"] == {}


@pytest.mark.parametrize(
    "query",
    [
        "{ one { text number amountFen at colour maybe other } }",
        "{ one { __typename a: text b: text text id words doubled } __typename }",
        "{ one { later text inner { number later inner { text } } maybe } }",
        "{ one { number inner { later } amountFen repeated(times: 2) at } }",
        "{ one { text @skip(if: true) number @include(if: true) ...F } } fragment F on Leafy {at}",
        "{ late { number text } }",
        *(
            f'{{ wrong(what: "{name}") {{ words {name} doubled }} }}'
            for name in ["text", "number", "amountFen", "at", "colour", "maybe", "other"]
        ),
        "{ missing { number text } one { text } }",
        "{ one { nothing text } }",
        "{ one { twig { name } twigs { name } nested { name } node { id } } }",
    ],
)
async def test_the_answers_are_the_same(query: str) -> None:
    quick, own = await both(query)

    assert quick == own
    if quick[0] and quick[0].get("one"):
        assert list(quick[0]["one"]) == list(own[0]["one"])


async def test_wrong_values_are_errors_of_their_fields() -> None:
    (data, errors), _ = await both('{ wrong(what: "amountFen") { amountFen } }')

    assert data == {"wrong": None}
    assert errors[0]["path"] == ["wrong", "amountFen"]


class Late:
    """Something to await, as often as one likes."""

    def __init__(self, value: object) -> None:
        self.value = value

    def __await__(self) -> Generator[None, None, object]:
        yield
        return self.value


# What may stand where something else was promised.
ODD = st.sampled_from(
    [
        None, Undefined, ValueError("no"), Late("late"), Late(None), object(), 2**40, 1.5, "text",
        (), [None], Colour.RED, Twig(name="odd", count=0, below=None),
        strawberry.cast(Leafy, Twig(name="cast", count=0, below=None)), leafy(),
    ]
)  # fmt: skip


def mostly(usual: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 7).flatmap(lambda dice: usual if dice else ODD)


def twigs(below: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return mostly(
        st.builds(Twig, name=mostly(st.just("n")), count=mostly(st.just(1)), below=mostly(below))
    )


TWIGS = twigs(st.none() | twigs(st.none()))
ROWS = st.fixed_dictionaries(
    {
        "text": mostly(st.just("t")),
        "number": mostly(st.just(1)),
        "maybe": mostly(st.just("m")),
        "words": mostly(st.lists(mostly(st.just("w")), max_size=2)),
        "twig": TWIGS,
        "twigs": mostly(st.lists(TWIGS, max_size=3) | st.lists(TWIGS, max_size=3).map(tuple)),
        "nested": mostly(st.lists(st.lists(TWIGS, max_size=2), max_size=2)),
        "node": mostly(st.builds(leafy)),
    }
).map(lambda values: leafy(**values))


def selections(leaves: Sequence[str], *inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Some fields of a type, with directives and fragments among them, the same ones twice."""
    asked = st.sampled_from(leaves)
    directive = st.sampled_from(["@skip(if: $yes)", "@include(if: $yes)", "@skip", "@unknown"])
    chosen = st.one_of(asked, asked, *inner, st.builds("{} {}".format, asked, directive))
    return st.lists(chosen, min_size=1, max_size=5).map(lambda fields: f"{{ {' '.join(fields)} }}")


def below(names: Sequence[str], inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds("{} {}".format, st.sampled_from(names), inside)


OF_TWIGS: st.SearchStrategy[str] = st.deferred(
    lambda: selections(
        ["name", "count", "__typename", "a: name", "name", "count", "slow", "nothing"],
        below(["below", "... on Twig", "... @include(if: $yes)", "b: below"], OF_TWIGS),
    )
)
OF_LEAFIES: st.SearchStrategy[str] = st.deferred(
    lambda: selections(
        ["id", "text", "number", "words", "maybe", "doubled", "later", "colour", "at"],
        below(["twig", "twigs", "nested", "t: twigs @skip(if: $yes)"], OF_TWIGS),
        below(["inner", "node { id } ...", "... on Node", "... @skip(if: $yes)"], OF_LEAFIES),
    )
)


@settings(max_examples=100, deadline=None)
@given(asked=OF_LEAFIES, rows=st.lists(ROWS, min_size=1, max_size=3), yes=st.booleans())
def test_whatever_is_asked_of_whatever_rows_the_answers_are_the_same(
    *, asked: str, rows: list[Leafy], yes: bool
) -> None:
    query = f"query ($yes: Boolean!) {{ given {asked} }}"

    quick, own = asyncio.run(both(query, rows, yes=yes))

    assert quick == own
    assert str(quick[0]) == str(own[0])  # in the same order
