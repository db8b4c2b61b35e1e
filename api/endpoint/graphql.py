"""GraphQL over HTTP, as the specification has it, with subscriptions as server-sent events.

An operation is asked for by POST (JSON) or, if it is a query or a subscription, by GET. An answer
is `application/graphql-response+json` or `application/json`; a subscription is always a
`text/event-stream`. A query is one only for a client that takes nothing else: that a browser's
EventSource or a library merely mentions it beside JSON does not turn an answer into a stream.

A request that carries a cookie must come from a page of our own: browsers say where a request
comes from, and JSON alone is accepted as a body, so that no foreign form can send one.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from typing import Final, Generic

from graphql import OperationType
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.http.websocket_origin import (
    is_same_origin,
    normalize_allowed_origins,
    normalize_origin,
)

from api.endpoint.errors import Body, OperationRefusedError
from api.endpoint.operations import C, Operations
from api.endpoint.subscriptions import Conversation
from api.endpoint.wire import (
    EVENT_STREAM,
    GRAPHQL_JSON,
    JSON,
    Accepted,
    RequestRefusedError,
    accepted,
    encode,
    read_body,
    read_query_string,
)
from models.kernel.ids import new_id

MakeContext = Callable[[HTTPConnection, Mapping[str, object]], AbstractAsyncContextManager[C]]
HEARTBEAT: Final = b":\n\n"
COMPLETE: Final = b"event: complete\ndata:\n\n"


@dataclass(frozen=True, slots=True)
class Timing:
    """How long the endpoint waits."""

    heartbeat_seconds: float = 12.0
    init_seconds: float = 10.0


def graphql_routes(
    operations: Operations[C],
    make_context: MakeContext[C],
    *,
    path: str = "/graphql",
    allowed_origins: Sequence[str] = (),
    timing: Timing | None = None,
) -> list[BaseRoute]:
    """The routes of one schema: HTTP and WebSocket on the same path.

    `make_context` is entered once for each operation, with the request or socket and the payload
    of `connection_init` (empty over HTTP), and left when its answer or last event was sent. It
    may raise RequestRefusedError, such as a 401.
    """
    endpoint = GraphQLEndpoint(
        operations, make_context, allowed_origins=allowed_origins, timing=timing or Timing()
    )
    return [Route(path, endpoint), WebSocketRoute(path, endpoint)]


class GraphQLEndpoint(Generic[C]):
    """One schema behind HTTP and WebSocket, as an ASGI application."""

    def __init__(
        self,
        operations: Operations[C],
        make_context: MakeContext[C],
        *,
        allowed_origins: Sequence[str],
        timing: Timing,
    ) -> None:
        self.operations = operations
        self._make_context = make_context
        self._allowed_origins = normalize_allowed_origins(allowed_origins)
        self._timing = timing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._converse(WebSocket(scope, receive, send))
            return
        request = Request(scope, receive, send)
        takes = accepted(", ".join(request.headers.getlist("accept")))
        async with AsyncExitStack() as stack:
            try:
                response = await self._respond(request, takes, stack)
            except RequestRefusedError as refusal:
                response = _json(refusal.as_body(), takes, refusal.status)
                response.headers.update(refusal.headers)
            except OperationRefusedError as refusal:
                usual = 400 if takes.json == GRAPHQL_JSON else 200
                response = _json(refusal.body, takes, refusal.status or usual)
            except Exception as error:  # noqa: BLE001 - the one last resort, logged
                told = self.operations.unexpected(error, str(new_id()))
                response = _json({"errors": [told]}, takes, 500)
            await response(scope, receive, send)

    async def _respond(self, request: Request, takes: Accepted, stack: AsyncExitStack) -> Response:
        if request.method not in {"GET", "POST"}:
            raise RequestRefusedError(
                405, "METHOD_NOT_ALLOWED", "Use GET or POST.", headers={"allow": "GET, POST"}
            )
        if takes.json is None and not takes.events:
            raise RequestRefusedError(
                406, "NOT_ACCEPTABLE", f"Answers are {GRAPHQL_JSON}, {JSON} or {EVENT_STREAM}."
            )
        self._refuse_foreign_cookies(request)
        limits = self.operations.limits
        if request.method == "GET":
            asked = read_query_string(request.scope["query_string"], limits)
        else:
            asked = await read_body(request, limits)
        chosen = self.operations.choose(asked)
        request.scope.setdefault("state", {})["operation"] = chosen.counted_as
        if chosen.kind is OperationType.MUTATION and request.method == "GET":
            raise RequestRefusedError(
                405, "METHOD_NOT_ALLOWED", "A mutation needs POST.", headers={"allow": "POST"}
            )
        context = await stack.enter_async_context(self._make_context(request, {}))
        if chosen.kind is not OperationType.SUBSCRIPTION:
            body = await self.operations.answer(chosen, asked, context)
            response = (
                self._stream(_once(body), stack) if takes.json is None else _json(body, takes, 200)
            )
        elif takes.events:
            response = self._stream(await self.operations.events(chosen, asked, context), stack)
        else:
            raise RequestRefusedError(
                406, "NOT_ACCEPTABLE", f"A subscription is answered as {EVENT_STREAM}."
            )
        for name, value in context.response_headers:
            response.headers.append(name, value)
        return response

    def _stream(self, events: AsyncGenerator[Body, None], stack: AsyncExitStack) -> Response:
        stream = _event_stream(events, self._timing.heartbeat_seconds)
        # A client that leaves cancels the response wherever it is: both are closed even then.
        stack.push_async_callback(events.aclose)
        stack.push_async_callback(stream.aclose)
        return StreamingResponse(
            stream,
            media_type=EVENT_STREAM,
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    def _refuse_foreign_cookies(self, request: HTTPConnection) -> None:
        if "cookie" in request.headers and not self._is_ours(request):
            raise RequestRefusedError(
                403, "FOREIGN_ORIGIN", "A page of another site may not use this session."
            )

    def _is_ours(self, request: HTTPConnection) -> bool:
        """Whether a browser's own page, or no browser at all, sent this request."""
        origin = request.headers.get("origin")
        if origin is not None:
            return (
                is_same_origin(origin, request.headers.get("host"))
                or normalize_origin(origin) in self._allowed_origins
            )
        return request.headers.get("sec-fetch-site", "none") in {"same-origin", "none"}

    async def _converse(self, websocket: WebSocket) -> None:
        if not self._is_ours(websocket):
            # Closing before accepting answers the handshake with 403.
            await websocket.close(1008)
            return
        conversation = Conversation(
            websocket, self.operations, self._make_context, init_seconds=self._timing.init_seconds
        )
        await conversation.hold()


