"""What every answer has, whatever made it: an id, safe headers, a log line and a measurement."""

import re
import time
from collections.abc import Mapping

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import telemetry
from models.kernel.ids import new_id

log = structlog.get_logger(__name__)

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_YEAR_SECONDS = 31_536_000
# A page that shows more than data brings a wider policy of its own.
_HEADERS: Mapping[str, str] = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class Envelope:
    """The outermost layer of the application.

    Whoever answers a request may set in its state `operation`, a name of ours and never of the
    client's, under which it is counted instead of its route; and `actor_id`, for the log.
    """

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        self._app = app
        self._headers = dict(_HEADERS)
        if is_https:
            self._headers["strict-transport-security"] = f"max-age={_YEAR_SECONDS}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else str(new_id())
        scope.setdefault("state", {})["request_id"] = request_id
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            if scope["type"] == "websocket":
                await self._app(scope, receive, send)
            else:
                await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.monotonic()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = scope["state"]["request_id"]
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:
            log.exception("request.unexpected")
            if not status:
                body = {"code": "INTERNAL_ERROR", "requestId": scope["state"]["request_id"]}
                await JSONResponse(body, 500)(scope, receive, send_with_headers)
        finally:
            self._tell(scope, status, time.monotonic() - began)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        operation = scope["state"].get("operation") or _route(scope)
        telemetry.request_ended(operation, status, seconds)
        log.info(
            "request",
            method=scope["method"],
            operation=operation,
            status=status,
            milliseconds=round(seconds * 1000, 1),
            actor_id=scope["state"].get("actor_id"),
        )


def _route(scope: Scope) -> str:
    """The pattern of the route, which holds no token or code as the path may; bounded in number."""
    return str(getattr(scope.get("route"), "path", "unknown"))
