"""The sandbox's own memory: one SQLite file, one thread, one transaction at a time."""

import asyncio
import json
import secrets
import sqlite3
import string
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from models.kernel.clock import Clock
from webhooks.sandbox.faults import missing

Body = dict[str, Any]
Answer = TypeVar("Answer")

LETTERS = string.ascii_letters + string.digits
SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    created INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (kind, sequence);
CREATE INDEX IF NOT EXISTS objects_by_payment ON objects (json_extract(body, '$.payment_intent'));
CREATE INDEX IF NOT EXISTS sessions_open ON objects (json_extract(body, '$.expires_at'))
    WHERE kind = 'checkout.session' AND json_extract(body, '$.status') = 'open';
CREATE TABLE IF NOT EXISTS answers (
    idempotency_key TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS deliveries (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'held', 'delivered', 'failed', 'dropped')),
    signature TEXT NOT NULL,
    delay_seconds REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    last_answer TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS deliveries_open ON deliveries (sequence)
    WHERE state IN ('waiting', 'held');
CREATE TABLE IF NOT EXISTS faults (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    path TEXT NOT NULL,
    seconds REAL NOT NULL,
    times INTEGER NOT NULL CHECK (times > 0)
) STRICT;
CREATE TABLE IF NOT EXISTS hidden (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS knobs (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""


def new_identity(prefix: str, length: int = 24) -> str:
    """An id in the provider's style."""
    return f"{prefix}_" + "".join(secrets.choice(LETTERS) for _ in range(length))


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a list, newest first."""

    limit: int = 10
    starting_after: str | None = None
    ending_before: str | None = None
    equal: Mapping[str, Any] = field(default_factory=dict)
    created: Mapping[str, int] = field(default_factory=dict)
    event_kinds: tuple[str, ...] = ()


@dataclass
class Books:
    """What one transaction sees and writes."""

    connection: sqlite3.Connection
    now: int
    request_id: str | None = None
    idempotency_key: str | None = None

    def add(self, body: Body) -> None:
        """Keep a new object."""
        self.connection.execute(
            "INSERT INTO objects (id, kind, created, body) VALUES (?, ?, ?, ?)",
            (body["id"], body["object"], body["created"], json.dumps(body)),
        )

    def save(self, body: Body) -> None:
        """Keep an object that has changed."""
        self.connection.execute(
            "UPDATE objects SET body = ? WHERE id = ?", (json.dumps(body), body["id"])
        )

    def find(self, kind: str, identity: str) -> Body | None:
        """The object, if there is one."""
        row = self.connection.execute(
            "SELECT body FROM objects WHERE id = ? AND kind = ?", (identity, kind)
        ).fetchone()
        return None if row is None else _body(row)

    def any(self, identity: str) -> Body | None:
        """The object of this id, of whatever kind."""
        row = self.connection.execute(
            "SELECT body FROM objects WHERE id = ?", (identity,)
        ).fetchone()
        return None if row is None else _body(row)

    def require(self, kind: str, identity: str, *, param: str = "id") -> Body:
        """The object, or the provider's 404."""
        body = self.find(kind, identity)
        if body is None:
            raise missing(kind, identity, param=param)
        return body

    def keep_hidden(self, identity: str, body: Body) -> None:
        """What the API never shows again, but its later acts need."""
        self.connection.execute(
            "INSERT INTO hidden (id, body) VALUES (?, ?)", (identity, json.dumps(body))
        )

    def hidden(self, identity: str) -> Body:
        """See `keep_hidden`."""
        return _body(
            self.connection.execute("SELECT body FROM hidden WHERE id = ?", (identity,)).fetchone()
        )

    def of_payment(self, kind: str, payment_intent: str) -> list[Body]:
        """The objects of one payment, oldest first."""
        rows = self.connection.execute(
            "SELECT body FROM objects WHERE kind = ?"
            " AND json_extract(body, '$.payment_intent') = ? ORDER BY sequence",
            (kind, payment_intent),
        )
        return [_body(row) for row in rows]

    def page(self, kind: str, page: Page) -> tuple[list[Body], bool]:
        """The objects of a page, and whether there are more."""
        conditions = ["kind = ?"]
        values: list[Any] = [kind]
        for name, value in page.equal.items():
            conditions.append(f"json_extract(body, '$.{name}') = ?")
            values.append(value)
        for name, instant in page.created.items():
            conditions.append(f"created {_COMPARISONS[name]} ?")
            values.append(instant)
        if page.event_kinds:
            kinds = " OR ".join("json_extract(body, '$.type') GLOB ?" for _ in page.event_kinds)
            conditions.append(f"({kinds})")
            values.extend(page.event_kinds)
        backwards = page.ending_before is not None
        cursor = page.ending_before or page.starting_after
        if cursor is not None:
            param = "ending_before" if backwards else "starting_after"
            self.require(kind, cursor, param=param)
            conditions.append(_AFTER if backwards else _BEFORE)
            values.append(cursor)
        rows = self.connection.execute(
            f"SELECT body FROM objects WHERE {' AND '.join(conditions)}"  # noqa: S608 - our words
            f" ORDER BY sequence {'ASC' if backwards else 'DESC'} LIMIT ?",
            (*values, page.limit + 1),
        ).fetchall()
        bodies = [_body(row) for row in rows[: page.limit]]
        return (bodies[::-1] if backwards else bodies), len(rows) > page.limit

    def sessions_due(self) -> list[Body]:
        """The open sessions whose time is over."""
        rows = self.connection.execute(
            "SELECT body FROM objects WHERE kind = 'checkout.session'"
            " AND json_extract(body, '$.status') = 'open'"
            " AND json_extract(body, '$.expires_at') <= ?",
            (self.now,),
        )
        return [_body(row) for row in rows]

    def knob(self, name: str, default: Any) -> Any:
        """A setting of the control surface."""
        row = self.connection.execute("SELECT value FROM knobs WHERE name = ?", (name,)).fetchone()
        return default if row is None else json.loads(row[0])

    def turn(self, name: str, value: Any) -> None:
        """Change a setting of the control surface."""
        self.connection.execute(
            "INSERT INTO knobs (name, value) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, json.dumps(value)),
        )


_AFTER = "sequence > (SELECT sequence FROM objects WHERE id = ?)"
_BEFORE = "sequence < (SELECT sequence FROM objects WHERE id = ?)"
_COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def _body(row: tuple[str]) -> Body:
    body: Body = json.loads(row[0])
    return body


class State:
    """The file and the one thread that may touch it."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="payment-sandbox")
        self._connection: sqlite3.Connection | None = None

    async def run(
        self,
        work: Callable[[Books], Answer],
        *,
        request_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> Answer:
        """Do the work in one transaction: whole, or not at all."""

        def transact() -> Answer:
            connection = self._open()
            books = Books(
                connection, int(self._clock.now().timestamp()), request_id, idempotency_key
            )
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                return work(books)

        return await asyncio.get_running_loop().run_in_executor(self._thread, transact)

    async def close(self) -> None:
        """Close the file and end the thread."""

        def close() -> None:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

        await asyncio.get_running_loop().run_in_executor(self._thread, close)
        self._thread.shutdown(wait=False)

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self._path, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.executescript(SCHEMA)
        return self._connection
