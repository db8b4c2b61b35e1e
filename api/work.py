"""Everything a worker of this platform does, in one list."""

from api.worker import Work
from models.kernel import sweeping
from models.ledger import sealing


def all_work() -> Work:
    """Handlers by kind of job, schedules, and who applies the events of a source."""
    return Work(
        handlers={
            sealing.SEAL_BOOKS: sealing.seal_books,
            sweeping.SWEEP: sweeping.handle_sweep,
        },
        schedules=(sealing.EVERY_TEN_MINUTES, sweeping.NIGHTLY),
    )
