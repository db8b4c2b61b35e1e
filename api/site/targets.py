"""Where a page may lead, and from where a form may come: this site, and the checkout."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request

from api.site.forms import Fields, counted

_NAME: Final = re.compile(r"\{([\w.]+)\}")


def refuse_foreign(request: Request) -> None:
    """Refuse a form that another site sent: 403 by what the browser says of where it comes from."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    own = f"{request.url.scheme}://{request.url.netloc}"
    foreign = site not in {"same-origin", "none"} if site else origin not in {None, own}
    if foreign:
        raise HTTPException(403)


def is_allowed_target(target: str, origins: Sequence[str]) -> bool:
    """Whether a redirect may lead there: a path of this site, or one of the origins."""
    if target.startswith("/"):
        return not target.startswith(("//", "/\\")) and target.isprintable()
    parts = urlsplit(target)
    return f"{parts.scheme}://{parts.netloc}" in origins


def filled(then: str, answer: Mapping[str, Any], fields: Fields) -> str | None:
    """The target with its names filled in, None where one of them has no value."""
    values = {name: _at(answer, name) or counted(fields, name) for name in _NAME.findall(then)}
    if not all(values.values()):
        return None
    if then == "{" + next(iter(values), "") + "}":
        return next(iter(values.values()))
    return _NAME.sub(lambda name: quote(values[name[1]], safe=""), then)


def _at(answer: Any, path: str) -> str:
    for name in path.split("."):
        answer = answer.get(name) if isinstance(answer, Mapping) else None
    return str(answer or "")
