"""How much one document may ask for, measured in one pass before it is validated or run.

A fragment is measured once however often it is spread, so a short document whose spreads double at
each level costs no more to measure than to read. Cost is the number of field values an answer could
hold at most: a page multiplies what is below it by the rows asked for, any other list by what the
field declares (`metadata={"at_most": 12}`) or else by `Limits.list_size`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from models.kernel.paging import PAGE_SIZE, PAGE_SIZE_AT_MOST

COUNTED_UP_TO: Final = 1_000_000_000
PAGE_SIZE_DIGITS: Final = 3
FORM: Final = ("depth", "fields", "aliases", "directives")
INTROSPECTION: Final = frozenset({"__schema", "__type"})


@dataclass(frozen=True, slots=True)
class Limits:
    """What one document, request or connection may ask for."""

    body_bytes: int = 1_000_000
    document_characters: int = 50_000
    tokens: int = 4_000
    operations: int = 30
    nesting: int = 50
    depth: int = 16
    fields: int = 400
    aliases: int = 50
    directives: int = 50
    cost: int = 50_000
    list_size: int = 100
    json_depth: int = 32
    validation_errors: int = 10
    socket_operations: int = 32


@dataclass(slots=True)
class Measure:
    """The size of a selection with all its fragments spread out."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0
    cost: int = 0
    introspects: bool = False

    def add(self, other: "Measure", *, below: int = 0, times: int = 1) -> None:
        self.depth = max(self.depth, other.depth + below)
        self.fields = min(self.fields + other.fields, COUNTED_UP_TO)
        self.aliases = min(self.aliases + other.aliases, COUNTED_UP_TO)
        self.directives = min(self.directives + other.directives, COUNTED_UP_TO)
        self.cost = min(self.cost + other.cost * times, COUNTED_UP_TO)
        self.introspects = self.introspects or other.introspects

    def excesses(self, limits: Limits) -> Iterator[GraphQLError]:
        """One error for each limit on the form of a document that is passed."""
        for limit in FORM:
            allowed, found = getattr(limits, limit), getattr(self, limit)
            if found > allowed:
                yield limit_exceeded(limit, allowed, found)


def limit_exceeded(limit: str, allowed: int, found: int | None = None) -> GraphQLError:
    """The error that names a limit and the number it allows."""
    facts = {"code": "LIMIT_EXCEEDED", "limit": limit, "allowed": allowed}
    if found is None:
        return GraphQLError(f"More {limit} than the {allowed} allowed.", extensions=facts)
    return GraphQLError(
        f"The document's {limit} is {found}; {allowed} is allowed.",
        extensions={**facts, "found": found},
    )


def measure(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    *,
    limits: Limits,
    variables: Mapping[str, object] | None = None,
) -> Measure:
    """Measure one operation; without variables, a page size in a variable counts as the largest.

    Raises GraphQLError when fragments spread each other in a circle or nesting is too deep.
    """
    return _Ruler(schema, document, operation, limits=limits, variables=variables).measured()


class _Ruler:
    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        *,
        limits: Limits,
        variables: Mapping[str, object] | None,
    ) -> None:
        self._schema = schema
        self._operation = operation
        self._limits = limits
        self._variables = variables
        self._defaults = {
            definition.variable.name.value: definition.default_value
            for definition in operation.variable_definitions or ()
        }
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._measured: dict[str, Measure] = {}
        self._open: set[str] = set()

    def measured(self) -> Measure:
        operation = self._operation
        root = self._schema.get_root_type(operation.operation)
        found = Measure(directives=len(operation.directives or ()))
        found.directives += sum(
            len(definition.directives or ()) for definition in operation.variable_definitions or ()
        )
        found.add(self._selections(operation.selection_set, root, 1))
        return found

    def _selections(
        self, selections: SelectionSetNode, parent: GraphQLNamedType | None, nesting: int
    ) -> Measure:
        if nesting > self._limits.nesting:
            raise limit_exceeded("nesting", self._limits.nesting)
        found = Measure()
        for selection in selections.selections:
            found.directives += len(selection.directives or ())
            if isinstance(selection, FieldNode):
                self._field(selection, parent, nesting=nesting, into=found)
            elif isinstance(selection, FragmentSpreadNode):
                found.add(self._fragment(selection.name.value, nesting + 1))
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                inner = self._schema.get_type(condition.name.value) if condition else parent
                found.add(self._selections(selection.selection_set, inner, nesting + 1))
        return found

    def _field(
        self, node: FieldNode, parent: GraphQLNamedType | None, *, nesting: int, into: Measure
    ) -> None:
        definition = None
        if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType):
            definition = self._schema.get_field(parent, node.name.value)
        introspects = node.name.value in INTROSPECTION
        into.add(Measure(1, 1, 1 if node.alias else 0, cost=1, introspects=introspects))
        if node.selection_set:
            inner = get_named_type(definition.type) if definition else None
            below = self._selections(node.selection_set, inner, nesting + 1)
            into.add(below, below=1, times=self._rows(node, definition, parent))

    def _fragment(self, name: str, nesting: int) -> Measure:
        known = self._measured.get(name)
        if known is not None:
            return known
        if name in self._open:
            raise GraphQLError(
                f"The fragment {name} spreads itself.",
                extensions={"code": "GRAPHQL_VALIDATION_FAILED"},
            )
        definition = self._fragments.get(name)
        if definition is None:
            return Measure()
        self._open.add(name)
        found = Measure(directives=len(definition.directives or ()))
        condition = self._schema.get_type(definition.type_condition.name.value)
        found.add(self._selections(definition.selection_set, condition, nesting))
        self._open.remove(name)
        self._measured[name] = found
        return found

    def _rows(
        self, node: FieldNode, definition: GraphQLField | None, parent: GraphQLNamedType | None
    ) -> int:
        """How often at most the selection below a field appears in its answer."""
        if definition is None or parent is None:
            return 1
        if "first" in definition.args or "last" in definition.args:
            return self._page_size(node)
        listed = is_list_type(get_nullable_type(definition.type))
        # The page size was counted at the connection; introspection has a rule of its own.
        if not listed or parent.name.endswith("Connection") or parent.name.startswith("__"):
            return 1
        declared = definition.extensions.get("strawberry-definition")
        at_most = declared.metadata.get("at_most") if declared is not None else None
        return at_most if isinstance(at_most, int) else self._limits.list_size

    def _page_size(self, node: FieldNode) -> int:
        sizes = [
            self._size(argument.value)
            for argument in node.arguments or ()
            if argument.name.value in {"first", "last"}
        ]
        given = [size for size in sizes if size is not None]
        return min(max(1, *given), PAGE_SIZE_AT_MOST) if given else PAGE_SIZE

    def _size(self, value: ValueNode | None) -> int | None:
        if isinstance(value, IntValueNode):
            digits = value.value
            return PAGE_SIZE_AT_MOST if len(digits) > PAGE_SIZE_DIGITS else int(digits)
        if isinstance(value, VariableNode):
            name = value.name.value
            if self._variables is None:
                return PAGE_SIZE_AT_MOST
            if name not in self._variables:
                return self._size(self._defaults.get(name))
            asked = self._variables[name]
            return asked if isinstance(asked, int) else None
        return None
