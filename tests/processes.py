"""The command line in processes of their own, as whoever runs the platform starts it."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path


def clean(folder: Path) -> dict[str, str]:
    """A clean environment with a run folder of its own."""
    kept = {"PATH", "HOME", "LANG", "PYTHONPATH"}
    inherited = {name: value for name, value in os.environ.items() if name in kept}  # noqa: TID251 - the shell's own
    return inherited | {"YUANLIU_RUN_FOLDER": str(folder), "PYTHONWARNINGS": "default"}


def run(
    environment: Mapping[str, str], *arguments: str, typed: str = ""
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "api", *arguments],
        env=dict(environment),
        input=typed,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@asynccontextmanager
async def started(
    environment: Mapping[str, str], *arguments: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "api",
        *arguments,
        env=dict(environment),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def address_of(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(60):
        line = (await process.stdout.readline()).decode()
    found = re.search(r"http://\S+", line)
    assert found, line
    return found[0]
