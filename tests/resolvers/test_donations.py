"""Gifts through the schema: given, watched, found by code; and what stays unseen."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api.announcements import Announcements
from models.donations.gifts import Donation
from models.kernel.clock import MovableClock
from models.kernel.database import Database
from models.kernel.ids import new_id
from models.kernel.jobs import Job
from models.kernel.requests import Request
from models.parties import ANONYMOUS, Actor, Role
from resolvers.context import Context
from resolvers.identities import global_id
from resolvers.schema import schema
from resolvers.sentences import Language
from tests.databases import count
from tests.gifts import AMOUNT, GiftDesk, gift_desk
from tests.models.funds.worlds import OTHER_DIVISION, actor
from tests.platform import context_of

SEEN = """
  state amountFen amountInCapitals donorName anonymous message campaign method donorKind
  receiptCode checkoutUrl remainingFen fund { name balanceFen } trace { kind amountFen }
"""
START = f"""
mutation Start($input: StartDonationInput!) {{
  startDonation(input: $input) {{
    ... on StartDonationPayload {{ token checkoutUrl donation {{ id {SEEN} }} }}
    ... on Refused {{ code facts {{ name value }} }}
  }}
}}
"""


@pytest.fixture
async def desk(database: Database, clock: MovableClock, tmp_path: Path) -> AsyncIterator[GiftDesk]:
    async with gift_desk(database, clock, tmp_path) as desk:
        yield desk


def context(desk: GiftDesk, asking: Actor = ANONYMOUS, language: Language = "en") -> Context:
    plain = context_of(desk.database, asking)
    platform = replace(
        plain.platform, checkout=desk.payments, announcements=Announcements(desk.database)
    )
    return replace(plain, platform=platform, language=language)


async def ask(
    desk: GiftDesk, document: str, asking: Actor = ANONYMOUS, **variables: Any
) -> dict[str, Any]:
    result = await schema.execute(
        document, variable_values=variables, context_value=context(desk, asking)
    )
    assert result.errors is None, result.errors
    assert result.data is not None
    return result.data


def gift(desk: GiftDesk, **changes: Any) -> dict[str, Any]:
    return {
        "requestId": str(new_id()),
        "fundId": global_id("Fund", desk.world.fund),
        "amountFen": str(AMOUNT),
        "donorKind": "ENTERPRISE",
        "donorName": "通川区个体劳动者协会",
        "method": "WECHAT_PAY",
        "message": "愿大家平安",
        "campaign": "扶贫一日捐",
        **changes,
    }


async def give(desk: GiftDesk, **changes: Any) -> dict[str, Any]:
    answer: dict[str, Any] = (await ask(desk, START, input=gift(desk, **changes)))["startDonation"]
    return answer


async def receive(desk: GiftDesk) -> str:
    """A gift that was given and received; its token."""
    given = await give(desk)
    reference = given["checkoutUrl"].rpartition("/")[2]
    await desk.sandbox.tell(f"sessions/{reference}/pay", method="wechat_pay")
    await desk.delivered()
    await desk.apply()
    token: str = given["token"]
    return token


async def by_token(desk: GiftDesk, token: str) -> Any:
    document = f"query Q($token: String!) {{ donationByToken(token: $token) {{ {SEEN} }} }}"
    return (await ask(desk, document, token=token))["donationByToken"]


async def by_code(desk: GiftDesk, code: str) -> Any:
    document = f"query Q($code: String!) {{ donation(receiptCode: $code) {{ {SEEN} }} }}"
    return (await ask(desk, document, code=code))["donation"]


async def test_a_gift_is_started_by_anybody_and_its_page_opened(desk: GiftDesk) -> None:
    given = await give(desk)

    assert len(given["token"]) == 43
    assert given["checkoutUrl"].startswith(desk.sandbox.url)
    seen = given["donation"]
    del seen["id"]
    assert seen == {
        "state": "PENDING",
        "amountFen": "12345",
        "amountInCapitals": "人民币壹佰贰拾叁元肆角伍分",
        "donorName": "通川区个体劳动者协会",
        "anonymous": False,
        "message": "愿大家平安",
        "campaign": "扶贫一日捐",
        "method": "WECHAT_PAY",
        "donorKind": "ENTERPRISE",
        "receiptCode": None,
        "checkoutUrl": given["checkoutUrl"],
        "remainingFen": "0",
        "fund": {"name": "通川区防返贫基金", "balanceFen": "0"},
        "trace": [],
    }
    assert await by_token(desk, given["token"]) == seen


async def test_the_same_request_gets_the_same_gift_and_the_same_page(desk: GiftDesk) -> None:
    request_id = str(new_id())

    first = await give(desk, requestId=request_id)
    second = await give(desk, requestId=request_id)
    other = await give(desk, requestId=request_id, amountFen="1")

    assert first == second
    assert (other["code"], other["facts"]) == (
        "REQUEST_REUSED",
        [{"name": "field", "value": "amountFen"}],
    )
    assert await count(desk.database, Donation) == 1


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"amountFen": "0"}, "amountFen"),
        ({"amountFen": "-1"}, "amountFen"),
        ({"amountFen": "100000000"}, "amountFen"),
        ({"donorName": "善\0"}, "donorName"),
        ({"donorName": None}, "donorName"),
        ({"donorName": " "}, "donorName"),
        ({"donorName": "善" * 81}, "donorName"),
        ({"message": "善" * 201}, "message"),
        ({"campaign": "善" * 41}, "campaign"),
        ({"fundId": "nonsense"}, "fundId"),
    ],
)
async def test_a_gift_that_no_fund_could_take_is_refused_and_leaves_nothing(
    desk: GiftDesk, changes: dict[str, Any], path: str
) -> None:
    jobs = await count(desk.database, Job)

    refused = await give(desk, **changes)

    assert refused["code"] == "INVALID_VALUE"
    assert {"name": "path", "value": path} in refused["facts"]
    assert await count(desk.database, Donation) == 0
    assert await count(desk.database, Request) == 0
    assert await count(desk.database, Job) == jobs
    assert await desk.is_untouched()


async def test_a_gift_to_no_fund_is_refused(desk: GiftDesk) -> None:
    refused = await give(desk, fundId=global_id("Fund", new_id()))

    assert refused["code"] == "NOT_FOUND"
    assert await count(desk.database, Donation) == 0


async def test_while_the_provider_is_busy_a_gift_is_started_without_a_page(desk: GiftDesk) -> None:
    await desk.sandbox.tell("faults", kind="500", path="/v1/checkout", times=1)

    given = await give(desk)

    assert given["checkoutUrl"] is None
    assert given["donation"]["state"] == "STARTED"
    assert given["donation"]["checkoutUrl"] is None


@pytest.mark.parametrize(("language", "name"), [("zh", "爱心人士"), ("en", "a kind donor")])
async def test_an_anonymous_donor_is_named_nowhere(
    desk: GiftDesk, language: Language, name: str
) -> None:
    token = (await give(desk, anonymous=True, donorName="李善"))["token"]

    result = await schema.execute(
        f'{{ donationByToken(token: "{token}") {{ {SEEN} }} }}',
        context_value=context(desk, language=language),
    )

    assert result.data is not None
    assert result.data["donationByToken"]["donorName"] == name
    assert "李善" not in str(result.data)


async def test_a_received_gift_is_found_by_its_receipt_code_however_it_is_typed(
    desk: GiftDesk,
) -> None:
    seen = await by_token(desk, await receive(desk))

    code = seen["receiptCode"]
    assert seen["state"] == "RECEIVED"
    assert seen["checkoutUrl"] is None
    assert seen["remainingFen"] == str(AMOUNT)
    assert seen["trace"] == [{"kind": "IN_FUND", "amountFen": str(AMOUNT)}]
    assert seen["fund"]["balanceFen"] == str(AMOUNT)
    assert await by_code(desk, code) == seen
    assert await by_code(desk, f" {code.lower()} ") == seen


@pytest.mark.parametrize("code", ["", "JZ", "JZ-0000-0000-00000", "?", "善" * 500])
async def test_a_code_that_is_no_receipt_finds_nothing(desk: GiftDesk, code: str) -> None:
    await receive(desk)

    assert await by_code(desk, code) is None
    assert await by_token(desk, code) is None


async def test_an_id_alone_shows_a_gift_only_to_its_donor_and_those_of_the_fund(
    desk: GiftDesk,
) -> None:
    donor = Actor(new_id())
    given = (await ask(desk, START, donor, input=gift(desk)))["startDonation"]
    document = "query Q($id: ID!) { node(id: $id) { ... on Donation { amountFen } } }"

    async def sees(asking: Actor) -> bool:
        found = await ask(desk, document, asking, id=given["donation"]["id"])
        return found["node"] is not None

    assert await sees(donor)
    assert await sees(desk.world.manager)
    assert not await sees(ANONYMOUS)
    assert not await sees(Actor(new_id()))
    assert not await sees(actor(new_id(), Role.FUND_MANAGER, division_code=OTHER_DIVISION))


async def test_a_donor_watches_the_gift_arrive(desk: GiftDesk) -> None:
    given = await give(desk)
    document = "subscription S($token: String!) { donationChanged(token: $token) { state } }"
    stream = await schema.subscribe(
        document, variable_values={"token": given["token"]}, context_value=context(desk)
    )

    async def following() -> str:
        async with asyncio.timeout(5):
            result = await anext(stream)
        assert result.data is not None, result.errors
        state: str = result.data["donationChanged"]["state"]
        return state

    assert await following() == "PENDING"
    reference = given["checkoutUrl"].rpartition("/")[2]
    await desk.sandbox.tell(f"sessions/{reference}/pay", method="wechat_pay")
    await desk.delivered()
    await desk.apply()
    assert await following() == "RECEIVED"
    await stream.aclose()


async def test_there_is_nothing_to_watch_under_an_unknown_token(desk: GiftDesk) -> None:
    stream = await schema.subscribe(
        'subscription { donationChanged(token: "nobody") { state } }', context_value=context(desk)
    )

    result = await anext(stream)

    assert result.errors
    assert result.data is None


INCIDENTS = """
query Q($open: Boolean) { incidents(open: $open, first: 10) { nodes {
  id kind reason externalId note division { code } } } }
