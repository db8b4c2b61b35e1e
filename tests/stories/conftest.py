"""What the stories share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from models.kernel.clock import MovableClock
from models.kernel.database import Database
from tests.gifts import GiftDesk, gift_desk
from tests.running import Running, running


@pytest.fixture
async def desk(database: Database, clock: MovableClock, tmp_path: Path) -> AsyncIterator[GiftDesk]:
    async with gift_desk(database, clock, tmp_path) as desk:
        yield desk


@pytest.fixture
async def platform(
    database: Database, clock: MovableClock, tmp_path: Path
) -> AsyncIterator[Running]:
    """The platform as it is served, its worker beside it; its books are whole at the end."""
    async with running(database, clock, tmp_path) as platform:
        yield platform
        assert await platform.differences() == []


@pytest.fixture
async def still_platform(
    database: Database, clock: MovableClock, tmp_path: Path
) -> AsyncIterator[Running]:
    """The same without a worker: not a row moves by itself."""
    async with running(database, clock, tmp_path, works=False) as platform:
        yield platform
        assert await platform.differences() == []
