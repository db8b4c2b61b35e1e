"""Numbers that come from law or policy: rows with a document and a validity, never constants.

A line or a number of a division holds for all below it until a nearer division sets its own. A
row that is not `verified` could not be checked against a public document and is a setting.
"""

import datetime as dt
import enum
from dataclasses import dataclass

from sqlalchemy import String, Text, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from models.kernel import divisions as codes
from models.kernel.database import Base
from models.kernel.money import Fen


class LineKind(enum.StrEnum):
    """What falling below a line means."""

    POVERTY = "poverty"
    MONITORING = "monitoring"


class PolicyName(enum.StrEnum):
    """The numbers that rules are computed with."""

    RESERVED_SHARE_MINIMUM = "reserved_share_minimum"
    RESERVED_SHARE_ENCOURAGED = "reserved_share_encouraged"
    PAYMENT_DUE_DAYS = "payment_due_days"
    PAYMENT_DUE_DAYS_BY_CONTRACT = "payment_due_days_by_contract"
    LATE_PAYMENT_INTEREST = "late_payment_interest"
    PRICE_TOLERANCE = "price_tolerance"
    PUBLIC_NOTICE_MINIMUM = "public_notice_minimum"
    RELIEF_DECISION_MAXIMUM = "relief_decision_maximum"


class PolicyUnit(enum.StrEnum):
    """What a policy number counts."""

    BASIS_POINTS = "basis_points"
    BASIS_POINTS_PER_DAY = "basis_points_per_day"
    DAYS = "days"
    WORKING_DAYS = "working_days"


class PovertyLineRow(Base):
    """The net income a person and year below which a household is entitled."""

    __tablename__ = "poverty_lines"

    division_code: Mapped[str] = mapped_column(String(12), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[LineKind]
    line_fen: Mapped[Fen]
    approximate: Mapped[bool]
    verified: Mapped[bool]
    document: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)


class PolicyNumberRow(Base):
    """A number of law or policy; `valid_until` is the last day on which it is in force."""

    __tablename__ = "policy_numbers"

    name: Mapped[PolicyName] = mapped_column(primary_key=True)
    division_code: Mapped[str] = mapped_column(String(12), primary_key=True)
    valid_from: Mapped[dt.date] = mapped_column(primary_key=True)
    valid_until: Mapped[dt.date | None]
    value: Mapped[int]
    unit: Mapped[PolicyUnit]
    verified: Mapped[bool]
    document: Mapped[str] = mapped_column(Text)
    clause: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)


@dataclass(frozen=True, slots=True)
class PovertyLine:
    """The line in force, and where it comes from."""

    division_code: str
    year: int
    kind: LineKind
    line_fen: Fen
    approximate: bool
    verified: bool
    document: str


@dataclass(frozen=True, slots=True)
class PolicyNumber:
    """The number in force, and where it comes from."""

    division_code: str
    value: int
    unit: PolicyUnit
    verified: bool
    document: str
    clause: str


async def poverty_line(
    connection: AsyncConnection, division_code: str, year: int
) -> PovertyLine | None:
    """The line of a year for a place: that of the nearest division which has one, in fen."""
    statement = (
        select(
            PovertyLineRow.division_code,
            PovertyLineRow.year,
            PovertyLineRow.kind,
            PovertyLineRow.line_fen,
            PovertyLineRow.approximate,
            PovertyLineRow.verified,
            PovertyLineRow.document,
        )
        .where(PovertyLineRow.division_code.in_(codes.ancestors(division_code)))
        .where(PovertyLineRow.year == year)
        # Along one lineage the nearer division has the higher code.
        .order_by(PovertyLineRow.division_code.desc())
        .limit(1)
    )
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else PovertyLine(*row)


async def policy_number(
    connection: AsyncConnection, name: PolicyName, division_code: str, day: dt.date
) -> PolicyNumber | None:
    """The number in force for a place on a day: that of the nearest division which has one."""
    statement = (
        select(
            PolicyNumberRow.division_code,
            PolicyNumberRow.value,
            PolicyNumberRow.unit,
            PolicyNumberRow.verified,
            PolicyNumberRow.document,
            PolicyNumberRow.clause,
        )
        .where(PolicyNumberRow.name == name)
        .where(PolicyNumberRow.division_code.in_(codes.ancestors(division_code)))
        .where(PolicyNumberRow.valid_from <= day)
        .where(or_(PolicyNumberRow.valid_until.is_(None), PolicyNumberRow.valid_until >= day))
        .order_by(PolicyNumberRow.division_code.desc(), PolicyNumberRow.valid_from.desc())
        .limit(1)
    )
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else PolicyNumber(*row)
