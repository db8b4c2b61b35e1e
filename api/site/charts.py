"""Charts as SVG: a balance over time with its floor, and a source that flows to its uses.

Each is drawn twice, broad and narrow, so that its letters keep their size on a telephone; the style
sheet shows one of the two. Colours and strokes are classes, for the pages allow no inline style.
Everything is reckoned in whole fen and whole pixels.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from markupsafe import Markup, escape

from models.kernel.money import Fen, yuan

Say = Callable[..., str]

TEN_THOUSAND_YUAN: Final = 1_000_000
TICKS: Final = 4
FLOW_PARTS_AT_MOST: Final = 9
FLOW_BREADTH: Final = 160
FLOW_ROW: Final = 30
FLOW_GAP: Final = 6
LETTERS_APART: Final = 20


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a chart has room."""

    name: str
    width: int
    height: int
    left: int
    right: int = 12
    top: int = 16
    bottom: int = 36

    @property
    def floor_y(self) -> int:
        return self.height - self.bottom


BROAD: Final = Frame("broad", width=600, height=320, left=84)
NARROW: Final = Frame("narrow", width=300, height=260, left=72, right=4)


def ten_thousands(amount_fen: int, say: Say) -> str:
    """A tick: in 万, in English in thousands."""
    unit, one = ("万", TEN_THOUSAND_YUAN) if say("万") == "万" else ("k", 100_000)
    text = yuan(Fen(amount_fen * 100 // one))
    return text.rstrip("0").rstrip(".") + unit if "." in text else text + unit


def ticks(lowest: int, highest: int) -> list[int]:
    """Round amounts that cover both, a handful of them."""
    step = 1
    while (highest - lowest) > step * TICKS:
        first = int(str(step)[0])
        step = step * 2 if first in {1, 5} else step // 2 * 5
    start = lowest // step * step
    return list(range(start, highest + step, step))


def balance_chart(
    points: Sequence[Mapping[str, Any]], floor_fen: int | str, label: str, say: Say
) -> Markup:
    """The available balance day by day and the floor it has to keep, as two images of one chart."""
    days = [
        (dt.date.fromisoformat(point["date"]).toordinal(), int(point["availableFen"]))
        for point in points
    ]
    drawings = [_balance(frame, days, int(floor_fen), label, say) for frame in (BROAD, NARROW)]
    return Markup("").join(drawings)


def _balance(
    frame: Frame, days: Sequence[tuple[int, int]], floor: int, label: str, say: Say
) -> Markup:
    amounts = [amount for _, amount in days]
    lowest, highest = min(*amounts, floor), max(*amounts, floor)
    room = max((highest - lowest) // 10, highest // 50, 1)
    marks = ticks(max(lowest - room, 0), highest + room)
    low, high = marks[0], marks[-1]
    first, last = days[0][0], days[-1][0]

    def x(day: int) -> int:
        breadth = frame.width - frame.left - frame.right
        return frame.left + (day - first) * breadth // max(last - first, 1)

    def y(amount: int) -> int:
        height = frame.floor_y - frame.top
        return frame.floor_y - (amount - low) * height // max(high - low, 1)

    parts = [
        Markup('<rect class="under" x="{}" y="{}" width="{}" height="{}"/>').format(
            frame.left,
            y(floor),
            frame.width - frame.left - frame.right,
            frame.floor_y - y(floor),
        )
    ]
    for mark in marks:
        parts.append(_line("grid", frame.left, y(mark), frame.width - frame.right))
        if abs(y(mark) - y(floor)) >= LETTERS_APART:
            parts.append(
                _text("tick", frame.left - 8, y(mark) + 5, ten_thousands(mark, say), end=True)
            )
    parts.append(_line("floor", frame.left, y(floor), frame.width - frame.right))
    parts.append(
        _text("floor-label", frame.left - 8, y(floor) + 5, ten_thousands(floor, say), end=True)
    )
    parts.append(_text("floor-label", frame.left + 8, y(floor) + 21, say("底线")))
    steps = f"M{x(first)} {y(amounts[0])}" + "".join(
        f"H{x(day)}V{y(amount)}" for (_, _), (day, amount) in pairwise(days)
    )
    if first == last:
        steps += f"H{frame.width - frame.right}"
    parts.append(Markup('<path class="course" d="{}"/>').format(steps))
    end_x = frame.width - frame.right if first == last else x(last)
    parts.append(
        Markup('<circle class="latest" cx="{}" cy="{}" r="5"/>').format(end_x, y(amounts[-1]))
    )
    beginning = dt.date.fromordinal(first).isoformat()
    ending = dt.date.fromordinal(last).isoformat()
    parts.append(_text("tick", frame.left, frame.height - 10, beginning))
    if first != last:
        parts.append(_text("tick", frame.width - frame.right, frame.height - 10, ending, end=True))
    return _drawing(frame, label, parts)


def flow_chart(source: str, parts: Sequence[tuple[str, int]], label: str, say: Say) -> Markup:
    """A source on the left that flows to its parts on the right, each as broad as its amount.

    Small parts beyond the ninth are drawn as one. The page shows the exact amounts in a table.
    """
    shown = sorted(parts, key=lambda part: -part[1])
    if len(shown) > FLOW_PARTS_AT_MOST:
        rest = shown[FLOW_PARTS_AT_MOST - 1 :]
        shown = shown[: FLOW_PARTS_AT_MOST - 1]
        shown.append((say("其余 {count} 处", count=len(rest)), sum(part for _, part in rest)))
    total = sum(amount for _, amount in shown)
    if not total:
        return Markup("")
    broad = [max(amount * FLOW_BREADTH // total, 2) for _, amount in shown]
    slots = [max(each, FLOW_ROW) + FLOW_GAP for each in broad]
    frame = Frame("broad", width=760, height=sum(slots), left=0)
    inside, top = (frame.height - sum(broad)) // 2, 0
    streams: list[Markup] = []
    words = [
        Markup('<rect class="spring" x="0" y="{}" width="10" height="{}"/>').format(
            inside, sum(broad)
        ),
        _text("flow-label", 22, frame.height // 2 + 6, source),
    ]
    for index, (name, amount) in enumerate(shown):
        middle = top + slots[index] // 2
        streams.append(_stream(index, inside, middle - broad[index] // 2, broad[index]))
        words.append(_text("flow-label", 434, middle + 6, name))
        words.append(_text("flow-amount", 760, middle + 6, f"¥{yuan(Fen(amount))}", end=True))
        inside += broad[index]
        top += slots[index]
    return _drawing(frame, label, [*streams, *words])


def _stream(index: int, inside: int, outside: int, broad: int) -> Markup:
    return Markup(
        '<path class="stream stream-{}" d="M10 {}C230 {} 200 {} 420 {}V{}C200 {} 230 {} 10 {}Z"/>'
    ).format(
        index % 3 + 1,
        inside,
        inside,
        outside,
        outside,
        outside + broad,
        outside + broad,
        inside + broad,
        inside + broad,
    )


def _line(kind: str, x: int, y: int, until: int) -> Markup:
    return Markup('<path class="{}" d="M{} {}H{}"/>').format(kind, x, y, until)


def _text(kind: str, x: int, y: int, text: str, *, end: bool = False) -> Markup:
    anchor = Markup(' text-anchor="end"') if end else ""
    return Markup('<text class="{}" x="{}" y="{}"{}>{}</text>').format(
        kind, x, y, anchor, escape(text)
    )


def _drawing(frame: Frame, label: str, parts: Sequence[Markup]) -> Markup:
    return Markup(
        '<svg class="chart chart-{}" role="img" aria-label="{}" viewBox="0 0 {} {}">{}</svg>'
    ).format(frame.name, label, frame.width, frame.height, Markup("").join(parts))
