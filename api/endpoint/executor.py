"""An executor that reads plain fields plainly.

Most of an answer is plain: an attribute of the row that has neither resolver nor argument, made
into JSON by its scalar, or an object or a list of such. graphql-core spends a path, an info and
several questions on each; here what is read is planned once for each selection of an operation, and
each row goes by the plan. Whatever is not that simple, or goes wrong, takes the way of
graphql-core, so that errors are its errors: `tests/api/endpoint/test_executor.py` compares the two.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

from graphql import (
    GraphQLError,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    Undefined,
    is_leaf_type,
)
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
from graphql.pyutils import AwaitableOrValue, Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types.cast import get_strawberry_type_cast

TYPENAME: Final = "__typename"
# Types of values that are neither awaitable nor exceptions, without asking.
ORDINARY: Final = frozenset({str, int, bool, float})

Make = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Plain:
    """A field that is read from its row alone, and the type of its value."""

    read: Make
    kind: GraphQLOutputType


PlainFields = Mapping[str, Mapping[str, Plain]]


def plain_fields(schema: GraphQLSchema) -> PlainFields:
    """The plain fields of each object type by their names."""
    return {
        kind.name: {name: plain for name, field in kind.fields.items() if (plain := _plain(field))}
        for kind in schema.type_map.values()
        if isinstance(kind, GraphQLObjectType)
    }


def _plain(field: GraphQLField) -> Plain | None:
    definition = field.extensions.get("strawberry-definition")
    if definition is None or field.args or definition.extensions:
        return None
    resolver = definition.base_resolver
    if resolver is None and definition.default_resolver is getattr:
        return Plain(attrgetter(definition.python_name), field.type)
    if resolver is not None and definition.metadata.get("plain"):
        return Plain(resolver.wrapped_func, field.type)
    return None


class NotPlainError(Exception):
    """What was planned does not fit this value: graphql-core has to say what becomes of it."""


class PlainExecutor(StrawberryGraphQLCoreExecutionContext):
    """Strawberry's executor, with the plain fields of the schema known beforehand."""

    def __init__(self, *arguments: Any, plain_fields: PlainFields, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._plain_fields = plain_fields
        # The field set is kept beside its plan, so that its id is not used again.
        self._plans: dict[int, tuple[GroupedFieldSet, Mapping[str, Make | None]]] = {}

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: GroupedFieldSet,
        position_context: Any,
    ) -> AwaitableOrValue[dict[str, Any]]:
        """Read the plain fields; leave the other fields to graphql-core."""
        read: dict[str, Any] = {}
        others: GroupedFieldSet = {}
        for response_name, make in self._plan(parent_type, grouped_field_set).items():
            try:
                value = Undefined if make is None else make(source_value)
            except Exception:  # noqa: BLE001 - it happens again, and is told, in graphql-core
                value = Undefined
            if value is Undefined:
                others[response_name] = grouped_field_set[response_name]
            read[response_name] = value
        if not others:
            return read
        rest = super().execute_fields(parent_type, source_value, path, others, position_context)
        if isinstance(rest, dict):
            return _merged(read, rest)
        return _merged_later(read, rest)

    def _plan(
        self, parent_type: GraphQLObjectType, fields: GroupedFieldSet
    ) -> Mapping[str, Make | None]:
        """How each field is made from the row; None where graphql-core makes it."""
        known = self._plans.get(id(fields))
        if known is None:
            plan = {name: self._field(parent_type, details) for name, details in fields.items()}
            known = self._plans[id(fields)] = fields, plan
        return known[1]

    def _field(self, parent_type: GraphQLObjectType, details: FieldDetailsList) -> Make | None:
        node = details[0].node
        if node.name.value == TYPENAME:
            return lambda _row: parent_type.name
        plain = self._plain_fields[parent_type.name].get(node.name.value)
        if plain is None or node.arguments:
            return None
        complete = self._value(plain.kind, details)
        if complete is None:
            return None
        read = plain.read
        return lambda row: complete(read(row))

    def _value(self, kind: GraphQLOutputType, details: FieldDetailsList) -> Make | None:
        """How a value of the type is completed; None where graphql-core completes it."""
        bare = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        nullable = bare is kind
        if is_leaf_type(bare):
            return self._leaf(bare.coerce_output_value, nullable=nullable)
        if isinstance(bare, GraphQLList):
            return self._list(bare, details, nullable=nullable)
        if isinstance(bare, GraphQLObjectType):
            return self._object(bare, details, nullable=nullable)
        return None

    def _leaf(self, write: Make, *, nullable: bool) -> Make:
        def complete(value: Any) -> Any:
            if value is None and nullable:
                return None
            if type(value) not in ORDINARY:
                self._refuse_extraordinary(value)
            written = write(value)
            if written is None or written is Undefined:
                raise NotPlainError
            return written

        return complete

    def _list(
        self, kind: GraphQLList[Any], details: FieldDetailsList, *, nullable: bool
    ) -> Make | None:
        item = self._value(kind.of_type, details)
        # A directive may stream the list, or be one that is not allowed.
        if item is None or any(detail.node.directives for detail in details):
            return None

        def complete(value: Any) -> Any:
            if type(value) is list:
                return [item(one) for one in value]
            if value is None and nullable:
                return None
            raise NotPlainError

        return complete

    def _object(
        self, kind: GraphQLObjectType, details: FieldDetailsList, *, nullable: bool
    ) -> Make | None:
        try:
            fields, deferred, _ = self.collect_subfields(kind, details)
        except GraphQLError:
            return None
        made = [(name, make) for name, make in self._plan(kind, fields).items() if make]
        if deferred or len(made) < len(fields):
            return None
        origin = kind.extensions["strawberry-definition"].origin

        def complete(value: Any) -> Any:
            if value is None and nullable:
                return None
            if type(value) is not origin or get_strawberry_type_cast(value) is not None:
                if kind.is_type_of is not None:
                    raise NotPlainError
                self._refuse_extraordinary(value)
            return {name: make(value) for name, make in made}

        return complete

    def _refuse_extraordinary(self, value: Any) -> None:
        nothing = value is None or value is Undefined
        if nothing or isinstance(value, Exception) or self.is_awaitable(value):
            raise NotPlainError


def _merged(read: dict[str, Any], rest: Mapping[str, Any]) -> dict[str, Any]:
    """Both in the order in which they were asked for; a field that does not exist has no value."""
    read.update(rest)
    return {name: value for name, value in read.items() if value is not Undefined}


async def _merged_later(read: dict[str, Any], rest: Awaitable[Mapping[str, Any]]) -> dict[str, Any]:
    return _merged(read, await rest)
