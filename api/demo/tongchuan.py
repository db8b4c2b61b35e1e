"""达州市通川区, October 2017 to March 2018: a fund, a day of giving, a winter of relief.

Source: 四川省脱贫攻坚领导小组办公室《脱贫攻坚简报》2018年第30期（2018年3月7日）. Sums and dates it
names are kept; the days between them are made up and plausible.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

from api.demo import giving, parties, relief
from api.demo.giving import Gift
from api.demo.parties import ADMINISTRATOR, CASHIER, FINANCE, REVIEWER, TONGCHUAN
from api.demo.relief import Failing, Granting, GrantingAgain, Household, Meeting, Paying
from api.demo.stage import Stage
from models.funds.fund import DonationMethod, Source
from models.kernel.money import Fen, yuan

FLOOR_FEN = Fen(100_000_000)
FIRST_CALL_FEN = Fen(8_000_000)
FIRST_INSTALMENT_FEN = Fen(5_000_000)
WORKING_DAYS = 10
# The gift whose way is shown at the end: it came early, so its money went out first.
SHOWN_GIFT = "某爱心车队"
_PATIENCE_SECONDS = 60
_LOOK_SECONDS = 0.1


async def open_fund(stage: Stage) -> None:
    """16 October: offices, people, and the fund, whose rule is in force from the 18th on."""
    stage.move("2017-10-16 09:00")
    await parties.open_offices(stage, parties.OFFICES)
    await parties.fill_posts(stage, parties.POSTS)
    payload = await stage.do(
        "OpenFund",
        ADMINISTRATOR,
        name="通川区防返贫基金",
        divisionCode=TONGCHUAN,
        officeOrganisationId=stage.ids["office"],
        floorFen=FLOOR_FEN,
        replenishWorkingDays=WORKING_DAYS,
        noticeDays=5,
        documentNumber="《通川区防返贫基金管理办法（试行）》",
        validFrom="2017-10-18",
        donationMethods=[method.name for method in DonationMethod],
    )
    stage.ids["fund"] = payload["fund"]["id"]
    stage.terminal.step(
        "2017-10-16", f"设立基金，底线 {yuan(FLOOR_FEN)} 元", "the fund is opened with its floor"
    )


async def give(stage: Stage) -> None:
    """17 October: everybody's gift, through the payment page to its receipt."""
    received = 0
    given = giving.gifts()
    for moment, batch in giving.batches():
        stage.move(moment)
        await _give_at_once(stage, batch)
        received += len(batch)
        stage.terminal.progress("捐款 gifts", received, len(given))
    stage.terminal.step(
        giving.DAY,
        f"“扶贫一日捐” {len(given)} 笔，共 {yuan(giving.DONATED_FEN)} 元",
        f"{len(given)} gifts, each paid in the sandbox and received",
    )


async def _give_at_once(stage: Stage, batch: list[Gift]) -> None:
    """Each pays its own page; what the provider tells of them may be applied together."""
    tokens = await asyncio.gather(*(_pay_page(stage, gift) for gift in batch))
    for gift, token in zip(batch, tokens, strict=True):
        code = await _eventually(stage, _receipt_code, "GiftByToken", token=token)
        if gift.name == SHOWN_GIFT:
            stage.ids["receipt_code"] = code


async def _pay_page(stage: Stage, gift: Gift) -> str:
    payload = await stage.do(
        "StartDonation",
        fundId=stage.ids["fund"],
        amountFen=gift.amount_fen,
        donorKind=gift.kind.name,
        donorName=None if gift.is_anonymous else gift.name,
        anonymous=gift.is_anonymous,
        campaign="10·17 扶贫一日捐",
        method=gift.method.name,
    )
    await stage.client.pay_in_sandbox(payload["checkoutUrl"], gift.method.value)
    token: str = payload["token"]
    return token


def _receipt_code(data: dict[str, Any]) -> Any:
    return data["donation"]["receiptCode"]


def _open_call(data: dict[str, Any]) -> Any:
    return data["fund"]["openCall"]


async def meet_first_call(stage: Stage) -> None:
    """18 October: the floor is watched, 80,000.00 are missing; finance pays them in two parts."""
    stage.move("2017-10-18 00:05")
    call = await _eventually(stage, _open_call, "Standing", fund=stage.ids["fund"])
    stage.terminal.step(
        "2017-10-18",
        f"低于底线，限时补充 {yuan(Fen(int(call['outstandingFen'])))} 元，{call['dueOn']} 到期",
        "below the floor: a replenishment call",
    )
    for step in (Meeting("2017-10-24", FIRST_INSTALMENT_FEN), Meeting("2017-10-30")):
        await _meet(stage, step)


