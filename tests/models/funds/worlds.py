"""A small world for the tests of funds: an administrator, an office, a fund with its floor."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import insert, select

from models.funds import checks as fund_checks
from models.funds import draws, floor, fund, receipts
from models.funds.floor import CallEvent, OpenCall, ReplenishmentCall
from models.funds.fund import DonationMethod, FundStanding, NewRule, Purse, Source, Standing
from models.funds.receipts import NewReceipt
from models.kernel.database import Database, Transaction
from models.kernel.ids import new_id
from models.kernel.money import Fen
from models.ledger import checks
from models.parties.memberships import Actor, Grant, Role
from models.parties.organisations import Organisation, OrganisationKind

DIVISION = "511702000000"
OTHER_DIVISION = "371311000000"
FLOOR = Fen(100_000_000)


def actor(organisation_id: UUID, *roles: Role, division_code: str = DIVISION) -> Actor:
    grants = tuple(
        Grant(role, organisation_id, division_code, f"/{organisation_id}/") for role in roles
    )
    return Actor(new_id(), grants)


@dataclass
class World:
    """A fund and those who serve it."""

    database: Database
    office: UUID
    fund: UUID

    @property
    def administrator(self) -> Actor:
        return actor(new_id(), Role.ADMINISTRATOR)

    @property
    def manager(self) -> Actor:
        return actor(self.office, Role.FUND_MANAGER)

    @property
    def finance(self) -> Actor:
        return actor(new_id(), Role.FINANCE)

    async def deposit(self, amount: int, *, purse: Purse = Purse.BANK) -> UUID:
        """Money of district finance arrives."""
        receipt_id = new_id()

        async def receive(transaction: Transaction) -> None:
            receipt = NewReceipt(
                id=receipt_id,
                source=Source.DISTRICT_FINANCE,
                purse=purse,
                amount_fen=Fen(amount),
                reference=str(receipt_id),
                subject="test",
                subject_id=receipt_id,
                received_at=transaction.now,
            )
            await receipts.receive(transaction, self.fund, DIVISION, [receipt])

        await self.database.transact(receive)
        return receipt_id

    async def hold(self, amount: int, payout_id: UUID | None = None) -> UUID:
        chosen = payout_id or new_id()
        await self.database.transact(
            lambda transaction: draws.hold(
                transaction,
                payout_id=chosen,
                fund_id=self.fund,
                division_code=DIVISION,
                amount_fen=Fen(amount),
            )
        )
        return chosen

    async def settle(self, payout_id: UUID, *, paid: bool = True) -> None:
        await self.database.transact(
            lambda transaction: draws.settle(transaction, payout_id=payout_id, paid=paid)
        )

    async def activate(self) -> None:
        await self.database.transact(lambda transaction: floor.activate(transaction, self.fund))

    async def standing(self) -> Standing:
        async with self.database.read() as connection:
            return await fund.standing(connection, self.fund)

    async def outstanding(self) -> int | None:
        """What is outstanding of the one open call; None when there is none."""
        async with self.database.read() as connection:
            rows = (await connection.execute(select(OpenCall.outstanding_fen))).all()
        assert len(rows) <= 1
        return rows[0][0] if rows else None

    async def calls(self) -> list[tuple[int, bool]]:
        """What each call required, oldest first, and whether it is closed."""
        async with self.database.read() as connection:
            rows = await connection.execute(
                select(ReplenishmentCall.required_fen, ReplenishmentCall.closed_at).order_by(
                    ReplenishmentCall.id
                )
            )
            return [(row.required_fen, row.closed_at is not None) for row in rows]

    async def events(self) -> list[tuple[str, int]]:
        async with self.database.read() as connection:
            rows = await connection.execute(
                select(CallEvent.kind, CallEvent.amount_fen).order_by(CallEvent.id)
            )
            return [(row.kind.value, row.amount_fen) for row in rows]

    async def differences(self) -> list[str]:
        """Everything the checks of the books find."""
        async with self.database.snapshot() as connection:
            found = [difference async for difference in checks.check(connection)]
            return found + await fund_checks.check(connection)


async def make_world(
    database: Database, *, floor_fen: int = FLOOR, valid_from: dt.date = dt.date(2017, 10, 16)
) -> World:
    """Open a fund whose floor is in force from the day the clock of the tests starts."""
    office, fund_id = new_id(), new_id()

    async def make(transaction: Transaction) -> None:
        await transaction.execute(
            insert(Organisation).values(
                id=office,
                kind=OrganisationKind.FUND_OFFICE,
                name="通川区扶贫和移民工作局",
                division_code=DIVISION,
                path=f"/{office}/",
                created_at=transaction.now,
            )
        )
        await fund.open_fund(
            transaction,
            actor(new_id(), Role.ADMINISTRATOR),
            fund_id=fund_id,
            name="通川区防返贫基金",
            division_code=DIVISION,
            office_id=office,
            donation_methods=list(DonationMethod),
            rule=NewRule(
                floor_fen=Fen(floor_fen),
                replenish_working_days=10,
                notice_days=5,
                document_number="《通川区防返贫基金管理办法(试行)》",
                valid_from=valid_from,
            ),
        )

    await database.transact(make)
    return World(database, office, fund_id)


async def set_standing(transaction: Transaction, fund_id: UUID, available: int) -> None:
    """Move a standing behind everybody's back, as only raw SQL can."""
    await transaction.execute(
        FundStanding.__table__.update()  # type: ignore[attr-defined] # a declared table is one
        .where(FundStanding.fund_id == fund_id)
        .values(available_fen=available, balance_fen=available)
    )
