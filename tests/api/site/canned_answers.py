"""What the schema with fixed answers answers: the shapes of the contract, real-looking values."""

from typing import Any

from tests.api.site.canned_orders import PRODUCTS, SHARES, order
from tests.api.site.canned_places import DISTRICT, VILLAGES

PAY_ORIGIN = "http://127.0.0.1:18441"


CALL = {
    "id": "Q2FsbDox",
    "number": "BC-2026-0007",
    "openedAt": "2026-11-18T02:00:00+00:00",
    "requiredFen": "8000000",
    "outstandingFen": "5000000",
    "metFen": "3000000",
    "dueOn": "2026-12-09",
    "dueProvisional": False,
    "workingDays": 15,
    "closedAt": None,
    "overdue": False,
    "events": [
        {
            "occurredAt": f"2026-11-{day}T02:00:00+00:00",
            "kind": kind,
            "amountFen": amount,
            "outstandingFen": outstanding,
        }
        for day, kind, amount, outstanding in (
            (18, "OPENED", "8000000", "8000000"),
            (20, "PARTLY_MET", "3000000", "5000000"),
        )
    ],
}


BALANCE_HISTORY: Any = [
    {
        "date": f"2026-{month:02d}-{day:02d}",
        "balanceFen": str(amount + 2_100_000),
        "availableFen": str(amount),
    }
    for month, day, amount in (
        (8, 3, 118_000_000),
        (8, 28, 112_300_000),
        (9, 9, 109_000_000),
        (10, 17, 131_000_000),
        (10, 30, 114_400_000),
        (11, 6, 103_000_000),
        (11, 18, 92_000_000),
        (11, 20, 95_000_000),
    )
]


ENTRIES: Any = {
    "nodes": [
        {
            "number": 63 - index,
            "occurredAt": f"2026-11-{day:02d}T03:10:00+00:00",
            "reason": reason,
            "source": source,
            "memo": memo,
            "amountFen": change,
            "availableChangeFen": held,
            "balanceFen": after,
            "availableFen": after,
        }
        for index, (
            day,
            reason,
            source,
            memo,
            change,
            held,
            after,
        ) in enumerate(
            (
                (
                    20,
                    "district_finance_received",
                    "DISTRICT_FINANCE",
                    "通财社〔2026〕118号",
                    "3000000",
                    "3000000",
                    "97100000",
                ),
                (19, "payout_held", None, "", "0", "-350000", "94100000"),
                (18, "payout_paid", None, "", "-350000", "0", "94100000"),
                (17, "donation_received", "DONATION", "", "20000", "20000", "94450000"),
            )
        )
    ],
    "pageInfo": {
        "hasNextPage": True,
        "hasPreviousPage": False,
        "startCursor": "a",
        "endCursor": "c",
    },
    "totalCount": 63,
}


def fund(**changes: Any) -> dict[str, Any]:
    known = {
        "__typename": "Fund",
        "id": "RnVuZDox",
        "name": "通川区精准防返贫救助基金",
        "division": DISTRICT,
        "documentNumber": "通川府办〔2017〕91号",
        "balanceFen": "97100000",
        "availableFen": "95000000",
        "floorFen": "100000000",
        "shortfallFen": "5000000",
        "openCall": CALL,
        "donationMethods": ["ALIPAY", "WECHAT_PAY", "CARD"],
        "balanceHistory": BALANCE_HISTORY,
        "entries": ENTRIES,
        "incomeBySource": [
            {"source": "DONATION", "amountFen": "92000000"},
            {"source": "DISTRICT_FINANCE", "amountFen": "11000000"},
        ],
        "paidOutFen": "6300000",
        "payoutCount": 31,
    }
    return known | changes


def donation(**changes: Any) -> dict[str, Any]:
    known = {
        "__typename": "Donation",
        "id": "RG9uOjE=",
        "receiptCode": "R-8F3K-2MNP-7QXTC",
        "fund": fund(),
        "amountFen": "10000000",
        "donorName": "达州市通川区个体劳动者协会",
        "donorKind": "TRADE_ASSOCIATION",
        "anonymous": False,
        "message": "愿乡亲们平安",
        "state": "RECEIVED",
        "method": "ALIPAY",
        "checkoutUrl": None,
        "startedAt": "2026-10-17T01:20:00+00:00",
        "receivedAt": "2026-10-17T01:22:08+00:00",
        "amountInCapitals": "人民币壹拾万元整",
        "campaign": "扶贫一日捐",
        "remainingFen": "9130000",
        "trace": [
            {
                "kind": "IN_FUND",
                "amountFen": "9130000",
                "paidOn": None,
                "village": None,
                "cause": None,
            },
            *(
                {
                    "kind": "PAID_OUT",
                    "amountFen": amount,
                    "paidOn": month,
                    "village": village,
                    "cause": cause,
                }
                for amount, month, village, cause in (
                    ("350000", "2026-10", VILLAGES[0], "ILLNESS"),
                    ("320000", "2026-11", VILLAGES[2], "ACCIDENT"),
                    ("200000", "2026-11", VILLAGES[3], "DISASTER"),
                )
            ),
        ],
    }
    return known | changes


