"""The division file is made from the package's CSV files, the same bytes each time."""

import lzma
from pathlib import Path

from models.reference.build_divisions import build

PACKAGE = {
    "provinces.csv": 'code,name\n51,"四川省"\n44,"广东省"\n',
    "cities.csv": 'code,name,provinceCode\n5117,"达州市",51\n4419,"东莞市",44\n',
    "areas.csv": (
        "code,name,cityCode,provinceCode\n"
        '511702,"通川区",5117,51\n511703,"达川区",5117,51\n441900,"东莞市",4419,44\n'
    ),
    "streets.csv": (
        "code,name,areaCode,provinceCode,cityCode\n"
        '511702001,"东城街道",511702,51,5117\n511703001,"三里坪街道",511703,51,5117\n'
    ),
    "villages.csv": (
        "code,name,streetCode,provinceCode,cityCode,areaCode\n"
        '511702001001,"二马路社区居民委员会 ",511702001,51,5117,511702\n'
        '511703001001,"某社区居民委员会",511703001,51,5117,511703\n'
    ),
}


def test_kept_are_all_counties_but_only_the_villages_of_kept_ones(tmp_path: Path) -> None:
    for name, text in PACKAGE.items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    made = build(tmp_path)

    assert lzma.decompress(made).decode().splitlines() == [
        "44,广东省",
        "4419,东莞市",
        "51,四川省",
        "5117,达州市",
        "511702,通川区",
        "511702001,东城街道",
        "511702001001,二马路社区居民委员会",
        "511703,达川区",
    ]
    assert build(tmp_path) == made
