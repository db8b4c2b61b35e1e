"""How personal data is shown, and the record of who saw it unmasked (law 11).

Masking follows 《信息安全技术 个人信息安全规范》 (GB/T 35273-2020) 7.2: a display is cut to what
the task needs. Whoever sees the whole value leaves a row that nobody can change.
"""

import datetime as dt
from uuid import UUID

from sqlalchemy import Index, String, insert
from sqlalchemy.orm import Mapped, mapped_column

from models.kernel.database import Base, Transaction
from models.kernel.ids import new_id
from models.kernel.sealing import Place

_ID_NUMBER_HEAD = 4
_ID_NUMBER_TAIL = 4
_CARD_TAIL = 4


class PersonalDataRead(Base):
    """One value of one row, shown whole to one person, and what for."""

    __tablename__ = "personal_data_reads"
    __table_args__ = (Index(None, "row_id", "at"), Index(None, "reader_id", "at"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime]
    reader_id: Mapped[UUID]
    table_name: Mapped[str] = mapped_column(String(40))
    column_name: Mapped[str] = mapped_column(String(40))
    row_id: Mapped[UUID]
    purpose: Mapped[str] = mapped_column(String(60))


async def unseal(
    transaction: Transaction, reader_id: UUID, *, sealed: bytes, place: Place, purpose: str
) -> str:
    """The whole value, and the row that says who saw it: without the row there is no value."""
    await transaction.execute(
        insert(PersonalDataRead).values(
            id=new_id(),
            at=transaction.now,
            reader_id=reader_id,
            table_name=place.table,
            column_name=place.column,
            row_id=place.row_id,
            purpose=purpose,
        )
    )
    return transaction.keyring.unseal(sealed, place)


def masked_name(name: str) -> str:
    """The first character alone: 张*."""
    return f"{name[:1]}*"


def masked_card(last_four: str) -> str:
    """A card by its last four digits, which are kept in the clear for this: **** 1234."""
    assert len(last_four) == _CARD_TAIL
    return f"**** {last_four}"


def masked_id_number(number: str) -> str:
    """An id number without its birthday: 3607********1234 keeps four characters at each end."""
    assert len(number) > _ID_NUMBER_HEAD + _ID_NUMBER_TAIL
    hidden = len(number) - _ID_NUMBER_HEAD - _ID_NUMBER_TAIL
    return number[:_ID_NUMBER_HEAD] + "*" * hidden + number[-_ID_NUMBER_TAIL:]
