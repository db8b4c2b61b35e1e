"""An executor that reads plain attributes plainly.

Most of an answer are leaves that have neither resolver nor argument: an attribute of the row, made
into JSON by its scalar. graphql-core spends a path, an info and several questions on each; here
they are read at once. Whatever is not that simple, or goes wrong, takes the way of graphql-core,
so that errors are its errors: `tests/api/endpoint/test_executor.py` compares the two.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
    is_leaf_type,
)
from graphql.execution.collect_fields import GroupedFieldSet
from graphql.pyutils import AwaitableOrValue, Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

TYPENAME: Final = "__typename"


@dataclass(frozen=True, slots=True)
class Leaf:
    """A field that is an attribute, and what writes its value."""

    attribute: str
    write: Callable[[Any], Any]
    nullable: bool


Leaves = Mapping[str, Mapping[str, Leaf]]


def leaves(schema: GraphQLSchema) -> Leaves:
    """The leaves of each object type by the name of their field."""
    return {
        kind.name: {
            name: leaf for name, field in kind.fields.items() if (leaf := _leaf(field)) is not None
        }
        for kind in schema.type_map.values()
        if isinstance(kind, GraphQLObjectType)
    }


def _leaf(field: GraphQLField) -> Leaf | None:
    kind = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
    definition = field.extensions.get("strawberry-definition")
    # Strawberry marks the resolver it gives to a field that has none of its own.
    plain = getattr(field.resolve, "_is_default", False)
    if not is_leaf_type(kind) or field.args or not plain or definition is None:
        return None
    if definition.default_resolver is not getattr:
        return None
    return Leaf(
        attribute=definition.python_name,
        write=kind.coerce_output_value,
        nullable=not isinstance(field.type, GraphQLNonNull),
    )


class LeafExecutor(StrawberryGraphQLCoreExecutionContext):
    """Strawberry's executor, with the leaves of the schema known beforehand."""

    def __init__(self, *arguments: Any, leaves: Leaves, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._leaves = leaves

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: GroupedFieldSet,
        position_context: Any,
    ) -> AwaitableOrValue[dict[str, Any]]:
        """Read the leaves; leave the other fields to graphql-core."""
        known = self._leaves[parent_type.name]
        read: dict[str, Any] = {}
        others: GroupedFieldSet = {}
        for response_name, details in grouped_field_set.items():
            node = details[0].node
            leaf = known.get(node.name.value)
            if leaf is not None and not node.arguments:
                value = self._read(leaf, source_value)
            elif node.name.value == TYPENAME:
                value = parent_type.name
            else:
                value = Undefined
            if value is Undefined:
                others[response_name] = details
            read[response_name] = value
        if not others:
            return read
        rest = super().execute_fields(parent_type, source_value, path, others, position_context)
        if isinstance(rest, dict):
            return _merged(read, rest)
        return _merged_later(read, rest)

    def _read(self, leaf: Leaf, source: Any) -> Any:
        """The value of a leaf, or Undefined where graphql-core has to say what is wrong."""
        try:
            value = getattr(source, leaf.attribute)
            if value is None:
                return None if leaf.nullable else Undefined
            if self.is_awaitable(value):
                return Undefined
            written = leaf.write(value)
        except Exception:  # noqa: BLE001 - it happens again, and is told, in graphql-core
            return Undefined
        return Undefined if written is None else written


def _merged(read: dict[str, Any], rest: Mapping[str, Any]) -> dict[str, Any]:
    """Both in the order in which they were asked for; a field that does not exist has no value."""
    read.update(rest)
    return {name: value for name, value in read.items() if value is not Undefined}


async def _merged_later(read: dict[str, Any], rest: Awaitable[Mapping[str, Any]]) -> dict[str, Any]:
    return _merged(read, await rest)
