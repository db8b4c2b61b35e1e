"""A gift (捐赠) to a fund, from the donor's intent to the receipt (domain §3, "Donations").

Anyone gives, named or anonymous, from 1 fen up; all of it goes into the fund. A gift is `started`
when the donor asks for it, `pending` while the payment page is open or the money on its way, and
`received` when the provider has the money. Who holds its token, or later its receipt code, may see
it: there is no account to make.
"""

import datetime as dt
import enum
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from models.funds.fund import DonationMethod, Fund
from models.kernel import audit, jobs
from models.kernel.database import Base, Transaction
from models.kernel.ids import canonical_code
from models.kernel.jobs import JobKind
from models.kernel.money import Fen
from models.kernel.refusals import InvalidValue, NotFound
from models.kernel.texts import optional, required
from models.parties.memberships import Actor, Role
from models.parties.rights import ANYONE, in_division

STARTING = ANYONE
# Besides whoever holds the token or the receipt code.
READING = in_division(Role.FUND_MANAGER, Role.FUND_CASHIER, Role.AUDITOR)
OPEN_CHECKOUT = JobKind("open_checkout")
CHECKOUT_LASTS = dt.timedelta(minutes=45)
# The provider takes at most eight digits of minor units (Stripe, "Minimum and maximum charge
# amounts"); a larger gift comes by bank transfer.
MOST_ONLINE_FEN = Fen(99_999_999)
_NAME_LENGTH = 80
_MESSAGE_LENGTH = 200
_CAMPAIGN_LENGTH = 40


class DonorKind(enum.StrEnum):
    """Who gives, by the kinds that 通川区's call of 10·17 names."""

    PERSON = "person"
    SOLE_TRADER = "sole_trader"
    ENTERPRISE = "enterprise"
    PUBLIC_INSTITUTION = "public_institution"
    SOCIAL_GROUP = "social_group"
    TRADE_ASSOCIATION = "trade_association"


class DonationState(enum.StrEnum):
    """Where a gift is."""

    STARTED = "started"
    PENDING = "pending"
    RECEIVED = "received"
    FAILED = "failed"
    EXPIRED = "expired"


AWAITED = (DonationState.STARTED, DonationState.PENDING)


