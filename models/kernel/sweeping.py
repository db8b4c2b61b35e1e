"""What has been done for long is forgotten, every night; dead letters and events never are."""

import datetime as dt

from models.kernel import jobs, schedules
from models.kernel.database import Transaction
from models.kernel.jobs import HeldJob, JobKind
from models.kernel.runs import in_transaction
from models.kernel.schedules import Schedule

SWEEP = JobKind("sweep")
NIGHTLY = Schedule(
    SWEEP,
    every=dt.timedelta(days=1),
    after_midnight=dt.timedelta(hours=3),
    grace=dt.timedelta(hours=2),
)
KEPT = dt.timedelta(days=30)


async def sweep(transaction: Transaction, _job: HeldJob) -> None:
    """Forget jobs and due times that were done a month ago; the rest of many, right after."""
    await schedules.sweep(transaction, older_than=KEPT)
    if await jobs.sweep(transaction, older_than=KEPT):
        await jobs.enqueue(transaction, SWEEP)


handle_sweep = in_transaction(sweep)
