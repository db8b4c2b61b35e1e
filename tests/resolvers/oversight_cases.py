"""The mutations of oversight, ready to be tried."""

from sqlalchemy import update

from models.kernel import jobs
from models.kernel.database import Database, Transaction
from models.kernel.jobs import Job, JobKind, JobState
from resolvers.identities import global_id
from tests.clients import Case, Clients, Ready

FORGOTTEN = JobKind("forgotten")


async def retry_job(database: Database, clients: Clients) -> Ready:
    async def leave_a_dead_letter(transaction: Transaction) -> object:
        job_id = await jobs.enqueue(transaction, FORGOTTEN)
        await transaction.execute(
            update(Job).where(Job.id == job_id).values(state=JobState.DEAD, attempts=12)
        )
        return job_id

    job_id = await database.transact(leave_a_dead_letter)
    return Ready(clients.administrator, {"jobId": global_id("Job", job_id)})  # type: ignore[arg-type] # enqueued, so there is one


CASES = (Case("retryJob", retry_job),)
