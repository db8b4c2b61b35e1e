"""Everything a worker of this platform does, in one list."""

from api.worker import Work
from models.funds import floor, fund
from models.kernel import sweeping
from models.kernel.runs import in_transaction
from models.ledger import sealing


def all_work() -> Work:
    """Handlers by kind of job, schedules, and who applies the events of a source."""
    return Work(
        handlers={
            sealing.SEAL_BOOKS: sealing.seal_books,
            sweeping.SWEEP: sweeping.handle_sweep,
            fund.ACTIVATE_FLOOR: in_transaction(floor.activate_due),
            floor.WATCH_DUE_DATE: in_transaction(floor.watch_due_date),
        },
        schedules=(sealing.EVERY_TEN_MINUTES, sweeping.NIGHTLY),
    )
