"""Statistical division codes: 12 digits, province 2, city 2, county 2, township 3, village 3.

Source: 国家统计局《统计用区划代码和城乡划分代码编制规则》(国统字〔2009〕91号).
"""

LEVEL_LENGTHS = (2, 4, 6, 9, 12)
CODE_LENGTH = 12
NATION = "0" * CODE_LENGTH


def prefix(code: str) -> str:
    """The significant digits of a code, cut at its own level: 130530000000 gives 130530."""
    if code == NATION:
        return ""
    return next(code[:end] for end in LEVEL_LENGTHS if not code[end:].strip("0"))


def contains(outer: str, inner: str) -> bool:
    """Whether the outer division is the inner one or one of its ancestors."""
    return inner.startswith(prefix(outer))


def ancestors(code: str) -> list[str]:
    """The division itself and those that contain it, nearest first, the nation last."""
    own = prefix(code)
    shorter = [own[:end].ljust(CODE_LENGTH, "0") for end in LEVEL_LENGTHS if end <= len(own)]
    return [*reversed(shorter), NATION]


def at_level(code: str, length: int) -> str:
    """The ancestor of a code at the level with that many significant digits."""
    assert length in LEVEL_LENGTHS
    return code[:length].ljust(CODE_LENGTH, "0")
