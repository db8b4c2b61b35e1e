"""Products and an order, as the schema with fixed answers gives them."""

from typing import Any

from tests.api.site.canned_places import VILLAGES


def product(index: int, name: str, unit: str, price: int) -> dict[str, Any]:
    return {
        "__typename": "Product",
        "id": f"UHJvZHVjdD{index}",
        "name": name,
        "category": "粮油",
        "unitName": unit,
        "unitPriceFen": str(price),
        "stockQuantity": 800,
        "supplier": {"id": "T3JnOjk", "name": "于都县梓山富硒蔬菜专业合作社"},
        "county": {
            "code": "360731000000",
            "name": "于都县",
            "path": "江西省赣州市于都县",
            "level": "COUNTY",
            "designated": True,
        },
        "designated": True,
        "villages": [
            {"village": VILLAGES[0], "basisPoints": 6250},
            {"village": VILLAGES[2], "basisPoints": 3750},
        ],
    }


PRODUCTS = [
    product(1, "富硒丝苗米 5 kg", "袋", 5800),
    product(2, "赣南脐橙 一级果", "箱", 6850),
    product(3, "山茶油 1 L", "瓶", 12800),
]
SHARES = [
    {"village": VILLAGES[0], "amountFen": "159125"},
    {"village": VILLAGES[2], "amountFen": "95475"},
]


def order(**changes: Any) -> dict[str, Any]:
    line = {
        "id": "TGluZTox",
        "product": PRODUCTS[0],
        "quantity": 20,
        "unitPriceFen": "5800",
        "amountFen": "116000",
        "acceptedQuantity": 0,
        "acceptedFen": "0",
        "returnedQuantity": 0,
        "returnedFen": "0",
        "benefits": SHARES,
    }
    known = {
        "__typename": "Order",
        "id": "T3JkZXI6MQ",
        "number": "DD-7Q2K-91MX",
        "unit": {"id": "T3JnOjE", "name": "赣州市第三中学"},
        "supplier": PRODUCTS[0]["supplier"],
        "state": "SHIPPED",
        "paymentState": "UNPAID",
        "totalFen": "254600",
        "acceptedFen": "0",
        "returnedFen": "0",
        "paidFen": "0",
        "payableFen": "0",
        "transferCode": "YL7Q2K91",
        "placedAt": "2026-11-18T01:20:00+00:00",
        "dueOn": None,
        "note": "周五前送到",
        "lines": [
            line,
            line
            | {
                "id": "TGluZToy",
                "product": PRODUCTS[1],
                "quantity": 20,
                "unitPriceFen": "6930",
                "amountFen": "138600",
            },
        ],
        "benefits": SHARES,
        "history": [
            {
                "occurredAt": f"2026-11-{day}T01:20:00+00:00",
                "state": state,
                "actor": {"id": "UDox", "name": "曾敏"},
                "note": "",
                "amountFen": "0",
                "move": move,
            }
            for day, move, state in (
                (18, "PLACE", "PLACED"),
                (19, "CONFIRM", "CONFIRMED"),
                (20, "SHIP", "SHIPPED"),
            )
        ],
    }
    return known | changes
