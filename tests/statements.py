"""Which statements a piece of work sends to its database, so that their number can be told."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from models.kernel.database import Database


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """The statements that are sent meanwhile, but for the beginnings and ends of transactions."""
    sent: list[str] = []

    def remember(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            sent.append(statement)

    engines = [database._writer.sync_engine, database._reader.sync_engine]
    for engine in engines:
        event.listen(engine, "before_cursor_execute", remember)
    try:
        yield sent
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", remember)
