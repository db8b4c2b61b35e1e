"""A client of a GraphQL endpoint over HTTP, and of the payment sandbox that stands beside it.

The demo world and other programs of ours use the platform through it, as any stranger would.
"""

import dataclasses
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from webhooks.stripe_transport import neighbourly_client

_TIMEOUT_SECONDS = 60.0
_ACCEPT = "application/graphql-response+json, application/json;q=0.9"


class NoAnswerError(Exception):
    """The other side gave no answer that could be read."""


class RequestFailedError(Exception):
    """The request as a whole failed: it was malformed, or not allowed."""


@dataclasses.dataclass(eq=False)
class RefusedError(Exception):
    """A mutation was answered with a refusal."""

    operation: str
    code: str
    message: str
    facts: Mapping[str, str]

    def __str__(self) -> str:
        facts = ", ".join(f"{name}={value}" for name, value in self.facts.items())
        return f"{self.operation}: {self.code} {self.message} ({facts})"


class GraphQLClient:
    """Speaks to the endpoint of one platform on this machine."""

    def __init__(self, address: str) -> None:
        self._endpoint = f"{address}/graphql"
        self._client = neighbourly_client(address, timeout_seconds=_TIMEOUT_SECONDS)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def ask(
        self, document: str, variables: Mapping[str, object] | None = None, *, token: str = ""
    ) -> dict[str, Any]:
        """The data of an operation; raises RequestFailedError if any of it failed."""
        headers = {"accept": _ACCEPT} | ({"authorization": f"Bearer {token}"} if token else {})
        answer = await self._post(
            self._endpoint, {"query": document, "variables": variables or {}}, headers
        )
        if errors := answer.get("errors"):
            told = "; ".join(str(error.get("message", error)) for error in errors)
            raise RequestFailedError(f"{told}\n{document}")
        data: dict[str, Any] = answer["data"]
        return data

    async def command(
        self, document: str, given: Mapping[str, object], *, token: str = ""
    ) -> dict[str, Any]:
        """The payload of a mutation whose one field is called `result`; raises RefusedError."""
        payload: dict[str, Any] = (await self.ask(document, {"input": given}, token=token))[
            "result"
        ]
        if payload["__typename"] == "Refused":
            raise RefusedError(
                operation=document.partition("(")[0].removeprefix("mutation "),
                code=payload["code"],
                message=payload["message"],
                facts={fact["name"]: fact["value"] for fact in payload["facts"]},
            )
        return payload

    async def pay_in_sandbox(self, checkout_url: str, method: str) -> None:
        """Pay an open page of the payment sandbox, as a donor does by pressing its button."""
        parts = urlsplit(checkout_url)
        session = parts.path.rpartition("/")[2]
        address = f"{parts.scheme}://{parts.netloc}/sandbox/sessions/{session}/pay"
        await self._post(address, {"method": method, "outcome": "paid"}, {})

    async def _post(
        self, address: str, body: Mapping[str, object], headers: Mapping[str, str]
    ) -> dict[str, Any]:
        try:
            response = await self._client.post(address, json=body, headers=headers)
            answer = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise NoAnswerError(f"{address}: {type(error).__name__}") from error
        if not isinstance(answer, dict) or not (response.is_success or "errors" in answer):
            raise NoAnswerError(f"{address}: {response.status_code} {answer}")
        return answer
