"""The kinds of client that every mutation is tried by, and an endpoint in process to try it with.

Whoever adds a mutation adds a `Case` to the cases of its part of the model (as in
tests/resolvers/parties_cases.py); tests/resolvers/test_access.py fails for a mutation without one.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from models.kernel.database import Base, Database
from models.kernel.ids import new_id
from models.parties import ANONYMOUS, Actor, OrganisationKind, Role
from models.parties.grants import viewer
from resolvers.schema import schema
from tests.parties import (
    DACHUAN,
    make_administrator,
    make_holder,
    make_organisation,
    make_person,
    rows,
)
from tests.platform import context_of

# What a refused request may still leave: nothing but counted attempts to sign in.
UNTOUCHED = sorted(set(Base.metadata.tables) - {"sign_in_attempts"})


@dataclass(frozen=True)
class Clients:
    """Four kinds of client who may not, an administrator, and what they stand beside."""

    administrator: Actor
    bureau_id: UUID
    unit_id: UUID
    officer: Actor
    anonymous: Actor
    donor: Actor
    other_officer: Actor
    other_manager: Actor
    membership_id: UUID

    @property
    def strangers(self) -> Mapping[str, Actor]:
        """Whoever has nothing to do with the unit."""
        return {
            "anonymous": self.anonymous,
            "donor": self.donor,
            "other_officer": self.other_officer,
            "other_manager": self.other_manager,
        }


# A stranger with some role may pass the table; then it is the command that refuses.
STRANGERS: Final[Mapping[str, str]] = {
    "anonymous": "NOT_SIGNED_IN",
    "donor": "NOT_PERMITTED",
    "other_officer": "NOT_PERMITTED",
    "other_manager": "NOT_PERMITTED",
}


@dataclass(frozen=True)
class Ready:
    """Whose request it rightly is, and an input that then does."""

    actor: Actor
    given: Mapping[str, Any]


@dataclass(frozen=True)
class Case:
    """A mutation: how it is made ready, and which strangers are refused with which code."""

    mutation: str
    make_ready: Callable[[Database, Clients], Awaitable[Ready]]
    refused: Mapping[str, str] = field(default_factory=lambda: STRANGERS)


async def make_clients(database: Database) -> Clients:
    """Everybody, each with one role at most."""
    administrator = await make_administrator(database)
    bureau_id = await make_organisation(database, administrator)
    unit_id = await make_organisation(database, administrator, parent_id=bureau_id)
    other_unit_id = await make_organisation(database, administrator)
    other_office_id = await make_organisation(
        database, administrator, OrganisationKind.FUND_OFFICE, division_code=DACHUAN
    )
    officer = await make_holder(database, administrator, Role.OFFICER, unit_id)
    async with database.read() as connection:
        seen = await viewer(connection, officer)
    assert seen is not None
    return Clients(
        administrator=administrator,
        bureau_id=bureau_id,
        unit_id=unit_id,
        officer=officer,
        membership_id=seen.held[0].membership_id,
        anonymous=ANONYMOUS,
        donor=Actor(await make_person(database, administrator)),
        other_officer=await make_holder(database, administrator, Role.OFFICER, other_unit_id),
        other_manager=await make_holder(
            database, administrator, Role.FUND_MANAGER, other_office_id
        ),
    )


async def mutate(
    database: Database, actor: Actor, mutation: str, given: Mapping[str, Any]
) -> dict[str, Any]:
    """The answer of a mutation; its scalars and the code of a refusal, whichever it is."""
    name = mutation[0].upper() + mutation[1:]
    document = (
        f"mutation M($input: {name}Input!) {{ {mutation}(input: $input) "
        "{ __typename ... on Refused { code facts { name value } } } }"
    )
    result = await schema.execute(
        document,
        variable_values={"input": {"requestId": str(new_id()), **given}},
        context_value=context_of(database, actor),
    )
    assert result.errors is None, result.errors
    assert result.data is not None
    answer: dict[str, Any] = result.data[mutation]
    return answer


async def whole(database: Database) -> dict[str, list[object]]:
    """Every row there is, but for what a refusal may leave."""
    classes = {mapper.local_table.name: mapper.class_ for mapper in Base.registry.mappers}  # type: ignore[attr-defined] # a table, not a join
    return {name: await rows(database, classes[name]) for name in UNTOUCHED}
