"""A page of a list is found by the keys at its edges (keyset), never by counting rows (law 10).

So the thousandth page costs what the first does, and a row that comes or goes meanwhile moves no
other from one page to the next. The keys of a list end with one that is unique, and all rise or
all fall, so that the database compares them as one value and reads one range of an index.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import ColumnElement, Row, Select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.elements import Tuple

PAGE_SIZE: Final = 20
PAGE_SIZE_AT_MOST: Final = 100

Item = TypeVar("Item")
Key = InstrumentedAttribute[Any] | ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Rows of a list in its order; `has_more` tells whether it goes on in the direction asked."""

    rows: Sequence[Item]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Keyset:
    """At most `limit` rows after and before the given keys; the last of them when `backwards`."""

    limit: int = PAGE_SIZE
    after: tuple[Any, ...] | None = None
    before: tuple[Any, ...] | None = None
    backwards: bool = False

    def __post_init__(self) -> None:
        assert 0 <= self.limit <= PAGE_SIZE_AT_MOST

    def narrow(
        self, statement: Select[*tuple[Any, ...]], *keys: Key, falling: bool = False
    ) -> Select[*tuple[Any, ...]]:
        """The statement for this page and one row more; it must not be ordered or limited yet."""
        assert keys
        if self.after is not None:
            statement = statement.where(_beyond(keys, self.after, falling=falling))
        if self.before is not None:
            statement = statement.where(_beyond(keys, self.before, falling=not falling))
        order = [key.desc() if falling is not self.backwards else key.asc() for key in keys]
        return statement.order_by(*order).limit(self.limit + 1)

    def page(self, found: Sequence[Item]) -> Page[Item]:
        """What the narrowed statement found, in the order of the list and without the row more."""
        shown = found[: self.limit]
        return Page(shown[::-1] if self.backwards else shown, has_more=len(found) > self.limit)

    async def rows(
        self,
        connection: AsyncConnection,
        statement: Select[*tuple[Any, ...]],
        *keys: Key,
        falling: bool = False,
    ) -> Page[Row[Any]]:
        """The rows of the statement on this page, by the keys, rising or falling."""
        narrowed = self.narrow(statement, *keys, falling=falling)
        return self.page((await connection.execute(narrowed)).all())


def _beyond(keys: Sequence[Key], values: tuple[Any, ...], *, falling: bool) -> ColumnElement[bool]:
    assert len(keys) == len(values)
    here: Tuple = tuple_(*keys)
    there: Tuple = tuple_(*values, types=[key.type for key in keys])
    return here < there if falling else here > there
