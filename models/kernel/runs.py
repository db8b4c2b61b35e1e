"""How a handler does the jobs of a lease: the effect and the completion in one transaction.

A handler that only writes here is one transaction. One that calls another computer makes the call
outside, between transactions, and may be interrupted anywhere: what it does must bear being done
again, by an idempotency key or by looking first (law 5).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from models.kernel import jobs
from models.kernel.database import Database, Transaction
from models.kernel.jobs import HeldJob, Lease

Result = TypeVar("Result")


@dataclass(slots=True)
class Run:
    """One attempt at the jobs of a lease."""

    database: Database
    lease: Lease
    completing: bool = field(default=False, init=False)
    completed: bool = field(default=False, init=False)

    @property
    def jobs(self) -> tuple[HeldJob, ...]:
        """The jobs, as many as the kind allows at a time."""
        return self.lease.jobs

    @property
    def job(self) -> HeldJob:
        """The job, of a kind that is run one at a time."""
        (job,) = self.lease.jobs
        return job

    async def complete(self, work: Callable[[Transaction], Awaitable[Result]]) -> Result:
        """Do the work and complete the jobs, both in one transaction.

        Raises LeaseLost, and keeps nothing, when another worker has taken a job over.
        """

        async def fenced(transaction: Transaction) -> Result:
            await jobs.complete(transaction, self.lease)
            return await work(transaction)

        self.completing = True
        try:
            result = await self.database.transact(fenced)
        finally:
            self.completing = False
        self.completed = True
        return result

    async def extend(self) -> None:
        """Hold the lease for its whole length again. Raises LeaseLost when it is no longer ours."""
        await self.database.transact(lambda transaction: jobs.extend(transaction, self.lease))


Handler = Callable[[Run], Awaitable[None]]


def in_transaction(work: Callable[[Transaction, HeldJob], Awaitable[None]]) -> Handler:
    """A handler whose whole work is one transaction, which completes its job too."""

    async def handle(run: Run) -> None:
        await run.complete(lambda transaction: work(transaction, run.job))

    return handle


def batch_in_transaction(
    work: Callable[[Transaction, tuple[HeldJob, ...]], Awaitable[None]],
) -> Handler:
    """A handler that does several jobs of its kind at once, in one transaction."""

    async def handle(run: Run) -> None:
        await run.complete(lambda transaction: work(transaction, run.jobs))

    return handle
