"""Lists as Relay connections, by opaque cursors that hold the keys of a row.

A cursor is base64url of JSON: its version, the name of its list and the key values. It is not
signed, because it carries nothing but where to go on: scope is asked anew on every page, and what
does not read as the keys of that very list is refused as BAD_CURSOR.
"""

import base64
import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Generic, TypeVar
from uuid import UUID

import orjson
import strawberry
from graphql import GraphQLError

from models.kernel.paging import PAGE_SIZE, PAGE_SIZE_AT_MOST, Keyset, Page
from resolvers.scalars import parse_date, parse_instant, parse_uuid, write_instant

VERSION: Final = 1
CURSOR_CHARACTERS: Final = 500
WIDEST_INTEGER: Final = 2**63 - 1
NOT_A_CURSOR: Final = "This is not a cursor of this list."

Node = TypeVar("Node")
Row = TypeVar("Row")

First = Annotated[
    int | None,
    strawberry.argument(
        description=(
            f"取前几条，最多 {PAGE_SIZE_AT_MOST} 条，默认 {PAGE_SIZE} 条。How many from the start."
        )
    ),
]
After = Annotated[
    str | None,
    strawberry.argument(description="取这个游标之后的。Only what comes after this cursor."),
]
Last = Annotated[
    int | None,
    strawberry.argument(
        description=f"取末尾几条，最多 {PAGE_SIZE_AT_MOST} 条。How many from the end."
    ),
]
Before = Annotated[
    str | None,
    strawberry.argument(description="取这个游标之前的。Only what comes before this cursor."),
]


@strawberry.type(description="这一页的位置。Where this page lies in its list.")
class PageInfo:
    """Relay's own type."""

    has_next_page: bool = strawberry.field(description="后面还有。Whether there is more after it.")
    has_previous_page: bool = strawberry.field(
        description="前面还有。Whether there is more before it."
    )
    start_cursor: str | None = strawberry.field(
        description="本页第一条的游标；空页为 null。The cursor of the first row."
    )
    end_cursor: str | None = strawberry.field(
        description="本页最后一条的游标；空页为 null。The cursor of the last row."
    )


@strawberry.type(description="列表中的一条及其位置。A row of a list and its place.")
class Edge(Generic[Node]):
    """Relay's own type."""

    node: Node = strawberry.field(description="这一条。The row itself.")
    cursor: str = strawberry.field(description="它的位置。Its place, to go on from.")


@strawberry.type(description="列表的一页。A page of a list.")
class Connection(Generic[Node]):
    """Relay's own type, with the nodes beside the edges."""

    _nodes: strawberry.Private[list[Any]]
    _cursors: strawberry.Private[Callable[[int], str]]
    _count: strawberry.Private[Callable[[], Awaitable[int]] | None]
    _has_next: strawberry.Private[bool]
    _has_previous: strawberry.Private[bool]

    @strawberry.field(description="本页各条及其位置。The rows of this page with their places.")
    def edges(self) -> list[Edge[Node]]:
        return [
            Edge(node=node, cursor=self._cursors(index)) for index, node in enumerate(self._nodes)
        ]

    @strawberry.field(description="本页各条。The rows of this page.")
    def nodes(self) -> list[Node]:
        return self._nodes

    @strawberry.field(description="这一页的位置。Where this page lies in its list.")
    def page_info(self) -> PageInfo:
        return PageInfo(
            has_next_page=self._has_next,
            has_previous_page=self._has_previous,
            start_cursor=self._cursors(0) if self._nodes else None,
            end_cursor=self._cursors(len(self._nodes) - 1) if self._nodes else None,
        )

    @strawberry.field(
        description="列表共有几条；不清点的列表为 null。The length of the whole list, if counted."
    )
    async def total_count(self) -> int | None:
        return await self._count() if self._count else None


@dataclass(frozen=True, slots=True)
class Listing:
    """A list that is paged: its name, and the types of the keys its order goes by."""

    name: str
    keys: tuple[type, ...]

    def keyset(
        self, *, first: int | None, after: str | None, last: int | None, before: str | None
    ) -> Keyset:
        """What the model is asked for; GraphQLError with BAD_PAGE or BAD_CURSOR."""
        if first is not None and last is not None:
            raise _refused("BAD_PAGE", "Give first or last, not both.")
        limit = first if last is None else last
        if limit is not None and not 0 <= limit <= PAGE_SIZE_AT_MOST:
            raise _refused("BAD_PAGE", f"A page has from 0 to {PAGE_SIZE_AT_MOST} rows.")
        return Keyset(
            limit=PAGE_SIZE if limit is None else limit,
            after=None if after is None else self.decode(after),
            before=None if before is None else self.decode(before),
            backwards=last is not None,
        )

    def connection(
        self,
        page: Page[Row],
        keyset: Keyset,
        *,
        node: Callable[[Row], Node],
        key: Callable[[Row], tuple[Any, ...]],
        count: Callable[[], Awaitable[int]] | None = None,
    ) -> Connection[Node]:
        """A page of the model as a connection; `count` runs only when the length is asked for."""
        return Connection(
            _nodes=[node(row) for row in page.rows],
            _cursors=lambda index: self.encode(key(page.rows[index])),
            _count=count,
            _has_next=keyset.before is not None if keyset.backwards else page.has_more,
            _has_previous=page.has_more if keyset.backwards else keyset.after is not None,
        )

    def encode(self, values: tuple[Any, ...]) -> str:
        """The cursor of the row with these keys."""
        assert len(values) == len(self.keys)
        written = [
            write_instant(value)
            if isinstance(value, dt.datetime)
            # asyncpg gives a kind of UUID of its own, which orjson does not know.
            else str(value)
            if isinstance(value, UUID)
            else value
            for value in values
        ]
        raw = orjson.dumps([VERSION, self.name, *written])
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    def decode(self, cursor: str) -> tuple[Any, ...]:
        """The keys in a cursor of this list."""
        try:
            version, name, *values = _opened(cursor)
            keys = tuple(
                _READERS[kind](value) for kind, value in zip(self.keys, values, strict=True)
            )
        except (ValueError, TypeError, GraphQLError) as error:
            raise _refused("BAD_CURSOR", NOT_A_CURSOR) from error
        if version != VERSION or name != self.name:
            raise _refused("BAD_CURSOR", NOT_A_CURSOR)
        return keys


def _opened(cursor: str) -> list[object]:
    if len(cursor) > CURSOR_CHARACTERS:
        raise ValueError(cursor)
    raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    values = orjson.loads(raw)
    if not isinstance(values, list):
        raise TypeError(cursor)
    return values


def _read_integer(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= WIDEST_INTEGER:
        return value
    raise ValueError(value)


def _read_text(value: object) -> str:
    if isinstance(value, str) and "\0" not in value:
        return value
    raise ValueError(value)


_READERS: Final[Mapping[type, Callable[[object], Any]]] = {
    int: _read_integer,
    str: _read_text,
    dt.datetime: parse_instant,
    dt.date: parse_date,
    UUID: parse_uuid,
}


def _refused(code: str, message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": code})