class Donation(Base):
    """A gift, its amount in fen. One payment of the provider makes at most one gift received."""

    __tablename__ = "donations"
    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="positive"),
        CheckConstraint(
            "(state = 'received') = (receipt_code IS NOT NULL)", name="receipt_when_received"
        ),
        Index(None, "fund_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(String(43), unique=True)
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    division_code: Mapped[str] = mapped_column(String(12))
    donor_id: Mapped[UUID | None] = mapped_column(index=True)
    donor_kind: Mapped[DonorKind]
    donor_name: Mapped[str | None] = mapped_column(String(_NAME_LENGTH))
    is_anonymous: Mapped[bool]
    message: Mapped[str] = mapped_column(String(_MESSAGE_LENGTH))
    campaign: Mapped[str | None] = mapped_column(String(_CAMPAIGN_LENGTH))
    amount_fen: Mapped[Fen] = mapped_column(BigInteger)
    method: Mapped[DonationMethod]
    state: Mapped[DonationState]
    request_id: Mapped[UUID]
    started_at: Mapped[dt.datetime]
    checkout_reference: Mapped[str | None] = mapped_column(String(120), unique=True)
    checkout_url: Mapped[str | None] = mapped_column(String(2000))
    checkout_expires_at: Mapped[dt.datetime | None]
    payment_reference: Mapped[str | None] = mapped_column(String(120), unique=True)
    receipt_code: Mapped[str | None] = mapped_column(String(24), unique=True)
    received_at: Mapped[dt.datetime | None]


_IS_AWAITED = Donation.state.in_(AWAITED)
Index(
    "donations_awaited_index",
    Donation.checkout_expires_at,
    postgresql_where=_IS_AWAITED,
    sqlite_where=_IS_AWAITED,
)


@dataclass(frozen=True, slots=True)
class NewDonation:
    """What a donor asks for. The name is None for who gives none.

    The campaign (如扶贫一日捐) is the drive that the gift answers, if any.
    """

    fund_id: UUID
    amount_fen: Fen
    method: DonationMethod
    donor_kind: DonorKind
    donor_name: str | None
    is_anonymous: bool
    message: str
    campaign: str | None = None


def check(gift: NewDonation) -> None:
    """Refuses with InvalidValue for a gift that no fund could take."""
    if gift.amount_fen < 1:
        raise InvalidValue(path="amountFen", reason="not_positive")
    if gift.amount_fen > MOST_ONLINE_FEN:
        raise InvalidValue(path="amountFen", reason="too_large_to_pay_online")
    name = required if not gift.is_anonymous else optional
    name(gift.donor_name or "", path="donorName", longest=_NAME_LENGTH)
    optional(gift.message, path="message", longest=_MESSAGE_LENGTH)
    optional(gift.campaign, path="campaign", longest=_CAMPAIGN_LENGTH)


async def start(
    transaction: Transaction,
    actor: Actor,
    *,
    donation_id: UUID,
    request_id: UUID,
    gift: NewDonation,
) -> UUID:
    """Write down the intent; the payment page is opened after this transaction has committed.

    After: the gift is started, and a job opens its payment page if nobody else does. Refuses with
    NotFound for the fund, InvalidValue for anything `check` refuses or a method it does not take.
    """
    check(gift)
    fund = (
        await transaction.execute(
            select(Fund.division_code, Fund.donation_methods).where(Fund.id == gift.fund_id)
        )
    ).first()
    if fund is None:
        raise NotFound(noun="fund")
    if gift.method.value not in fund.donation_methods.split():
        raise InvalidValue(path="method", reason="not_taken_by_this_fund")
    await transaction.execute(
        insert(Donation).values(
            id=donation_id,
            token=secrets.token_urlsafe(32),
            fund_id=gift.fund_id,
            division_code=fund.division_code,
            donor_id=actor.person_id,
            donor_kind=gift.donor_kind,
            donor_name=(gift.donor_name or "").strip() or None,
            is_anonymous=gift.is_anonymous,
            message=gift.message,
            campaign=(gift.campaign or "").strip() or None,
            amount_fen=gift.amount_fen,
            method=gift.method,
            state=DonationState.STARTED,
            request_id=request_id,
            started_at=transaction.now,
        )
    )
    await jobs.enqueue(
        transaction,
        OPEN_CHECKOUT,
        payload={"donation_id": str(donation_id)},
        # The donor is waiting: the door opens the page at once, the job only if it could not.
        run_at=transaction.now + dt.timedelta(seconds=20),
        dedupe_key=f"{OPEN_CHECKOUT.name}:{donation_id}",
    )
    await audit.record(
        transaction,
        actor.person_id,
        act="donation_started",
        subject="donation",
        subject_id=donation_id,
        facts={"fund_id": gift.fund_id, "amount_fen": gift.amount_fen},
    )
    return donation_id


async def note_checkout(
    transaction: Transaction,
    *,
    donation_id: UUID,
    checkout_reference: str,
    checkout_url: str,
    expires_at: dt.datetime,
) -> None:
    """Write down the payment page that was opened for a gift; the first one stays."""
    await transaction.execute(
        update(Donation)
        .where(Donation.id == donation_id, Donation.checkout_reference.is_(None))
        .values(
            checkout_reference=checkout_reference,
            checkout_url=checkout_url,
            checkout_expires_at=expires_at,
        )
    )
    await transaction.execute(
        update(Donation)
        .where(Donation.id == donation_id, Donation.state == DonationState.STARTED)
        .values(state=DonationState.PENDING)
    )
    transaction.announce("donation", donation_id)


async def note_refused_checkout(transaction: Transaction, donation_id: UUID) -> None:
    """The provider will never open a page for this gift: it has failed, and nothing was paid."""
    await transaction.execute(
        update(Donation)
        .where(Donation.id == donation_id, Donation.state == DonationState.STARTED)
        .values(state=DonationState.FAILED)
    )
    transaction.announce("donation", donation_id)


def sees(actor: Actor, gift: Any) -> bool:
    """Whether the actor may see a gift whose token and receipt code they do not show."""
    is_donor = actor.person_id is not None and gift.donor_id == actor.person_id
    return is_donor or READING.holds(actor, division_code=gift.division_code)


async def by_ids(connection: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, Any]:
    """Gifts by id, with the name of their fund as `fund_name`."""
    statement = _WITH_FUND.where(Donation.id.in_(ids))
    return {row.id: row for row in await connection.execute(statement)}


async def without_news(
    connection: AsyncConnection,
    *,
    expired_after: dt.datetime,
    expired_before: dt.datetime,
    beyond: UUID | None,
    limit: int,
) -> list[Any]:
    """Gifts whose payment page is over, since when no news came: each with its page's reference.

    By id, beginning behind `beyond`.
    """
    statement = select(Donation.id, Donation.checkout_reference).where(
        _IS_AWAITED,
        Donation.checkout_reference.is_not(None),
        Donation.checkout_expires_at > expired_after,
        Donation.checkout_expires_at <= expired_before,
    )
    if beyond is not None:
        statement = statement.where(Donation.id > beyond)
    rows = await connection.execute(statement.order_by(Donation.id).limit(limit))
    return list(rows.all())


async def by_token(connection: AsyncConnection, token: str) -> Any | None:
    """The gift whose token somebody holds, or None."""
    return (await connection.execute(_WITH_FUND.where(Donation.token == token))).first()


async def by_receipt_code(connection: AsyncConnection, text: str) -> Any | None:
    """The received gift with this receipt code, however it was typed, or None."""
    code = canonical_code(text)
    if code is None:
        return None
    return (await connection.execute(_WITH_FUND.where(Donation.receipt_code == code))).first()


_WITH_FUND = select(Donation.__table__, Fund.name.label("fund_name")).join(
    Fund, Fund.id == Donation.fund_id
)
