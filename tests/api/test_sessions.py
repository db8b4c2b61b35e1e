"""A session is carried by a header or a cookie, over HTTP, and is believed as long as it holds."""

import base64
import datetime as dt
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from httpx import ASGITransport
from starlette.applications import Starlette

from api.endpoint.graphql import graphql_routes
from api.endpoint.limits import Limits
from api.endpoint.operations import Operations
from api.sessions import Contexts, Tokens, language_of
from models.kernel.database import Database
from models.kernel.ids import new_id
from models.kernel.sealing import Keyring
from models.parties import Role
from models.parties.sessions import Session
from resolvers.schema import schema
from tests.parties import make_administrator, make_holder, make_organisation, make_password
from tests.platform import platform_of

PASSWORD = "correct horse"
KEYS = Keyring({1: b"1" * 32})
OWN_PAGE = {"sec-fetch-site": "same-origin"}
NOW = dt.datetime(2017, 10, 16, 1, 0, tzinfo=dt.UTC)
SESSION = Session(new_id(), new_id(), NOW, NOW + dt.timedelta(hours=1))

SIGN_IN = """
mutation SignIn($input: SignInInput!) {
  signIn(input: $input) {
    ... on SignInPayload {
      viewer { person { id name } grants { role organisation { kind } } } token expiresAt
    }
    ... on Refused { code facts { name value } }
  }
}
"""
SIGN_OUT = """
mutation SignOut($input: SignOutInput!) {
  signOut(input: $input) { __typename ... on Refused { code } }
}
"""
VIEWER = "{ viewer { person { name } grants { role } } }"


@dataclass
class Door:
    """The endpoint over HTTP, and the name of somebody who may sign in."""

    client: httpx.AsyncClient
    name: str

    async def post(self, query: str, headers: Any = None, **input_: Any) -> httpx.Response:
        body: dict[str, Any] = {"query": query}
        if input_:
            body["variables"] = {"input": {"requestId": str(new_id()), **input_}}
        return await self.client.post("/graphql", json=body, headers=headers)

    async def sign_in(self, headers: Any = None, password: str = PASSWORD) -> httpx.Response:
        return await self.post(SIGN_IN, headers, signInName=self.name, password=password)

    async def viewer(self, headers: Any = None) -> Any:
        return (await self.post(VIEWER, headers)).json()["data"]["viewer"]


@pytest.fixture(params=[False, True], ids=["http", "https"])
async def door(database: Database, request: pytest.FixtureRequest) -> AsyncIterator[Door]:
    administrator = await make_administrator(database)
    unit = await make_organisation(database, administrator)
    officer = await make_holder(database, administrator, Role.OFFICER, unit)
    assert officer.person_id is not None
    name = await make_password(database, officer.person_id, PASSWORD)
    platform = platform_of(database)
    contexts = Contexts(
        Tokens(KEYS), lambda _connection: platform, is_secure=request.param, hides_schema=True
    )
    app = Starlette(routes=graphql_routes(Operations(schema, Limits()), contexts))
    scheme = "https" if request.param else "http"
    async with httpx.AsyncClient(
        transport=ASGITransport(app), base_url=f"{scheme}://yuanliu.test"
    ) as client:
        yield Door(client, name)


async def test_a_program_goes_on_with_the_token_it_was_given(door: Door) -> None:
    response = await door.sign_in()
    payload = response.json()["data"]["signIn"]

    assert payload["viewer"]["grants"] == [
        {"role": "OFFICER", "organisation": {"kind": "BUDGET_UNIT"}}
    ]
    assert "set-cookie" not in response.headers
    assert await door.viewer() is None
    bearer = {"authorization": f"Bearer {payload['token']}"}
    assert await door.viewer(bearer) == {
        "person": {"name": "张三"},
        "grants": [{"role": "OFFICER"}],
    }


async def test_a_page_of_ours_gets_a_cookie_that_no_script_can_read(door: Door) -> None:
    response = await door.sign_in(OWN_PAGE)

    cookie = response.headers["set-cookie"]
    assert "; HttpOnly; SameSite=Lax" in cookie
    assert "; Path=/" in cookie
    assert "Domain" not in cookie
    is_secure = door.client.base_url.scheme == "https"
    assert cookie.startswith("__Host-yuanliu=" if is_secure else "yuanliu=")
    assert ("; Secure" in cookie) == is_secure
    assert (await door.viewer(OWN_PAGE))["person"] == {"name": "张三"}


@pytest.mark.parametrize(
    "foreign",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://elsewhere.test"},
        {"origin": "null"},
    ],
)
async def test_the_cookie_is_nothing_to_the_page_of_another_site(
    door: Door, foreign: dict[str, str]
) -> None:
    await door.sign_in(OWN_PAGE)

    response = await door.post(SIGN_OUT, foreign)
    assert response.status_code == 403
    assert (await door.viewer(OWN_PAGE)) is not None


async def test_another_sites_page_is_given_no_cookie(door: Door) -> None:
    response = await door.sign_in({"sec-fetch-site": "cross-site"})

    assert "set-cookie" not in response.headers


