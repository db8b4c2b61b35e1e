"""The one place that opens and commits a transaction, for SQLite and PostgreSQL alike.

SQLite is written by one connection at a time (BEGIN IMMEDIATE) and read by several in WAL mode;
PostgreSQL writes at READ COMMITTED with explicit locks, taken late and in the order of their keys.
"""

import asyncio
import datetime as dt
import enum
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeVar, TypeVarTuple, overload
from uuid import UUID

import sqlalchemy
from sqlalchemy import BigInteger, CursorResult, Executable, MetaData, Uuid, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import URL, Dialect, make_url
from sqlalchemy.engine.interfaces import IsolationLevel
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.sql.selectable import TypedReturnsRows

from models.kernel.clock import Clock, SystemClock
from models.kernel.ids import new_id
from models.kernel.money import BasisPoints, Fen
from models.kernel.sealing import NO_KEYS, Keyring

Connection = AsyncConnection
Dialects = Literal["postgresql", "sqlite"]
Result = TypeVar("Result")
Columns = TypeVarTuple("Columns")

# serialization_failure, deadlock_detected, lock_not_available, and the server going away
_RETRIED_STATES = frozenset({"40001", "40P01", "55P03", "57P01", "57P02", "57P03"})
_ATTEMPTS = 5

_NOTIFY = sqlalchemy.text(
    "SELECT pg_notify('yuanliu', payload) FROM unnest(CAST(:payloads AS text[])) AS payload"
)

# What the listeners of a database hear when work was left for a worker; it has no subject.
WORK_TOPIC = "work"
NO_SUBJECT = UUID(int=0)


