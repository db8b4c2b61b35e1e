"""The access table names every root field, guards it, and each mutation refuses who may not."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any

import graphql
import pytest
import strawberry
from strawberry.types import get_object_definition

from models.kernel.database import Database
from models.kernel.ids import new_id
from models.parties import ANONYMOUS, Actor, Grant, Role
from models.parties.rights import ANYONE, SIGNED_IN, NotPermitted, NotSignedIn, anywhere
from resolvers import access
from resolvers.schema import Mutation, Query, Subscription, schema
from tests.clients import STRANGERS, Case, make_clients, mutate, whole
from tests.platform import context_of
from tests.resolvers import (
    donations_cases,
    funds_cases,
    oversight_cases,
    parties_cases,
    procurement_cases,
)

TABLE = access.ACCESS
AUDITOR = Actor(new_id(), (Grant(Role.AUDITOR, new_id(), "511702000000", "/a/"),))
DONOR = Actor(new_id())


CASES = (
    *parties_cases.CASES,
    *funds_cases.CASES,
    *donations_cases.CASES,
    *procurement_cases.CASES,
    *oversight_cases.CASES,
)
PUBLIC = parties_cases.PUBLIC | donations_cases.PUBLIC


def root_fields() -> dict[str, list[str]]:
    roots = graphql.build_schema(schema.as_str())
    return {
        root.name: list(root.fields)
        for root in (roots.query_type, roots.mutation_type, roots.subscription_type)
        if root is not None
    }


def test_the_table_names_every_field_of_every_root_and_nothing_else() -> None:
    fields = [field for names in root_fields().values() for field in names]

    assert sorted(fields) == sorted(TABLE)


def test_every_root_field_asks_the_table() -> None:
    for root in (Query, Mutation, Subscription):
        for field in get_object_definition(root, strict=True).fields:
            assert any(isinstance(extension, access.Guard) for extension in field.extensions), field


def literal(kind: graphql.GraphQLInputType) -> str:
    """Some value of a type, as a document spells it."""
    if isinstance(kind, graphql.GraphQLNonNull):
        return literal(kind.of_type)
    if isinstance(kind, graphql.GraphQLList):
        return f"[{literal(kind.of_type)}]"
    if isinstance(kind, graphql.GraphQLEnumType):
        return str(next(iter(kind.values)))
    if isinstance(kind, graphql.GraphQLInputObjectType):
        return f"{{{arguments(kind.fields)}}}"
    return {"UUID": f'"{new_id()}"', "Int": "1", "Fen": "1", "Boolean": "true"}.get(
        kind.name, '"x"'
    )


def arguments(fields: Mapping[str, Any]) -> str:
    """What must be given, each with some value."""
    return ", ".join(
        f"{name}: {literal(field.type)}"
        for name, field in fields.items()
        if isinstance(field.type, graphql.GraphQLNonNull)
    )


CLOSED = [name for name in root_fields()["Query"] if TABLE[name].signed_in]


@pytest.mark.parametrize("name", CLOSED)
async def test_a_question_that_is_not_public_is_not_answered_to_nobody(
    database: Database, name: str
) -> None:
    root = graphql.build_schema(schema.as_str()).query_type
    assert root is not None
    field = root.fields[name]
    given = f"({arguments(field.args)})" if arguments(field.args) else ""
    kind = graphql.get_named_type(field.type)
    is_union = isinstance(kind, graphql.GraphQLUnionType)
    inner = "{ __typename }" if graphql.is_composite_type(kind) else ""
    if is_union:
        inner = "{ __typename ... on Refused { code } }"

    result = await schema.execute(
        f"{{ {name}{given} {inner} }}", context_value=context_of(database)
    )

    if is_union:
        assert result.data == {name: {"__typename": "Refused", "code": "NOT_SIGNED_IN"}}
    else:
        assert result.errors is not None
        assert [type(error.original_error) for error in result.errors] == [NotSignedIn]


def test_every_mutation_is_tried_by_every_stranger() -> None:
    assert {case.mutation for case in CASES} | PUBLIC == set(root_fields()["Mutation"])
    assert all(case.refused.keys() == STRANGERS.keys() for case in CASES)
    assert all(TABLE[mutation] == ANYONE for mutation in PUBLIC)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.mutation)
async def test_a_mutation_refuses_who_may_not_and_moves_nothing(
    database: Database, case: Case
) -> None:
    clients = await make_clients(database)
    ready = await case.make_ready(database, clients)
    before = await whole(database)

    answers = {
        name: (await mutate(database, actor, case.mutation, ready.given)).get("code")
        for name, actor in clients.strangers.items()
    }

    assert answers == case.refused
    assert await whole(database) == before


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.mutation)
async def test_the_same_mutation_is_done_for_who_may(database: Database, case: Case) -> None:
    ready = await case.make_ready(database, await make_clients(database))

    answer = await mutate(database, ready.actor, case.mutation, ready.given)

    assert answer["__typename"].endswith("Payload"), answer


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.mutation)
async def test_a_mutation_sent_again_is_answered_again_and_done_once(
    database: Database, case: Case
) -> None:
    ready = await case.make_ready(database, await make_clients(database))
    given = {"requestId": str(new_id()), **ready.given}
    first = await mutate(database, ready.actor, case.mutation, given)
    after_first = await whole(database)

    assert await mutate(database, ready.actor, case.mutation, given) == first
    assert await whole(database) == after_first


@dataclass
class Asking:
    actor: Actor


@access.guarded
@strawberry.type
class SmallQuery:
    @strawberry.field
    def public(self) -> str:
        return "seen"

    @strawberry.field
    async def mine(self) -> str:
        return "seen"

    @strawberry.field
    def audited(self, number: int) -> str:
        return f"seen {number}"


@access.guarded
@strawberry.type
class SmallSubscription:
    @strawberry.subscription
    async def watched(self) -> AsyncGenerator[str, None]:
        yield "seen"


@pytest.fixture
def small_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        access,
        "ACCESS",
        {
            "public": ANYONE,
            "mine": SIGNED_IN,
            "audited": anywhere(Role.AUDITOR),
            "watched": SIGNED_IN,
        },
    )


@pytest.mark.usefixtures("small_table")
@pytest.mark.parametrize(
    ("document", "actor", "refusal"),
    [
        ("{ public }", ANONYMOUS, None),
        ("{ mine }", ANONYMOUS, NotSignedIn),
        ("{ mine }", DONOR, None),
        ("{ audited(number: 7) }", ANONYMOUS, NotSignedIn),
        ("{ audited(number: 7) }", DONOR, NotPermitted),
        ("{ audited(number: 7) }", AUDITOR, None),
    ],
)
async def test_a_root_field_asks_the_table_first(
    document: str, actor: Actor, refusal: type[Exception] | None
) -> None:
    result = await strawberry.Schema(SmallQuery).execute(document, context_value=Asking(actor))

    if refusal is None:
        assert result.errors is None
        assert result.data is not None
        assert str(next(iter(result.data.values()))).startswith("seen")
    else:
        assert result.errors is not None
        assert isinstance(result.errors[0].original_error, refusal)
        assert result.data is None


@pytest.mark.usefixtures("small_table")
async def test_a_stream_asks_the_table_before_it_opens() -> None:
    small = strawberry.Schema(SmallQuery, subscription=SmallSubscription)

    async def results(actor: Actor) -> list[Any]:
        stream = await small.subscribe("subscription { watched }", context_value=Asking(actor))
        return [result async for result in stream]

    assert [result.data for result in await results(DONOR)] == [{"watched": "seen"}]
    (refused,) = await results(ANONYMOUS)
    assert refused.data is None
    assert isinstance(refused.errors[0].original_error, NotSignedIn)


async def test_a_root_that_is_not_guarded_keeps_the_fields_it_shares() -> None:
    @strawberry.type
    class Shared:
        @strawberry.field
        def seen(self) -> str:
            return "seen"

    @access.guarded
    @strawberry.type
    class Guarded(Shared):
        pass

    asking = Asking(ANONYMOUS)
    bare = await strawberry.Schema(Shared).execute("{ seen }", context_value=asking)
    barred = await strawberry.Schema(Guarded).execute("{ seen }", context_value=asking)

    assert bare.data == {"seen": "seen"}
    assert barred.errors, "a field without a row in the table is open to nobody"
