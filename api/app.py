"""The application: what is held while it runs, and which routes there are."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from api.announcements import Announcements
from api.health import health_routes
from api.middleware import Envelope
from api.settings import Settings
from api.state import State
from api.work import all_work
from api.worker import Pace, Worker
from models.kernel.clock import Clock
from models.kernel.database import Database
from models.kernel.sealing import Keyring

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
        async with _open(settings, clock) as state:
            app.state.announcements = state["announcements"]
            yield state

    app = Starlette(
        routes=[*health_routes(settings), *(routes or platform_routes)(settings)],
        middleware=[
            Middleware(Envelope, is_https=settings.address.startswith("https://")),
            Middleware(RequestBodyLimitMiddleware, max_body_size=settings.max_body_bytes),
        ],
        exception_handlers={HTTPException: _refuse},
        lifespan=lifespan,
    )
    app.state.stop = stop
    return app


def platform_routes(_settings: Settings) -> list[BaseRoute]:
    """The doors of the platform."""
    return []


def open_database(settings: Settings, clock: Clock | None = None) -> Database:
    """The database of the settings; the folder of the embedded default is made."""
    if settings.is_embedded:
        settings.run_folder.mkdir(parents=True, exist_ok=True)
    return Database(
        settings.database,
        clock=clock,
        keyring=Keyring.parse(settings.sealing_key.get_secret_value()),
        pool_size=settings.database_pool_size,
    )


def make_worker(settings: Settings, database: Database, announcements: Announcements) -> Worker:
    """A worker of this platform, with the pace of the settings."""
    pace = Pace(
        concurrency=settings.worker_concurrency,
        poll_seconds=settings.worker_poll_seconds,
        event_batch=settings.event_batch,
    )
    return Worker(database, announcements, all_work(), pace=pace)


@asynccontextmanager
async def _open(settings: Settings, clock: Clock | None) -> AsyncIterator[State]:
    database = open_database(settings, clock)
    announcements = Announcements(database)
    worker = make_worker(settings, database, announcements) if settings.works_in_process else None
    tasks = [asyncio.create_task(announcements.run())]
    try:
        if worker is not None:
            tasks.append(asyncio.create_task(worker.run()))
        yield State(
            settings=settings,
            database=database,
            announcements=announcements,
            work=all_work(),
            worker=worker,
        )
    finally:
        announcements.close()
        if worker is not None:
            worker.stop()
            with suppress(Exception):
                await tasks[1]
        await cancelled(tasks)
        await database.close()


async def cancelled(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel tasks and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _refuse(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    body = {"code": _CODES.get(error.status_code, "HTTP_ERROR"), "message": error.detail}
    return JSONResponse(body, error.status_code, error.headers)
