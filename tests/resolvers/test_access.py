"""The access table names every root field, guards it, and each mutation refuses who may not."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import graphql
import pytest
import strawberry

from models.kernel.database import Database
from models.kernel.ids import new_id
from models.parties import ANONYMOUS, Actor, Grant, Role
from models.parties.rights import ANYONE, SIGNED_IN, NotPermitted, NotSignedIn, anywhere
from resolvers import access
from resolvers.identities import global_id
from resolvers.schema import schema
from tests.clients import Clients, make_clients, mutate, whole
from tests.parties import TONGCHUAN

TABLE = access.ACCESS
AUDITOR = Actor(new_id(), (Grant(Role.AUDITOR, new_id(), "511702000000", "/a/"),))
DONOR = Actor(new_id())


@dataclass(frozen=True)
class Case:
    """A mutation, an input that would do if it were permitted, and who is refused and how."""

    mutation: str
    given: Callable[[Clients], dict[str, Any]]
    refused: dict[str, str]

    @property
    def name(self) -> str:
        return self.mutation


# Whoever has a role may pass the table; then it is the command that refuses.
STRANGERS = {
    "anonymous": "NOT_SIGNED_IN",
    "donor": "NOT_PERMITTED",
    "other_officer": "NOT_PERMITTED",
    "other_manager": "NOT_PERMITTED",
}
REFUSED = [
    Case(
        "openOrganisation",
        lambda clients: {
            "kind": "BUDGET_UNIT",
            "name": "通川区第一小学",
            "divisionCode": TONGCHUAN,
            "parentId": global_id("Organisation", clients.bureau_id),
        },
        STRANGERS,
    ),
    Case(
        "enrolPerson",
        lambda _clients: {"signInName": "wang.wu", "name": "王五", "password": "correct horse"},
        STRANGERS,
    ),
    Case(
        "grantRole",
        lambda clients: {
            "personId": global_id("Person", person_of(clients.donor)),
            "organisationId": global_id("Organisation", clients.unit_id),
            "role": "APPROVER",
        },
        STRANGERS,
    ),
    Case(
        "endRole",
        lambda clients: {"grantId": global_id("Grant", clients.membership_id)},
        STRANGERS,
    ),
]
# Anybody may try these; what they refuse has tests of its own.
PUBLIC = {"signIn", "signOut"}


def person_of(actor: Actor) -> UUID:
    assert actor.person_id is not None
    return actor.person_id


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


def test_every_mutation_is_tried_by_every_stranger() -> None:
    tried = {case.mutation: case.refused.keys() for case in REFUSED}

    assert tried.keys() | PUBLIC == set(root_fields()["Mutation"])
    assert all(clients == STRANGERS.keys() for clients in tried.values())
    assert all(TABLE[mutation] == ANYONE for mutation in PUBLIC)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
async def test_a_mutation_refuses_who_may_not_and_moves_nothing(
    database: Database, case: Case
) -> None:
    clients = await make_clients(database)
    before = await whole(database)

    answers = {
        name: (await mutate(database, actor, case.mutation, case.given(clients))).get("code")
        for name, actor in clients.strangers.items()
    }

    assert answers == case.refused
    assert await whole(database) == before


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
async def test_the_same_mutation_is_done_for_who_may(database: Database, case: Case) -> None:
    clients = await make_clients(database)

    answer = await mutate(database, clients.administrator, case.mutation, case.given(clients))

    assert answer["__typename"].endswith("Payload"), answer


@dataclass
class Asking:
    actor: Actor


@access.guarded
@strawberry.type
class Query:
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
class Subscription:
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
    result = await strawberry.Schema(Query).execute(document, context_value=Asking(actor))

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
    small = strawberry.Schema(Query, subscription=Subscription)

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
