"""What the demo says on the terminal: Chinese first, English beside it, columns that line up."""

import io
import sys
import unicodedata
from collections.abc import Sequence
from typing import TextIO

_BOLD, _DIM, _GREEN, _RED, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[32m", "\x1b[31m", "\x1b[0m"
_CLEAR_LINE = "\r\x1b[2K"
_WIDE = "WF"
_CHINESE_COLUMNS = 52


def width(text: str) -> int:
    """How many columns a text takes: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(letter) in _WIDE else 1 for letter in text)


def padded(text: str, columns: int) -> str:
    """The text, filled with blanks on its right."""
    return text + " " * max(0, columns - width(text))


def right(text: str, columns: int) -> str:
    """The text, filled with blanks on its left."""
    return " " * max(0, columns - width(text)) + text


class Terminal:
    """A terminal, or a file: colours and moving lines are for the former only."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        if isinstance(self._stream, io.TextIOWrapper):
            # Not every terminal has every sign: better a question mark than no demo.
            self._stream.reconfigure(errors="replace")
        self._is_live = self._stream.isatty()

    def line(self, text: str = "") -> None:
        """One line."""
        self._write(f"{text}\n")

    def title(self, text: str) -> None:
        """A heading with a blank line above it."""
        self._write(f"\n{self._in(_BOLD, text)}\n")

    def step(self, day: str, chinese: str, english: str) -> None:
        """Something that was done on a day of the world."""
        english = self._in(_DIM, english)
        begin = _CLEAR_LINE if self._is_live else ""
        self._write(f"{begin}  {day}  {padded(chinese, _CHINESE_COLUMNS)}  {english}\n")

    def progress(self, text: str, done: int, total: int) -> None:
        """How far a longer step is; shown only where it can be wiped away again."""
        if self._is_live:
            self._write(f"{_CLEAR_LINE}  {text} {done}/{total}")

    def table(self, heads: Sequence[str], rows: Sequence[tuple[str, str, bool, str]]) -> None:
        """Name, what was to be, whether it is so, what is."""
        columns = [
            max(width(heads[0]), *(width(row[0]) for row in rows)),
            max(width(heads[1]), *(width(row[1]) for row in rows)),
            max(width(heads[2]), *(width(row[3]) for row in rows)),
        ]
        self.line()
        head = f"  {padded(heads[0], columns[0])}  {right(heads[1], columns[1])}     "
        self.line(self._in(_BOLD, head + right(heads[2], columns[2])))
        self.line("  " + "─" * (sum(columns) + 7))
        for name, wanted, is_equal, found in rows:
            sign = self._in(_GREEN, "=") if is_equal else self._in(_RED, "≠")
            self.line(
                f"  {padded(name, columns[0])}  {right(wanted, columns[1])}"
                f"  {sign}  {right(found, columns[2])}"
            )
        self.line("  " + "─" * (sum(columns) + 7))

    def _in(self, colour: str, text: str) -> str:
        return f"{colour}{text}{_PLAIN}" if self._is_live else text

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