def _json(body: Body, takes: Accepted, status: int) -> Response:
    media_type = takes.json or JSON
    headers = {
        "content-type": f"{media_type}; charset=utf-8",
        "cache-control": "no-store",
        "vary": "accept",
    }
    return Response(encode(body), status, headers)


async def _once(body: Body) -> AsyncGenerator[Body, None]:
    yield body


async def _event_stream(
    events: AsyncGenerator[Body, None], heartbeat_seconds: float
) -> AsyncGenerator[bytes, None]:
    """Events as they come, a comment where none comes, and `complete` at the end."""
    upcoming = asyncio.ensure_future(anext(events, None))
    try:
        while True:
            done, _ = await asyncio.wait({upcoming}, timeout=heartbeat_seconds)
            if not done:
                yield HEARTBEAT
                continue
            try:
                body = upcoming.result()
            except OperationRefusedError as broken:
                yield _next_event(broken.body)
                break
            if body is None:
                break
            yield _next_event(body)
            upcoming = asyncio.ensure_future(anext(events, None))
        yield COMPLETE
    finally:
        upcoming.cancel()
        await asyncio.gather(upcoming, return_exceptions=True)


def _next_event(body: Body) -> bytes:
    return b"event: next\ndata: " + encode(body) + b"\n\n"
