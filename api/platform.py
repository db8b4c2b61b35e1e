"""What every process of the platform opens: its database, and a worker where it works."""

import asyncio
from collections.abc import Sequence

from api.announcements import Announcements
from api.settings import Settings
from api.worker import Pace, Work, Worker
from models.kernel.clock import Clock
from models.kernel.database import Database
from models.kernel.sealing import Keyring


def open_database(settings: Settings, clock: Clock | None = None) -> Database:
    """The database of the settings; the folder of the embedded default is made."""
    if settings.is_embedded:
        settings.run_folder.mkdir(parents=True, exist_ok=True)
    return Database(
        settings.database,
        clock=clock,
        keyring=Keyring.parse(settings.sealing_key.get_secret_value()),
        pool_size=settings.database_pool_size,
    )


def make_worker(
    settings: Settings, database: Database, announcements: Announcements, work: Work
) -> Worker:
    """A worker of this platform, with the pace of the settings."""
    pace = Pace(
        concurrency=settings.worker_concurrency,
        poll_seconds=settings.worker_poll_seconds,
        event_batch=settings.event_batch,
    )
    return Worker(database, announcements, work, pace=pace)


async def cancelled(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel tasks and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
