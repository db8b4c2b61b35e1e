"""What a document selects below a field, so that it is fetched with the field and nothing else is.

A fragment is walked once at each place however often it is spread there, so that no document is
dearer to look at than to read.
"""

from collections.abc import Set as AbstractSet
from typing import Any, Final

import strawberry
from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLResolveInfo,
    InlineFragmentNode,
    SelectionSetNode,
)


class Everything(AbstractSet[str]):
    """The selection of one who cannot know it: every path is in it."""

    def __contains__(self, path: object) -> bool:
        return True

    def __iter__(self) -> Any:
        raise TypeError("everything cannot be counted")

    def __len__(self) -> int:
        raise TypeError("everything cannot be counted")


EVERYTHING: Final = Everything()


def selected(info: strawberry.Info[Any, Any], *below: str) -> AbstractSet[str]:
    """The dotted paths that are selected below a field, or below any of its fields `below`.

    `selected(info, "nodes", "edges.node")` gives ``{"name", "supplier", "supplier.name"}``.
    """
    raw: GraphQLResolveInfo[Any] = info._raw_info  # noqa: SLF001 - Strawberry's own walk is exponential
    found: set[str] = set()
    for node in raw.field_nodes:
        _walk(raw, node.selection_set, "", found, set())
    if not below:
        return found
    return {
        path.removeprefix(f"{start}.")
        for start in below
        for path in found
        if path.startswith(f"{start}.")
    }


def below(paths: AbstractSet[str], start: str) -> AbstractSet[str]:
    """The paths that lie below one of the paths."""
    if isinstance(paths, Everything):
        return paths
    return {path.removeprefix(f"{start}.") for path in paths if path.startswith(f"{start}.")}


def _walk(
    raw: GraphQLResolveInfo[Any],
    selection_set: SelectionSetNode | None,
    prefix: str,
    found: set[str],
    walked: set[tuple[str, str]],
) -> None:
    for selection in selection_set.selections if selection_set else ():
        if isinstance(selection, FieldNode):
            path = f"{prefix}{selection.name.value}"
            found.add(path)
            _walk(raw, selection.selection_set, f"{path}.", found, walked)
        elif isinstance(selection, FragmentSpreadNode):
            spread = (selection.name.value, prefix)
            if spread not in walked:
                walked.add(spread)
                fragment = raw.fragments[selection.name.value]
                _walk(raw, fragment.selection_set, prefix, found, walked)
        elif isinstance(selection, InlineFragmentNode):
            _walk(raw, selection.selection_set, prefix, found, walked)
