import base64
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import pytest
import strawberry

from models.kernel.refusals import InvalidValue
from resolvers import identities
from resolvers.identities import Node, NodeQuery, Registry, global_id, opened, uuid_of

ONE, TWO, THREE = UUID(int=1), UUID(int=2), UUID(int=3)


@strawberry.type(description="A pear.")
class Pear(Node):
    name: str = strawberry.field(description="Its name.")


@strawberry.type(description="A plum.")
class Plum(Node):
    name: str = strawberry.field(description="Its name.")


ASKED: list[tuple[object, list[UUID]]] = []


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    registry = Registry()
    monkeypatch.setattr(identities, "NODES", registry)
    ASKED.clear()

    @registry.finder(Pear)
    async def find_pears(context: Any, ids: Sequence[UUID]) -> Mapping[UUID, Node]:
        ASKED.append((context, list(ids)))
        return {uuid: Pear(uuid=uuid, name="pear") for uuid in ids if uuid != THREE}

    @registry.finder(Plum)
    async def find_plums(context: Any, ids: Sequence[UUID]) -> Mapping[UUID, Node]:
        ASKED.append((context, list(ids)))
        return {uuid: Plum(uuid=uuid, name="plum") for uuid in ids}

    return registry


schema = strawberry.Schema(NodeQuery, types=[Pear, Plum])


async def found(query: str, **variables: object) -> Any:
    result = await schema.execute(query, variables, context_value="me")
    assert result.errors is None
    return result.data


def test_an_id_is_opaque_and_its_own_inverse() -> None:
    text = global_id("Pear", ONE)

    assert "Pear" not in text
    assert opened(text) == ("Pear", ONE)
    assert uuid_of(text, "Pear") == ONE


@pytest.mark.parametrize(
    "text",
    ["", "1", "你好", "Pear:1", "A" * 300, str(ONE), base64.b64encode(b"Pear:x").decode(),
     base64.b64encode(b"Pear").decode(), base64.b64encode(b"\xff\xff").decode(),
     global_id("Plum", ONE)],
)  # fmt: skip
def test_another_text_is_no_id_of_a_pear(text: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        uuid_of(text, "Pear", path="pearId")

    assert refused.value.facts == {"path": "pearId", "reason": "not_an_id"}


async def test_a_thing_is_found_by_its_id() -> None:
    query = "query Q($id: ID!) { node(id: $id) { __typename id ... on Pear { name } } }"
    pear = global_id("Pear", ONE)

    assert await found(query, id=pear) == {
        "node": {"__typename": "Pear", "id": pear, "name": "pear"}
    }
    assert await found(query, id=global_id("Pear", THREE)) == {"node": None}
    assert await found(query, id=global_id("Person", ONE)) == {"node": None}
    assert await found(query, id="nonsense") == {"node": None}


async def test_many_things_are_found_with_one_question_a_kind_and_in_order() -> None:
    wanted = [
        global_id("Plum", TWO),
        global_id("Pear", ONE),
        global_id("Pear", THREE),
        "nonsense",
        global_id("Pear", TWO),
        global_id("Pear", ONE),
    ]

    answer = await found("query Q($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=wanted)

    ids = [node and node["id"] for node in answer["nodes"]]
    assert ids == [wanted[0], wanted[1], None, None, wanted[4], wanted[1]]
    assert ASKED == [("me", [ONE, THREE, TWO]), ("me", [TWO])]


async def test_more_than_a_hundred_things_are_not_found_at_once() -> None:
    result = await schema.execute(
        "query Q($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": [global_id("Pear", ONE)] * 101}
    )

    assert result.errors is not None
    assert result.errors[0].extensions == {"code": "BAD_PAGE"}
    assert ASKED == []


def test_a_noun_has_one_finder(registry: Registry) -> None:
    with pytest.raises(AssertionError, match="Pear has two finders"):
        registry.finder(Pear)
