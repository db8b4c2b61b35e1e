"""The chart of accounts: what an account is called and coded depends on the day.

Non-profit organisations keep the chart of 《民间非营利组织会计制度》: 财会〔2004〕7号 until
2025-12-31, 财会〔2024〕25号 from 2026-01-01 (5201 was 管理费用 and is 税金及附加). Books therefore
name accounts by `concept`, which does not change, and take the code in force on the entry's day.
"""

import datetime as dt
import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, String, Text, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from models.kernel.database import Base, Transaction
from models.ledger.books import Side
from models.reference import files, loading

NON_PROFIT = "non_profit"
_FILE = "chart_accounts.csv"


class Element(enum.StrEnum):
    """The five elements of non-profit accounts."""

    ASSET = "asset"
    LIABILITY = "liability"
    NET_ASSET = "net_asset"
    INCOME = "income"
    COST = "cost"


class ChartAccountRow(Base):
    """An account of a chart; `valid_until` is the last day on which it has this code."""

    __tablename__ = "chart_accounts"

    chart: Mapped[str] = mapped_column(String(40), primary_key=True)
    code: Mapped[str] = mapped_column(String(20), primary_key=True)
    valid_from: Mapped[dt.date] = mapped_column(primary_key=True)
    valid_until: Mapped[dt.date | None]
    concept: Mapped[str] = mapped_column(String(60), index=True)
    name_zh: Mapped[str] = mapped_column(String(80))
    name_en: Mapped[str] = mapped_column(String(80))
    element: Mapped[Element]
    normal_side: Mapped[Side]
    verified: Mapped[bool]
    document: Mapped[str] = mapped_column(Text)


@dataclass(frozen=True, slots=True)
class ChartAccount:
    """An account as it is called on a day."""

    code: str
    concept: str
    name_zh: str
    name_en: str
    element: Element
    normal_side: Side
    verified: bool
    document: str


async def load_chart(transaction: Transaction) -> int:
    """Bring the charts to the committed file; how many rows were inserted or changed."""
    current = (files.sha256(_FILE), loading.EVERYTHING)
    if (await loading.recorded(transaction.connection)).get(_FILE) == current:
        return 0
    await loading.take_turn(transaction)
    changed_rows = await loading.upsert_changed(transaction, ChartAccountRow, _rows())
    await loading.record(
        transaction, _FILE, sha256=current[0], scope=current[1], changed_rows=changed_rows
    )
    return changed_rows


def _rows() -> Iterator[dict[str, Any]]:
    for row in files.rows(_FILE):
        until = row["valid_until"]
        yield {
            **row,
            "valid_from": dt.date.fromisoformat(row["valid_from"]),
            "valid_until": dt.date.fromisoformat(until) if until else None,
            "element": Element(row["element"]),
            "normal_side": Side(row["normal_side"]),
            "verified": row["verified"] == "true",
        }


async def accounts(
    connection: AsyncConnection, day: dt.date, *, chart: str = NON_PROFIT
) -> list[ChartAccount]:
    """The whole chart in force on a day, by code; empty before the first chart."""
    statement = _in_force(day, chart).order_by(ChartAccountRow.code)
    return [ChartAccount(*row) for row in await connection.execute(statement)]


async def account(
    connection: AsyncConnection, concept: str, day: dt.date, *, chart: str = NON_PROFIT
) -> ChartAccount | None:
    """The account of a concept, such as ``bank_deposits``, with its code on a day."""
    statement = _in_force(day, chart).where(ChartAccountRow.concept == concept)
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else ChartAccount(*row)


def _in_force(day: dt.date, chart: str) -> Select[str, str, str, str, Element, Side, bool, str]:
    return select(
        ChartAccountRow.code,
        ChartAccountRow.concept,
        ChartAccountRow.name_zh,
        ChartAccountRow.name_en,
        ChartAccountRow.element,
        ChartAccountRow.normal_side,
        ChartAccountRow.verified,
        ChartAccountRow.document,
    ).where(
        ChartAccountRow.chart == chart,
        ChartAccountRow.valid_from <= day,
        or_(ChartAccountRow.valid_until.is_(None), ChartAccountRow.valid_until >= day),
    )
