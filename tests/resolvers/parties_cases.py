"""The mutations of people, organisations and roles, ready to be tried."""

from uuid import UUID

from models.kernel.database import Database
from models.parties import Actor
from resolvers.identities import global_id
from tests.clients import Case, Clients, Ready
from tests.parties import TONGCHUAN


def person_of(actor: Actor) -> UUID:
    assert actor.person_id is not None
    return actor.person_id


async def open_organisation(_database: Database, clients: Clients) -> Ready:
    return Ready(
        clients.administrator,
        {
            "kind": "BUDGET_UNIT",
            "name": "通川区第一小学",
            "divisionCode": TONGCHUAN,
            "parentId": global_id("Organisation", clients.bureau_id),
        },
    )


async def enrol_person(_database: Database, clients: Clients) -> Ready:
    given = {"signInName": "wang.wu", "name": "王五", "password": "correct horse"}
    return Ready(clients.administrator, given)


async def grant_role(_database: Database, clients: Clients) -> Ready:
    return Ready(
        clients.administrator,
        {
            "personId": global_id("Person", person_of(clients.donor)),
            "organisationId": global_id("Organisation", clients.unit_id),
            "role": "APPROVER",
        },
    )


async def end_role(_database: Database, clients: Clients) -> Ready:
    given = {"grantId": global_id("Grant", clients.membership_id)}
    return Ready(clients.administrator, given)


CASES = (
    Case("openOrganisation", open_organisation),
    Case("enrolPerson", enrol_person),
    Case("grantRole", grant_role),
    Case("endRole", end_role),
)
# Anybody may try these; what they refuse has tests of its own.
PUBLIC = frozenset({"signIn", "signOut"})
