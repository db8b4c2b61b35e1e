"""The provider's API as the SDK calls it: form in, JSON out, each POST once for its key."""

import asyncio
import hashlib
import hmac
import json
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from stripe.params import (
    BalanceTransactionListParams,
    ChargeListParams,
    DisputeListParams,
    EventListParams,
    PaymentIntentListParams,
    RefundCreateParams,
    RefundListParams,
)
from stripe.params.checkout import (
    SessionCreateParams,
    SessionExpireParams,
    SessionListParams,
    SessionRetrieveParams,
)

from webhooks.sandbox import faults, opening, payments, reversals
from webhooks.sandbox.delivery import Deliverer
from webhooks.sandbox.faults import StripeFault
from webhooks.sandbox.objects import API_VERSION
from webhooks.sandbox.parameters import Parameters, decode
from webhooks.sandbox.reading import expand, page_of
from webhooks.sandbox.state import Body, Books, State, new_identity

KEY_LENGTH_MAX = 255
PAGING = {"limit", "starting_after", "ending_before", "expand"}

CREATE_SESSION = Parameters(
    SessionCreateParams,
    spoken=frozenset(
        {
            "allowed_payment_method_types",
            "cancel_url",
            "client_reference_id",
            "expand",
            "expires_at",
            "line_items",
            "locale",
            "metadata",
            "mode",
            "payment_intent_data",
            "payment_method_options",
            "submit_type",
            "success_url",
            "ui_mode",
        }
    ),
)
CREATE_REFUND = Parameters(
    RefundCreateParams,
    spoken=frozenset({"amount", "charge", "expand", "metadata", "payment_intent", "reason"}),
)
EXPIRE_SESSION = Parameters(SessionExpireParams, spoken=frozenset({"expand"}))
RETRIEVE = Parameters(SessionRetrieveParams, spoken=frozenset({"expand"}))

Work = Callable[[Books, Mapping[str, Any]], Body]
Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Readable:
    """A kind of object that can be listed and retrieved."""

    path: str
    kind: str
    listing: Parameters
    filters: tuple[str, ...] = ()


def _readable(path: str, kind: str, source: type, *names: str) -> Readable:
    spoken = frozenset(PAGING | {"created"} | set(names))
    filters = tuple(name for name in names if name != "types")
    return Readable(path, kind, Parameters(source, spoken=spoken), filters)


READABLES = (
    _readable(
        "checkout/sessions", "checkout.session", SessionListParams, "payment_intent", "status"
    ),
    _readable("payment_intents", "payment_intent", PaymentIntentListParams),
    _readable("charges", "charge", ChargeListParams, "payment_intent"),
    _readable("refunds", "refund", RefundListParams, "charge", "payment_intent"),
    _readable("disputes", "dispute", DisputeListParams, "charge", "payment_intent"),
    _readable(
        "balance_transactions",
        "balance_transaction",
        BalanceTransactionListParams,
        "source",
        "type",
    ),
    _readable("events", "event", EventListParams, "type", "types"),
)


class Api:
    """The endpoints under `/v1`."""

    def __init__(
        self, state: State, deliverer: Deliverer, *, api_key: str, public_url: str
    ) -> None:
        self._state = state
        self._deliverer = deliverer
        self._api_key = api_key
        self._public_url = public_url

    def routes(self) -> list[Route]:
        """All of them; what is none of them is answered in the provider's shape too."""
        sessions = "/v1/checkout/sessions"
        routes = [
            self._route("POST", sessions, CREATE_SESSION, lambda _: self._open_session),
            self._route("POST", f"{sessions}/{{id}}/expire", EXPIRE_SESSION, _expire),
            self._route("POST", "/v1/refunds", CREATE_REFUND, lambda _: reversals.refund),
        ]
        for readable in READABLES:
            path = f"/v1/{readable.path}"
            routes += [
                self._route("GET", path, readable.listing, _listing(readable)),
                self._route("GET", f"{path}/{{id}}", RETRIEVE, _retrieval(readable.kind)),
            ]
        return [*routes, Route("/v1/{path:path}", self._unknown, methods=["GET", "POST", "DELETE"])]

    def _open_session(self, books: Books, parameters: Mapping[str, Any]) -> Body:
        return opening.open_session(books, parameters, public_url=self._public_url)

    def _route(
        self, method: str, path: str, parameters: Parameters, work_for: Callable[[Request], Work]
    ) -> Route:
        async def serve(request: Request) -> Response:
            return await self._serve(request, parameters, work_for(request))

        return Route(path, serve, methods=[method])

    async def _unknown(self, request: Request) -> Response:
        def refuse(_: Books, __: Mapping[str, Any]) -> Body:
            raise StripeFault(
                f"Unrecognized request URL ({request.method}: {request.url.path}).",
                status=faults.NOT_FOUND,
            )

        return await self._serve(request, None, refuse)

    async def _serve(self, request: Request, parameters: Parameters | None, work: Work) -> Response:
        request_id = new_identity("req", 14)
        headers = {"Request-Id": request_id, "Stripe-Version": API_VERSION}
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        try:
            self._admit(request, key)
            fault = await self._state.run(lambda books: _take_fault(books, request.url.path))
            if fault in {"409", "429", "500"}:
                raise faults.armed(fault)
            if fault.startswith("timeout"):
                await _hang(request, seconds=float(fault.removeprefix("timeout ")))
                raise faults.armed("500")
            encoded = (
                (await request.body()).decode("latin-1")
                if request.method == "POST"
                else request.url.query
            )
            form = decode(encoded)
            asked = form if parameters is None else parameters.check(form)
            fingerprint = f"{request.method} {request.url.path} {json.dumps(form, sort_keys=True)}"
            status, body, is_replayed = await self._state.run(
                lambda books: _once(books, fingerprint, lambda: work(books, asked)),
                request_id=request_id,
                idempotency_key=key,
            )
            self._deliverer.wake()
            if fault == "lost_answer":
                raise faults.armed("500")
        except StripeFault as refusal:
            return JSONResponse(refusal.body(), refusal.status, headers=headers)
        if key is not None:
            headers["Idempotency-Key"] = key
        if is_replayed:
            headers["Idempotent-Replayed"] = "true"
        return JSONResponse(body, status, headers=headers)

    def _admit(self, request: Request, key: str | None) -> None:
        if not hmac.compare_digest(_given_key(request).encode(), self._api_key.encode()):
            raise StripeFault(
                "Invalid API Key provided. The payment sandbox knows one key, and no live one.",
                status=faults.UNAUTHORIZED,
            )
        version = request.headers.get("stripe-version", API_VERSION)
        if version != API_VERSION:
            raise StripeFault(f"Invalid Stripe API version: {version}")
        if key is not None and not 0 < len(key) <= KEY_LENGTH_MAX:
            raise StripeFault("Idempotency keys have 1 to 255 characters.")
        content_type = request.headers.get("content-type", "")
        if request.method == "POST" and not content_type.startswith(
            "application/x-www-form-urlencoded"
        ):
            raise StripeFault("Invalid request: the body must be form-encoded.")


