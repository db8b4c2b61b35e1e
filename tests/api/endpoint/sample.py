"""A small schema with one of everything the endpoint has to carry, and a server for it."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated
from uuid import UUID

import httpx
import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp
from strawberry.schema.config import StrawberryConfig

from api.endpoint.graphql import Timing, graphql_routes
from api.endpoint.limits import Limits
from api.endpoint.operations import Operations
from api.endpoint.wire import RequestRefusedError
from models.kernel.money import Fen
from models.kernel.refusals import NotFound, WrongState
from resolvers.identities import Node, NodeQuery
from resolvers.paging import After, Before, Connection, First, Last, Listing
from resolvers.refusals import RefusalHandler, Refused
from resolvers.scalars import SCALARS
from resolvers.sentences import Language


@dataclass
class SampleContext:
    """What a sample operation runs in."""

    request_id: str = "request-1"
    language: Language = "zh"
    may_introspect: bool = True
    response_headers: list[tuple[str, str]] = field(default_factory=list)
    remembered: list[str] = field(default_factory=list)

    def renewed(self) -> "SampleContext":
        return replace(self, remembered=[])


Info = strawberry.Info[SampleContext, None]


@strawberry.type(description="A village.")
class Village:
    name: str = strawberry.field(description="Its name.")


@strawberry.type(description="A fund.")
class Fund(Node):
    name: str = strawberry.field(description="Its name.")

    @strawberry.field(description="What this operation remembers, itself included.")
    def remembered(self, info: Info) -> int:
        info.context.remembered.append(self.name)
        return len(info.context.remembered)


@strawberry.type(description="A product.")
class Product:
    name: str = strawberry.field(description="Its name.")
    price_fen: Fen = strawberry.field(description="What it costs.")

    @strawberry.field(description="Where it comes from.", metadata={"at_most": 10})
    def villages(self) -> list[Village]:
        return [Village(name=f"{self.name}-{number}") for number in range(2)]

    @strawberry.field(description="What is like it.")
    def alike(
        self, first: Annotated[int, strawberry.argument(description="How many.")] = 20
    ) -> list["Product"]:
        return [self] * first


@strawberry.type(description="What a paid order says.")
class PayOrderPayload:
    paid_fen: Fen = strawberry.field(description="What was paid.")


PayOrderResult = Annotated[
    PayOrderPayload | Refused,
    strawberry.union("PayOrderResult", description="Paid, or refused."),
]


PAGED = Listing("paged", (int,))


@strawberry.type(description="Questions.")
class Query(NodeQuery):
    @strawberry.field(description="A hundred products, paged.")
    def paged(
        self, *, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Product]:
        keyset = PAGED.keyset(first=first, after=after, last=last, before=before)
        start = keyset.after[0] + 1 if keyset.after else 0
        found = [Product(name=f"p{n}", price_fen=Fen(n)) for n in range(start, 100)]
        return PAGED.connection(
            keyset.page(found[: keyset.limit + 1]),
            keyset,
            node=lambda product: product,
            key=lambda product: (product.price_fen,),
        )

    @strawberry.field(description="Products, the cheapest first.")
    def products(
        self, first: Annotated[int, strawberry.argument(description="How many.")] = 20
    ) -> list[Product]:
        return [Product(name=f"p{number}", price_fen=Fen(number)) for number in range(first)]

    @strawberry.field(description="A great amount.")
    def treasury_fen(self) -> Fen:
        return Fen(168_708_000_000)

    @strawberry.field(description="What was given.")
    def echo(self, text: Annotated[str, strawberry.argument(description="A text.")]) -> str:
        return text

    @strawberry.field(description="The amount that was given.")
    def echo_fen(
        self, amount_fen: Annotated[Fen, strawberry.argument(description="An amount.")]
    ) -> Fen:
        return amount_fen

    @strawberry.field(description="The id that was given.")
    def echo_id(self, value: Annotated[UUID, strawberry.argument(description="An id.")]) -> UUID:
        return value

    @strawberry.field(description="Breaks.")
    def broken(self) -> str | None:
        raise ZeroDivisionError("the password is 12345")

    @strawberry.field(description="Is refused outside a union.")
    def hidden(self) -> str | None:
        raise NotFound(noun="order")

    @strawberry.field(description="Sets a cookie.")
    def baked(self, info: Info) -> bool:
        info.context.response_headers.append(("set-cookie", "session=1; HttpOnly"))
        return True


@strawberry.type(description="Commands.")
class Mutation:
    paid: strawberry.Private[int] = 0

    @strawberry.mutation(description="Pays an order.")
    async def pay_order(
        self, amount_fen: Annotated[Fen, strawberry.argument(description="How much.")]
    ) -> PayOrderResult:
        if amount_fen > 100:
            raise WrongState(noun="order", state="paid")
        return PayOrderPayload(paid_fen=amount_fen)


@strawberry.type(description="What changes.")
class Subscription:
    @strawberry.subscription(description="Counts up, then ends or breaks or waits.")
    async def counted(
        self,
        to: Annotated[int, strawberry.argument(description="The last number.")],
        then: Annotated[str, strawberry.argument(description="end, break or wait")] = "end",
    ) -> AsyncGenerator[int, None]:
        OPEN.append(to)
        try:
            for number in range(1, to + 1):
                yield number
            if then == "break":
                raise ZeroDivisionError("the password is 12345")
            if then == "wait":
                await asyncio.Event().wait()
        finally:
            OPEN.remove(to)

    @strawberry.subscription(description="The same fund, twice.")
    async def changed(self) -> AsyncGenerator[Fund, None]:
        for _ in range(2):
            yield Fund(uuid=UUID(int=1), name="fund")

    @strawberry.subscription(description="Opened only for those who may.")
    async def guarded(
        self, key: Annotated[str, strawberry.argument(description="What opens it.")] = ""
    ) -> AsyncGenerator[int, None]:
        if not key:
            raise NotFound(noun="fund")
        yield 1


OPEN: list[int] = []  # the subscriptions that run at this moment

schema = strawberry.Schema(
    Query,
    Mutation,
    Subscription,
    types=[Fund],
    config=StrawberryConfig(scalar_map=SCALARS),
    exception_handlers=[RefusalHandler()],
)


@contextlib.asynccontextmanager
async def make_context(
    connection: HTTPConnection, payload: Mapping[str, object]
) -> AsyncIterator[SampleContext]:
    token = connection.headers.get("authorization") or payload.get("authorization")
    if token == "Bearer bad":
        raise RequestRefusedError(401, "UNAUTHENTICATED", "The token is not valid.")
    if token == "Bearer broken":
        raise ZeroDivisionError("the password is 12345")
    language: Language = "en" if connection.headers.get("accept-language") == "en" else "zh"
    yield SampleContext(language=language, may_introspect=token != "Bearer nobody")


def application(
    *,
    limits: Limits | None = None,
    timing: Timing | None = None,
    allowed_origins: Sequence[str] = (),
) -> Starlette:
    return Starlette(
        routes=graphql_routes(
            Operations(schema, limits),
            make_context,
            timing=timing,
            allowed_origins=allowed_origins,
        )
    )


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what no event announces, five seconds at most."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - there is no event
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def caller(app: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application in the same process, without a socket."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://platform.test") as client:
        yield client


@contextlib.asynccontextmanager
async def listening(app: ASGIApp) -> AsyncIterator[str]:
    """A real server on a loopback port; gives its address without the scheme."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve(sockets=[listener]))
        await until(lambda: server.started)
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running