async def relieve(stage: Stage) -> None:
    """The winter: households are helped, each payout opens or raises a call, finance meets it."""
    waiting: list[tuple[Household, str]] = []
    failed: list[Household] = []
    coming = iter(relief.households())
    for step in relief.STEPS:
        match step:
            case Granting():
                waiting += await _grant(stage, step.day, _next(coming, step.households))
            case Paying():
                paid = len(waiting) - step.waiting
                await _pay(stage, step.day, waiting[:paid])
                waiting = waiting[paid:]
            case Failing():
                failed = await _fail(stage, step.day, waiting)
                waiting = []
            case GrantingAgain():
                waiting += await _grant(stage, step.day, failed, issued=2)
            case Meeting():
                await _meet(stage, step)


def _next(coming: Iterator[Household], count: int) -> list[Household]:
    return [next(coming) for _ in range(count)]


async def _grant(
    stage: Stage, day: str, households: list[Household], *, issued: int = 1
) -> list[tuple[Household, str]]:
    stage.move(f"{day} 09:30")
    granted = []
    for household in households:
        payload = await stage.do(
            "GrantReliefPayout",
            REVIEWER,
            fundId=stage.ids["fund"],
            household={
                "name": f"演示户{household.number:02}",
                "villageCode": household.village_code,
                "cardNumber": household.card_number(issued=issued),
                "members": household.members,
                "kind": "UNSTABLY_RELIEVED",
            },
            cause=household.cause,
            amountFen=household.amount_fen,
        )
        granted.append((household, payload["payout"]["id"]))
    again = "重新" if issued > 1 else ""
    total = Fen(sum(household.amount_fen for household in households))
    stage.terminal.step(
        day,
        f"{again}批准救助 {len(households)} 户，{yuan(total)} 元",
        "relief granted, held in the fund",
    )
    return granted


async def _pay(stage: Stage, day: str, payouts: list[tuple[Household, str]]) -> None:
    stage.move(f"{day} 15:00")
    for household, payout_id in payouts:
        await stage.do(
            "SettleReliefPayout",
            CASHIER,
            payoutId=payout_id,
            bankReference=f"TC{day.replace('-', '')}{household.number:04}",
        )
    stage.terminal.step(day, f"打卡直发 {len(payouts)} 户", "paid to the households' own cards")


async def _fail(stage: Stage, day: str, payouts: list[tuple[Household, str]]) -> list[Household]:
    stage.move(f"{day} 10:00")
    for household, payout_id in payouts:
        await stage.do(
            "SettleReliefPayout",
            CASHIER,
            payoutId=payout_id,
            bankReference=f"TC{day.replace('-', '')}{household.number:04}",
            failureReason="收款账户已销户",
        )
    stage.terminal.step(day, f"银行退回 {len(payouts)} 笔（账户已销户）", "the bank returns one")
    return [household for household, _ in payouts]


async def _meet(stage: Stage, step: Meeting) -> None:
    stage.move(f"{step.day} 16:00")
    standing = (await stage.ask("Standing", FINANCE, fund=stage.ids["fund"]))["fund"]
    lacking = Fen(int(standing["shortfallFen"]))
    amount = lacking if step.amount_fen is None else step.amount_fen
    await stage.do(
        "RecordReplenishment",
        FINANCE,
        fundId=stage.ids["fund"],
        amountFen=amount,
        source=Source.DISTRICT_FINANCE.name,
        documentNumber=f"通财拨〔{step.day[:4]}〕{step.day[5:7]}{step.day[8:]}号",
        receivedOn=step.day,
    )
    stage.terminal.step(
        step.day,
        f"区财政补充 {yuan(amount)} 元" + ("，补足" if amount == lacking else ""),
        "finance meets the call" if amount == lacking else "finance meets a part of the call",
    )


async def _eventually(
    stage: Stage, pick: Callable[[dict[str, Any]], Any], question: str, **variables: object
) -> Any:
    """What comes of work that goes on by itself: webhooks, events, jobs."""
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            if found := pick(await stage.ask(question, **variables)):
                return found
            await asyncio.sleep(_LOOK_SECONDS)
