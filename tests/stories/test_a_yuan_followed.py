"""A yuan from the donor's card to a village, over HTTP, and the floor that is kept meanwhile."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.asyncio.client import connect

from tests.running import Running, became
from tests.stories.funds import (
    CARD,
    ERMALU,
    FLOOR,
    HOUSEHOLD,
    LIANGSHUIJING,
    granted,
    open_fund,
    replenished,
)

FIRST_GIFT, SECOND_GIFT = 150_001, 91_849_999
CHANGES = "subscription S($id: ID!) { fundChanged(fundId: $id) { availableFen shortfallFen } }"
FUND = """
query Q($id: ID!) { fund(id: $id) {
  balanceFen availableFen shortfallFen paidOutFen payoutCount
  openCall { requiredFen outstandingFen dueOn }
  calls { nodes { requiredFen metFen outstandingFen closedAt events { kind amountFen } } }
  entries { nodes { reason memo amountFen } }
} }
"""
TRACE = """
query Q($code: String!) { donation(receiptCode: $code) {
  state amountFen remainingFen donorName amountInCapitals
  trace { kind amountFen paidOn cause village { code } }
} }
"""


@pytest.fixture
async def fund(platform: Running) -> str:
    """A fund of Tongchuan, whose floor is in force from tomorrow on."""
    return await open_fund(platform, valid_from="2017-10-17")


async def given(platform: Running, fund: str, amount: int, method: str) -> str:
    """The receipt code of a gift, paid on the provider's page, told by its events and booked."""
    gift = await platform.do(
        "startDonation",
        "",
        "checkoutUrl token",
        fundId=fund,
        amountFen=str(amount),
        donorKind="PERSON",
        donorName="李善",
        method=method.upper(),
    )
    await platform.paid(gift, method=method)

    async def code() -> str | None:
        answer = await platform.ask(
            "query Q($token: String!) { donationByToken(token: $token) { receiptCode } }",
            token=gift["token"],
        )
        found: str | None = answer["donationByToken"]["receiptCode"]
        return found

    receipt_code: str = await became(code)
    return receipt_code


async def standing(platform: Running, fund: str) -> dict[str, Any]:
    found: dict[str, Any] = (await platform.ask(FUND, id=fund))["fund"]
    return found


async def funded(platform: Running, fund: str) -> tuple[str, str]:
    """Two gifts of 920,000.00 in all, the floor in force, and its first call met; their codes."""
    codes = (
        await given(platform, fund, FIRST_GIFT, "card"),
        await given(platform, fund, SECOND_GIFT, "alipay"),
    )
    await platform.do(
        "recordSettlement",
        "manager",
        fundId=fund,
        amountFen=str(FIRST_GIFT + SECOND_GIFT),
        reference="po_1",
    )
    assert (await standing(platform, fund))["openCall"] is None, "the floor is not in force yet"

    platform.move("2017-10-17 09:00")

    async def call() -> Any:
        return (await standing(platform, fund))["openCall"]

    opened = await became(call)
    assert opened == {
        "requiredFen": "8000000",
        "outstandingFen": "8000000",
        "dueOn": "2017-10-31",
    }
    await replenished(platform, fund, 3_000_000, "通财〔2017〕1号")
    assert (await call())["outstandingFen"] == "5000000"
    await replenished(platform, fund, 5_000_000, "通财〔2017〕2号")
    now = await standing(platform, fund)
    assert (now["availableFen"], now["shortfallFen"], now["openCall"]) == (str(FLOOR), "0", None)
    return codes


async def test_every_fen_of_a_gift_is_found_again_and_the_floor_is_met(
    platform: Running, fund: str
) -> None:
    first, second = await funded(platform, fund)

    ill = await granted(platform, fund, 100_000, ERMALU, "ILLNESS")
    struck = await granted(platform, fund, 200_000, LIANGSHUIJING, "DISASTER")
    failed = await granted(platform, fund, 50_000, ERMALU, "ACCIDENT")
    assert (await standing(platform, fund))["openCall"]["outstandingFen"] == "350000"
    await platform.do("settleReliefPayout", "cashier", payoutId=ill, bankReference="HZ1")
    await platform.do(
        "settleReliefPayout",
        "cashier",
        payoutId=failed,
        bankReference="HZ2",
        failureReason="户名不符",
    )
    await replenished(platform, fund, 300_000, "通财〔2017〕3号")
    platform.move("2017-11-02 10:00")
    await platform.do("settleReliefPayout", "cashier", payoutId=struck, bankReference="HZ3")

    assert await traced(platform, first) == [
        ("PAID_OUT", 100_000, "2017-10", "ILLNESS", ERMALU),
        ("PAID_OUT", 50_001, "2017-11", "DISASTER", LIANGSHUIJING),
    ]
    assert await traced(platform, second) == [
        ("PAID_OUT", 149_999, "2017-11", "DISASTER", LIANGSHUIJING),
        ("IN_FUND", 91_700_000, None, None, None),
    ]
    now = await standing(platform, fund)
    assert (now["openCall"], now["shortfallFen"]) == (None, "0")
    assert (now["paidOutFen"], now["payoutCount"]) == ("300000", 2)
    latest = now["calls"]["nodes"][0]
    assert latest["closedAt"] is not None
    assert [(event["kind"], event["amountFen"]) for event in latest["events"]] == [
        ("OPENED", "100000"),
        ("RAISED", "200000"),
        ("RAISED", "50000"),
        ("EASED", "50000"),
        ("MET", "300000"),
    ]
    assert HOUSEHOLD not in str(now)


