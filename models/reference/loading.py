"""Bring a table to what a committed file says, touching only the rows that differ.

A load never deletes: other rows may refer to a fact, and a district may have added its own. A fact
that no longer holds is given its last day in the file.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from sqlalchemy import (
    Integer,
    String,
    Table,
    Text,
    bindparam,
    column,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from models.kernel.database import Base, Transaction

EVERYTHING = "*"
_BATCH_ROWS = 20_000


class ReferenceLoad(Base):
    """Which version of a reference file the database holds, and how much of it."""

    __tablename__ = "reference_loads"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    scope: Mapped[str] = mapped_column(Text)
    changed_rows: Mapped[int] = mapped_column(Integer)
    loaded_at: Mapped[dt.datetime]


async def recorded(connection: AsyncConnection) -> dict[str, tuple[str, str]]:
    """The digest and the scope that were loaded last, by the name of the file."""
    statement = select(ReferenceLoad.name, ReferenceLoad.sha256, ReferenceLoad.scope)
    return {name: (digest, scope) for name, digest, scope in await connection.execute(statement)}


async def take_turn(transaction: Transaction) -> dict[str, tuple[str, str]]:
    """What is recorded, and nobody else loads until this transaction ends; reading goes on."""
    if transaction.dialect == "postgresql":
        await transaction.execute(
            text(f"LOCK TABLE {ReferenceLoad.__tablename__} IN SHARE ROW EXCLUSIVE MODE")
        )
    return await recorded(transaction.connection)


async def record(
    transaction: Transaction, name: str, *, sha256: str, scope: str, changed_rows: int
) -> None:
    """Note that the database now holds a file."""
    row = {
        "name": name,
        "sha256": sha256,
        "scope": scope,
        "changed_rows": changed_rows,
        "loaded_at": transaction.now,
    }
    await upsert_changed(transaction, ReferenceLoad, [row])


async def upsert_changed(
    transaction: Transaction, model: type[Base], rows: Iterable[Mapping[str, Any]]
) -> int:
    """Insert the rows that are missing and update those that differ; how many there were.

    Before: all rows have the same columns, the whole primary key among them, each key once.
    """
    table = model.__table__
    assert isinstance(table, Table)
    remaining = iter(rows)
    changed_rows = 0
    while batch := list(islice(remaining, _BATCH_ROWS)):
        if transaction.dialect == "postgresql":
            changed_rows += await _upsert_on_postgresql(transaction, table, batch)
        else:
            changed_rows += await _upsert_on_sqlite(transaction, table, batch)
    return changed_rows


async def _upsert_on_postgresql(
    transaction: Transaction, table: Table, rows: list[Mapping[str, Any]]
) -> int:
    """One statement a batch: an array a column is many times faster than a message a row."""
    columns = [table.c[name] for name in rows[0]]
    arrays = [
        bindparam(part.name, [row[part.name] for row in rows], type_=postgresql.ARRAY(part.type))
        for part in columns
    ]
    given = (
        func.unnest(*arrays)
        .table_valued(*(column(part.name, part.type) for part in columns), name="given")
        .render_derived()
    )
    insert = postgresql.insert(table).from_select([part.name for part in columns], select(*given.c))
    values = {part.name: insert.excluded[part.name] for part in columns if not part.primary_key}
    statement = insert.on_conflict_do_update(
        index_elements=table.primary_key.columns,
        set_=values,
        where=or_(*(table.c[name].is_distinct_from(new) for name, new in values.items())),
    )
    return (await transaction.execute(statement)).rowcount


async def _upsert_on_sqlite(
    transaction: Transaction, table: Table, rows: list[Mapping[str, Any]]
) -> int:
    insert = sqlite.insert(table)
    values = {name: insert.excluded[name] for name in rows[0] if not table.c[name].primary_key}
    statement = insert.on_conflict_do_update(
        index_elements=table.primary_key.columns,
        set_=values,
        where=or_(*(table.c[name].is_distinct_from(new) for name, new in values.items())),
    )
    return (await transaction.execute(statement, rows)).rowcount
