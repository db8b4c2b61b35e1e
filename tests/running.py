"""The platform as it is served: the whole application on a port of its own, its worker beside it.

The payment sandbox stands beside it on another port, and people come in by HTTP alone. What a test
asks of the database directly is only whether the books are whole and whether nothing has moved.
"""

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
from graphql import GraphQLUnionType, get_named_type
from starlette.applications import Starlette

from api import serving
from api.app import create_app
from api.settings import Settings, load
from models.kernel.clock import SHANGHAI, Clock, MovableClock
from models.kernel.database import Database
from models.kernel.ids import new_id
from models.ledger.chart import load_chart
from models.parties import OrganisationKind, Role
from models.places.load import load_reference
from models.reports import books
from resolvers.schema import schema
from tests.api.endpoint.sample import until
from tests.clients import whole
from tests.parties import cheap_passwords, make_administrator, make_password
from tests.webhooks.conftest import Sandbox, reaching
from webhooks.routes import STRIPE_PATH
from webhooks.sandbox.app import create_sandbox
from webhooks.sandbox.serving import served

Found = TypeVar("Found")

ADMINISTRATOR = "administrator"
PASSWORD = "a long way to the source"
PATIENCE_SECONDS = 10


@dataclass
class Running:
    """A platform that is served, as people and programs reach it."""

    database: Database
    clock: MovableClock
    settings: Settings
    http: httpx.AsyncClient
    sandbox: Sandbox
    tokens: dict[str, str] = field(default_factory=dict)

    async def ask(self, document: str, by: str = "", /, **variables: object) -> dict[str, Any]:
        """The data of an operation that succeeds; who has no token yet signs in."""
        await self.ready(by)
        response = await self.http.post(
            "/graphql",
            json={"query": document, "variables": variables},
            headers=self.headers(by),
        )
        answer = response.json()
        assert response.status_code == 200, answer
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    def headers(self, by: str) -> dict[str, str]:
        token = {"authorization": f"Bearer {self.tokens[by]}"} if by else {}
        return {"accept": "application/graphql-response+json", "accept-language": "en", **token}

    async def answer(
        self, mutation: str, by: str = "", wanted: str = "__typename", /, **given: object
    ) -> dict[str, Any]:
        """What a mutation answers, done or refused."""
        document = (
            f"mutation M($input: {mutation[0].upper()}{mutation[1:]}Input!) "
            f"{{ {mutation}(input: $input) {{ __typename "
            f"... on {_done(mutation)} {{ {wanted} }} "
            "... on Refused { code message facts { name value } } } }"
        )
        asked = {"requestId": str(new_id()), **given}
        payload: dict[str, Any] = (await self.ask(document, by, input=asked))[mutation]
        return payload

    async def do(
        self, mutation: str, by: str = "", wanted: str = "__typename", /, **given: object
    ) -> dict[str, Any]:
        """The payload of a mutation that is done."""
        payload = await self.answer(mutation, by, wanted, **given)
        assert payload["__typename"] != "Refused", payload
        return payload

    async def refused(
        self, mutation: str, by: str, /, **given: object
    ) -> tuple[str, dict[str, str]]:
        """The code and the facts of a mutation that is refused and moves not one row."""
        await self.ready(by)
        before = await whole(self.database)
        payload = await self.answer(mutation, by, **given)
        assert payload["__typename"] == "Refused", payload
        assert payload["message"]
        after = await whole(self.database)
        assert after == before, [name for name in before if before[name] != after[name]]
        return payload["code"], {fact["name"]: fact["value"] for fact in payload["facts"]}

    def move(self, moment: str) -> None:
        """Clocks in Shanghai show this from now on, such as 2017-10-17 09:00; sessions are over."""
        self.clock.set(dt.datetime.fromisoformat(moment).replace(tzinfo=SHANGHAI))
        self.tokens.clear()

    async def ready(self, by: str) -> None:
        """Somebody has signed in; nobody need not."""
        if by and by not in self.tokens:
            payload = await self.do("signIn", "", "token", signInName=by, password=PASSWORD)
            self.tokens[by] = payload["token"]

    async def opened(
        self, kind: OrganisationKind, name: str, division_code: str, **more: object
    ) -> str:
        """The id of a new organisation."""
        payload = await self.do(
            "openOrganisation",
            ADMINISTRATOR,
            "organisation { id }",
            kind=kind.name,
            name=name,
            divisionCode=division_code,
            **more,
        )
        organisation_id: str = payload["organisation"]["id"]
        return organisation_id

    async def enrolled(self, name: str, role: Role, organisation_id: str) -> None:
        """A new person who holds a role for an organisation."""
        payload = await self.do(
            "enrolPerson",
            ADMINISTRATOR,
            "person { id }",
            signInName=name,
            name=name,
            password=PASSWORD,
        )
        await self.do(
            "grantRole",
            ADMINISTRATOR,
            personId=payload["person"]["id"],
            organisationId=organisation_id,
            role=role.name,
        )

    async def paid(self, gift: Mapping[str, Any], *, method: str, outcome: str = "paid") -> None:
        """A donor who was sent to the payment page of a started gift pays there."""
        session = gift["checkoutUrl"].rpartition("/")[2]
        await self.sandbox.tell(f"sessions/{session}/pay", method=method, outcome=outcome)

    async def differences(self) -> list[str]:
        """What `check-books` would print."""
        async with self.database.snapshot() as connection:
            return [difference async for difference in books.check(connection)]


