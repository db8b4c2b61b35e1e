"""The tree of places, and which of its counties are designated.

Codes: 国家统计局《统计用区划代码和城乡划分代码编制规则》(国统字〔2009〕91号). The village part
of a code is 001–199 for a 居民委员会, 200–399 for a 村民委员会, 400–499 and 500–599 for what is
like one or the other. Designated counties: the 832 of 国务院扶贫办 (2012). Leaving that list in
2016–2020 did not end what a county is entitled to: 财库〔2021〕19号 still speaks of the 832.
"""

import datetime as dt
import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Index, String, Text, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from models.kernel import divisions as codes
from models.kernel.database import Base

NATION_NAME = "中华人民共和国"
COUNTY_DIGITS = 6


class DivisionLevel(enum.StrEnum):
    """How deep a division lies."""

    NATION = "nation"
    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    TOWNSHIP = "township"
    VILLAGE = "village"


class VillageKind(enum.StrEnum):
    """What the last three digits of a village's code say of it."""

    COMMUNITY = "community"
    VILLAGE = "village"
    LIKE_COMMUNITY = "like_community"
    LIKE_VILLAGE = "like_village"


NAME_LENGTH = 80


class Division(Base):
    """A part of the country; the nation is the root of the tree."""

    __tablename__ = "divisions"
    __table_args__ = (Index(None, "parent_code", "code"),)

    code: Mapped[str] = mapped_column(String(12), primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    level: Mapped[DivisionLevel]
    parent_code: Mapped[str | None] = mapped_column(String(12))
    kind: Mapped[VillageKind | None]


class DesignatedCounty(Base):
    """An entry of the list of 832; two entries have become one county since."""

    __tablename__ = "designated_counties"

    county_code: Mapped[str] = mapped_column(String(12), primary_key=True)
    listed_name: Mapped[str] = mapped_column(String(80), primary_key=True)
    designated_since: Mapped[dt.date]
    delisted_year: Mapped[int]
    region: Mapped[str] = mapped_column(String(10))
    note: Mapped[str] = mapped_column(Text)


@dataclass(frozen=True, slots=True)
class Place:
    """A division as it is read."""

    code: str
    name: str
    level: DivisionLevel
    parent_code: str | None
    kind: VillageKind | None


LEVELS = dict(zip(codes.LEVEL_LENGTHS, list(DivisionLevel)[1:], strict=True))
_KIND_FROM = (
    (500, VillageKind.LIKE_VILLAGE),
    (400, VillageKind.LIKE_COMMUNITY),
    (200, VillageKind.VILLAGE),
    (1, VillageKind.COMMUNITY),
)
# Cities that exist in the code alone: nobody writes them in an address.
_UNSPOKEN = frozenset({"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"})


def level_of(code: str) -> DivisionLevel:
    """The level a code stands at, by its significant digits."""
    return DivisionLevel.NATION if code == codes.NATION else LEVELS[len(codes.prefix(code))]


def village_kind(code: str) -> VillageKind | None:
    """Whether a twelve-digit code is of a community or a village; None above the village."""
    number = int(code[-3:])
    return next((kind for first, kind in _KIND_FROM if number >= first), None)


def spoken_name(lineage: Sequence[Place]) -> str:
    """The full Chinese name, from a lineage that begins with the outermost division."""
    spoken: list[str] = []
    for place in lineage:
        unspoken = place.level is DivisionLevel.NATION or place.name in _UNSPOKEN
        if not unspoken and place.name not in spoken[-1:]:
            spoken.append(place.name)
    return "".join(spoken) or NATION_NAME


_PLACE = (Division.code, Division.name, Division.level, Division.parent_code, Division.kind)


async def division(connection: AsyncConnection, code: str) -> Place | None:
    """The division with this twelve-digit code."""
    row = (await connection.execute(select(*_PLACE).where(Division.code == code))).one_or_none()
    return None if row is None else Place(*row)


async def children(
    connection: AsyncConnection, parent_code: str, *, after: str = "", limit: int = 100
) -> list[Place]:
    """The divisions directly below one, by code, beginning behind the code `after`."""
    statement = (
        select(*_PLACE)
        .where(Division.parent_code == parent_code, Division.code > after)
        .order_by(Division.code)
        .limit(limit)
    )
    return [Place(*row) for row in await connection.execute(statement)]


async def search(
    connection: AsyncConnection,
    name_prefix: str,
    *,
    within: str,
    level: DivisionLevel | None = None,
    limit: int = 20,
) -> list[Place]:
    """The divisions anywhere below one whose names begin so, by code."""
    if len(name_prefix) > NAME_LENGTH:
        # No name begins so, and SQLite refuses to look for a pattern beyond 50,000 bytes.
        return []
    conditions: list[ColumnElement[bool]] = [
        Division.code > within,
        Division.code <= codes.prefix(within).ljust(codes.CODE_LENGTH, "9"),
        Division.name.startswith(name_prefix, autoescape=True),
    ]
    if level is not None:
        conditions.append(Division.level == level)
    statement = select(*_PLACE).where(*conditions).order_by(Division.code).limit(limit)
    return [Place(*row) for row in await connection.execute(statement)]


async def lineages(
    connection: AsyncConnection, division_codes: Iterable[str]
) -> dict[str, list[Place]]:
    """For each known code the divisions from the nation down to itself, in one query."""
    chains = {code: codes.ancestors(code) for code in division_codes}
    wanted = {code for chain in chains.values() for code in chain}
    statement = select(*_PLACE).where(Division.code.in_(wanted))
    places = {row.code: Place(*row) for row in await connection.execute(statement)}
    return {
        # The city 东莞 and the county in its townships' codes are one division: it comes once.
        code: [places[part] for part in dict.fromkeys(reversed(chain)) if part in places]
        for code, chain in chains.items()
        if code in places
    }


async def full_names(connection: AsyncConnection, division_codes: Iterable[str]) -> dict[str, str]:
    """The full Chinese name of each known code, such as 四川省达州市通川区, in one query."""
    found = await lineages(connection, division_codes)
    return {code: spoken_name(lineage) for code, lineage in found.items()}


async def designated(
    connection: AsyncConnection, division_codes: Iterable[str], *, day: dt.date
) -> set[str]:
    """Those of the codes that lie in a county designated on or before a day, in one query."""
    counties = {code: codes.at_level(code, COUNTY_DIGITS) for code in division_codes}
    statement = select(DesignatedCounty.county_code).where(
        DesignatedCounty.county_code.in_(set(counties.values())),
        DesignatedCounty.designated_since <= day,
    )
    listed = set((await connection.execute(statement)).scalars())
    return {code for code, county in counties.items() if county in listed}


async def is_designated(connection: AsyncConnection, division_code: str, day: dt.date) -> bool:
    """Whether a place lies in a designated county; one that left the list still counts."""
    return bool(await designated(connection, [division_code], day=day))
