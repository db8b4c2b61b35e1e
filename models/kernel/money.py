"""Money is an integer of fen (分), from the column to the wire; shares are basis points.

Amounts in words follow 《正确填写票据和结算凭证的基本规定》 (银发〔1997〕393号), part 1.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import NewType, TypeVar

Fen = NewType("Fen", int)
BasisPoints = NewType("BasisPoints", int)

WHOLE = BasisPoints(10_000)
FEN_PER_YUAN = 100

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_THOUSAND = 1_000
_GROUPS = ("", "万", "亿", "兆")
_TO_HALF_WIDTH = str.maketrans("０１２３４５６７８９．，￥", "0123456789.,¥")

Key = TypeVar("Key", bound=str)


def split(amount: Fen, weights: Mapping[Key, int]) -> dict[Key, Fen]:
    """Split an amount by largest remainder, ties to the lower key.

    Before: the amount is not negative, no weight is negative and their sum is positive.
    After: the parts, in fen, add up to the amount; a key of weight zero gets zero.
    """
    total_weight = sum(weights.values())
    assert amount >= 0
    assert total_weight > 0
    assert all(weight >= 0 for weight in weights.values())
    quotas = {key: divmod(amount * weight, total_weight) for key, weight in weights.items()}
    parts = {key: whole for key, (whole, _) in quotas.items()}
    left_over = amount - sum(parts.values())
    for key in sorted(quotas, key=lambda key: (-quotas[key][1], key))[:left_over]:
        parts[key] += 1
    assert sum(parts.values()) == amount
    return {key: Fen(part) for key, part in parts.items()}


def yuan(amount: Fen) -> str:
    """The amount as people read it: ``1,234.50``, with U+2212 before a negative one."""
    sign = "−" if amount < 0 else ""
    whole, fraction = divmod(abs(amount), FEN_PER_YUAN)
    return f"{sign}{whole:,}.{fraction:02d}"


def parse_yuan(text: str) -> Fen | None:
    """Read an amount in yuan as people type it (full-width digits, commas, ¥, 元), else None.

    More than two decimals, a sign, an exponent or an amount beyond 10^13 yuan is not an amount.
    """
    bare = text.translate(_TO_HALF_WIDTH).replace(",", "").replace(" ", "").replace("\u3000", "")
    bare = bare.removeprefix("¥").removesuffix("元")
    if not bare or bare.strip("0123456789.") or bare.count(".") > 1:
        return None
    try:
        fen = Decimal(bare) * FEN_PER_YUAN
    except InvalidOperation:
        return None
    if fen != fen.to_integral_value() or fen >= Decimal(10) ** 15:
        return None
    return Fen(int(fen))


def capitals(amount: Fen) -> str:
    """The amount in capitals (大写), as a receipt states it: ``人民币玖拾贰万元整``.

    Before: the amount is positive and below 10^16 yuan.
    """
    assert 0 < amount < 10**18
    whole, fraction = divmod(amount, FEN_PER_YUAN)
    jiao, fen = divmod(fraction, 10)
    words = "人民币" + (_whole_capitals(whole) + "元" if whole else "")
    if not fraction:
        return words + "整"
    if jiao:
        words += _DIGITS[jiao] + "角"
    elif whole:
        words += "零"
    return words + (_DIGITS[fen] + "分" if fen else "整")


def _whole_capitals(whole: int) -> str:
    groups: list[int] = []
    while whole:
        whole, group = divmod(whole, 10_000)
        groups.append(group)
    words = ""
    gap = False
    for index in reversed(range(len(groups))):
        group = groups[index]
        if not group:
            gap = True
            continue
        if words and (gap or group < _THOUSAND):
            words += "零"
        words += _group_capitals(group) + _GROUPS[index]
        gap = False
    return words


def _group_capitals(group: int) -> str:
    words = ""
    gap = False
    for place in reversed(range(4)):
        digit = group // 10**place % 10
        if not digit:
            gap = True
            continue
        if words and gap:
            words += "零"
        words += _DIGITS[digit] + _PLACES[place]
        gap = False
    return words
