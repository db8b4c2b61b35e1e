"""What transactions announced, brought to whoever watches: subscriptions, pages, the worker.

In one process the database object itself tells; between processes PostgreSQL does (LISTEN). What
a watcher gets is only that something changed, so that any number of changes is one tick: a slow
watcher costs one flag and never grows a queue.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Self
from uuid import UUID

import structlog

from models.kernel.database import NO_SUBJECT, WORK_TOPIC, Database

log = structlog.get_logger(__name__)

CHANNEL = "yuanliu"
_RELAY_PAUSE_SECONDS = 0.05
_PROOF_OF_LIFE_SECONDS = 20.0
_FIRST_WAIT_SECONDS = 0.1
_LONGEST_WAIT_SECONDS = 10.0


class Watch:
    """Ticks of one subject; ends when the announcements are closed."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()
        self._closed = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> None:
        await self._changed.wait()
        if self._closed:
            raise StopAsyncIteration
        self._changed.clear()

    def tick(self) -> None:
        """Something has changed."""
        self._changed.set()

    def close(self) -> None:
        """There will be no more ticks."""
        self._closed = True
        self._changed.set()


class Announcements:
    """The watchers of one process, and the line to the other processes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._watches: defaultdict[tuple[str, UUID], set[Watch]] = defaultdict(set)
        self._left_work = asyncio.Event()
        self._closed = False
        database.listeners.append(self._hear)

    @asynccontextmanager
    async def watch(self, topic: str, subject_id: UUID) -> AsyncIterator[AsyncIterator[None]]:
        """Ticks when the subject changed; nothing is missed once entered, bursts may be joined."""
        watch = Watch()
        if self._closed:
            watch.close()
        self._watches[topic, subject_id].add(watch)
        try:
            yield watch
        finally:
            self._watches[topic, subject_id].discard(watch)
            if not self._watches[topic, subject_id]:
                del self._watches[topic, subject_id]

    def close(self) -> None:
        """End every watch, now and from now on: the process is stopping."""
        self._closed = True
        if self._hear in self._database.listeners:
            self._database.listeners.remove(self._hear)
        for watches in list(self._watches.values()):
            for watch in list(watches):
                watch.close()

    async def run(self) -> None:
        """Keep the line to the other processes, until cancelled; on SQLite there are none."""
        if self._database.dialect == "sqlite":
            return
        wait_seconds = _FIRST_WAIT_SECONDS
        while True:
            try:
                async with asyncio.timeout(_PROOF_OF_LIFE_SECONDS):
                    connection = await self._connect()
                wait_seconds = _FIRST_WAIT_SECONDS
                try:
                    await self._relay(connection)
                finally:
                    with suppress(Exception):
                        connection.terminate()
            except Exception as error:  # noqa: BLE001 - whatever broke the line, it is made anew
                log.warning("announcements.interrupted", error=type(error).__name__)
            await asyncio.sleep(wait_seconds)
            wait_seconds = min(wait_seconds * 2, _LONGEST_WAIT_SECONDS)

    async def _connect(self) -> Any:
        import asyncpg  # noqa: PLC0415 - the embedded default never needs it

        url = self._database.url.set(drivername="postgresql")
        connection = await asyncpg.connect(url.render_as_string(hide_password=False))
        await connection.add_listener(CHANNEL, self._hear_from_afar)
        # Whatever was said while nobody listened may concern anybody.
        for watches in self._watches.values():
            for watch in watches:
                watch.tick()
        return connection

    async def _relay(self, connection: Any) -> None:
        """Pass on that work was left, a burst at once, and see that the line still stands."""
        said = f"{WORK_TOPIC}:{NO_SUBJECT}:{self._database.origin}"
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_PROOF_OF_LIFE_SECONDS):
                    await self._left_work.wait()
            if self._left_work.is_set():
                self._left_work.clear()
                asking = connection.execute("SELECT pg_notify($1, $2)", CHANNEL, said)
            else:
                asking = connection.execute("SELECT 1")
            async with asyncio.timeout(_PROOF_OF_LIFE_SECONDS):
                await asking
            await asyncio.sleep(_RELAY_PAUSE_SECONDS)

    def _hear(self, topic: str, subject_id: UUID) -> None:
        if topic == WORK_TOPIC:
            self._left_work.set()
        self._tick(topic, subject_id)

    def _hear_from_afar(self, _connection: Any, _pid: int, _channel: str, payload: str) -> None:
        topic, _, rest = payload.partition(":")
        subject, _, origin = rest.partition(":")
        if origin == str(self._database.origin):
            return
        try:
            subject_id = UUID(subject)
        except ValueError:
            log.warning("announcements.unreadable", length=len(payload))
            return
        self._tick(topic, subject_id)

    def _tick(self, topic: str, subject_id: UUID) -> None:
        for watch in self._watches.get((topic, subject_id), ()):
            watch.tick()
