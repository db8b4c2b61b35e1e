"""What a person may do for which organisation (domain §1, §2 "Buyers").

A right is held through a membership: one role, for one organisation, until it is ended.
"""

import datetime as dt
import enum
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.kernel import divisions
from models.kernel.database import Base


class Role(enum.StrEnum):
    """What a person may do for an organisation."""

    OFFICER = "officer"
    APPROVER = "approver"
    SUPERIOR = "superior"
    SUPPLIER = "supplier"
    FUND_MANAGER = "fund_manager"
    FUND_CASHIER = "fund_cashier"
    FINANCE = "finance"
    VILLAGE_REVIEWER = "village_reviewer"
    TOWNSHIP_REVIEWER = "township_reviewer"
    DISTRICT_REVIEWER = "district_reviewer"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Membership(Base):
    """A role that a person holds for an organisation, until it is ended."""

    __tablename__ = "memberships"
    __table_args__ = (
        Index(
            "memberships_held_key",
            "person_id",
            "organisation_id",
            "role",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
            sqlite_where=text("ended_at IS NULL"),
        ),
        Index(None, "organisation_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id"))
    role: Mapped[Role]
    created_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]


@dataclass(frozen=True, slots=True)
class Grant:
    """One role of a person, with the organisation it is for."""

    role: Role
    organisation_id: UUID
    division_code: str
    path: str


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: a signed-in person with their grants, or nobody in particular."""

    person_id: UUID | None = None
    grants: tuple[Grant, ...] = ()

    def holds(self, *roles: Role) -> bool:
        """Whether the actor holds one of the roles for anything at all."""
        return any(grant.role in roles for grant in self.grants)

    def acts_for(self, organisation_id: UUID, *roles: Role) -> bool:
        """Whether the actor holds one of the roles for exactly this organisation."""
        return any(
            grant.organisation_id == organisation_id and grant.role in roles
            for grant in self.grants
        )

    def oversees(self, path: str, *roles: Role) -> bool:
        """Whether the actor holds one of the roles for this organisation or one above it."""
        return any(path.startswith(grant.path) and grant.role in roles for grant in self.grants)

    def serves_division(self, division_code: str, *roles: Role) -> bool:
        """Whether the actor holds one of the roles in this division or one that contains it."""
        return any(
            grant.role in roles and divisions.contains(grant.division_code, division_code)
            for grant in self.grants
        )


ANONYMOUS = Actor()
