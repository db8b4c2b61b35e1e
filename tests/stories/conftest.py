"""What the stories share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from models.kernel.clock import MovableClock
from models.kernel.database import Database
from tests.gifts import GiftDesk, gift_desk


@pytest.fixture
async def desk(database: Database, clock: MovableClock, tmp_path: Path) -> AsyncIterator[GiftDesk]:
    async with gift_desk(database, clock, tmp_path) as desk:
        yield desk
