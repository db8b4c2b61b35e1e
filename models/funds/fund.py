"""An anti-relapse fund (防返贫基金): its rule, its money and its statement (domain §3).

The rule of a fund is versioned, with its document. By 《通川区防返贫基金管理办法(试行)》 district
finance replenishes within a time limit a fund that has less than 1,000,000 yuan.
Balance is what is posted in the fund's bank and payment-provider accounts; available is what of it
no approved payout holds. Both stand in `fund_standings`, which a trigger of the database moves with
the accounts; `funds.floor` keeps the replenishment call beside it. Sources of money are kept apart.
"""

import datetime as dt
import enum
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    String,
    UniqueConstraint,
    Uuid,
    and_,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from models.kernel import audit, jobs
from models.kernel.clock import business_date, start_of_business_date
from models.kernel.database import Base, Transaction
from models.kernel.ids import derived_id, new_id
from models.kernel.jobs import JobKind
from models.kernel.money import Fen
from models.kernel.paging import Keyset, Page
from models.kernel.refusals import InvalidValue, NotFound
from models.kernel.texts import required
from models.ledger import posting
from models.ledger.books import Side
from models.ledger.posting import NewAccount
from models.parties.memberships import Actor, Role
from models.parties.organisations import Organisation, OrganisationKind
from models.parties.rights import in_division

OPENING = in_division(Role.ADMINISTRATOR)
ACTIVATE_FLOOR = JobKind("activate_floor")
MOST_WORKING_DAYS = 250
_NAME_LENGTH = 120
_DOCUMENT_LENGTH = 120
_RULE_REACH = dt.timedelta(days=3_660)


class Source(enum.StrEnum):
    """Where the money of a fund comes from."""

    DONATION = "donation"
    DISTRICT_FINANCE = "district_finance"
    SUPERIOR_FINANCE = "superior_finance"
    PARTY_FUNDS = "party_funds"
    INTEREST = "interest"
    RETURNED_PAYOUT = "returned_payout"


class Purse(enum.StrEnum):
    """Where the money of a fund lies; the value is the concept of its account in the chart."""

    BANK = "bank_deposits"
    PROVIDER = "other_monetary_funds"


class DonationMethod(enum.StrEnum):
    """How a donor can give to a fund."""

    CARD = "card"
    ALIPAY = "alipay"
    WECHAT_PAY = "wechat_pay"


INCOME_CONCEPTS = {
    Source.DONATION: "donation_income_restricted",
    Source.DISTRICT_FINANCE: "government_subsidy_income_restricted",
    Source.SUPERIOR_FINANCE: "government_subsidy_income_restricted",
    Source.PARTY_FUNDS: "other_income",
    Source.INTEREST: "other_income",
    Source.RETURNED_PAYOUT: "other_income",
}
COST_CONCEPT = "programme_costs"
_ACCOUNTS = (
    (Purse.BANK.value, "银行存款", Side.DEBIT),
    (Purse.PROVIDER.value, "其他货币资金", Side.DEBIT),
    ("donation_income_restricted", "捐赠收入—限定性收入", Side.CREDIT),
    ("government_subsidy_income_restricted", "政府补助收入—限定性收入", Side.CREDIT),
    ("other_income", "其他收入", Side.CREDIT),
    (COST_CONCEPT, "业务活动成本", Side.DEBIT),
)


