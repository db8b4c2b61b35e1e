"""Texts that people type: kept without the blanks around them, or refused."""

from models.kernel.refusals import InvalidValue


def required(text: str, *, path: str, longest: int) -> str:
    """The text without the blanks around it, of 1 to `longest` characters.

    Refuses with InvalidValue at `path`, also for a NUL, which PostgreSQL cannot keep.
    """
    kept = text.strip()
    if not 0 < len(kept) <= longest or "\0" in kept:
        raise InvalidValue(path=path, reason="length")
    return kept


def optional(text: str | None, *, path: str, longest: int) -> str:
    """As `required`, but nothing, or blanks alone, is the empty text."""
    return "" if text is None or not text.strip() else required(text, path=path, longest=longest)
