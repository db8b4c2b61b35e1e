"""Whether the process is up, whether it can serve, and how it fares."""

import secrets

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from api import telemetry
from api.settings import Settings
from api.state import State
from models.kernel import workers
from models.kernel.migrating import is_migrated

log = structlog.get_logger(__name__)

_SILENCE_SECONDS = 60


def health_routes(settings: Settings) -> list[BaseRoute]:
    """`/healthz`, `/readyz` and `/metrics`."""
    token = settings.metrics_token.get_secret_value()

    async def metrics(request: Request[State]) -> Response:
        given = request.headers.get("authorization", "")
        if token and not secrets.compare_digest(given.encode(), f"Bearer {token}".encode()):
            return JSONResponse({"code": "UNAUTHENTICATED"}, 401, {"www-authenticate": "Bearer"})
        if settings.is_production and not token:
            return JSONResponse({"code": "NOT_FOUND"}, 404)
        state = request.state
        text = await telemetry.collect(state["database"], state["work"].schedules)
        return Response(text, media_type="text/plain; version=0.0.4")

    return [
        Route("/healthz", _alive, methods=["GET"]),
        Route("/readyz", _ready, methods=["GET"]),
        Route("/metrics", metrics, methods=["GET"]),
    ]


async def _alive(_request: Request[State]) -> Response:
    return PlainTextResponse("ok\n")


async def _ready(request: Request[State]) -> Response:
    """503 when requests cannot be served here: no database, an old schema, a dead worker inside.

    Workers elsewhere are told of, but when they are all dead this process still serves.
    """
    try:
        if await is_migrated(request.state["database"]):
            told = {"database": "ok", "worker": await _worker(request.state)}
        else:
            told = {"database": "not migrated"}
    except Exception as error:  # noqa: BLE001 - whatever it is, this process cannot serve
        log.warning("readiness.failed", error=type(error).__name__)
        told = {"database": "unreachable"}
    inside = request.state["worker"]
    is_ready = told["database"] == "ok" and (inside is None or inside.is_fresh)
    return JSONResponse({"ready": is_ready, **told}, 200 if is_ready else 503)


async def _worker(state: State) -> str:
    if (inside := state["worker"]) is not None:
        return "ok" if inside.is_fresh else "stale"
    async with state["database"].read() as connection:
        seen = await workers.last_seen(connection)
    if seen is None:
        return "none"
    silence = state["database"].clock.now() - seen
    return "ok" if silence.total_seconds() < _SILENCE_SECONDS else "stale"