def _given_key(request: Request) -> str:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        with suppress(ValueError):
            return b64decode(credentials, validate=True).decode().partition(":")[0]
    return credentials if scheme.lower() == "bearer" else ""


def _take_fault(books: Books, path: str) -> str:
    """The fault armed for this path, used up by one; empty if there is none."""
    row = books.connection.execute(
        "SELECT sequence, kind, seconds, times FROM faults"
        " WHERE substr(?, 1, length(path)) = path ORDER BY sequence LIMIT 1",
        (path,),
    ).fetchone()
    if row is None:
        return ""
    sequence, kind, seconds, times = row
    if times > 1:
        books.connection.execute(
            "UPDATE faults SET times = times - 1 WHERE sequence = ?", (sequence,)
        )
    else:
        books.connection.execute("DELETE FROM faults WHERE sequence = ?", (sequence,))
    return f"timeout {seconds}" if kind == "timeout" else str(kind)


async def _hang(request: Request, *, seconds: float) -> None:
    await request.body()
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while (await request.receive())["type"] != "http.disconnect":
                pass


def _once(books: Books, fingerprint: str, work: Callable[[], Body]) -> tuple[int, Body, bool]:
    """The answer to a request, made now or found under its key."""
    key = books.idempotency_key
    digest = hashlib.sha256(fingerprint.encode()).hexdigest()
    row = books.connection.execute(
        "SELECT fingerprint, status, body FROM answers WHERE idempotency_key = ?", (key,)
    ).fetchone()
    if row is not None:
        if row[0] != digest:
            raise StripeFault(
                "Keys for idempotent requests can only be used with the same parameters they were"
                f" first used with. Try using a key other than '{key}' if you meant to execute a"
                " different request.",
                kind="idempotency_error",
            )
        return row[1], json.loads(row[2]), True
    payments.expire_due(books)
    books.connection.execute("SAVEPOINT work")
    try:
        status, body = 200, work()
    except StripeFault as refusal:
        books.connection.execute("ROLLBACK TO work")
        status, body = refusal.status, refusal.body()
    books.connection.execute("RELEASE work")
    if key is not None:
        books.connection.execute(
            "INSERT INTO answers (idempotency_key, fingerprint, status, body) VALUES (?, ?, ?, ?)",
            (key, digest, status, json.dumps(body)),
        )
    return status, body, False


def _expire(request: Request) -> Work:
    identity = request.path_params["id"]
    return lambda books, asked: expand(
        books, payments.expire(books, identity), asked.get("expand", [])
    )


def _listing(readable: Readable) -> Callable[[Request], Work]:
    def work(books: Books, asked: Mapping[str, Any]) -> Body:
        bodies, has_more = books.page(readable.kind, page_of(asked, readable.filters))
        listed = {
            "object": "list",
            "data": bodies,
            "has_more": has_more,
            "url": f"/v1/{readable.path}",
        }
        return expand(books, listed, asked.get("expand", []))

    return lambda _: work


def _retrieval(kind: str) -> Callable[[Request], Work]:
    def work_for(request: Request) -> Work:
        identity = request.path_params["id"]
        return lambda books, asked: expand(
            books, books.require(kind, identity), asked.get("expand", [])
        )

    return work_for
