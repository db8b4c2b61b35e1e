"""A fund and everybody who serves it, made by the commands that make them in earnest."""

import dataclasses
import datetime as dt
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from models.funds import floor, fund, receipts
from models.funds.fund import DonationMethod, NewRule, Purse, Source
from models.funds.receipts import NewReceipt
from models.households import HouseholdKind, NewHousehold
from models.kernel.database import Database, Transaction
from models.kernel.ids import new_id
from models.kernel.money import Fen
from models.parties import Actor, OrganisationKind, Role
from models.relief import payouts
from models.relief.payouts import Cause
from tests.parties import TONGCHUAN, make_division, make_holder, make_organisation

VILLAGE = "511702001001"
CARD = "6222021234567890128"
FLOOR = Fen(100_000_000)


@dataclass(frozen=True)
class Desk:
    """A fund at its floor, with one payout held, and who serves it."""

    database: Database
    office_id: UUID
    fund_id: UUID
    manager: Actor
    cashier: Actor
    finance: Actor
    reviewer: Actor
    payout_id: UUID

    async def replenish(self, amount: int, document_number: str) -> UUID:
        """District finance brings money."""
        return await self.database.transact(
            partial(
                receipts.record_replenishment,
                actor=self.finance,
                receipt_id=new_id(),
                fund_id=self.fund_id,
                amount_fen=Fen(amount),
                source=Source.DISTRICT_FINANCE,
                document_number=document_number,
                received_on=dt.date(2017, 10, 16),
            )
        )

    async def receive_online(self, amount: int) -> UUID:
        """The payment provider has received money for the fund."""
        receipt_id = new_id()

        async def receive(transaction: Transaction) -> None:
            receipt = NewReceipt(
                id=receipt_id,
                source=Source.DONATION,
                purse=Purse.PROVIDER,
                amount_fen=Fen(amount),
                reference=str(receipt_id),
                subject="donation",
                subject_id=receipt_id,
                received_at=transaction.now,
            )
            await receipts.receive(transaction, self.fund_id, TONGCHUAN, [receipt])

        await self.database.transact(receive)
        return receipt_id

    async def grant(self, amount: int, *, village: str = VILLAGE, card: str = CARD) -> UUID:
        """The district grants a payout to a household of a village."""
        return await self.database.transact(
            partial(
                payouts.grant,
                actor=self.reviewer,
                payout_id=new_id(),
                fund_id=self.fund_id,
                household=household(village, card),
                cause=Cause.ILLNESS,
                amount_fen=Fen(amount),
            )
        )

    async def settle(self, payout_id: UUID, failure_reason: str | None = None) -> None:
        """The cashier writes down the bank's answer."""
        await self.database.transact(
            partial(
                payouts.settle,
                actor=self.cashier,
                payout_id=payout_id,
                bank_reference=f"HZ{payout_id.hex[:12]}",
                failure_reason=failure_reason,
            )
        )


def household(village: str = VILLAGE, card: str = CARD) -> NewHousehold:
    """A household of three that may fall back."""
    return NewHousehold(
        division_code=village,
        head_name="张三",
        card_number=card,
        members=3,
        kind=HouseholdKind.BORDERLINE,
    )


async def make_desk(database: Database, administrator: Actor) -> Desk:
    """A fund of Tongchuan with 1,000,000 yuan, watched from today on, and a payout held."""
    kinds = OrganisationKind
    office_id = await make_organisation(database, administrator, kinds.FUND_OFFICE)
    bureau_id = await make_organisation(database, administrator, kinds.FINANCE_BUREAU)
    reviewing_id = await make_organisation(database, administrator, kinds.REVIEWING_OFFICE)
    await make_division(database, VILLAGE)
    fund_id = await database.transact(
        partial(
            fund.open_fund,
            actor=administrator,
            fund_id=new_id(),
            name="通川区防返贫基金",
            division_code=TONGCHUAN,
            office_id=office_id,
            donation_methods=list(DonationMethod),
            rule=NewRule(
                floor_fen=FLOOR,
                replenish_working_days=10,
                notice_days=5,
                document_number="《通川区防返贫基金管理办法(试行)》",
                valid_from=dt.date(2017, 10, 16),
            ),
        )
    )
    holder = partial(make_holder, database, administrator)
    desk = Desk(
        database=database,
        office_id=office_id,
        fund_id=fund_id,
        manager=await holder(Role.FUND_MANAGER, office_id),
        cashier=await holder(Role.FUND_CASHIER, office_id),
        finance=await holder(Role.FINANCE, bureau_id),
        reviewer=await holder(Role.DISTRICT_REVIEWER, reviewing_id),
        payout_id=new_id(),
    )
    await desk.replenish(FLOOR, "通财〔2017〕1号")
    await desk.receive_online(1_000)
    await database.transact(lambda transaction: floor.activate(transaction, fund_id))
    return dataclasses.replace(desk, payout_id=await desk.grant(200_000))
