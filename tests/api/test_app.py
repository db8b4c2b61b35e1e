"""The application's outer layer: readiness, headers, last resorts, metrics behind a token."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
import uvicorn
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from structlog.testing import capture_logs

from api.app import create_app
from api.settings import Settings, load
from models.kernel.database import Database
from models.kernel.migrating import migrate
from tests.api.endpoint.sample import until


async def broken(_request: Request) -> Response:
    raise ZeroDivisionError("the password is 12345")


async def own_policy(request: Request) -> Response:
    request.state.operation = "Query.orders"
    return JSONResponse({}, headers={"content-security-policy": "default-src 'self'"})


def routes(_settings: Settings) -> Sequence[BaseRoute]:
    return [
        Route("/broken/{token}", broken),
        Route("/own", own_policy),
        Route("/echo", own_policy, methods=["POST"]),
    ]


@asynccontextmanager
async def serving(folder: Path, **given: Any) -> AsyncIterator[httpx.AsyncClient]:
    settings = load(run_folder=folder, environment="test", **given)
    config = uvicorn.Config(
        create_app(settings, routes=routes), port=0, log_config=None, lifespan="on"
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            yield client
    finally:
        server.should_exit = True
        await task


async def prepared(folder: Path) -> Database:
    database = Database(f"sqlite:///{folder}/yuanliu.sqlite3")
    await migrate(database)
    return database


async def test_a_database_that_is_not_migrated_is_not_ready(tmp_path: Path) -> None:
    async with serving(tmp_path, worker_in_process=False) as client:
        ready = await client.get("/readyz")

    assert ready.status_code == 503
    assert ready.json()["database"] == "not migrated"
    assert not ready.json()["ready"]


async def test_a_database_that_is_not_there_is_not_ready(tmp_path: Path) -> None:
    url = "postgresql://nobody@127.0.0.1:1/nothing"
    async with serving(tmp_path, database_url=url) as client:
        ready = await client.get("/readyz")
        alive = await client.get("/healthz")

    assert (ready.status_code, ready.json()["database"]) == (503, "unreachable")
    assert alive.status_code == 200


async def test_what_breaks_is_a_500_with_a_number_and_nothing_more(tmp_path: Path) -> None:
    await (await prepared(tmp_path)).close()
    with capture_logs() as lines:
        async with serving(tmp_path) as client:
            answer = await client.get("/broken/secret-token", headers={"x-request-id": "id-123456"})
            wild = await client.get("/own", headers={"x-request-id": "<script>"})

    assert answer.status_code == 500
    assert answer.json() == {"code": "INTERNAL_ERROR", "requestId": "id-123456"}
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert wild.headers["x-request-id"] != "<script>"
    assert wild.headers["content-security-policy"] == "default-src 'self'"
    requests = [line for line in lines if line["event"] == "request"]
    assert [line["operation"] for line in requests] == ["/broken/{token}", "Query.orders"]
    assert "secret-token" not in str(requests)


async def test_a_body_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    await (await prepared(tmp_path)).close()

    async def reading(request: Request) -> Response:
        return JSONResponse({"length": len(await request.body())})

    settings = load(run_folder=tmp_path, environment="test", max_body_bytes=1_000)
    app = create_app(settings, routes=lambda _: [Route("/echo", reading, methods=["POST"])])
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://platform.test") as client:
        read = await client.post("/echo", content=b"x" * 1_000)
        refused = await client.post("/echo", content=b"x" * 1_001)

    assert read.json() == {"length": 1_000}
    assert refused.status_code == 413
    assert refused.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("given", "status"), [("", 401), ("Bearer wrong", 401), ("Bearer t0k3n", 200)]
)
async def test_metrics_may_ask_for_a_token(tmp_path: Path, given: str, status: int) -> None:
    await (await prepared(tmp_path)).close()
    async with serving(tmp_path, metrics_token="t0k3n") as client:
        answer = await client.get("/metrics", headers={"authorization": given})

    assert answer.status_code == status


async def test_metrics_tell_the_state_of_the_database(tmp_path: Path) -> None:
    database = await prepared(tmp_path)
    async with serving(tmp_path, worker_in_process=False) as client:
        await database.transact(
            lambda transaction: transaction.execute(
                text(
                    "INSERT INTO jobs (id, kind, priority, state, due_at, payload, attempts,"
                    " max_attempts, created_at) VALUES ('1', 'greet', 1, 'dead',"
                    " '2026-01-01 00:00:00.000000', '{}', 1, 1, '2026-01-01 00:00:00.000000')"
                )
            )
        )
        answer = await client.get("/metrics")
    await database.close()

    assert 'yuanliu_jobs{kind="greet",state="dead"} 1.0' in answer.text
    assert structlog.contextvars.get_contextvars() == {}