class Fund(Base):
    """A fund. Its book has the same id."""

    __tablename__ = "funds"

    id: Mapped[UUID] = mapped_column(ForeignKey("books.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(_NAME_LENGTH))
    division_code: Mapped[str] = mapped_column(String(12), index=True)
    office_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    donation_methods: Mapped[str] = mapped_column(String(120))
    opened_at: Mapped[dt.datetime]


class FundRule(Base):
    """A version of a fund's rule. The floor is watched from the day the rule comes into force."""

    __tablename__ = "fund_rules"
    __table_args__ = (
        UniqueConstraint("fund_id", "valid_from"),
        CheckConstraint("floor_fen >= 0", name="floor"),
        CheckConstraint("replenish_working_days BETWEEN 1 AND 250", name="working_days"),
        CheckConstraint("notice_days >= 5", name="notice"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    valid_from: Mapped[dt.date]
    document_number: Mapped[str] = mapped_column(String(_DOCUMENT_LENGTH))
    floor_fen: Mapped[Fen] = mapped_column(BigInteger)
    replenish_working_days: Mapped[int]
    notice_days: Mapped[int]


class FundStanding(Base):
    """Where a fund stands against its floor, in fen.

    The two generated columns are empty at or above the floor; below it they demand, by a foreign
    key checked at commit, an open call for exactly the shortfall (`funds.floor.OpenCall`).
    """

    __tablename__ = "fund_standings"
    __table_args__ = (
        UniqueConstraint("below_floor_id", "shortfall_fen"),
        CheckConstraint("available_fen >= 0 AND available_fen <= balance_fen", name="available"),
        ForeignKeyConstraint(
            ["below_floor_id", "shortfall_fen"],
            ["open_calls.fund_id", "open_calls.outstanding_fen"],
            name="fund_standings_floor_fkey",
            deferrable=True,
            initially="DEFERRED",
        ),
    )

    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"), primary_key=True)
    floor_fen: Mapped[Fen] = mapped_column(BigInteger, server_default="0")
    balance_fen: Mapped[Fen] = mapped_column(BigInteger, server_default="0")
    available_fen: Mapped[Fen] = mapped_column(BigInteger, server_default="0")
    entry_count: Mapped[int] = mapped_column(BigInteger, server_default="0")
    below_floor_id: Mapped[UUID | None] = mapped_column(
        Uuid(), Computed("CASE WHEN available_fen < floor_fen THEN fund_id END", persisted=True)
    )
    shortfall_fen: Mapped[Fen | None] = mapped_column(
        BigInteger,
        Computed(
            "CASE WHEN available_fen < floor_fen THEN floor_fen - available_fen END",
            persisted=True,
        ),
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a fund stands, in fen."""

    floor_fen: Fen
    balance_fen: Fen
    available_fen: Fen
    entry_count: int

    @property
    def shortfall_fen(self) -> Fen:
        """How much is missing to the floor; zero at the floor exactly."""
        return Fen(max(0, self.floor_fen - self.available_fen))


@dataclass(frozen=True, slots=True)
class NewRule:
    """The rule a fund is opened with."""

    floor_fen: Fen
    replenish_working_days: int
    notice_days: int
    document_number: str
    valid_from: dt.date


def account_id(fund_id: UUID, concept: str) -> UUID:
    """The account of a fund for a concept of the chart: it follows from both, with no look-up."""
    return derived_id(fund_id, concept)


async def open_fund(
    transaction: Transaction,
    actor: Actor,
    *,
    fund_id: UUID,
    name: str,
    division_code: str,
    office_id: UUID,
    donation_methods: Sequence[DonationMethod],
    rule: NewRule,
) -> UUID:
    """Open a fund, empty, with its rule; its floor is watched from the start of `valid_from` on.

    Refuses with NotPermitted unless an administrator of the division asks, InvalidValue for a rule
    no regulation could mean, NotFound for an office that is not a fund office.
    """
    OPENING.require(actor, division_code=division_code)
    _check_rule(rule, business_date(transaction.now))
    name = required(name, path="name", longest=_NAME_LENGTH)
    office = await transaction.execute(
        select(Organisation.id).where(
            Organisation.id == office_id, Organisation.kind == OrganisationKind.FUND_OFFICE
        )
    )
    if office.first() is None:
        raise NotFound(noun="fund_office")
    await posting.open_book(
        transaction, book_id=fund_id, kind="fund", name=name, division_code=division_code
    )
    await transaction.execute(
        insert(Fund).values(
            id=fund_id,
            name=name,
            division_code=division_code,
            office_id=office_id,
            donation_methods=" ".join(donation_methods),
            opened_at=transaction.now,
        )
    )
    await transaction.execute(insert(FundStanding).values(fund_id=fund_id))
    await posting.open_accounts(transaction, _accounts(fund_id, division_code))
    await _enact(transaction, fund_id, rule)
    await audit.record(
        transaction, actor.person_id, act="fund_opened", subject="fund", subject_id=fund_id
    )
    return fund_id


def _check_rule(rule: NewRule, today: dt.date) -> None:
    required(rule.document_number, path="documentNumber", longest=_DOCUMENT_LENGTH)
    if abs(rule.valid_from - today) > _RULE_REACH:
        raise InvalidValue(path="validFrom", reason="out_of_range")
    if rule.floor_fen < 0:
        raise InvalidValue(path="floorFen", reason="negative")
    if not 1 <= rule.replenish_working_days <= MOST_WORKING_DAYS:
        raise InvalidValue(path="replenishWorkingDays", reason="out_of_range")
    if rule.notice_days < 5:  # noqa: PLR2004 - domain §3: notice days (≥ 5)
        raise InvalidValue(path="noticeDays", reason="out_of_range")


def _accounts(fund_id: UUID, division_code: str) -> list[NewAccount]:
    return [
        NewAccount(
            id=account_id(fund_id, concept),
            book_id=fund_id,
            code=concept,
            name=name,
            normal_side=side,
            division_code=division_code,
            pool_id=fund_id if concept in tuple(Purse) else None,
        )
        for concept, name, side in _ACCOUNTS
    ]


async def _enact(transaction: Transaction, fund_id: UUID, rule: NewRule) -> None:
    await transaction.execute(
        insert(FundRule).values(
            id=new_id(),
            fund_id=fund_id,
            valid_from=rule.valid_from,
            document_number=rule.document_number.strip(),
            floor_fen=rule.floor_fen,
            replenish_working_days=rule.replenish_working_days,
            notice_days=rule.notice_days,
        )
    )
    await jobs.enqueue(
        transaction,
        ACTIVATE_FLOOR,
        payload={"fund_id": str(fund_id)},
        run_at=max(transaction.now, start_of_business_date(rule.valid_from)),
        dedupe_key=f"{fund_id}:{rule.valid_from}",
    )


async def set_floor(transaction: Transaction, fund_id: UUID) -> None:
    """Let the floor of the rule in force today be the one that is watched."""
    rule = await rule_in_force(transaction.connection, fund_id, on=business_date(transaction.now))
    if rule is not None:
        await transaction.execute(
            update(FundStanding)
            .where(FundStanding.fund_id == fund_id)
            .values(floor_fen=rule.floor_fen)
        )


async def rule_in_force(connection: AsyncConnection, fund_id: UUID, *, on: dt.date) -> Any | None:
    """The rule of a fund on a day: a row of `fund_rules`, or None before its first."""
    rows = await connection.execute(
        select(FundRule.__table__)
        .where(FundRule.fund_id == fund_id, FundRule.valid_from <= on)
        .order_by(FundRule.valid_from.desc())
        .limit(1)
    )
    return rows.first()


async def served(connection: AsyncConnection, fund_id: UUID) -> Any:
    """The row of a fund that is to be served. Refuses with NotFound."""
    row = (await connection.execute(select(Fund.__table__).where(Fund.id == fund_id))).first()
    if row is None:
        raise NotFound(noun="fund")
    return row


async def standing(connection: AsyncConnection, fund_id: UUID) -> Standing:
    """Where a fund stands. Refuses with NotFound."""
    row = (
        await connection.execute(
            select(
                FundStanding.floor_fen,
                FundStanding.balance_fen,
                FundStanding.available_fen,
                FundStanding.entry_count,
            ).where(FundStanding.fund_id == fund_id)
        )
    ).first()
    if row is None:
        raise NotFound(noun="fund")
    return Standing(*row)


def _with_standing(today: dt.date) -> Any:
    latest = (
        select(func.max(FundRule.valid_from))
        .where(FundRule.fund_id == Fund.id, FundRule.valid_from <= today)
        .correlate(Fund)
        .scalar_subquery()
    )
    return (
        select(
            Fund.__table__,
            FundStanding.floor_fen,
            FundStanding.balance_fen,
            FundStanding.available_fen,
            FundStanding.shortfall_fen,
            FundRule.document_number,
            FundRule.replenish_working_days,
        )
        .join(FundStanding, FundStanding.fund_id == Fund.id)
        .outerjoin(FundRule, and_(FundRule.fund_id == Fund.id, FundRule.valid_from == latest))
    )


async def funds(connection: AsyncConnection, keyset: Keyset, *, today: dt.date) -> Page[Any]:
    """Funds, the newest first, each with its standing and the rule in force today."""
    return await keyset.rows(connection, _with_standing(today), Fund.id, falling=True)


async def by_ids(
    connection: AsyncConnection, ids: Collection[UUID], *, today: dt.date
) -> dict[UUID, Any]:
    """Funds by id, each with its standing and the rule in force today."""
    rows = await connection.execute(_with_standing(today).where(Fund.id.in_(ids)))
    return {row.id: row for row in rows}
