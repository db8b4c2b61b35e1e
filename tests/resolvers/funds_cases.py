"""The mutations of funds and relief, ready to be tried."""

from models.kernel.database import Database
from resolvers.identities import global_id
from tests.clients import Case, Clients, Ready
from tests.desks import CARD, VILLAGE, make_desk
from tests.parties import TONGCHUAN


async def open_fund(database: Database, clients: Clients) -> Ready:
    desk = await make_desk(database, clients.administrator)
    return Ready(
        clients.administrator,
        {
            "name": "通川区第二防返贫基金",
            "divisionCode": TONGCHUAN,
            "officeOrganisationId": global_id("Organisation", desk.office_id),
            "floorFen": "100000000",
            "replenishWorkingDays": 10,
            "noticeDays": 5,
            "documentNumber": "通府发〔2017〕1号",
            "validFrom": "2017-10-18",
            "donationMethods": ["CARD"],
        },
    )


async def record_replenishment(database: Database, clients: Clients) -> Ready:
    desk = await make_desk(database, clients.administrator)
    return Ready(
        desk.finance,
        {
            "fundId": global_id("Fund", desk.fund_id),
            "amountFen": "100",
            "source": "DISTRICT_FINANCE",
            "documentNumber": "通财〔2017〕2号",
            "receivedOn": "2017-10-16",
        },
    )


async def record_settlement(database: Database, clients: Clients) -> Ready:
    desk = await make_desk(database, clients.administrator)
    return Ready(
        desk.manager,
        {"fundId": global_id("Fund", desk.fund_id), "amountFen": "100", "reference": "ST1"},
    )


async def grant_relief_payout(database: Database, clients: Clients) -> Ready:
    desk = await make_desk(database, clients.administrator)
    return Ready(
        desk.reviewer,
        {
            "fundId": global_id("Fund", desk.fund_id),
            "household": {
                "name": "李四",
                "villageCode": VILLAGE,
                "cardNumber": CARD,
                "members": 4,
                "kind": "BORDERLINE",
            },
            "cause": "ILLNESS",
            "amountFen": "200000",
        },
    )


async def settle_relief_payout(database: Database, clients: Clients) -> Ready:
    desk = await make_desk(database, clients.administrator)
    return Ready(
        desk.cashier,
        {"payoutId": global_id("ReliefPayout", desk.payout_id), "bankReference": "HZ1"},
    )


CASES = (
    Case("openFund", open_fund),
    Case("recordReplenishment", record_replenishment),
    Case("recordSettlement", record_settlement),
    Case("grantReliefPayout", grant_relief_payout),
    Case("settleReliefPayout", settle_relief_payout),
)
