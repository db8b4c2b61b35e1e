"""Errors in the provider's own shape."""

from dataclasses import dataclass
from typing import Any

BAD_REQUEST = 400
UNAUTHORIZED = 401
NOT_FOUND = 404
CONFLICT = 409
TOO_MANY = 429
SERVER_FAULT = 500


@dataclass(eq=False)
class StripeFault(Exception):  # noqa: N818 - not a fault of ours: it is the answer
    """An answer of 4xx or 5xx."""

    message: str
    status: int = BAD_REQUEST
    kind: str = "invalid_request_error"
    code: str | None = None
    param: str | None = None

    def body(self) -> dict[str, Any]:
        """The answer's body."""
        told = {"code": self.code, "message": self.message, "param": self.param, "type": self.kind}
        return {"error": {name: value for name, value in told.items() if value is not None}}


def missing(kind: str, identity: str, *, param: str = "id") -> StripeFault:
    """There is no such thing."""
    return StripeFault(
        f"No such {kind}: '{identity}'", status=NOT_FOUND, code="resource_missing", param=param
    )


def armed(kind: str) -> StripeFault:
    """The answer of a fault that was asked for."""
    match kind:
        case "409":
            return StripeFault(
                "This object cannot be accessed right now because another request is using it.",
                status=CONFLICT,
                code="lock_timeout",
            )
        case "429":
            return StripeFault("Request rate limit exceeded.", status=TOO_MANY, code="rate_limit")
        case _:
            return StripeFault("An unknown error occurred.", status=SERVER_FAULT, kind="api_error")