async def traced(
    platform: Running, code: str
) -> list[tuple[str, int, str | None, str | None, str | None]]:
    """Where a gift is, by its receipt code, as anybody who holds it reads it; never who."""
    gift = (await platform.ask(TRACE, code=code))["donation"]
    assert gift["state"] == "RECEIVED"
    parts = [
        (
            part["kind"],
            int(part["amountFen"]),
            part["paidOn"],
            part["cause"],
            (part["village"] or {}).get("code"),
        )
        for part in gift["trace"]
    ]
    assert sum(part[1] for part in parts) == int(gift["amountFen"])
    assert sum(part[1] for part in parts if part[0] == "IN_FUND") == int(gift["remainingFen"])
    assert HOUSEHOLD not in str(gift)
    assert CARD[-4:] not in str(gift)
    return parts


@contextlib.asynccontextmanager
async def told_by_socket(platform: Running, fund: str) -> AsyncIterator[list[int]]:
    """What a page at a WebSocket hears: the available amounts, one after the other."""
    heard: list[int] = []
    address = platform.settings.loopback_address.replace("http://", "ws://")
    async with connect(f"{address}/graphql", subprotocols=["graphql-transport-ws"]) as socket:  # type: ignore[list-item] # a Subprotocol is a text
        await socket.send('{"type": "connection_init"}')
        assert json.loads(await socket.recv())["type"] == "connection_ack"
        asked = {"query": CHANGES, "variables": {"id": fund}}
        await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": asked}))

        async def listen() -> None:
            async for message in socket:
                told = json.loads(message)["payload"]["data"]["fundChanged"]
                heard.append(int(told["availableFen"]))

        async with cancelled_after(listen()):
            yield heard


@contextlib.asynccontextmanager
async def told_by_stream(platform: Running, fund: str) -> AsyncIterator[list[int]]:
    """What a program hears that reads server-sent events."""
    heard: list[int] = []

    async def listen() -> None:
        async with platform.http.stream(
            "POST",
            "/graphql",
            json={"query": CHANGES, "variables": {"id": fund}},
            headers={"accept": "text/event-stream"},
        ) as response:
            assert response.status_code == 200
            async for line in response.aiter_lines():
                name, _, data = line.partition(": ")
                if name == "data" and data:
                    told = json.loads(data)["data"]["fundChanged"]
                    heard.append(int(told["availableFen"]))

    async with cancelled_after(listen()):
        yield heard


@contextlib.asynccontextmanager
async def cancelled_after(listening: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(listening)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_who_watches_a_fund_is_told_by_socket_and_by_stream(
    platform: Running, fund: str
) -> None:
    async with (
        told_by_socket(platform, fund) as by_socket,
        told_by_stream(platform, fund) as by_stream,
    ):

        async def told(amount: int) -> None:
            async def both() -> bool:
                return by_socket[-1:] == by_stream[-1:] == [amount]

            await became(both)

        await told(0)
        await given(platform, fund, FIRST_GIFT, "card")
        await told(FIRST_GIFT)
        platform.move("2017-10-17 09:00")
        await replenished(platform, fund, FLOOR, "通财〔2017〕1号")
        await told(FIRST_GIFT + FLOOR)
        payout = await granted(platform, fund, 200_000, ERMALU, "ILLNESS")
        await told(FIRST_GIFT + FLOOR - 200_000)
        await platform.do(
            "settleReliefPayout",
            "cashier",
            payoutId=payout,
            bankReference="HZ1",
            failureReason="户名不符",
        )
        await told(FIRST_GIFT + FLOOR)

        moments = {0, FIRST_GIFT, FIRST_GIFT + FLOOR, FIRST_GIFT + FLOOR - 200_000}
        assert set(by_socket) == set(by_stream) == moments
