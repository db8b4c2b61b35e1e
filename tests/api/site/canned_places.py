"""Divisions of the world of the fixed answers."""

from typing import Any


def division(name: str, code: str, path: str = "四川省达州市通川区") -> dict[str, Any]:
    return {
        "code": code,
        "name": name,
        "path": path + name,
        "level": "VILLAGE",
        "designated": False,
        "__typename": "Division",
    }


VILLAGES = [
    division("尖山村", "511702104201", "四川省达州市通川区复兴镇"),
    division("九龙桥社区", "511702104005", "四川省达州市通川区复兴镇"),
    division("新桥村", "511702118204", "四川省达州市通川区碑庙镇"),
    division("长乐村", "511702121207", "四川省达州市通川区江陵镇"),
]
DISTRICT = {
    "code": "511702000000",
    "name": "通川区",
    "path": "四川省达州市通川区",
    "level": "COUNTY",
    "designated": False,
}
