"""Personal data is shown in part; whoever sees it whole leaves a row."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from models.kernel import personal_data
from models.kernel.database import Database
from models.kernel.ids import new_id
from models.kernel.personal_data import (
    PersonalDataRead,
    masked_card,
    masked_id_number,
    masked_name,
)
from models.kernel.sealing import Place, SealBrokenError
from tests.databases import KEYRING, count

PLACE = Place("households", "card_number", new_id())


def test_masks_keep_what_identifies_to_its_owner_only() -> None:
    assert masked_name("张三丰") == "张*"
    assert masked_card("4567") == "**** 4567"
    assert masked_id_number("360702198001011234") == "3607**********1234"


async def test_a_whole_value_is_given_with_the_row_that_says_to_whom(database: Database) -> None:
    reader_id, sealed = new_id(), KEYRING.seal("6217000010001234567", PLACE)

    value = await database.transact(
        lambda transaction: personal_data.unseal(
            transaction, reader_id, sealed=sealed, place=PLACE, purpose="settle"
        )
    )

    assert value == "6217000010001234567"
    async with database.read() as connection:
        row = (await connection.execute(select(PersonalDataRead))).one()
    assert (row.reader_id, row.row_id, row.purpose) == (reader_id, PLACE.row_id, "settle")
    assert (row.table_name, row.column_name) == ("households", "card_number")


async def test_a_value_that_does_not_open_leaves_no_row(database: Database) -> None:
    with pytest.raises(SealBrokenError):
        await database.transact(
            lambda transaction: personal_data.unseal(
                transaction,
                new_id(),
                sealed=KEYRING.seal("1", PLACE),
                place=Place("households", "card_number", new_id()),
                purpose="settle",
            )
        )

    assert await count(database, PersonalDataRead) == 0


@pytest.mark.parametrize(
    "act", ["UPDATE personal_data_reads SET purpose = 'x'", "DELETE FROM personal_data_reads"]
)
async def test_the_record_of_reads_cannot_be_changed(database: Database, act: str) -> None:
    sealed = KEYRING.seal("1", PLACE)
    await database.transact(
        lambda transaction: personal_data.unseal(
            transaction, new_id(), sealed=sealed, place=PLACE, purpose="settle"
        )
    )

    with pytest.raises(DBAPIError, match="append-only"):
        await database.transact(lambda transaction: transaction.execute(text(act)))
