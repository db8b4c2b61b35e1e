"""A page is one GraphQL document and one template of the same name in `api/pages`.

The first line of a document is the address of its page, `# /funds/{id}`, or several of them,
`# /r or /r/{code}`; with ` may be empty` after it the page itself shows that nothing was found.
`query Page` feeds the template, every other query is asked with the form on each POST, each
mutation is one button, and `subscription Live` tells the browser when to fetch the page again. The
comment above a mutation says where its success leads: `# then {checkoutUrl} or /donations/{token}`,
names being paths into the answer.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from graphql import (
    FieldNode,
    GraphQLInputType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    is_input_type,
    parse,
    type_from_ast,
    validate,
)

FOLDER: Final = Path(__file__).parents[1] / "pages"
LAYOUT: Final = "layout.graphql"

_ADDRESS = re.compile(r"# (/[^ ]*(?: or /[^ ]*)*)( may be empty)?$")
_THEN = re.compile(r"^# then (.+)\nmutation (\w+)", re.MULTILINE)


class PageInvalidError(Exception):
    """A document of a page that this schema cannot answer: found when the process starts."""


@dataclass(frozen=True, slots=True)
class PageOperation:
    """An operation of a page's document, with the input types of its variables."""

    name: str
    variables: Mapping[str, GraphQLInputType]
    answer_keys: tuple[str, ...]
    then: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PageDocument:
    """A page: where it is, what it asks, what can be done on it."""

    name: str
    paths: tuple[str, ...]
    text: str
    may_be_empty: bool
    page: PageOperation
    questions: Mapping[str, PageOperation]
    mutations: Mapping[str, PageOperation]
    live: PageOperation | None


def load(schema: GraphQLSchema, folder: Path = FOLDER) -> list[PageDocument]:
    """Every page of the folder, checked against the schema."""
    layout = (folder / LAYOUT).read_text(encoding="utf-8")
    return [
        read(schema, file.stem, file.read_text(encoding="utf-8"), layout=layout)
        for file in sorted(folder.glob("*.graphql"))
        if file.name != LAYOUT
    ]


def read(schema: GraphQLSchema, name: str, text: str, *, layout: str) -> PageDocument:
    """One document, or PageInvalidError with everything that is wrong with it."""
    address = _ADDRESS.match(text.partition("\n")[0])
    if address is None:
        raise PageInvalidError(
            f"{name}: the first line is not an address such as `# /funds/{{id}}`"
        )
    whole = f"{text}\n{layout}"
    document = parse(whole)
    errors = validate(schema, document)
    if errors:
        raise PageInvalidError(f"{name}: " + "; ".join(error.message for error in errors))
    targets = {operation: tuple(then.split(" or ")) for then, operation in _THEN.findall(text)}
    found: dict[OperationType, dict[str, PageOperation]] = {kind: {} for kind in OperationType}
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            operation = _operation(schema, definition, targets)
            found[definition.operation][operation.name] = operation
    questions, mutations = found[OperationType.QUERY], found[OperationType.MUTATION]
    without_target = [each.name for each in mutations.values() if not each.then]
    if "Page" not in questions or without_target:
        raise PageInvalidError(f"{name}: no `query Page`, or no `# then` above {without_target}")
    return PageDocument(
        name=name,
        paths=tuple(address[1].split(" or ")),
        text=whole,
        may_be_empty=address[2] is not None,
        page=questions.pop("Page"),
        questions=questions,
        mutations=mutations,
        live=found[OperationType.SUBSCRIPTION].get("Live"),
    )


def _operation(
    schema: GraphQLSchema, node: OperationDefinitionNode, targets: Mapping[str, tuple[str, ...]]
) -> PageOperation:
    assert node.name is not None, "an operation of a page has a name"
    variables: dict[str, GraphQLInputType] = {}
    for definition in node.variable_definitions or ():
        kind = type_from_ast(schema, definition.type)
        assert is_input_type(kind), "validation has seen to it"
        variables[definition.variable.name.value] = kind
    roots = [each for each in node.selection_set.selections if isinstance(each, FieldNode)]
    return PageOperation(
        name=node.name.value,
        variables=variables,
        answer_keys=tuple((root.alias or root.name).value for root in roots),
        then=targets.get(node.name.value, ()),
    )