async def test_signing_out_ends_the_session_and_the_cookie(door: Door) -> None:
    token = (await door.sign_in(OWN_PAGE)).json()["data"]["signIn"]["token"]

    answer = await door.post(SIGN_OUT, OWN_PAGE, requestId=str(new_id()))
    assert answer.json()["data"]["signOut"] == {"__typename": "SignOutPayload"}
    assert "=; Max-Age=0;" in answer.headers["set-cookie"]

    assert not door.client.cookies
    assert await door.viewer(OWN_PAGE) is None
    spent = await door.post(VIEWER, {"authorization": f"Bearer {token}"})
    assert spent.status_code == 401
    assert spent.headers["www-authenticate"] == 'Bearer error="invalid_token"'


async def test_signing_out_is_nothing_to_who_is_not_signed_in(door: Door) -> None:
    answer = await door.post(SIGN_OUT, requestId=str(new_id()))

    assert answer.json()["data"]["signOut"] == {"__typename": "SignOutPayload"}


async def test_signing_in_anew_in_a_browser_ends_the_session_before(door: Door) -> None:
    first = (await door.sign_in(OWN_PAGE)).json()["data"]["signIn"]["token"]
    second = (await door.sign_in(OWN_PAGE)).json()["data"]["signIn"]["token"]

    assert first != second
    for token, status in ((first, 401), (second, 200)):
        bearer = {"authorization": f"Bearer {token}"}
        door.client.cookies.clear()
        assert (await door.post(VIEWER, bearer)).status_code == status


async def test_a_cookie_whose_session_is_over_is_taken_away(door: Door) -> None:
    await door.sign_in(OWN_PAGE)
    name = next(iter(door.client.cookies))
    door.client.cookies.clear()

    response = await door.post(VIEWER, {**OWN_PAGE, "cookie": f"{name}=not-a-token"})

    assert response.json()["data"] == {"viewer": None}
    assert "=; Max-Age=0;" in response.headers["set-cookie"]


@pytest.mark.parametrize(
    "given", ["Bearer", "Bearer x.y.z", "Basic eHg6eXk=", "Bearer " + "x" * 9000]
)
async def test_a_token_that_is_not_ours_is_refused(door: Door, given: str) -> None:
    response = await door.post(VIEWER, {"authorization": given})

    assert response.status_code == 401
    assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_refused_sign_in_gives_nothing(door: Door) -> None:
    response = await door.sign_in(OWN_PAGE, password="wrong guess")

    assert response.json()["data"]["signIn"] == {"code": "SIGN_IN_FAILED", "facts": []}
    assert "set-cookie" not in response.headers


async def test_the_schema_is_shown_to_who_has_signed_in(door: Door) -> None:
    introspection = "{ __schema { queryType { name } } }"
    token = (await door.sign_in()).json()["data"]["signIn"]["token"]

    assert (await door.post(introspection)).status_code == 403
    bearer = {"authorization": f"Bearer {token}"}
    assert (await door.post(introspection, bearer)).status_code == 200


def test_a_token_names_its_session_and_is_always_the_same() -> None:
    token = Tokens(KEYS).issue(SESSION)

    assert Tokens(KEYS).issue(SESSION) == token
    assert Tokens(KEYS).session_id(token) == SESSION.id


def test_an_old_key_is_believed_until_it_is_dropped() -> None:
    old = Tokens(KEYS).issue(SESSION)
    rotated = Tokens(Keyring({1: b"1" * 32, 2: b"2" * 32}))

    assert rotated.session_id(old) == SESSION.id
    assert rotated.session_id(rotated.issue(SESSION)) == SESSION.id
    assert Tokens(Keyring({2: b"2" * 32})).session_id(old) is None


def part(value: object) -> str:
    raw = json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def test_what_we_did_not_sign_is_no_token() -> None:
    tokens = Tokens(KEYS)
    header, claims, signature = tokens.issue(SESSION).split(".")
    other = tokens.issue(replace(SESSION, id=new_id())).split(".")[1]

    forged = [
        f"{header}.{other}.{signature}",
        f"{part({'alg': 'none', 'kid': '1'})}.{claims}.",
        f"{part({'alg': 'HS512', 'kid': '1'})}.{claims}.{signature}",
        f"{part({'alg': 'HS256', 'kid': '9'})}.{claims}.{signature}",
        f"{part({'alg': 'HS256'})}.{claims}.{signature}",
        f"{part([1])}.{claims}.{signature}",
        f"{part('x')}.{part(None)}.{signature}",
        "..",
        "",
        "张三",
    ]
    assert [tokens.session_id(token) for token in forged] == [None] * len(forged)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "zh"),
        ("", "zh"),
        ("en", "en"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("fr, en;q=0.2, zh;q=0.5", "zh"),
        ("fr", "zh"),
        ("en;q=x", "en"),
        (",;q=,,", "zh"),
    ],
)
def test_the_language_is_the_one_asked_for_first(header: str | None, language: str) -> None:
    assert language_of(header) == language
