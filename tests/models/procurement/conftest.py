"""A market for every test of procurement, on each engine in turn."""

import pytest

from models.kernel.database import Database
from tests.markets import Market, open_market


@pytest.fixture
async def market(database: Database) -> Market:
    return await open_market(database)
