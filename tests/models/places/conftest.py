"""A database that holds the places of two of the first districts."""

import pytest

from models import places
from models.kernel.database import Database

TWO_DISTRICTS = ("511702", "360734")


@pytest.fixture
async def loaded(database: Database) -> Database:
    await database.transact(
        lambda transaction: places.load_reference(transaction, divisions=TWO_DISTRICTS)
    )
    return database
