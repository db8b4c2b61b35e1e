"""A market with sixteen buyers and fifty products, and a fund with gifts on their way."""

import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import insert

from api.sessions import Tokens
from models.donations.gifts import Donation, DonationState, DonorKind
from models.funds.fund import DonationMethod
from models.kernel import inbox
from models.kernel.clock import business_date
from models.kernel.database import Database, Transaction
from models.kernel.ids import new_id
from models.kernel.money import BasisPoints, Fen
from models.kernel.sealing import Keyring
from models.parties import Actor, OrganisationKind, Role
from models.parties.sessions import begin_session, session
from models.places import DesignatedCounty, Division, level_of, village_kind
from models.procurement import budgets, lots, products, suppliers
from tests.bench.servers import TOKEN_KEY, WEBHOOK_SECRET
from tests.models.funds.worlds import World, make_world
from tests.parties import TONGCHUAN, make_administrator, make_holder, make_organisation
from webhooks.stripe_inbox import SOURCE, letter_of
from webhooks.stripe_signatures import read

NINGDU = "360730000000"
VILLAGES = ("360730100201", "360730100202", "360730101203")
NAMES = ("宁都县", "甲村", "乙村", "丙村")
BUYERS, PRODUCTS, SUPPLIERS = 16, 50, 5
PLENTY = 1_000_000_000
GIFT_FEN = 12_345


@dataclass(frozen=True)
class Buyer:
    """An officer who has signed in, the unit, and the product it orders."""

    session_id: UUID
    token: str
    unit_id: UUID
    product_id: UUID


async def make_market(database: Database) -> list[Buyer]:
    """Fifty products of five suppliers, each of three villages; sixteen units with money."""
    await database.transact(_settle)
    administrator = await make_administrator(database)
    bureau = await make_organisation(database, administrator, OrganisationKind.FINANCE_BUREAU)
    finance = await make_holder(database, administrator, Role.FINANCE, bureau)
    product_ids: list[UUID] = []
    for _ in range(SUPPLIERS):
        product_ids += await _make_supplier(database, administrator)
    return [
        await _make_buyer(database, administrator, finance, product_id)
        for product_id in product_ids[:BUYERS]
    ]


