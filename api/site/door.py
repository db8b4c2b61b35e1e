"""The one way from a page to the API: in this process, but by the same steps as over HTTP."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from graphql import GraphQLSchema
from starlette.requests import Request

from api.endpoint.errors import OperationRefusedError
from api.endpoint.graphql import MakeContext
from api.endpoint.operations import Asker, Operations
from api.endpoint.wire import Operation
from api.site.languages import Language

Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer, `{data errors}`, and the headers that come with it."""

    body: Answer
    headers: Sequence[tuple[str, str]]


class Door(Protocol):
    """What answers the documents of the pages."""

    @property
    def schema(self) -> GraphQLSchema:
        """What the documents are checked against."""
        ...

    async def execute(self, request: Request, asked: Operation, language: Language) -> Answered:
        """Run a query or a mutation as whoever sent the request."""
        ...

    def subscribe(
        self, request: Request, asked: Operation, language: Language
    ) -> AsyncGenerator[Answer, None]:
        """The answers of a subscription, one an event."""
        ...


class SpokenTo(Asker, Protocol):
    """A context whose language the page may choose, for a page keeps it in a cookie."""

    language: Language


C = TypeVar("C", bound=SpokenTo)


class InProcess(Generic[C]):
    """Asks the endpoint's own operations, with a context of its own for each."""

    def __init__(self, operations: Operations[C], make_context: MakeContext[C]) -> None:
        self._operations = operations
        self._make_context = make_context
        self.schema = operations.core

    async def execute(self, request: Request, asked: Operation, language: Language) -> Answered:
        """Run a query or a mutation; what cannot begin is answered with its errors too."""
        async with self._make_context(request, {}) as context:
            context.language = language
            try:
                chosen = self._operations.choose(asked)
                body: Answer = await self._operations.answer(chosen, asked, context)
            except OperationRefusedError as refused:
                body = refused.body
            return Answered(body, tuple(context.response_headers))

    async def subscribe(
        self, request: Request, asked: Operation, language: Language
    ) -> AsyncGenerator[Answer, None]:
        """The events of a subscription; one that cannot begin, or breaks, ends with its errors."""
        async with self._make_context(request, {}) as context:
            context.language = language
            try:
                chosen = self._operations.choose(asked)
                async with aclosing(
                    await self._operations.events(chosen, asked, context)
                ) as bodies:
                    async for body in bodies:
                        yield body
            except OperationRefusedError as refused:
                yield refused.body