MONEY_OF_A_YEAR = ("totalFen", "availableFen", "heldFen", "payableFen", "paidFen")


def connection(nodes: list[Any]) -> dict[str, Any]:
    return {
        "nodes": nodes,
        "totalCount": len(nodes),
        "pageInfo": {
            "hasNextPage": False,
            "hasPreviousPage": False,
            "startCursor": None,
            "endCursor": None,
        },
    }


def viewer(*roles: str) -> dict[str, Any]:
    return {
        "person": {"id": "UDox", "name": "曾敏"},
        "grants": [
            {"role": role, "organisation": {"id": "T3JnOjE", "name": "赣州市第三中学"}}
            for role in roles
        ],
    }


def refused(code: str, message: str, **facts: str) -> dict[str, Any]:
    return {
        "__typename": "Refused",
        "code": code,
        "message": message,
        "facts": [{"name": name, "value": value} for name, value in facts.items()],
    }


UNITS: Any = [
    {
        "id": "VW5pdDox",
        "name": "赣州市第三中学",
        "year": {
            "year": 2026,
            "totalFen": "5000000",
            "availableFen": "4216400",
            "heldFen": "254600",
            "payableFen": "0",
            "paidFen": "529000",
        },
    },
    {
        "id": "VW5pdDoy",
        "name": "赣州市第三中学东校区",
        "year": {
            "year": 2026,
            "totalFen": "0",
            "availableFen": "0",
            "heldFen": "0",
            "payableFen": "0",
            "paidFen": "0",
        },
    },
]


FIGURES: Any = {
    "fundCount": 3,
    "belowFloorCount": 1,
    "donatedFen": "92000000",
    "paidOutFen": "6300000",
    "orderCount": 128,
    "acceptedFen": "1687080000",
    "villageCount": 46,
}


FUNDS: Any = connection(
    [
        fund(),
        fund(
            id="RnVuZDoy",
            name="剑阁县防返贫保障基金",
            shortfallFen="0",
            openCall=None,
            availableFen="300000000",
            floorFen="100000000",
            division=DISTRICT | {"path": "四川省广元市剑阁县"},
        ),
    ]
)


def answers(**changes: Any) -> dict[str, Any]:
    """The root of the schema: what each field answers."""
    known: dict[str, Any] = {
        "viewer": viewer("OFFICER", "SUPPLIER"),
        "figures": FIGURES,
        "funds": FUNDS,
        "division": DISTRICT,
        "villageBenefits": connection(
            [
                {"village": village, "amountFen": "95475", "orderCount": 3, "year": 2026}
                for village in VILLAGES
            ]
        ),
        "fund": fund(),
        "donation": donation(),
        "donationByToken": donation(),
        "products": connection(PRODUCTS),
        "myBudgetUnits": UNITS,
        "orderQuote": {
            "__typename": "OrderQuote",
            "totalFen": "254600",
            "availableFen": "4216400",
            "lines": [{"product": PRODUCTS[0], "quantity": 20, "amountFen": "116000"}],
            "benefits": SHARES,
        },
        "orders": connection(
            [
                order(),
                order(
                    id="T3JkZXI6Mg",
                    number="DD-3M8P-20QA",
                    state="ACCEPTED",
                    payableFen="254600",
                    dueOn="2026-12-20",
                ),
            ]
        ),
        "order": order(),
        "signIn": {"__typename": "SignInPayload", "expiresAt": "2026-11-21T13:30:00+00:00"},
        "signOut": {"__typename": "SignOutPayload"},
        "startDonation": {
            "__typename": "StartDonationPayload",
            "donation": donation(),
            "checkoutUrl": f"{PAY_ORIGIN}/pay/cs_test_1",
            "token": "tk1",
        },
    }
    moves = "placeOrder confirmOrder shipOrder cancelOrder rejectOrder acceptOrder returnGoods"
    for name in (*moves.split(), "recordOrderPayment"):
        known[name] = {"__typename": "OrderPayload", "order": order()}
    return known | changes
