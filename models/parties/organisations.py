"""Organisations: public bodies, suppliers, funds' offices and supervisors (domain §1, §2 "Buyers").

They form a tree (主管 → 二级 → …); `path` is the chain of ids from the root, so that "itself and
what is below it" is one prefix comparison.
"""

import datetime as dt
import enum
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.kernel.database import Base


class OrganisationKind(enum.StrEnum):
    """What an organisation is."""

    BUDGET_UNIT = "budget_unit"
    SUPPLIER = "supplier"
    FUND_OFFICE = "fund_office"
    FINANCE_BUREAU = "finance_bureau"
    REVIEWING_OFFICE = "reviewing_office"
    SUPERVISOR = "supervisor"
    DONOR = "donor"


class Organisation(Base):
    """A public body, a supplier, a fund's office or a supervisor, in the place it belongs to."""

    __tablename__ = "organisations"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[OrganisationKind]
    name: Mapped[str] = mapped_column(String(120))
    credit_code: Mapped[str | None] = mapped_column(String(18), unique=True)
    division_code: Mapped[str] = mapped_column(String(12), index=True)
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"))
    path: Mapped[str] = mapped_column(String(400), unique=True)
    created_at: Mapped[dt.datetime]
