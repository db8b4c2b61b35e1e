"""Parties through the schema: what is answered, and what stays unseen."""

from typing import Any

import pytest
from sqlalchemy import select

from models.kernel.database import Database
from models.kernel.ids import new_id
from models.parties import ANONYMOUS, Actor, Membership, Person
from models.parties.passwords import Verified
from resolvers.identities import global_id
from resolvers.schema import schema
from tests.clients import Clients, make_clients
from tests.databases import count
from tests.parties import TONGCHUAN, actor, cheap_passwords
from tests.platform import context_of


async def ask(
    database: Database, asking: Actor, document: str, given: Any = None
) -> dict[str, Any]:
    result = await schema.execute(
        document, variable_values={"input": given}, context_value=context_of(database, asking)
    )
    assert result.errors is None, result.errors
    assert result.data is not None
    return result.data


@pytest.fixture
async def clients(database: Database) -> Clients:
    return await make_clients(database)


VIEWER = "{ viewer { person { name } grants { role organisation { name parent { id } } } } }"


async def test_a_viewer_sees_their_roles_and_for_whom(database: Database, clients: Clients) -> None:
    seen = await ask(database, clients.officer, VIEWER)

    assert seen["viewer"] == {
        "person": {"name": "张三"},
        "grants": [
            {
                "role": "OFFICER",
                "organisation": {
                    "name": f"budget_unit {clients.unit_id}",
                    "parent": {"id": global_id("Organisation", clients.bureau_id)},
                },
            }
        ],
    }
    assert await ask(database, ANONYMOUS, VIEWER) == {"viewer": None}


OPEN = """
mutation Open($input: OpenOrganisationInput!) {
  openOrganisation(input: $input) {
    ... on OpenOrganisationPayload {
      organisation { kind name creditCode divisionCode parent { id } }
    }
    ... on Refused { code message facts { name value } }
  }
}
"""


async def test_an_organisation_is_opened_below_its_parent(
    database: Database, clients: Clients
) -> None:
    given = {
        "requestId": str(new_id()),
        "kind": "BUDGET_UNIT",
        "name": "通川区第一小学",
        "divisionCode": TONGCHUAN,
        "creditCode": "91110000600037341L",
        "parentId": global_id("Organisation", clients.bureau_id),
    }

    opened = await ask(database, clients.administrator, OPEN, given)

    assert opened["openOrganisation"]["organisation"] == {
        "kind": "BUDGET_UNIT",
        "name": "通川区第一小学",
        "creditCode": "91110000600037341L",
        "divisionCode": TONGCHUAN,
        "parent": {"id": given["parentId"]},
    }
    again = {**given, "requestId": str(new_id())}
    refused = await ask(database, clients.administrator, OPEN, again)
    assert refused["openOrganisation"] == {
        "code": "CREDIT_CODE_TAKEN",
        "message": "Another organisation has the unified credit code 91110000600037341L.",
        "facts": [{"name": "creditCode", "value": "91110000600037341L"}],
    }


@pytest.mark.parametrize("kind", ["Person", "Grant", "Nonsense"])
async def test_an_id_of_another_kind_is_refused_at_its_field(
    database: Database, clients: Clients, kind: str
) -> None:
    given = {
        "requestId": str(new_id()),
        "kind": "BUDGET_UNIT",
        "name": "通川区第一小学",
        "divisionCode": TONGCHUAN,
        "parentId": global_id(kind, clients.bureau_id),
    }

    refused = (await ask(database, clients.administrator, OPEN, given))["openOrganisation"]

    assert refused["code"] == "INVALID_VALUE"
    assert {"name": "path", "value": "parentId"} in refused["facts"]


ENROL = """
mutation Enrol($input: EnrolPersonInput!) {
  enrolPerson(input: $input) {
    ... on EnrolPersonPayload { person { id name } }
    ... on Refused { code facts { name value } }
  }
}
"""


async def test_the_password_of_an_enrolment_is_kept_as_a_hash_alone(
    database: Database, clients: Clients
) -> None:
    given = {
        "requestId": str(new_id()),
        "signInName": "wang.wu",
        "name": "王五",
        "password": "correct horse",
    }
    enrolled = (await ask(database, clients.administrator, ENROL, given))["enrolPerson"]
    assert enrolled["person"]["name"] == "王五"

    # The same request with another password is the same request: the first one stays.
    other = {**given, "password": "another horse"}
    assert (await ask(database, clients.administrator, ENROL, other))["enrolPerson"] == enrolled
    async with database.read() as connection:
        statement = select(Person.password_hash).where(Person.sign_in_name == "wang.wu")
        kept = (await connection.execute(statement)).scalar_one()
    assert await cheap_passwords().verify("correct horse", kept) == Verified(matches=True)


async def test_a_weak_password_is_refused_without_being_repeated(
    database: Database, clients: Clients
) -> None:
    before = await count(database, Person)
    given = {
        "requestId": str(new_id()),
        "signInName": "wang.wu",
        "name": "王五",
        "password": "wang.wu-2026",
    }

    refused = (await ask(database, clients.administrator, ENROL, given))["enrolPerson"]

    assert refused["code"] == "INVALID_VALUE"
    assert "wang.wu-2026" not in str(refused)
    assert await count(database, Person) == before


GRANT = """
mutation Grant($input: GrantRoleInput!) {
  grantRole(input: $input) { ... on GrantRolePayload { grant { id role organisation { id } } } }
}
"""
END = """
mutation End($input: EndRoleInput!) {
  endRole(input: $input) { ... on EndRolePayload { endedGrantId } ... on Refused { code } }
}
"""


async def test_a_role_is_given_and_ended_by_the_id_it_was_given(
    database: Database, clients: Clients
) -> None:
    assert clients.donor.person_id is not None
    given = {
        "requestId": str(new_id()),
        "personId": global_id("Person", clients.donor.person_id),
        "organisationId": global_id("Organisation", clients.unit_id),
        "role": "APPROVER",
    }
    granted = (await ask(database, clients.administrator, GRANT, given))["grantRole"]["grant"]
    assert granted["organisation"]["id"] == given["organisationId"]
    assert (await actor(database, clients.donor.person_id)).grants

    ending = {"requestId": str(new_id()), "grantId": granted["id"]}
    ended = await ask(database, clients.administrator, END, ending)

    assert ended["endRole"] == {"endedGrantId": granted["id"]}
    assert not (await actor(database, clients.donor.person_id)).grants
    repeated = {"requestId": str(new_id()), "grantId": granted["id"]}
    refused = await ask(database, clients.administrator, END, repeated)
    assert refused["endRole"] == {"code": "NOT_FOUND"}
    assert await count(database, Membership) == 5


async def test_people_and_roles_are_nodes_for_those_who_may_know_of_them(
    database: Database, clients: Clients
) -> None:
    assert clients.officer.person_id is not None
    ids = [
        global_id("Organisation", clients.unit_id),
        global_id("Person", clients.officer.person_id),
        global_id("Grant", clients.membership_id),
    ]
    document = f"{{ nodes(ids: {str(ids).replace(chr(39), chr(34))}) {{ __typename }} }}"

    seen = {
        name: [
            node and node["__typename"] for node in (await ask(database, one, document))["nodes"]
        ]
        for name, one in {
            "officer": clients.officer,
            "administrator": clients.administrator,
            **clients.strangers,
        }.items()
    }

    everything, public = ["Organisation", "Person", "Grant"], ["Organisation", None, None]
    assert seen == {
        "officer": everything,
        "administrator": everything,
        "anonymous": public,
        "donor": public,
        "other_officer": public,
        "other_manager": public,
    }
