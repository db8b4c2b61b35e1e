"""The pages speak Chinese first: a Chinese sentence is its own key, `en.toml` holds the English.

The values of the API's enums have their words, in both languages, in `words.toml`.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

Language = Literal["zh", "en"]

FOLDER: Final = Path(__file__).parents[1] / "pages"
TAGS: Final[Mapping[Language, str]] = {"zh": "zh-CN", "en": "en"}


def _read(name: str) -> dict[str, dict[str, str]]:
    tables: dict[str, dict[str, str]] = tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))
    return tables


ENGLISH: Final[Mapping[str, str]] = _read("en.toml")["sentences"]
WORDS: Final = _read("words.toml")


def chosen(cookie: str | None) -> Language:
    """The language that a visitor chose, Chinese unless it is English."""
    return "en" if cookie == "en" else "zh"


def sentence(language: Language, text: str, /, **values: object) -> str:
    """A sentence in the language, its `{names}` filled in; the Chinese where English is missing."""
    wording = ENGLISH.get(text, text) if language == "en" else text
    return wording.format_map(values) if values else wording


def word(language: Language, enum: str, value: str) -> str:
    """What people call a value of an enum."""
    both = WORDS.get(enum, {}).get(value)
    if both is None:
        return value
    chinese, _, english = both.partition(" | ")
    return english if language == "en" else chinese