class Instant(sqlalchemy.types.TypeDecorator[dt.datetime]):
    """An aware UTC instant; SQLite, which keeps no zone, holds it as naive UTC."""

    impl = sqlalchemy.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        assert value.tzinfo is not None, "an instant is aware"
        utc = value.astimezone(dt.UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(
        self, value: dt.datetime | None, dialect: Dialect
    ) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if dialect.name == "sqlite" else value


class Base(DeclarativeBase):
    """Every table; types and names of constraints are settled here once."""

    metadata = MetaData(
        naming_convention={
            "ix": "%(table_name)s_%(column_0_N_name)s_index",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ck": "%(table_name)s_%(constraint_name)s_check",
            "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
            "pk": "%(table_name)s_pkey",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        Fen: BigInteger(),
        BasisPoints: sqlalchemy.Integer(),
        UUID: Uuid(),
        dt.datetime: Instant(),
        dict[str, Any]: sqlalchemy.JSON(none_as_null=True).with_variant(
            JSONB(none_as_null=True), "postgresql"
        ),
        enum.Enum: sqlalchemy.Enum(
            enum.Enum,
            native_enum=False,
            length=40,
            values_callable=lambda members: [member.value for member in members],
        ),
    }


@dataclass(slots=True)
class Transaction:
    """One open transaction: its connection, the instant it began, and what it will announce."""

    connection: AsyncConnection
    now: dt.datetime
    dialect: Dialects
    keyring: Keyring
    announcements: list[tuple[str, UUID]] = field(default_factory=list)
    left_work: bool = False

    @overload
    async def execute(
        self,
        statement: TypedReturnsRows[*Columns],
        parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    ) -> CursorResult[*Columns]: ...

    @overload
    async def execute(
        self,
        statement: Executable,
        parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    ) -> CursorResult[*tuple[Any, ...]]: ...

    async def execute(
        self,
        statement: Executable,
        parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    ) -> CursorResult[Any]:
        """Execute a Core statement in this transaction."""
        return await self.connection.execute(statement, parameters)

    async def insert_if_free(
        self,
        table: type["Base"],
        row: Mapping[str, object],
        *,
        key: Sequence[str],
        where: str | None = None,
    ) -> bool:
        """Insert a row unless another one has its key; a racing twin is waited for first.

        Gives whether the row was inserted. `key` are the columns of a unique constraint, or of a
        unique index over the rows `where` something holds, in SQL.
        """
        statement = _insertion_if_free(self.dialect, table, tuple(key), where)
        return (await self.execute(statement, row)).first() is not None

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """What is done inside is undone alone when it raises."""
        kept = len(self.announcements)
        try:
            async with self.connection.begin_nested():
                yield
        except BaseException:
            del self.announcements[kept:]
            raise

    def announce(self, topic: str, subject_id: UUID) -> None:
        """Tell those who watch a subject that it changed, once this transaction has committed."""
        if (topic, subject_id) not in self.announcements:
            self.announcements.append((topic, subject_id))

    def leave_work(self) -> None:
        """Wake the workers once this transaction has committed.

        Heard in this process alone: a NOTIFY in every webhook would queue all commits on one lock.
        Who listens may pass it on to other processes, many at once; a worker also looks by itself.
        """
        self.left_work = True


@functools.cache  # made once: to make a statement is dearer than to ask it
def _insertion_if_free(
    dialect: Dialects, table: type[Base], key: tuple[str, ...], where: str | None
) -> TypedReturnsRows[int]:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    index_where = None if where is None else sqlalchemy.text(where)
    return (
        insert(table)
        .on_conflict_do_nothing(index_elements=key, index_where=index_where)
        .returning(sqlalchemy.literal(1))
    )


class Database:
    """One database: a writing engine, a reading engine, the clock and keys of its transactions."""

    def __init__(
        self,
        url: str,
        *,
        clock: Clock | None = None,
        keyring: Keyring = NO_KEYS,
        pool_size: int = 10,
    ) -> None:
        self.url = database_url(url)
        self.clock = clock or SystemClock()
        self.keyring = keyring
        self.dialect: Dialects = (
            "sqlite" if self.url.get_backend_name() == "sqlite" else "postgresql"
        )
        # Tells this object's own announcements from those of others when they come back.
        self.origin = new_id()
        self.listeners: list[Callable[[str, UUID], None]] = []
        if self.dialect == "sqlite":
            self._writer = _sqlite_engine(self.url, pool_size=1, begin="BEGIN IMMEDIATE")
            self._reader = _sqlite_engine(self.url, pool_size=4, begin=None)
        else:
            self._writer = _postgresql_engine(self.url, pool_size=pool_size)
            self._reader = _postgresql_engine(
                self.url, pool_size=pool_size, isolation_level="AUTOCOMMIT"
            )

    async def transact(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """Run work in one transaction and commit it; an exception rolls all of it back.

        The work is run again, from the start, when the database says that only concurrency or a
        lost connection was in the way; so it must touch nothing but its transaction.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return await self._transact_once(work)
            except DBAPIError as error:
                if attempt == _ATTEMPTS or not is_transient(error):
                    raise
                await asyncio.sleep(0.01 * 2**attempt)
        raise AssertionError("unreachable")

    async def _transact_once(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        async with self._writer.begin() as connection:
            transaction = Transaction(connection, self.clock.now(), self.dialect, self.keyring)
            result = await work(transaction)
            if self.dialect == "postgresql" and transaction.announcements:
                await connection.execute(
                    _NOTIFY,
                    {
                        "payloads": [
                            f"{topic}:{subject_id}:{self.origin}"
                            for topic, subject_id in transaction.announcements
                        ]
                    },
                )
        heard = list(transaction.announcements)
        if transaction.left_work:
            heard.append((WORK_TOPIC, NO_SUBJECT))
        for topic, subject_id in heard:
            for listener in self.listeners:
                listener(topic, subject_id)
        return result

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection for questions; each statement sees what is committed when it runs."""
        async with self._reader.connect() as connection:
            yield connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """A connection for a long question, all of it as of one moment; nothing can be written."""
        async with self._writer.connect() as connection:
            if self.dialect == "postgresql":
                await connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
            yield connection
            await connection.rollback()

    async def close(self) -> None:
        """Give back every connection."""
        await self._writer.dispose()
        await self._reader.dispose()


def database_url(text: str) -> URL:
    """The URL with the driver this project uses, for any spelling of SQLite or PostgreSQL.

    Raises ValueError for another database, or for SQLite in memory.
    """
    url = make_url(text)
    backend = "postgresql" if url.drivername == "postgres" else url.get_backend_name()
    if backend == "sqlite":
        if url.database in (None, "", ":memory:"):
            raise ValueError("SQLite is used as a file: sqlite:///path/to/file")
        return url.set(drivername="sqlite+aiosqlite")
    if backend == "postgresql":
        return url.set(drivername="postgresql+asyncpg")
    raise ValueError(f"Yuanliu runs on SQLite and PostgreSQL, not on {backend}")


def _sqlite_engine(url: URL, *, pool_size: int, begin: str | None) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=60,
        pool_reset_on_return="rollback",
        hide_parameters=True,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: Any, _record: object) -> None:
        # The driver must not begin transactions on its own: the kind of BEGIN is chosen below.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "busy_timeout = 30000",
            *(("query_only = ON",) if begin is None else ()),
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    if begin is not None:

        @event.listens_for(engine.sync_engine, "begin")
        def on_begin(connection: sqlalchemy.Connection) -> None:
            connection.exec_driver_sql(begin)

    return engine


def _postgresql_engine(
    url: URL, *, pool_size: int, isolation_level: IsolationLevel = "READ COMMITTED"
) -> AsyncEngine:
    return create_async_engine(
        url,
        isolation_level=isolation_level,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=False,
        hide_parameters=True,
        connect_args={
            "server_settings": {
                "timezone": "UTC",
                "lock_timeout": "5s",
                "statement_timeout": "60s",
                "idle_in_transaction_session_timeout": "60s",
                "jit": "off",
            }
        },
    )


def is_transient(error: DBAPIError) -> bool:
    """Whether only concurrency or a lost connection was in the way of the work."""
    if error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)
    return state in _RETRIED_STATES
