"""The payment provider pays what it holds to the fund's bank: the balance of the fund stays.

A settlement is recorded once for each reference of the bank.
"""

from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.funds import fund, statement
from models.funds.fund import Purse, account_id
from models.funds.receipts import ReferenceUsed
from models.funds.statement import Line
from models.kernel import audit
from models.kernel.database import Base, Transaction
from models.kernel.money import Fen
from models.kernel.refusals import InvalidValue
from models.kernel.texts import required
from models.ledger.posting import Entry, Journal
from models.parties import Actor, Role
from models.parties.rights import own

SETTLING = own(Role.FUND_MANAGER)
REFERENCE_LENGTH = 120


class Settlement(Base):
    """An amount, in fen, that the provider paid to the bank; its journal is about this id."""

    __tablename__ = "settlements"
    __table_args__ = (UniqueConstraint("fund_id", "reference"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    fund_id: Mapped[UUID] = mapped_column(ForeignKey("funds.id"))
    reference: Mapped[str] = mapped_column(String(REFERENCE_LENGTH))
    amount_fen: Mapped[Fen] = mapped_column(BigInteger)


async def record(
    transaction: Transaction,
    actor: Actor,
    *,
    settlement_id: UUID,
    fund_id: UUID,
    amount_fen: Fen,
    reference: str,
) -> UUID:
    """Record that the provider moved money to the fund's bank.

    Refuses with NotFound, NotPermitted unless the fund's manager asks, InvalidValue, ReferenceUsed,
    FundOverdrawn when the provider holds less.
    """
    subject = await fund.served(transaction.connection, fund_id)
    SETTLING.require(actor, organisation_id=subject.office_id)
    if amount_fen <= 0:
        raise InvalidValue(path="amountFen", reason="not_positive")
    kept = required(reference, path="reference", longest=REFERENCE_LENGTH)
    row = {"id": settlement_id, "fund_id": fund_id, "reference": kept, "amount_fen": amount_fen}
    if not await transaction.insert_if_free(Settlement, row, key=("fund_id", "reference")):
        raise ReferenceUsed(reference=kept)
    journal = Journal(
        book_id=fund_id,
        reason="provider_settled",
        subject="settlement",
        subject_id=settlement_id,
        division_code=subject.division_code,
        occurred_at=transaction.now,
        memo=kept,
        entries=(
            Entry(account_id(fund_id, Purse.BANK), account_id(fund_id, Purse.PROVIDER), amount_fen),
        ),
    )
    await statement.move(transaction, fund_id, [Line(journal, Fen(0), Fen(0))], money_in=False)
    await audit.record(
        transaction,
        actor.person_id,
        act="settlement_recorded",
        subject="fund",
        subject_id=fund_id,
        facts={"amount_fen": amount_fen, "reference": kept},
    )
    return settlement_id
