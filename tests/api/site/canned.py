"""The platform's own schema with fixed answers, so that pages can be seen in every state."""

import asyncio
import datetime as dt
import threading
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from graphql import GraphQLSchema, build_schema, graphql
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

import api
from api.endpoint.wire import Operation
from api.site.door import Answer, Answered
from api.site.languages import Language
from api.site.pages import PageRoutes
from tests.api.site.canned_answers import PAY_ORIGIN, answers

NOW = dt.datetime(2026, 11, 21, 1, 30, tzinfo=dt.UTC)
TRACE = "trace-7f3a"
SCHEMA_FILE = Path(api.__file__).parent / "schema.graphql"
SESSION = ("set-cookie", "session=s1; HttpOnly; SameSite=Lax")


class CannedDoor:
    """Answers every operation from `answers`, and keeps what it was asked."""

    schema: GraphQLSchema = build_schema(SCHEMA_FILE.read_text(encoding="utf-8"))

    def __init__(self, root: dict[str, Any] | None = None) -> None:
        self.root = answers() if root is None else root
        self.asked: list[tuple[str | None, dict[str, object]]] = []
        self.errors: list[dict[str, Any]] = []
        self.held = threading.Event()
        self.held.set()

    async def execute(self, request: Request, asked: Operation, language: Language) -> Answered:
        assert request.cookies.get("language", "zh") == language
        self.asked.append((asked.name, dict(asked.variables)))
        if self.errors:
            return Answered({"data": None, "errors": self.errors}, ())
        result = await graphql(
            self.schema, asked.query, self.root, None, dict(asked.variables), asked.name
        )
        headers = (SESSION,) if asked.name == "SignIn" else ()
        return Answered(result.formatted, headers)

    async def subscribe(
        self, request: Request, asked: Operation, language: Language
    ) -> AsyncGenerator[Answer, None]:
        assert request.cookies.get("language", "zh") == language
        self.asked.append((asked.name, dict(asked.variables)))
        await asyncio.to_thread(self.held.wait)
        yield {"data": None, "errors": self.errors} if self.errors else {"data": {}}


class Entrance:
    """Where a door is hung for a test: the pages themselves are made once."""

    def __init__(self, door: CannedDoor) -> None:
        self.door = door
        self.schema = door.schema

    async def execute(self, request: Request, asked: Operation, language: Language) -> Answered:
        return await self.door.execute(request, asked, language)

    def subscribe(
        self, request: Request, asked: Operation, language: Language
    ) -> AsyncGenerator[Answer, None]:
        return self.door.subscribe(request, asked, language)


ENTRANCE = Entrance(CannedDoor())
PAGES = PageRoutes(
    ENTRANCE, now=lambda _request: NOW, pay_origins=[PAY_ORIGIN], secure_cookies=False
)


class Traced:
    """Gives every request its number, as the envelope of the whole application does."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["request_id"] = TRACE
        await self._app(scope, receive, send)


APPLICATION = Starlette(routes=PAGES.routes(), middleware=[Middleware(Traced)])


def application(door: CannedDoor) -> Starlette:
    """The pages, answered by this door from now on."""
    ENTRANCE.door = door
    return APPLICATION
