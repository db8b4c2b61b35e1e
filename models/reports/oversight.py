"""What those who oversee the platform read, each within their area (domain §5), and the figures.

The public sees the figures; offices see the alerts of their divisions; who runs the platform sees
its jobs and lets a given-up one be tried again.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, cast, distinct, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from models import alerts
from models.donations.gifts import Donation, DonationState
from models.funds.draws import Draw, DrawState
from models.funds.fund import Fund, FundStanding
from models.kernel import jobs
from models.kernel.database import Transaction
from models.kernel.divisions import NATION
from models.kernel.jobs import JobState
from models.kernel.money import Fen
from models.kernel.paging import Keyset, Page
from models.parties import Actor, Role
from models.parties.rights import in_division
from models.procurement.attribution import VillageBenefit
from models.procurement.orders import Order

READING_ALERTS = in_division(
    Role.FUND_MANAGER,
    Role.FINANCE,
    Role.DISTRICT_REVIEWER,
    Role.AUDITOR,
    Role.ADMINISTRATOR,
)
RUNNING = in_division(Role.ADMINISTRATOR)


@dataclass(frozen=True, slots=True)
class Figures:
    """What the platform has done so far; amounts in fen."""

    fund_count: int
    below_floor_count: int
    donated_fen: Fen
    paid_out_fen: Fen
    order_count: int
    accepted_fen: Fen
    village_count: int


async def retry_job(transaction: Transaction, actor: Actor, *, job_id: UUID) -> UUID:
    """Let a job that was given up be tried again.

    Refuses with NotPermitted unless an administrator of the whole platform asks, NotFound,
    WrongState when the job was not given up.
    """
    RUNNING.require(actor, division_code=NATION)
    await jobs.retry(transaction, actor.person_id, job_id=job_id)
    return job_id


async def figures(connection: AsyncConnection) -> Figures:
    """The figures of this moment, each from one statement over rows that are final."""

    async def one(statement: Any) -> int:
        return int((await connection.execute(statement)).scalar_one() or 0)

    def total(column: Any) -> Any:
        return cast(func.sum(column), BigInteger)

    return Figures(
        fund_count=await one(select(func.count()).select_from(Fund)),
        below_floor_count=await one(
            select(func.count())
            .select_from(FundStanding)
            .where(FundStanding.below_floor_id.is_not(None))
        ),
        donated_fen=Fen(
            await one(
                select(total(Donation.amount_fen)).where(Donation.state == DonationState.RECEIVED)
            )
        ),
        paid_out_fen=Fen(
            await one(select(total(Draw.amount_fen)).where(Draw.state == DrawState.PAID))
        ),
        order_count=await one(select(func.count()).select_from(Order)),
        accepted_fen=Fen(await one(select(total(VillageBenefit.amount_fen)))),
        village_count=await one(select(func.count(distinct(VillageBenefit.village_code)))),
    )


async def alerts_for(
    connection: AsyncConnection, actor: Actor, keyset: Keyset, *, is_open: bool | None
) -> Page[Any]:
    """The alerts of the divisions the actor serves, the newest first."""
    served = [grant.division_code for grant in actor.grants if grant.role in READING_ALERTS.roles]
    return await alerts.alerts(connection, keyset, division_codes=served, is_open=is_open)


async def jobs_for(
    connection: AsyncConnection, actor: Actor, keyset: Keyset, *, state: JobState | None
) -> Page[Any]:
    """The platform's jobs, the newest first. Refuses with NotPermitted as `retry_job` does."""
    RUNNING.require(actor, division_code=NATION)
    return await jobs.jobs(connection, keyset, state=state)