async def became(find: Callable[[], Awaitable[Found | None]]) -> Found:
    """What is found once there is something: what was caused is done by a worker, in its time."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not (found := await find()):  # noqa: ASYNC110 - no event reaches us
            await asyncio.sleep(0.05)
    return found


def _done(mutation: str) -> str:
    """The type of a mutation's payload when it is done."""
    mutations = schema._schema.mutation_type
    assert mutations is not None
    union = get_named_type(mutations.fields[mutation].type)
    assert isinstance(union, GraphQLUnionType)
    (done,) = {str(member) for member in union.types} - {"Refused"}
    return done


@contextlib.asynccontextmanager
async def running(
    database: Database, clock: MovableClock, folder: Path, *, works: bool = True
) -> AsyncIterator[Running]:
    """Serve the platform on an empty, migrated database, which an administrator has entered.

    Without its worker nothing happens but what is asked for, so that rows can be compared.
    """
    await _prepare(database)
    settings = load(
        run_folder=folder,
        environment="test",
        database_url=database.url.render_as_string(hide_password=False),
        worker_in_process=works,
        worker_poll_seconds=0.1,
        log_level="error",
    )
    listener = serving._listen("127.0.0.1", 0)
    settings = settings.model_copy(update={"port": listener.getsockname()[1]})

    with listener:
        async with served(sandbox_for(settings, clock, folder / "sandbox.sqlite")) as url:
            settings = settings.model_copy(update={"sandbox_url": url})
            app = create_app(settings, clock=clock, passwords=cheap_passwords())
            server = serving._server(app, settings, listener)
            task = asyncio.create_task(server.serve(sockets=[listener]))
            await until(lambda: server.started or task.done())
            async with (
                httpx.AsyncClient(
                    base_url=settings.loopback_address, timeout=PATIENCE_SECONDS
                ) as http,
                reaching(url, clock, key=settings.payment_key) as sandbox,
            ):
                yield Running(database, clock, settings, http, sandbox)
            app.state.stop()
            server.should_exit = True
            await task


def sandbox_for(
    settings: Settings,
    clock: Clock,
    state_path: Path,
    *,
    retry_seconds: Sequence[float] = (0.1, 0.1, 0.1),
) -> Callable[[str], Starlette]:
    """How the sandbox of a platform is made for its address; it is a process apart from it."""

    def create(url: str) -> Starlette:
        return create_sandbox(
            state_path=state_path,
            api_key=settings.payment_key,
            webhook_url=f"{settings.loopback_address}{STRIPE_PATH}",
            webhook_secret=settings.payment_webhook_secret,
            clock=clock,
            public_url=url,
            retry_seconds=retry_seconds,
        )

    return create


async def _prepare(database: Database) -> None:
    await database.transact(
        lambda transaction: load_reference(transaction, divisions=["511702001", "360730100"])
    )
    await database.transact(load_chart)
    person = await make_administrator(database, ADMINISTRATOR)
    assert person.person_id is not None
    await make_password(database, person.person_id, PASSWORD)
