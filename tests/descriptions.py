"""What of a schema has no description: asked of the sample schema and of the real one."""

from collections.abc import Iterator, Mapping

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    is_introspection_type,
    is_specified_directive,
    is_specified_scalar_type,
)


def undescribed(schema: GraphQLSchema) -> list[str]:
    """The coordinates of every type, field, argument, input field and enum value without one."""
    return sorted(name for name, text in _described(schema) if not (text or "").strip())


def _described(schema: GraphQLSchema) -> Iterator[tuple[str, str | None]]:
    for directive in schema.directives:
        if not is_specified_directive(directive):
            yield f"@{directive.name}", directive.description
            yield from _arguments(f"@{directive.name}", directive.args)
    for kind in schema.type_map.values():
        if not is_introspection_type(kind) and not is_specified_scalar_type(kind):
            yield kind.name, kind.description
            yield from _members(kind)


def _members(kind: GraphQLNamedType) -> Iterator[tuple[str, str | None]]:
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        for name, output in kind.fields.items():
            yield f"{kind.name}.{name}", output.description
            yield from _arguments(f"{kind.name}.{name}", output.args)
    elif isinstance(kind, GraphQLInputObjectType):
        for name, given in kind.fields.items():
            yield f"{kind.name}.{name}", given.description
    elif isinstance(kind, GraphQLEnumType):
        for name, value in kind.values.items():
            yield f"{kind.name}.{name}", value.description


def _arguments(
    owner: str, arguments: Mapping[str, GraphQLArgument]
) -> Iterator[tuple[str, str | None]]:
    for name, argument in arguments.items():
        yield f"{owner}({name}:)", argument.description