"""
RESOLVE = """
mutation M($input: ResolveIncidentInput!) { resolveIncident(input: $input) {
  ... on ResolveIncidentPayload { incident { note resolvedAt } } ... on Refused { code } } }
"""


async def test_the_manager_works_through_the_incidents_of_the_fund(desk: GiftDesk) -> None:
    await receive(desk)
    event = {"object": "checkout.session", "id": "cs_1", "client_reference_id": "nobody"}
    await desk.told(desk.event("checkout.session.paused", event, "evt_elsewhere"))
    reference = (await give(desk))["checkoutUrl"].rpartition("/")[2]
    session = await desk.sandbox.stripe.v1.checkout.sessions.retrieve_async(reference)
    ours = {"object": "checkout.session", "id": "cs_2"}
    ours["client_reference_id"] = str(session.client_reference_id)
    await desk.told(desk.event("checkout.session.paused", ours, "evt_ours"))
    await desk.apply()
    manager = desk.world.manager

    found = (await ask(desk, INCIDENTS, manager, open=True))["incidents"]["nodes"]

    assert [(node["externalId"], node["reason"], node["division"]) for node in found] == [
        ("evt_ours", "kind_unexpected", {"code": "511702000000"})
    ]
    given = {"requestId": str(new_id()), "incidentId": found[0]["id"], "note": "已核对"}
    resolved = (await ask(desk, RESOLVE, manager, input=given))["resolveIncident"]
    assert resolved["incident"]["note"] == "已核对"
    assert resolved["incident"]["resolvedAt"] is not None
    assert (await ask(desk, INCIDENTS, manager, open=True))["incidents"]["nodes"] == []
    assert len((await ask(desk, INCIDENTS, manager))["incidents"]["nodes"]) == 1
