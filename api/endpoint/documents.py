"""Documents that were read, measured and validated before cost nothing the second time.

Whoever sends a text that is already known skips the parser, the limits and the validator. The store
is bounded in entries and in bytes, and forgets what was used longest ago; a text that was refused
is not kept.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    Node,
    OperationDefinitionNode,
    OperationType,
    StringValueNode,
    Visitor,
    parse,
    specified_rules,
    validate,
    visit,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from api.endpoint.errors import OperationRefusedError, not_begun
from api.endpoint.limits import Limits, Measure, limit_exceeded, measure

RULES: Final = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)
BYTES_A_CHARACTER: Final = 200  # what a syntax tree weighs, measured with tracemalloc
COMMENTS_AT_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Chosen:
    """One operation of a known document."""

    document: DocumentNode
    operation: OperationDefinitionNode
    measure: Measure

    @property
    def kind(self) -> OperationType:
        return self.operation.operation

    @property
    def counted_as(self) -> str:
        """Its kind and first field: a name of the schema's, so that there are only so many."""
        first = self.operation.selection_set.selections[0]
        return f"{self.kind.value}.{first.name.value if isinstance(first, FieldNode) else '...'}"


class Documents:
    """The documents of one schema, by their text."""

    def __init__(
        self,
        schema: GraphQLSchema,
        limits: Limits,
        *,
        entries: int = 1_000,
        stored_bytes: int = 32_000_000,
    ) -> None:
        self._schema = schema
        self._limits = limits
        self._entries = entries
        self._stored_bytes = stored_bytes
        self._known: OrderedDict[str, Mapping[str | None, Chosen]] = OrderedDict()
        self._weight = 0

    def __contains__(self, text: str) -> bool:
        return text in self._known

    def __len__(self) -> int:
        return len(self._known)

    def choose(self, text: str, name: str | None, variables: Mapping[str, object]) -> Chosen:
        """The operation of that name (or the only one), ready to run with these variables."""
        operations = self._known.get(text)
        if operations is None:
            operations = self._read(text)
            self._keep(text, operations)
        else:
            self._known.move_to_end(text)
        chosen = operations.get(name)
        if name is None and len(operations) == 1:
            chosen = next(iter(operations.values()))
        if chosen is None:
            message = "Which operation?" if name is None else "There is no operation of that name."
            raise not_begun([GraphQLError(message)], "OPERATION_NOT_FOUND")
        self._afford(chosen, variables)
        return chosen

    def _afford(self, chosen: Chosen, variables: Mapping[str, object]) -> None:
        # The stored cost takes every page size in a variable for the largest.
        if chosen.measure.cost <= self._limits.cost:
            return
        exact = measure(
            self._schema,
            chosen.document,
            chosen.operation,
            limits=self._limits,
            variables=variables,
        )
        if exact.cost > self._limits.cost:
            raise _too_much(limit_exceeded("cost", self._limits.cost, exact.cost))

    def _keep(self, text: str, operations: Mapping[str | None, Chosen]) -> None:
        self._known[text] = operations
        self._weight += len(text) * BYTES_A_CHARACTER
        while len(self._known) > self._entries or self._weight > self._stored_bytes:
            oldest, _ = self._known.popitem(last=False)
            self._weight -= len(oldest) * BYTES_A_CHARACTER

    def _read(self, text: str) -> Mapping[str | None, Chosen]:
        document = self._parse(text)
        operations = [
            definition
            for definition in document.definitions
            if isinstance(definition, OperationDefinitionNode)
        ]
        if len(operations) > self._limits.operations:
            raise _too_much(limit_exceeded("operations", self._limits.operations, len(operations)))
        measures = [self._measure(document, operation) for operation in operations]
        errors = validate(
            self._schema,
            document,
            RULES,
            max_errors=self._limits.validation_errors,
            hide_suggestions=True,
        )
        if errors:
            raise not_begun(errors, "GRAPHQL_VALIDATION_FAILED")
        return {
            operation.name.value if operation.name else None: Chosen(document, operation, found)
            for operation, found in zip(operations, measures, strict=True)
        }

    def _parse(self, text: str) -> DocumentNode:
        if len(text) > self._limits.document_characters:
            raise _too_much(
                limit_exceeded("characters", self._limits.document_characters, len(text))
            )
        try:
            document = parse(text, max_tokens=self._limits.tokens, max_comments=COMMENTS_AT_MOST)
        except GraphQLError as error:
            if f"more than {self._limits.tokens} tokens" in error.message:
                raise _too_much(limit_exceeded("tokens", self._limits.tokens)) from error
            raise not_begun([error], "GRAPHQL_PARSE_FAILED") from error
        if "\\u" in text or "\0" in text:
            visit(document, _NoNulCharacter())
        return document

    def _measure(self, document: DocumentNode, operation: OperationDefinitionNode) -> Measure:
        try:
            found = measure(self._schema, document, operation, limits=self._limits)
        except GraphQLError as error:
            raise _too_much(error) from error
        if errors := list(found.excesses(self._limits)):
            raise _too_much(*errors)
        return found


class _NoNulCharacter(Visitor):
    """PostgreSQL holds no NUL in a text, so none may reach it."""

    def enter_string_value(self, node: StringValueNode, *_path: Node) -> None:
        if "\0" in node.value:
            raise not_begun([GraphQLError("A text holds a NUL character.", node)], "BAD_TEXT", 400)


def _too_much(*errors: GraphQLError) -> OperationRefusedError:
    return not_begun(errors, "LIMIT_EXCEEDED", 400)
