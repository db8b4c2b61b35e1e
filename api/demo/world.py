"""The demo world on one database: made from the start, kept, and known again.

A note beside the keys says which database holds a demo world and whether it is finished. Only a
database with such a note, or an empty one, is ever written over.
"""

import contextlib
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from api.settings import Environment, Settings, load
from models.kernel.database import Database
from models.kernel.migrating import erase, is_empty

# Raised whenever the data or the acts change: a finished world of another edition is made anew.
EDITION = 1


class CannotShowError(Exception):
    """The demo cannot be shown here and now; the message says why, and what would do."""


def settings_of_demo(settings: Settings, *, once: bool, has_port: bool) -> Settings:
    """The settings of the demo: a folder of its own, and one process that does everything.

    A demo that is shown once leaves the one that people visit alone, and where no port was asked
    for takes any. Raises CannotShowError.
    """
    if settings.is_production or settings.has_stripe:
        raise CannotShowError(
            "the demo invents people and pays in the payment sandbox:"
            " it runs neither in production nor with STRIPE_SECRET_KEY"
        )
    return load(
        environment=Environment.DEMO,
        run_folder=settings.run_folder / ("demo-once" if once else "demo"),
        host=settings.host,
        port=0 if once and not has_port else settings.port,
        sandbox_url="",
        worker_in_process=True,
        worker_poll_seconds=0.2,
        log_level="error",
    )


class World:
    """What is known of the demo world of the settings' database."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.run_folder
        mark = hashlib.sha256(settings.database.encode()).hexdigest()[:12]
        self._note = self._folder / f"world-{mark}.json"

    def ids(self) -> dict[str, str] | None:
        """The global ids of what the world holds, if it is finished."""
        note = self._read()
        if note.get("edition") != EDITION or not note.get("finished"):
            return None
        ids: dict[str, str] = note["ids"]
        return ids

    async def clear(self, database: Database) -> None:
        """Empty the database for a world to be made in it. Raises CannotShowError."""
        if not self._note.exists() and not await is_empty(database):
            raise CannotShowError(
                "the database of DATABASE_URL holds something else; give the demo an empty one"
            )
        self._write({"edition": EDITION, "finished": False})
        (self._folder / "sandbox.sqlite3").unlink(missing_ok=True)
        await erase(database)

    def finish(self, ids: dict[str, str]) -> None:
        """The world is whole."""
        self._write({"edition": EDITION, "finished": True, "ids": ids})

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else makes or shows this world meanwhile. Raises CannotShowError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._note.with_suffix(".lock").open("w") as lock:
            _take(lock.fileno())
            yield

    def _read(self) -> dict[str, Any]:
        try:
            note: dict[str, Any] = json.loads(self._note.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return note

    def _write(self, note: dict[str, Any]) -> None:
        _replace(self._note, json.dumps(note, ensure_ascii=False, indent=1))


def _take(descriptor: int) -> None:
    try:
        import fcntl  # noqa: PLC0415 - it does not exist for Windows
    except ImportError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise CannotShowError("another process shows this demo world, or is making it") from error


def _replace(path: Path, text: str) -> None:
    written = path.with_suffix(".new")
    written.write_text(text, encoding="utf-8")
    written.replace(path)
