"""The quick way and graphql-core's own give the same answers and the same errors."""

import datetime as dt
import enum
from typing import Any
from uuid import UUID

import pytest
import strawberry
from graphql import execute, parse
from strawberry.schema.config import StrawberryConfig

from api.endpoint.executor import LeafExecutor, leaves
from models.kernel.money import Fen
from resolvers.identities import Node
from resolvers.scalars import SCALARS


@strawberry.enum
class Colour(enum.Enum):
    RED = "red"


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
        "words": ["a"], "renamed": 3,
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


schema = strawberry.Schema(Query, config=StrawberryConfig(scalar_map=SCALARS))._schema
LEAVES = leaves(schema)


async def both(query: str) -> tuple[Any, Any]:
    """The answer by the quick way, and that of graphql-core alone."""
    answers = []
    ways: list[dict[str, Any]] = [{"executor_class": LeafExecutor, "leaves": LEAVES}, {}]
    for options in ways:
        result: Any = execute(schema, parse(query), **options)
        answer = result if hasattr(result, "data") else await result
        answers.append((answer.data, [error.formatted for error in answer.errors or ()]))
    return answers[0], answers[1]


def test_only_attributes_without_a_resolver_are_leaves() -> None:
    assert set(LEAVES["Leafy"]) == {"text", "number", "amountFen", "at", "colour", "maybe", "other"}
    assert LEAVES["Query"] == {}


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
