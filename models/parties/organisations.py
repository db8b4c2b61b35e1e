"""Organisations: public bodies, suppliers, funds' offices and supervisors (domain §1, §2 "Buyers").

They form a tree (主管 → 二级 → …); `path` is the chain of ids from the root, so that "itself and
what is below it" is one prefix comparison. The unified credit code (统一社会信用代码) is checked by
GB 32100-2015: 18 characters, the first of the registering authority (1–9, A, N, Y: N is the
agricultural register of collective economic organisations 农村集体经济组织), the last a check
character over the first 17.
"""

import dataclasses
import datetime as dt
import enum
import re
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ForeignKey, String, or_, select
from sqlalchemy.orm import Mapped, mapped_column
from stdnum.cn import uscc

from models.kernel import audit
from models.kernel.database import Base, Connection, Transaction
from models.kernel.refusals import InvalidValue, NotFound, Refusal
from models.kernel.texts import required
from models.parties.memberships import Actor, Role
from models.parties.rights import NotPermitted, above, in_division
from models.places.divisions import division

NAME_LENGTH = 120
MOST_LEVELS = 8


class OrganisationKind(enum.StrEnum):
    """What an organisation is."""

    OPERATOR = "operator"
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
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    credit_code: Mapped[str | None] = mapped_column(String(18), unique=True)
    division_code: Mapped[str] = mapped_column(String(12), index=True)
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id"))
    path: Mapped[str] = mapped_column(String(400), unique=True)
    created_at: Mapped[dt.datetime]


@dataclass(frozen=True, slots=True)
class OrganisationRow:
    """An organisation as it is read."""

    id: UUID
    kind: OrganisationKind
    name: str
    credit_code: str | None
    division_code: str
    parent_id: UUID | None
    path: str


@dataclass(eq=False)
class CreditCodeTaken(Refusal):
    """Another organisation has this unified credit code."""

    credit_code: str


@dataclass(eq=False)
class TreeTooDeep(Refusal):
    """An organisation cannot lie this deep below the root of its tree."""

    most_levels: int


OPENING = in_division(Role.ADMINISTRATOR) | above(Role.SUPERIOR)
_CREDIT_CODE = re.compile(r"[1-9ANY][0-9A-HJ-NP-RTUWXY]\d{6}[0-9A-HJ-NP-RTUWXY]{10}")
# A superior opens accounts for the units below it, and for nobody else.
_OPENED_BY_SUPERIORS = frozenset({OrganisationKind.BUDGET_UNIT})


def checked_credit_code(text: str) -> str:
    """The unified credit code as it is kept, upper case without blanks.

    The check character is python-stdnum's; its `validate` is not used, for it takes digits alone
    in the first eight places and so refuses the registers A, N and Y of the standard.
    Refuses with InvalidValue.
    """
    code = uscc.compact(text)
    if not _CREDIT_CODE.fullmatch(code):
        raise InvalidValue(path="creditCode", reason="format")
    if uscc.calc_check_digit(code[:-1]) != code[-1]:
        raise InvalidValue(path="creditCode", reason="check_digit")
    return code


async def open_organisation(
    transaction: Transaction,
    actor: Actor,
    *,
    organisation_id: UUID,
    kind: OrganisationKind,
    name: str,
    division_code: str,
    credit_code: str | None = None,
    parent_id: UUID | None = None,
) -> None:
    """Open an organisation below its parent, or as the root of a tree of its own.

    Refuses with NotPermitted, NotFound (the parent or the division), InvalidValue, TreeTooDeep
    and CreditCodeTaken.
    """
    parent_path = "/"
    if parent_id is not None:
        parent_path = (await organisation(transaction.connection, parent_id)).path
    administers = in_division(Role.ADMINISTRATOR).holds(actor, division_code=division_code)
    OPENING.require(actor, path=parent_path, division_code=division_code)
    if not administers and kind not in _OPENED_BY_SUPERIORS:
        raise NotPermitted(who_can=(Role.ADMINISTRATOR,))
    if parent_path.count("/") > MOST_LEVELS:
        raise TreeTooDeep(most_levels=MOST_LEVELS)
    if await division(transaction.connection, division_code) is None:
        raise NotFound(noun="division")
    code = None if credit_code is None else checked_credit_code(credit_code)
    await insert_organisation(
        transaction,
        actor.person_id,
        OrganisationRow(
            id=organisation_id,
            kind=kind,
            name=required(name, path="name", longest=NAME_LENGTH),
            credit_code=code,
            division_code=division_code,
            parent_id=parent_id,
            path=f"{parent_path}{organisation_id}/",
        ),
    )


async def insert_organisation(
    transaction: Transaction, opened_by: UUID | None, opened: OrganisationRow
) -> None:
    """Keep an organisation that somebody was allowed to open. Refuses with CreditCodeTaken."""
    row = {**dataclasses.asdict(opened), "created_at": transaction.now}
    if not await transaction.insert_if_free(Organisation, row, key=("credit_code",)):
        raise CreditCodeTaken(credit_code=opened.credit_code or "")
    await audit.record(
        transaction,
        opened_by,
        act="organisation_opened",
        subject="organisation",
        subject_id=opened.id,
        facts={
            "kind": opened.kind,
            "parent_id": opened.parent_id,
            "division_code": opened.division_code,
        },
    )


_ROW = (
    Organisation.id,
    Organisation.kind,
    Organisation.name,
    Organisation.credit_code,
    Organisation.division_code,
    Organisation.parent_id,
    Organisation.path,
)


async def organisation(connection: Connection, organisation_id: UUID) -> OrganisationRow:
    """One organisation; organisations are public facts. Refuses with NotFound."""
    found = await organisations_by_id(connection, [organisation_id])
    if organisation_id not in found:
        raise NotFound(noun="organisation")
    return found[organisation_id]


async def organisations_by_id(
    connection: Connection, organisation_ids: Collection[UUID]
) -> dict[UUID, OrganisationRow]:
    """Those of the organisations that exist, in one query."""
    statement = select(*_ROW).where(Organisation.id.in_(organisation_ids))
    return {row.id: OrganisationRow(*row) for row in await connection.execute(statement)}


async def organisations_in_scope(
    connection: Connection, actor: Actor, *, kind: OrganisationKind | None = None, limit: int = 100
) -> list[OrganisationRow]:
    """The organisations that the actor acts for or that lie below one of those, by path."""
    if not actor.grants:
        return []
    below = [
        Organisation.path.startswith(path, autoescape=True)
        for path in {grant.path for grant in actor.grants}
    ]
    statement = select(*_ROW).where(or_(*below)).order_by(Organisation.path).limit(limit)
    if kind is not None:
        statement = statement.where(Organisation.kind == kind)
    return [OrganisationRow(*row) for row in await connection.execute(statement)]
