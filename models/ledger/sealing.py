"""Books are sealed by a job, never in the path of a posting (law 2): see `models.ledger.seals`."""

import datetime as dt
from functools import partial

from models.kernel.jobs import JobKind
from models.kernel.runs import Run
from models.kernel.schedules import Schedule
from models.ledger.seals import books_to_seal, seal

SEAL_BOOKS = JobKind("seal_books")
EVERY_TEN_MINUTES = Schedule(
    SEAL_BOOKS, every=dt.timedelta(minutes=10), grace=dt.timedelta(minutes=20)
)


async def seal_books(run: Run) -> None:
    """Seal each book that has unsealed journals, one transaction a book.

    Interrupted, it is simply done again: what is sealed by then is not found again.
    """
    async with run.database.read() as connection:
        book_ids = await books_to_seal(connection)
    for book_id in book_ids:
        await run.database.transact(partial(seal, book_id=book_id))
