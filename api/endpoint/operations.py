"""One operation from its text to its answer, whatever carried it here: HTTP, a socket, a page.

graphql-core is called directly, so that a document from the store is neither parsed nor validated
again and errors of a request (400) are told from errors of a field (200). Strawberry's schema
extensions and a schema's own executor would be passed over, so a schema with either is refused.
"""

from collections.abc import AsyncGenerator, Awaitable, Mapping, MutableSequence
from contextlib import aclosing
from typing import Any, Final, Generic, Protocol, Self, TypeGuard, TypeVar

import structlog
from graphql import ExecutionResult, GraphQLError, GraphQLSchema
from graphql.execution import (
    Executor,
    create_source_event_stream,
    execute_subscription_event,
    map_source_to_response_event,
)
from graphql.pyutils import AwaitableOrValue
from strawberry import Schema
from strawberry.execution.is_awaitable import optimized_is_awaitable
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from api.endpoint.documents import Chosen, Documents
from api.endpoint.errors import Body, OperationRefusedError, formatted, not_begun
from api.endpoint.executor import PlainExecutor, plain_fields
from api.endpoint.limits import Limits
from api.endpoint.wire import Operation
from models.kernel.refusals import Refusal
from resolvers.refusals import refused
from resolvers.sentences import Language

log = structlog.get_logger(__name__)

MASKED: Final[Mapping[Language, str]] = {
    "zh": "系统出错了，请稍后再试；联系我们时请报出编号。",
    "en": "Something went wrong on our side. Quote the request id when you contact us.",
}


class Asker(Protocol):
    """What the context of every operation offers to the endpoint, whatever else it holds."""

    @property
    def request_id(self) -> str:
        """Names this request in the log and in a masked error."""
        ...

    @property
    def language(self) -> Language:
        """The language of sentences."""
        ...

    @property
    def may_introspect(self) -> bool:
        """Whether the asker may read the schema itself."""
        ...

    @property
    def response_headers(self) -> MutableSequence[tuple[str, str]]:
        """Headers that resolvers add to an HTTP answer, such as a cookie."""
        ...

    def renewed(self) -> Self:
        """The same asker with nothing remembered: each event of a stream is read afresh."""
        ...


C = TypeVar("C", bound=Asker)


class Operations(Generic[C]):
    """Runs operations on one schema."""

    def __init__(self, schema: Schema, limits: Limits | None = None) -> None:
        own_executor = schema.execution_context_class is not StrawberryGraphQLCoreExecutionContext
        if schema.extensions or schema.directives or own_executor:
            raise ValueError("The endpoint runs no schema extensions, directives or executors.")
        self.core: GraphQLSchema = schema._schema  # noqa: SLF001 - no public way to it exists
        self.limits = limits or Limits()
        self.documents = Documents(self.core, self.limits)
        self._plain_fields = plain_fields(self.core)

    def choose(self, asked: Operation) -> Chosen:
        """The operation, read, measured and validated, or OperationRefusedError."""
        return self.documents.choose(asked.query, asked.name, asked.variables)

    async def answer(self, chosen: Chosen, asked: Operation, context: C) -> Body:
        """Run a query or a mutation; OperationRefusedError if it cannot begin."""
        result = self._executor(chosen, asked, context).execute_operation()
        if not isinstance(result, ExecutionResult):
            result = await result  # type: ignore[misc]  # incremental delivery is not enabled
        assert isinstance(result, ExecutionResult)
        return self._body(result, context)

    async def events(
        self, chosen: Chosen, asked: Operation, context: C
    ) -> AsyncGenerator[Body, None]:
        """Open a subscription; OperationRefusedError if it cannot begin, or later if it breaks."""
        executor = self._executor(chosen, asked, context)
        opened = create_source_event_stream(executor)
        source = await opened if isinstance(opened, Awaitable) else opened
        if isinstance(source, ExecutionResult):
            body = self._body(source, context)
            del body["data"]
            raise OperationRefusedError(body)

        def answer_event(event: Executor[C]) -> AwaitableOrValue[ExecutionResult]:
            event.context_value = context.renewed()
            return execute_subscription_event(event)

        return self._bodies(map_source_to_response_event(executor, source, answer_event), context)

    async def _bodies(self, results: Any, context: C) -> AsyncGenerator[Body, None]:
        async with aclosing(results) as stream:
            try:
                async for result in stream:
                    yield self._body(result, context)
            except Exception as error:
                told = self.present(GraphQLError("", original_error=error), context)
                raise OperationRefusedError({"errors": [told]}) from error

    def _executor(self, chosen: Chosen, asked: Operation, context: C) -> Executor[C]:
        if chosen.measure.introspects and not context.may_introspect:
            error = GraphQLError("The schema may not be read without signing in.")
            raise not_begun([error], "INTROSPECTION_REFUSED", 403)
        built = PlainExecutor.build(
            self.core,
            chosen.document,
            context_value=context,
            raw_variable_values=dict(asked.variables),
            operation_name=chosen.operation.name.value if chosen.operation.name else None,
            is_awaitable=_is_awaitable,
            max_coercion_errors=self.limits.validation_errors,
            hide_suggestions=True,
            plain_fields=self._plain_fields,
        )
        if isinstance(built, list):
            raise not_begun(built, "BAD_USER_INPUT")
        return built

    def _body(self, result: ExecutionResult, context: C) -> Body:
        body: Body = {}
        if result.errors:
            body["errors"] = [self.present(error, context) for error in result.errors]
        body["data"] = result.data
        return body

    def unexpected(self, error: Exception, request_id: str, language: Language = "zh") -> Body:
        """Log what nobody foresaw; the client gets its number and no more."""
        log.error("graphql.unexpected", request_id=request_id, exc_info=error)
        extensions = {"code": "INTERNAL_ERROR", "requestId": request_id}
        return {"message": MASKED[language], "extensions": extensions}

    def present(self, error: GraphQLError, context: C) -> Body:
        """An error as the asker may see it: what is not ours or GraphQL's own is masked."""
        original: BaseException | None = error.original_error
        while isinstance(original, GraphQLError):
            original = original.original_error
        if original is None:
            return formatted(error, error.message, {"code": "BAD_USER_INPUT"})
        bare = GraphQLError("", error.nodes, path=error.path)
        if isinstance(original, Refusal):
            told = refused(original, context.language)
            facts = {fact.name: fact.value for fact in told.facts}
            return formatted(bare, told.message, {"code": told.code, "facts": facts})
        assert isinstance(original, Exception)
        masked = self.unexpected(original, context.request_id, context.language)
        return {**formatted(bare, "", {}), **masked}


def _is_awaitable(value: Any) -> TypeGuard[Awaitable[Any]]:
    return optimized_is_awaitable(value)
