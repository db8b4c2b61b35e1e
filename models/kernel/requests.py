"""A request is answered once: the same id and content get the first answer (law 5).

The row that claims a request id is the first statement of its transaction and carries the answer,
an id chosen beforehand; a racing twin waits on it and then reads it. Of the content only
fingerprints are kept, one for each input field, so that a refusal can name the field that differs;
they are keyed, for a card or an amount has too few digits for a bare digest to hide it.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, mapped_column

from models.kernel.database import Base, Transaction
from models.kernel.refusals import Refusal


@dataclass(eq=False)
class RequestReused(Refusal):
    """The request id was used before, with another content."""

    field: str


class Request(Base):
    """A mutation that was carried out."""

    __tablename__ = "requests"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    operation: Mapped[str] = mapped_column(String(60))
    actor_id: Mapped[UUID | None]
    fingerprints: Mapped[dict[str, Any]]
    answer_id: Mapped[UUID]
    answered_at: Mapped[dt.datetime]


_PURPOSE = "request"


def _canonical(content: Mapping[str, object]) -> dict[str, bytes]:
    return {
        name: orjson.dumps(value, option=orjson.OPT_SORT_KEYS, default=str)
        for name, value in sorted(content.items())
        if value is not None
    }


async def claim(
    transaction: Transaction,
    *,
    request_id: UUID,
    operation: str,
    actor_id: UUID | None,
    content: Mapping[str, object],
    answer_id: UUID,
) -> UUID | None:
    """Claim a request id for this transaction; the first answer if it was given before, else None.

    Refuses with RequestReused when operation, actor or a field of the content differs.
    """
    fields, keyring = _canonical(content), transaction.keyring
    row = {
        "id": request_id,
        "operation": operation,
        "actor_id": actor_id,
        "fingerprints": {
            name: keyring.fingerprint(_PURPOSE, value) for name, value in fields.items()
        },
        "answer_id": answer_id,
        "answered_at": transaction.now,
    }
    if await transaction.insert_if_free(Request, row, key=("id",)):
        return None
    first = (
        await transaction.execute(
            select(
                Request.operation, Request.actor_id, Request.fingerprints, Request.answer_id
            ).where(Request.id == request_id)
        )
    ).one()
    if (first.operation, first.actor_id) != (operation, actor_id):
        raise RequestReused(field="requestId")
    for name in sorted(first.fingerprints.keys() | fields.keys()):
        kept, value = first.fingerprints.get(name), fields.get(name)
        if kept is None or value is None or not keyring.matches(kept, _PURPOSE, value):
            raise RequestReused(field=name)
    answer: UUID = first.answer_id
    return answer
