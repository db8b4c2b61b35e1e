"""Divisions: provinces down to villages, with their names in full."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Annotated

import strawberry

from models import places
from models.kernel import divisions as codes
from models.kernel.database import Connection
from models.places import DivisionLevel, Place
from resolvers.context import Info
from resolvers.enumerations import described

MOST_DIVISIONS = 100

DivisionLevels = described(
    DivisionLevel,
    "区划级别。The level of a division.",
    {
        DivisionLevel.NATION: "全国。The whole country.",
        DivisionLevel.PROVINCE: "省级。A province.",
        DivisionLevel.CITY: "地级。A prefecture-level city.",
        DivisionLevel.COUNTY: "县级。A county or district.",
        DivisionLevel.TOWNSHIP: "乡级。A township or subdistrict.",
        DivisionLevel.VILLAGE: "村级。A village or community.",
    },
)


@strawberry.type(
    description="行政区划（国家统计局 2023 年统计用区划代码）。A division, by its statistical code."
)
class Division:
    """A division with what a list shows of it, so that no row asks again."""

    code: str = strawberry.field(description="12 位统计用区划代码。Its 12-digit code.")
    name: str = strawberry.field(description="名称；村名在县内会重复。Its own name, not unique.")
    path: str = strawberry.field(
        description="全称，如“四川省达州市通川区东城街道”。Its name in full."
    )
    level: DivisionLevel = strawberry.field(description="级别。Its level.")
    designated: bool = strawberry.field(
        description="在 832 个脱贫县内。Whether it lies in one of the 832 designated counties."
    )


async def divisions_by_code(
    connection: Connection, wanted: Iterable[str], *, day: dt.date
) -> dict[str, Division]:
    """The divisions with these codes, in two statements; an unknown one is named by its code."""
    chosen = set(wanted)
    lineages = await places.lineages(connection, chosen)
    listed = await places.designated(connection, chosen, day=day)
    return {
        code: _division(code, lineages.get(code, ()), designated=code in listed) for code in chosen
    }


def _division(code: str, lineage: Sequence[Place], *, designated: bool) -> Division:
    known = bool(lineage) and lineage[-1].code == code
    return Division(
        code=code,
        name=lineage[-1].name if known else code,
        path=places.spoken_name(lineage) if known else code,
        level=places.level_of(code),
        designated=designated,
    )


async def division_of(info: Info, code: str) -> Division:
    """The division that a noun names; those of a whole list are asked for at once."""
    division = await info.context.loader(_divisions_on).load((code, info.context.today))
    assert division is not None
    return division


async def _divisions_on(
    connection: Connection, keys: Sequence[tuple[str, dt.date]]
) -> dict[tuple[str, dt.date], Division]:
    (day,) = {day for _, day in keys}
    found = await divisions_by_code(connection, (code for code, _ in keys), day=day)
    return {(code, day): division for code, division in found.items()}


@strawberry.type(description="区划。Divisions.")
class PlacesQuery:
    """The part of Query about places; Query derives from it."""

    @strawberry.field(description="按代码查找区划。The division with this code, if there is one.")
    async def division(
        self,
        info: Info,
        code: Annotated[str, strawberry.argument(description="12 位代码。Its 12-digit code.")],
    ) -> Division | None:
        async with info.context.read() as connection:
            if await places.division(connection, code) is None:
                return None
        return await division_of(info, code)

    @strawberry.field(
        description="下级区划，或按名称开头查找，最多 100 个。Divisions below one, or by name.",
        metadata={"at_most": MOST_DIVISIONS},
    )
    async def divisions(
        self,
        info: Info,
        parent_code: Annotated[
            str, strawberry.argument(description="上级代码，默认全国。The division above.")
        ] = codes.NATION,
        search: Annotated[
            str | None, strawberry.argument(description="名称的开头。How the name begins.")
        ] = None,
    ) -> list[Division]:
        async with info.context.read() as connection:
            found = (
                await places.search(connection, search, within=parent_code, limit=MOST_DIVISIONS)
                if search
                else await places.children(connection, parent_code, limit=MOST_DIVISIONS)
            )
            wanted = [place.code for place in found]
            known = await divisions_by_code(connection, wanted, day=info.context.today)
        return [known[code] for code in wanted]
