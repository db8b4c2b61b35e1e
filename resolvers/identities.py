"""Global ids: opaque outside, the type's name and the row's UUID inside; `node` and `nodes`.

Whoever has a noun tells here how many of it are found at once: `@NODES.finder(Product)`.
"""

import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

import strawberry
from graphql import GraphQLError
from strawberry.types import get_object_definition

from models.kernel.refusals import InvalidValue
from resolvers.scalars import parse_uuid

IDS_AT_MOST: Final = 100
ID_CHARACTERS: Final = 200


def global_id(kind: str, uuid: UUID) -> strawberry.ID:
    """The id by which clients know a thing."""
    raw = f"{kind}:{uuid}".encode()
    return strawberry.ID(base64.urlsafe_b64encode(raw).rstrip(b"=").decode())


def opened(text: str) -> tuple[str, UUID] | None:
    """The type's name and the UUID in a global id; None if it is not one of ours."""
    if len(text) > ID_CHARACTERS:
        return None
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        kind, _, uuid = raw.decode("ascii").partition(":")
        return kind, parse_uuid(uuid)
    except (ValueError, GraphQLError):
        return None


def uuid_of(text: str, kind: str, *, path: str = "id") -> UUID:
    """The UUID in a global id of this kind; refuses with InvalidValue at `path`."""
    found = opened(text)
    if found is None or found[0] != kind:
        raise InvalidValue(path=path, reason="not_an_id")
    return found[1]


@strawberry.interface(description="有全局编号的事物。Whatever has a global id.")
class Node:
    """Relay's own interface; a noun hands its UUID to the constructor first."""

    uuid: strawberry.Private[UUID]

    # Plain: it reads nothing but the row, so that it is read like an attribute.
    @strawberry.field(
        description="全局编号，不透明。The global id, opaque.", metadata={"plain": True}
    )
    def id(self) -> strawberry.ID:
        return global_id(kind_of(type(self)), self.uuid)


Noun = TypeVar("Noun", bound=Node)
Find = Callable[[Any, Sequence[UUID]], Awaitable[Mapping[UUID, Node]]]


def kind_of(noun: type[Node]) -> str:
    """The name of a type in the schema."""
    definition = get_object_definition(noun, strict=True)
    return definition.name


class Registry:
    """How the nouns of the schema are found by their ids, many at once."""

    def __init__(self) -> None:
        self._finders: dict[str, Find] = {}

    def finder(self, noun: type[Noun]) -> Callable[[Find], Find]:
        """Declare how nouns of a type are found.

        The finder is given the context and UUIDs, and gives only those that the asker may see.
        """
        kind = kind_of(noun)
        assert kind not in self._finders, f"{kind} has two finders"

        def declare(find: Find) -> Find:
            self._finders[kind] = find
            return find

        return declare

    async def find(self, context: object, ids: Sequence[str]) -> list[Node | None]:
        """The nouns in the order of the ids; None where there is none for the asker."""
        keys = [opened(text) for text in ids]
        found: dict[tuple[str, UUID], Node] = {}
        for kind, find in self._finders.items():
            wanted = list(dict.fromkeys(key[1] for key in keys if key and key[0] == kind))
            if wanted:
                nouns = await find(context, wanted)
                found |= {(kind, uuid): noun for uuid, noun in nouns.items()}
        return [found.get(key) if key else None for key in keys]


NODES: Final = Registry()


@strawberry.type(description="按编号查找。Finding by id.")
class NodeQuery:
    """The part of Query that finds by global ids; Query derives from it."""

    @strawberry.field(description="按全局编号查找一个事物。The thing with this global id.")
    async def node(
        self,
        info: strawberry.Info,
        *,
        id: Annotated[  # noqa: A002 - Relay's name
            strawberry.ID, strawberry.argument(description="全局编号。Its global id.")
        ],
    ) -> Node | None:
        return (await NODES.find(info.context, [id]))[0]

    @strawberry.field(
        description="按全局编号查找多个事物，次序不变。The things with these global ids, in order.",
        metadata={"at_most": IDS_AT_MOST},
    )
    async def nodes(
        self,
        info: strawberry.Info,
        *,
        ids: Annotated[
            list[strawberry.ID],
            strawberry.argument(
                description=f"全局编号，最多 {IDS_AT_MOST} 个。Global ids, {IDS_AT_MOST} at most."
            ),
        ],
    ) -> list[Node | None]:
        if len(ids) > IDS_AT_MOST:
            raise GraphQLError(
                f"At most {IDS_AT_MOST} ids are found at once.", extensions={"code": "BAD_PAGE"}
            )
        return await NODES.find(info.context, ids)
