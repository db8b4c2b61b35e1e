"""From a template and what the API answered to the bytes of a page.

Names that a template misspells raise (StrictUndefined), all text is escaped, and money, instants
and enum values have one way to be written each.
"""

import datetime as dt
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from api.site import charts
from api.site.languages import TAGS, Language, sentence, word
from api.site.static_files import StaticFiles
from models.kernel.calendar import working_days_between
from models.kernel.clock import SHANGHAI, business_date
from models.kernel.ids import new_id
from models.kernel.money import Fen, capitals, parse_yuan, yuan

FOLDER: Final = Path(__file__).parents[1] / "pages"


def money(amount_fen: int | str) -> str:
    """``¥1,234.50``; a negative amount is ``−¥1,234.50``."""
    fen = int(amount_fen)
    return f"{'−' if fen < 0 else ''}¥{yuan(Fen(abs(fen)))}"


def amount(amount_fen: int | str) -> str:
    """As it stands in a field: ``1234.50``."""
    return yuan(Fen(int(amount_fen))).replace(",", "")


def moment(instant: str | dt.datetime) -> str:
    """``2026-11-21 09:30`` in Shanghai."""
    read = dt.datetime.fromisoformat(instant) if isinstance(instant, str) else instant
    return f"{read.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def days_until(day: str, today: dt.date) -> int:
    """Calendar days that are left until a date; below zero once it has passed."""
    return (dt.date.fromisoformat(day) - today).days


def working_days_until(day: str, today: dt.date) -> int:
    """Working days that are left until a date, that day with them."""
    return working_days_between(today, dt.date.fromisoformat(day))


def share(basis_points: int) -> str:
    """``12.5%``, without zeros that say nothing."""
    whole, rest = divmod(basis_points, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".") + "%"


def quick_response(text: str) -> Markup:
    """A QR code as an image within the page, without a style of its own."""
    code = segno.make(text, error="m", micro=False)
    drawn = code.svg_inline(scale=4, border=2, omitsize=True, dark="#000", light="#fff")
    return Markup(drawn.replace("<svg ", '<svg aria-hidden="true" ', 1))  # noqa: S704 - made by segno


def field_id(name: str, operation: str) -> str:
    """The id of a form's field in the page."""
    return f"{operation}-{name}".replace(".", "-")


def plain_path(name: str) -> str:
    """A path without the numbers of its rows: ``lines.quantity``."""
    return ".".join(part for part in name.split(".") if not part.isdecimal())


def next_page(query: Mapping[str, str], cursor: str) -> str:
    """The query string of the page after a cursor, its filters kept."""
    return urlencode({**query, "after": cursor})


class Renderer:
    """Renders templates of the pages folder."""

    def __init__(self, static: StaticFiles, folder: Path = FOLDER) -> None:
        self.environment = Environment(
            loader=FileSystemLoader(folder),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.environment.filters.update(
            money=money,
            field_id=field_id,
            plain_path=plain_path,
            typed_fen=parse_yuan,
            next_page=next_page,
            amount=amount,
            moment=moment,
            days_until=days_until,
            working_days_until=working_days_until,
            share=share,
            capitals=lambda fen: capitals(Fen(int(fen))),
            quick_response=quick_response,
        )
        self.environment.globals.update(
            static=static.address,
            new_request_id=new_id,
            balance_chart=charts.balance_chart,
            flow_chart=charts.flow_chart,
        )

    def render(
        self, template: str, *, language: Language, now: dt.datetime, values: Mapping[str, object]
    ) -> str:
        """A page in a language."""
        return self.environment.get_template(template).render(
            values,
            _=partial(sentence, language),
            word=partial(word, language),
            language=language,
            language_tag=TAGS[language],
            now=now,
            today=business_date(now),
        )
