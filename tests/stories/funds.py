"""A fund as its people open it and pay out of it, by HTTP."""

from models.parties import OrganisationKind, Role
from tests.running import ADMINISTRATOR, Running

TONGCHUAN = "511702000000"
ERMALU, LIANGSHUIJING = "511702001001", "511702001002"
FLOOR = 100_000_000
HOUSEHOLD, CARD = "张善良", "6222021234567890128"


async def open_fund(platform: Running, *, valid_from: str) -> str:
    """The id of a fund of Tongchuan with a floor in force from a day on; its people are there."""
    office = await platform.opened(OrganisationKind.FUND_OFFICE, "扶贫和移民工作局", TONGCHUAN)
    bureau = await platform.opened(OrganisationKind.FINANCE_BUREAU, "通川区财政局", TONGCHUAN)
    reviewing = await platform.opened(OrganisationKind.REVIEWING_OFFICE, "领导小组", TONGCHUAN)
    await platform.enrolled("manager", Role.FUND_MANAGER, office)
    await platform.enrolled("cashier", Role.FUND_CASHIER, office)
    await platform.enrolled("finance", Role.FINANCE, bureau)
    await platform.enrolled("reviewer", Role.DISTRICT_REVIEWER, reviewing)
    payload = await platform.do(
        "openFund",
        ADMINISTRATOR,
        "fund { id }",
        name="通川区防返贫基金",
        divisionCode=TONGCHUAN,
        officeOrganisationId=office,
        floorFen=str(FLOOR),
        replenishWorkingDays=10,
        noticeDays=5,
        documentNumber="《通川区防返贫基金管理办法(试行)》",
        validFrom=valid_from,
        donationMethods=["CARD", "ALIPAY"],
    )
    fund_id: str = payload["fund"]["id"]
    return fund_id


async def granted(platform: Running, fund: str, amount: int, village: str, cause: str) -> str:
    """The id of a payout that the district's reviewer grants to a household of a village."""
    payload = await platform.do(
        "grantReliefPayout",
        "reviewer",
        "payout { id }",
        fundId=fund,
        household={
            "name": HOUSEHOLD,
            "villageCode": village,
            "cardNumber": CARD,
            "members": 3,
            "kind": "BORDERLINE",
        },
        cause=cause,
        amountFen=str(amount),
    )
    payout_id: str = payload["payout"]["id"]
    return payout_id


async def replenished(
    platform: Running, fund: str, amount: int, document: str, *, on: str = "2017-10-17"
) -> None:
    """District finance pays money into the fund."""
    await platform.do(
        "recordReplenishment",
        "finance",
        fundId=fund,
        amountFen=str(amount),
        source="DISTRICT_FINANCE",
        documentNumber=document,
        receivedOn=on,
    )
