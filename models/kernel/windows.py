"""A window on a list, by the ids at its edges (keyset), never by counting rows from the start.

Ids are in the order of time, so a list by falling id is the newest first and a row that comes or
goes meanwhile moves no other from one page to the next (law 10).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnExpressionArgument, Row, Select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

LONGEST = 100


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of a list in its order; `has_more` tells whether it goes on in the direction asked."""

    rows: Sequence[Row[*tuple[Any, ...]]]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Window:
    """At most `limit` rows after and before the given ids; the last of them when `backwards`."""

    limit: int = 50
    after: UUID | None = None
    before: UUID | None = None
    backwards: bool = False

    async def rows(
        self,
        connection: AsyncConnection,
        statement: Select[*tuple[Any, ...]],
        id_column: InstrumentedAttribute[UUID],
    ) -> Page:
        """The rows of the statement that the window shows, by falling id."""
        assert 0 < self.limit <= LONGEST
        edges: list[ColumnExpressionArgument[bool]] = []
        if self.after is not None:
            edges.append(id_column < self.after)
        if self.before is not None:
            edges.append(id_column > self.before)
        order = id_column.asc() if self.backwards else id_column.desc()
        found = (
            await connection.execute(statement.where(*edges).order_by(order).limit(self.limit + 1))
        ).all()
        shown = found[: self.limit]
        return Page(shown[::-1] if self.backwards else shown, has_more=len(found) > self.limit)
