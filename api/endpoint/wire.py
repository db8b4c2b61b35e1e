"""What comes in as bytes and goes out as bytes: JSON, media types, the body of a request.

Whatever a client sends is either a well-formed request or a refusal with a 4xx status; nothing in
here raises anything else. A body is one operation: there is no batching, because one HTTP/2
connection carries many requests and each is then limited, timed and answered on its own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from api.endpoint.limits import Limits

JSON: Final = "application/json"
GRAPHQL_JSON: Final = "application/graphql-response+json"
EVENT_STREAM: Final = "text/event-stream"
PARAMETERS_AT_MOST: Final = 20
NUL_ESCAPED: Final = b"\\u0000"


class RequestRefusedError(Exception):
    """A request that is not answered, with its HTTP status."""

    def __init__(
        self, status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}

    def as_body(self) -> dict[str, object]:
        return {"errors": [{"message": self.message, "extensions": {"code": self.code}}]}


@dataclass(frozen=True, slots=True)
class Operation:
    """What a client asks to have run."""

    query: str
    variables: Mapping[str, object] = field(default_factory=dict)
    name: str | None = None


def encode(body: object) -> bytes:
    """JSON in UTF-8; integers beyond 64 bits cannot occur, for every scalar is bounded."""
    return orjson.dumps(body)


def decode(data: bytes | str, limits: Limits) -> object:
    """JSON as Python values; of two equal keys the last counts."""
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    try:
        value: object = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise RequestRefusedError(400, "BAD_JSON", "This is not JSON in UTF-8.") from error
    if NUL_ESCAPED in raw:
        raise RequestRefusedError(400, "BAD_TEXT", "A text holds a NUL character.")
    opened = raw.count(b"[") + raw.count(b"{")
    if opened > limits.json_depth and not _within(value, limits.json_depth):
        raise RequestRefusedError(
            400, "LIMIT_EXCEEDED", f"The JSON is nested more than {limits.json_depth} deep."
        )
    return value


def _within(value: object, levels: int) -> bool:
    layer: Iterable[object] = [value]
    for _ in range(levels + 1):
        below: list[object] = []
        for item in layer:
            if isinstance(item, dict):
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        if not below:
            return True
        layer = below
    return False


def read_operation(value: object) -> Operation:
    """The operation in a decoded body, a query string or a socket's `subscribe` payload."""
    if isinstance(value, list):
        raise _malformed("There is no batching: send one operation a request.")
    if not isinstance(value, dict):
        raise _malformed("The body must be a JSON object.")
    query, variables, name = value.get("query"), value.get("variables"), value.get("operationName")
    if not isinstance(query, str) or not query:
        raise _malformed("`query` must be a text and not empty.")
    if not isinstance(variables, dict | None):
        raise _malformed("`variables` must be an object.")
    if not isinstance(name, str | None):
        raise _malformed("`operationName` must be a text.")
    if not isinstance(value.get("extensions"), dict | None):
        raise _malformed("`extensions` must be an object.")
    return Operation(query, variables or {}, name or None)


def _malformed(message: str) -> RequestRefusedError:
    return RequestRefusedError(400, "BAD_REQUEST", message)


def read_query_string(raw: bytes, limits: Limits) -> Operation:
    """The operation in the parameters of a GET request."""
    if len(raw) > limits.body_bytes:
        raise RequestRefusedError(414, "LIMIT_EXCEEDED", "The address is too long.")
    try:
        pairs = parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=PARAMETERS_AT_MOST,
        )
    except ValueError as error:
        raise _malformed("The parameters are not percent-encoded UTF-8.") from error
    parameters: dict[str, object] = dict(pairs)
    for name in ("variables", "extensions"):
        text = parameters.get(name)
        if isinstance(text, str):
            parameters[name] = decode(text, limits) if text else None
    return read_operation(parameters)


async def read_body(request: Request, limits: Limits) -> Operation:
    """The operation in the body of a POST request, which must be JSON in UTF-8, uncompressed."""
    media_type, parameters = _media_type(request.headers.get("content-type", ""))
    if media_type != JSON or parameters.get("charset", "utf-8").lower() not in {"utf-8", "utf8"}:
        raise RequestRefusedError(
            415, "UNSUPPORTED_MEDIA_TYPE", "The content type must be application/json in UTF-8."
        )
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise RequestRefusedError(415, "UNSUPPORTED_MEDIA_TYPE", "The body must not be compressed.")
    return read_operation(decode(await _bounded(request, limits.body_bytes), limits))


async def _bounded(request: Request, at_most: int) -> bytes:
    too_large = RequestRefusedError(
        413,
        "LIMIT_EXCEEDED",
        f"The body is larger than {at_most} bytes.",
    )
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and (len(declared) > len(str(at_most)) or int(declared) > at_most):
        raise too_large
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > at_most:
                raise too_large
            parts.append(part)
    except ClientDisconnect as error:
        raise _malformed("The body ended early.") from error
    except HTTPException as error:
        # The application has a limit of its own around this one, and may count before we do.
        if error.status_code != too_large.status:
            raise
        raise too_large from error
    return b"".join(parts)


def _media_type(header: str) -> tuple[str, dict[str, str]]:
    media_type, *rest = header.split(";")
    parameters = {}
    for part in rest:
        name, _, value = part.partition("=")
        parameters[name.strip().lower()] = value.strip().strip('"')
    return media_type.strip().lower(), parameters


@dataclass(frozen=True, slots=True)
class Accepted:
    """The form in which an answer may be given; None where the client takes no such form."""

    json: str | None
    events: bool


def accepted(header: str) -> Accepted:
    """Read an Accept header: the JSON type the client prefers and whether it takes events.

    Without a header, or where a wildcard is all that speaks for JSON, `application/json` is meant;
    of two equally welcome types the newer `application/graphql-response+json` is taken.
    """
    weights = _weights(header or "*/*")
    best: str | None = None
    best_weight = 0.0
    for media_type in (GRAPHQL_JSON, JSON):
        weight = weights.get(media_type)
        if weight is None and media_type == JSON:
            weight = weights.get("application/*", weights.get("*/*"))
        if weight is not None and weight > best_weight:
            best, best_weight = media_type, weight
    events = weights.get(EVENT_STREAM, weights.get("text/*", weights.get("*/*", 0.0)))
    return Accepted(best, events > 0)


def _weights(header: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    for part in header.split(","):
        media_type, parameters = _media_type(part)
        if parameters.get("charset", "utf-8").lower() not in {"utf-8", "utf8"}:
            continue
        try:
            weight = float(parameters.get("q", "1"))
        except ValueError:
            weight = 0.0
        if media_type:
            weights[media_type] = max(weights.get(media_type, 0.0), min(weight, 1.0))
    return weights
