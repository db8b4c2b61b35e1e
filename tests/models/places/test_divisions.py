"""Places are read by code, by parent, by name, and by their whole line of ancestors."""

import datetime as dt

import pytest

from models import places
from models.kernel import divisions as codes
from models.kernel.database import Database
from models.places import DivisionLevel, Place, VillageKind

TONGCHUAN = "511702000000"
DONGCHENG = "511702001000"
ERMALU = "511702001001"
XUNWU = "360734000000"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("511702001001", VillageKind.COMMUNITY),
        ("511702001199", VillageKind.COMMUNITY),
        ("511702001200", VillageKind.VILLAGE),
        ("511702001399", VillageKind.VILLAGE),
        ("511702001400", VillageKind.LIKE_COMMUNITY),
        ("511702001599", VillageKind.LIKE_VILLAGE),
        ("511702001000", None),
        (codes.NATION, None),
    ],
)
def test_the_last_digits_tell_a_community_from_a_village(
    code: str, kind: VillageKind | None
) -> None:
    assert places.village_kind(code) is kind


def test_the_level_is_told_by_the_code() -> None:
    chain = [places.level_of(code) for code in codes.ancestors(ERMALU)]

    assert chain == list(reversed(DivisionLevel))


async def test_a_division_is_found_by_its_code(loaded: Database) -> None:
    async with loaded.read() as connection:
        assert await places.division(connection, ERMALU) == Place(
            code=ERMALU,
            name="二马路社区居民委员会",
            level=DivisionLevel.VILLAGE,
            parent_code=DONGCHENG,
            kind=VillageKind.COMMUNITY,
        )
        assert await places.division(connection, "511702999999") is None


async def test_children_come_by_code_a_page_at_a_time(loaded: Database) -> None:
    async with loaded.read() as connection:
        first = await places.children(connection, TONGCHUAN, limit=10)
        rest = await places.children(connection, TONGCHUAN, after=first[-1].code, limit=10)
        provinces = await places.children(connection, codes.NATION)

    found = [place.code for place in first + rest]
    assert len(first) == 10
    assert len(found) == 18
    assert found == sorted(set(found))
    assert {place.parent_code for place in first + rest} == {TONGCHUAN}
    assert len(provinces) == 31


async def test_tongchuan_has_209_villages_and_communities(loaded: Database) -> None:
    async with loaded.read() as connection:
        towns = await places.children(connection, TONGCHUAN)
        villages = [
            village for town in towns for village in await places.children(connection, town.code)
        ]

    assert len(villages) == 209
    assert all(village.kind is not None for village in villages)


async def test_a_search_stays_within_the_division(loaded: Database) -> None:
    async with loaded.read() as connection:
        in_tongchuan = await places.search(connection, "二马路", within=TONGCHUAN)
        in_xunwu = await places.search(connection, "二马路", within=XUNWU)
        counties = await places.search(
            connection, "通川", within=codes.NATION, level=DivisionLevel.COUNTY
        )
        wildcard = await places.search(connection, "%", within=TONGCHUAN)
        endless = await places.search(connection, "通" * 100_000, within=TONGCHUAN)

    assert [place.code for place in in_tongchuan] == [ERMALU]
    assert in_xunwu == []
    assert [place.code for place in counties] == [TONGCHUAN]
    assert wildcard == endless == []


async def test_the_full_name_leaves_out_what_nobody_says(loaded: Database) -> None:
    async with loaded.read() as connection:
        names = await places.full_names(
            connection,
            [ERMALU, "110101000000", "429004000000", "620201000000", codes.NATION, "999999000000"],
        )

    assert names == {
        ERMALU: "四川省达州市通川区东城街道二马路社区居民委员会",
        "110101000000": "北京市东城区",
        "429004000000": "湖北省仙桃市",
        "620201000000": "甘肃省嘉峪关市",
        codes.NATION: "中华人民共和国",
    }


async def test_the_lineage_begins_with_the_nation(loaded: Database) -> None:
    async with loaded.read() as connection:
        lineage = (await places.lineages(connection, [ERMALU]))[ERMALU]

    assert [place.level for place in lineage] == list(DivisionLevel)
    assert lineage[-1].code == ERMALU


async def test_a_village_of_a_listed_county_counts_though_the_county_left_the_list(
    loaded: Database,
) -> None:
    async with loaded.read() as connection:
        village = (await places.search(connection, "", within=XUNWU, level=DivisionLevel.VILLAGE))[
            0
        ]

        assert await places.is_designated(connection, village.code, dt.date(2026, 11, 22))
        assert await places.is_designated(connection, XUNWU, dt.date(2017, 10, 17))
        assert not await places.is_designated(connection, XUNWU, dt.date(2012, 6, 13))
        assert not await places.is_designated(connection, ERMALU, dt.date(2017, 10, 17))
        assert not await places.is_designated(connection, "360700000000", dt.date(2017, 10, 17))