async def _make_supplier(database: Database, administrator: Actor) -> list[UUID]:
    today = business_date(database.clock.now())
    supplier_id = await make_organisation(database, administrator, OrganisationKind.SUPPLIER)
    seller = await make_holder(database, administrator, Role.SUPPLIER, supplier_id)
    product_ids = [new_id() for _ in range(PRODUCTS // SUPPLIERS)]
    shares = zip(VILLAGES, (5_000, 3_000, 2_000), strict=True)
    villages = {code: BasisPoints(share) for code, share in shares}

    async def admit(transaction: Transaction) -> None:
        await suppliers.admit(
            transaction,
            administrator,
            organisation_id=supplier_id,
            document_number="〔2026〕1号",
            admitted_on=today,
        )
        for product_id in product_ids:
            await products.offer(
                transaction,
                seller,
                product_id=product_id,
                supplier_id=supplier_id,
                terms=products.Terms("脐橙", "水果", "箱", Fen(4_500), 900_000, NINGDU),
            )
            await lots.add(
                transaction,
                seller,
                lot_id=new_id(),
                product_id=product_id,
                number="1",
                valid_from=today,
                villages=villages,
            )

    await database.transact(admit)
    return product_ids


async def _make_buyer(
    database: Database, administrator: Actor, finance: Actor, product_id: UUID
) -> Buyer:
    today = business_date(database.clock.now())
    unit_id = await make_organisation(database, administrator)
    officer = await make_holder(database, administrator, Role.OFFICER, unit_id)
    session_id = new_id()

    async def begin(transaction: Transaction) -> None:
        await budgets.grant(
            transaction,
            finance,
            change_id=new_id(),
            unit_id=unit_id,
            year=today.year,
            amount_fen=Fen(PLENTY),
            document_number="〔2026〕2号",
            decided_on=today,
        )
        assert officer.person_id is not None
        await begin_session(transaction, session_id=session_id, person_id=officer.person_id)

    await database.transact(begin)
    async with database.read() as connection:
        begun = await session(connection, session_id)
    assert begun is not None
    return Buyer(session_id, Tokens(Keyring.parse(TOKEN_KEY)).issue(begun), unit_id, product_id)


async def _settle(transaction: Transaction) -> None:
    await transaction.execute(
        insert(Division),
        [
            {
                "code": code,
                "name": name,
                "level": level_of(code),
                "parent_code": None,
                "kind": village_kind(code) if level_of(code) == "village" else None,
            }
            for code, name in zip(
                (NINGDU, *VILLAGES), ("宁都县", "甲村", "乙村", "丙村"), strict=True
            )
        ],
    )
    county = {"county_code": NINGDU, "listed_name": "宁都县", "delisted_year": 2019}
    since = dt.date(2012, 3, 19)
    await transaction.execute(
        insert(DesignatedCounty).values(**county, designated_since=since, region="", note="")
    )


@dataclass(frozen=True)
class Gift:
    """A gift whose payment page is open, and the letter that says it was paid."""

    id: UUID
    body: str


async def make_gifts(database: Database, number: int) -> tuple[World, list[Gift]]:
    """A fund above its floor, and gifts to it that are about to be paid."""
    world = await make_world(database, floor_fen=0)
    given = [Gift(gift_id := new_id(), _paid(gift_id, database.clock.now())) for _ in range(number)]
    now = database.clock.now()
    rows = [
        {
            "id": gift.id,
            "token": gift.id.hex,
            "fund_id": world.fund,
            "division_code": TONGCHUAN,
            "donor_kind": DonorKind.PERSON,
            "is_anonymous": True,
            "message": "",
            "amount_fen": GIFT_FEN,
            "method": DonationMethod.CARD,
            "state": DonationState.PENDING,
            "request_id": new_id(),
            "started_at": now,
            "checkout_reference": f"cs_{gift.id.hex}",
        }
        for gift in given
    ]
    for start in range(0, number, 500):
        chunk = rows[start : start + 500]
        await database.transact(lambda one, chunk=chunk: one.execute(insert(Donation), chunk))  # type: ignore[misc]  # bound at once
    return world, given


async def store(database: Database, gifts: Sequence[Gift]) -> None:
    """The letters of the gifts, stored as the endpoint stores them."""

    async def receive(transaction: Transaction) -> None:
        for gift in gifts:
            letter = letter_of(read(gift.body))
            await inbox.receive(
                transaction,
                source=SOURCE,
                external_id=letter.external_id,
                kind=letter.kind,
                body=letter.body,
            )

    await database.transact(receive)


def _paid(gift_id: UUID, at: dt.datetime) -> str:
    subject = {
        "object": "checkout.session",
        "id": f"cs_{gift_id.hex}",
        "status": "complete",
        "payment_status": "paid",
        "payment_intent": f"pi_{gift_id.hex}",
        "amount_total": GIFT_FEN,
        "currency": "cny",
        "client_reference_id": str(gift_id),
    }
    return json.dumps(
        {
            "object": "event",
            "id": f"evt_{gift_id.hex}",
            "type": "checkout.session.completed",
            "created": int(at.timestamp()),
            "livemode": False,
            "data": {"object": subject},
        }
    )


def signed(gift: Gift, at: dt.datetime) -> dict[str, str]:
    """The header by which the endpoint believes a letter."""
    stamp = int(at.timestamp())
    content = f"{stamp}.{gift.body}".encode()
    digest = hmac.new(WEBHOOK_SECRET.encode(), content, hashlib.sha256).hexdigest()
    return {"stripe-signature": f"t={stamp},v1={digest}"}
