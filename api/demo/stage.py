"""Where the demo world is acted: people sign in and act, one after the other, on dated days."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from api.demo.operations import documents
from api.demo.terminal import Terminal
from models.kernel.clock import SHANGHAI, MovableClock
from models.kernel.ids import new_id
from webhooks.graphql_client import GraphQLClient

# Nothing is behind it: it is written on the first page anybody sees of the demo.
PASSWORD = "tong-chuan-1017"  # noqa: S105 - the demo's own, shown to whoever starts it
_SPARE = dt.timedelta(minutes=5)


def moment_of(text: str) -> dt.datetime:
    """The instant at which clocks in Shanghai show this, such as 2017-10-17 09:30."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@dataclass
class Stage:
    """A platform that runs, its clock, and what was made on it so far."""

    clock: MovableClock
    terminal: Terminal
    client: GraphQLClient = field(init=False)
    ids: dict[str, str] = field(default_factory=dict)
    _tokens: dict[str, tuple[str, dt.datetime]] = field(default_factory=dict)
    _documents: Mapping[str, str] = field(default_factory=documents)

    def move(self, moment: str) -> None:
        """Go on to a moment in Shanghai, such as 2017-10-17 09:30; time never runs back."""
        self.clock.set(max(moment_of(moment), self.clock.now()))

    async def do(self, operation: str, by: str = "", /, **given: object) -> dict[str, Any]:
        """A mutation by somebody, or by nobody who signed in; its payload."""
        token = await self._token(by) if by else ""
        asked = {"requestId": str(new_id()), **given}
        return await self.client.command(self._documents[operation], asked, token=token)

    async def ask(self, operation: str, by: str = "", /, **variables: object) -> dict[str, Any]:
        """A query by somebody, or by anybody; its data."""
        token = await self._token(by) if by else ""
        return await self.client.ask(self._documents[operation], variables, token=token)

    async def pages(
        self, operation: str, path: str, by: str = "", /, **variables: object
    ) -> list[dict[str, Any]]:
        """All nodes of a connection, however many pages it has; the path leads to it by dots."""
        nodes: list[dict[str, Any]] = []
        after: str | None = None
        while True:
            found: Any = await self.ask(operation, by, after=after, **variables)
            for step in path.split("."):
                found = found[step]
            nodes += found["nodes"]
            if not found["pageInfo"]["hasNextPage"]:
                return nodes
            after = found["pageInfo"]["endCursor"]

    async def _token(self, by: str) -> str:
        token, expires_at = self._tokens.get(by, ("", self.clock.now()))
        if self.clock.now() + _SPARE >= expires_at:
            payload = await self.do("SignIn", signInName=by, password=PASSWORD)
            token = payload["token"]
            self._tokens[by] = (token, dt.datetime.fromisoformat(payload["expiresAt"]))
        return token
