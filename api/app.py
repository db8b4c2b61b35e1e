"""The application: what is held while it runs, and which routes there are."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from api.announcements import Announcements
from api.endpoint.graphql import graphql_routes
from api.endpoint.limits import Limits
from api.endpoint.operations import Operations
from api.health import health_routes
from api.middleware import Envelope
from api.platform import cancelled, make_worker, open_database
from api.sessions import Contexts, Tokens
from api.settings import Settings
from api.site.door import InProcess
from api.site.pages import PageRoutes
from api.state import State
from api.work import all_work, hosted_payments
from api.worker import Work, Worker
from models.kernel.clock import Clock
from models.kernel.database import Database
from models.kernel.sealing import Keyring
from models.parties.passwords import Passwords
from resolvers.context import Context, Platform
from resolvers.schema import schema
from webhooks.routes import webhook_routes

_CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHENTICATED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    413: "TOO_LARGE",
}


def create_app(
    settings: Settings,
    *,
    clock: Clock | None = None,
    passwords: Passwords | None = None,
    routes: Callable[[Settings], Sequence[BaseRoute]] | None = None,
) -> Starlette:
    """The platform as an application; everything it holds is opened when it is started.

    `app.state.stop()` ends what would keep a connection open for ever, before a server waits for
    connections to end.
    """

    def stop() -> None:
        if (announcements := getattr(app.state, "announcements", None)) is not None:
            announcements.close()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[State]:
        async with _open(settings, clock, passwords or Passwords()) as state:
            app.state.announcements = state["announcements"]
            yield state

    app = Starlette(
        routes=[*health_routes(settings), *(routes or platform_routes)(settings)],
        middleware=[
            Middleware(Envelope, is_https=settings.is_https),
            Middleware(RequestBodyLimitMiddleware, max_body_size=settings.max_body_bytes),
        ],
        exception_handlers={HTTPException: _refuse},
        lifespan=lifespan,
    )
    app.state.stop = stop
    return app


def platform_routes(settings: Settings) -> list[BaseRoute]:
    """The doors of the platform."""
    contexts = Contexts(
        Tokens(Keyring.parse(settings.token_key.get_secret_value())),
        _platform_of,
        is_secure=settings.is_https,
        hides_schema=settings.is_production,
    )
    operations: Operations[Context] = Operations(schema, Limits(body_bytes=settings.max_body_bytes))
    pages = PageRoutes(
        InProcess(operations, contexts),
        now=lambda request: _platform_of(request).database.clock.now(),
        address=settings.address,
        pay_origins=settings.payment_page_origins,
        secure_cookies=settings.is_https,
    )
    secret = settings.payment_webhook_secret
    return [
        *graphql_routes(operations, contexts, allowed_origins=settings.allowed_origins),
        *webhook_routes(
            stripe_secrets=[secret] if secret else [],
            database_of=lambda request: _platform_of(request).database,
        ),
        *pages.routes(),
    ]


def _platform_of(connection: HTTPConnection) -> Platform:
    platform: Platform = connection.scope["state"]["platform"]
    return platform


class PaymentsOff:
    """Where no payment provider is: no payment page is opened, and a gift stays started."""

    async def open(self, donation_id: UUID) -> str | None:  # noqa: ARG002 - there is nothing to open
        """None: there is no page."""
        return None


@asynccontextmanager
async def _open(
    settings: Settings, clock: Clock | None, passwords: Passwords
) -> AsyncIterator[State]:
    database = open_database(settings, clock)
    announcements = Announcements(database)
    listening = asyncio.create_task(announcements.run())
    try:
        async with hosted_payments(settings, database) as payments:
            work = all_work(payments)
            async with _working(settings, database, announcements, work) as worker:
                yield State(
                    settings=settings,
                    database=database,
                    announcements=announcements,
                    work=work,
                    worker=worker,
                    platform=Platform(
                        database,
                        passwords=passwords,
                        checkout=payments or PaymentsOff(),
                        announcements=announcements,
                    ),
                )
    finally:
        announcements.close()
        await cancelled([listening])
        await database.close()


@asynccontextmanager
async def _working(
    settings: Settings, database: Database, announcements: Announcements, work: Work
) -> AsyncIterator[Worker | None]:
    """A worker beside the requests, where this process works; it stops in good order."""
    if not settings.works_in_process:
        yield None
        return
    worker = make_worker(settings, database, announcements, work)
    running = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        await asyncio.gather(running, return_exceptions=True)


async def _refuse(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    body = {"code": _CODES.get(error.status_code, "HTTP_ERROR"), "message": error.detail}
    return JSONResponse(body, error.status_code, error.headers)
