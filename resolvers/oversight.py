"""What is overseen: today's figures for everybody, alerts for offices, jobs for who runs it."""

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import strawberry

from models.alerts import AlertKind
from models.kernel.jobs import JobState
from models.kernel.money import Fen
from models.reports import oversight
from resolvers.context import REQUEST_ID, Info
from resolvers.enumerations import described
from resolvers.identities import Node, uuid_of
from resolvers.paging import After, Before, Connection, First, Last, Listing
from resolvers.refusals import Fact, Refused

ALERTS = Listing("alerts", (UUID,))
JOBS = Listing("jobs", (UUID,))

AlertKinds = described(
    AlertKind,
    "预警的类别。What an alert tells of.",
    {
        AlertKind.FUND_UNDER_FLOOR: "基金低于底线。A fund is below its floor.",
        AlertKind.REPLENISHMENT_OVERDUE: "限时补充逾期。A replenishment is overdue.",
        AlertKind.PAYMENT_OVERDUE: "付款逾期。A payment is overdue.",
        AlertKind.SCHEDULE_LATE: "定时任务未按时运行。A schedule did not run in time.",
        AlertKind.JOB_GIVEN_UP: "后台任务已放弃。A job was given up.",
    },
)
JobStates = described(
    JobState,
    "后台任务的状态。Where a job is.",
    {
        JobState.WAITING: "等待。Waits for its time.",
        JobState.RUNNING: "进行中。Held by a worker.",
        JobState.DONE: "已完成。Done.",
        JobState.DEAD: "已放弃，等人处理。Given up: a dead letter.",
    },
)


@strawberry.type(description="今日数字：平台至今所做。What the platform has done so far.")
class Figures:
    """Public figures."""

    fund_count: int = strawberry.field(description="基金个数。How many funds there are.")
    below_floor_count: int = strawberry.field(description="低于底线的基金。Below their floor.")
    donated_fen: Fen = strawberry.field(description="收到的捐赠，分。Gifts received, in fen.")
    paid_out_fen: Fen = strawberry.field(description="已到户的救助，分。Relief paid out, in fen.")
    order_count: int = strawberry.field(description="订单数。How many orders were placed.")
    accepted_fen: Fen = strawberry.field(
        description="验收并计入产地村的金额，分。What villages have gained by purchases, in fen."
    )
    village_count: int = strawberry.field(description="受益村数。How many villages gained by them.")


@strawberry.type(description="预警。A finding raised by a rule, open until it is over.")
class Alert(Node):
    """An alert."""

    kind: AlertKind = strawberry.field(description="类别。What it tells of.")
    subject: str = strawberry.field(description="涉及的事物，如 fund。What it is about.")
    division_code: str = strawberry.field(description="所在区划代码。Where, by code.")
    opened_at: dt.datetime = strawberry.field(description="发现时间。Since when.")
    closed_at: dt.datetime | None = strawberry.field(description="解除时间。When it was over.")
    facts: list[Fact] = strawberry.field(
        description="规则所见的事实。What the rule saw.", metadata={"at_most": 10}
    )


@strawberry.type(description="后台任务，不含内容。A job, without what it carries.")
class Job(Node):
    """A job."""

    kind: str = strawberry.field(description="种类。Its kind.")
    state: JobState = strawberry.field(description="状态。Where it is.")
    attempts: int = strawberry.field(description="已试次数。How often it was tried.")
    due_at: dt.datetime = strawberry.field(description="应开始时间。When it may begin.")
    created_at: dt.datetime = strawberry.field(description="产生时间。When it was left.")
    finished_at: dt.datetime | None = strawberry.field(description="结束时间。When it ended.")
    error: str | None = strawberry.field(description="最近一次错误。What went wrong last.")


@strawberry.input(description="重试任务。Retrying a job.")
class RetryJobInput:
    """What retrying a job takes."""

    request_id: UUID = strawberry.field(description=REQUEST_ID)
    job_id: strawberry.ID = strawberry.field(description="哪个任务。The job.")


@strawberry.type(description="已安排重试。It will be tried again.")
class RetryJobPayload:
    """The job that will be tried again."""

    job_id: strawberry.ID = strawberry.field(description="任务。The job.")


RetryJobResult = Annotated[
    RetryJobPayload | Refused,
    strawberry.union("RetryJobResult", description="重试的结果。Tried again, or refused."),
]


def _alert(row: Any) -> Alert:
    return Alert(
        uuid=row.id,
        kind=row.kind,
        subject=row.subject,
        division_code=row.division_code,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        facts=_facts(row.facts),
    )


def _facts(facts: Mapping[str, object]) -> list[Fact]:
    return [Fact(name=name, value=str(value)) for name, value in facts.items()]


def _job(row: Any) -> Job:
    return Job(
        uuid=row.id,
        kind=row.kind,
        state=row.state,
        attempts=row.attempts,
        due_at=row.due_at,
        created_at=row.created_at,
        finished_at=row.finished_at,
        error=row.error,
    )


@strawberry.type(description="监督。Oversight.")
class OversightQuery:
    """The part of Query about oversight; Query derives from it."""

    @strawberry.field(description="今日数字。What the platform has done so far.")
    async def figures(self, info: Info) -> Figures:
        async with info.context.read() as connection:
            found = await oversight.figures(connection)
        return Figures(**dataclasses.asdict(found))

    @strawberry.field(description="本人区划内的预警，新的在前。Alerts of the asker's divisions.")
    async def alerts(  # noqa: PLR0917 - Relay's four, and the filter
        self,
        info: Info,
        open: Annotated[  # noqa: A002 - the name that clients know
            bool | None, strawberry.argument(description="只看未解除（或已解除）。Open or closed.")
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Alert]:
        keyset = ALERTS.keyset(first=first, after=after, last=last, before=before)
        async with info.context.read() as connection:
            page = await oversight.alerts_for(connection, info.context.actor, keyset, is_open=open)
        return ALERTS.connection(page, keyset, node=_alert, key=lambda row: (row.id,))

    @strawberry.field(description="后台任务（平台管理员），新的在前。The platform's jobs.")
    async def jobs(  # noqa: PLR0917 - Relay's four, and the filter
        self,
        info: Info,
        state: Annotated[
            JobState | None, strawberry.argument(description="只看此状态。Of this state.")
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Job]:
        keyset = JOBS.keyset(first=first, after=after, last=last, before=before)
        async with info.context.read() as connection:
            page = await oversight.jobs_for(connection, info.context.actor, keyset, state=state)
        return JOBS.connection(page, keyset, node=_job, key=lambda row: (row.id,))


@strawberry.type(description="监督。Oversight.")
class OversightMutation:
    """The part of Mutation that concerns oversight; Mutation derives from it."""

    @strawberry.mutation(description="重试已放弃的任务（平台管理员）。Try a dead letter again.")
    async def retry_job(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the name that clients know
            RetryJobInput, strawberry.argument(description="重试什么。What is tried again.")
        ],
    ) -> RetryJobResult:
        context = info.context
        await context.write(
            info.field_name,
            input,
            lambda transaction, job_id: oversight.retry_job(
                transaction, context.actor, job_id=job_id
            ),
            answer_id=uuid_of(input.job_id, "Job", path="jobId"),
        )
        return RetryJobPayload(job_id=input.job_id)
