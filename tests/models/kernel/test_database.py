"""Transactions commit whole or not at all, on both engines."""

from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from models.kernel import audit, requests
from models.kernel.audit import AuditEntry
from models.kernel.database import Database, Transaction
from models.kernel.ids import new_id
from models.kernel.migrating import configuration, is_migrated, newest_revision
from tests.databases import count


async def test_a_new_database_is_at_the_newest_revision(database: Database) -> None:
    assert await is_migrated(database)


def test_the_newest_revision_is_the_head_of_all_revisions() -> None:
    scripts = ScriptDirectory.from_config(configuration())

    assert newest_revision() == scripts.get_current_head()


async def test_a_database_without_any_table_is_not_migrated(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/empty.sqlite3")

    assert not await is_migrated(database)

    await database.close()


async def test_an_exception_undoes_everything(database: Database) -> None:
    async def fail(transaction: Transaction) -> None:
        await audit.record(transaction, None, act="tried", subject="test", subject_id=new_id())
        raise LookupError

    with pytest.raises(LookupError):
        await database.transact(fail)

    assert await count(database, AuditEntry) == 0


@pytest.mark.parametrize("act", ["UPDATE audit_entries SET act = 'x'", "DELETE FROM audit_entries"])
async def test_audit_rows_cannot_be_changed_by_raw_sql(database: Database, act: str) -> None:
    await database.transact(
        lambda transaction: audit.record(
            transaction, None, act="done", subject="test", subject_id=new_id()
        )
    )

    with pytest.raises(DBAPIError, match="append-only"):
        await database.transact(lambda transaction: transaction.execute(text(act)))

    assert await count(database, AuditEntry) == 1


async def test_the_same_request_gets_the_first_answer_and_another_content_is_refused(
    database: Database,
) -> None:
    request_id, first, second = new_id(), new_id(), new_id()

    async def claim(answer_id: object, quantity: int) -> object:
        return await database.transact(
            lambda transaction: requests.claim(
                transaction,
                request_id=request_id,
                operation="placeOrder",
                actor_id=None,
                content={"quantity": quantity, "note": None},
                answer_id=answer_id,  # type: ignore[arg-type] # ids, spelled short here
            )
        )

    assert await claim(first, 1) is None
    assert await claim(second, 1) == first
    with pytest.raises(requests.RequestReused) as refusal:
        await claim(second, 2)
    assert refusal.value.facts == {"field": "quantity"}
