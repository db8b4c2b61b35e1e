"""What a donor sees: the hosted payment page, in Chinese first, without scripts.

Two steps: choose how to pay, then pay, decline or go back. The button that pays says the amount.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from models.kernel.clock import SHANGHAI
from models.kernel.money import Fen, yuan
from webhooks.sandbox import payments
from webhooks.sandbox.control import ENDPOINTS
from webhooks.sandbox.delivery import Deliverer
from webhooks.sandbox.faults import StripeFault
from webhooks.sandbox.objects import API_VERSION
from webhooks.sandbox.state import Body, Books, State

FOLDER = Path(__file__).parent
SEE_OTHER = 303
PAYMENT_REQUIRED = 402
NOT_FOUND = 404
GONE = 410
UNPROCESSABLE = 422
PLACEHOLDER = "{CHECKOUT_SESSION_ID}"
SIGNS = {"cny": "¥", "hkd": "HK$", "usd": "US$", "eur": "€", "gbp": "£", "sgd": "S$"}


@dataclass(frozen=True)
class Method:
    """A way to pay, as it is called on the page."""

    code: str
    chinese: str
    english: str
    chinese_hint: str
    english_hint: str


METHODS = {
    method.code: method
    for method in (
        Method("card", "银行卡", "Card", "测试卡 4242", "test card 4242"),
        Method("alipay", "支付宝", "Alipay", "跳转授权", "approve in the app"),
        Method("wechat_pay", "微信支付", "WeChat Pay", "扫码确认", "approve by scanning"),
    )
}
DECLINED = (
    "付款被拒绝，没有扣款。请换一种方式，或再试一次。",
    "The payment was declined; nothing was taken.",
)
NOT_CHOSEN = ("请选择一种支付方式。", "Choose how to pay.")


class Pages:
    """The pages, and the sheet that dresses them."""

    def __init__(self, state: State, deliverer: Deliverer) -> None:
        self._state = state
        self._deliverer = deliverer
        self._templates = Environment(
            loader=FileSystemLoader(FOLDER / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def routes(self) -> list[Route]:
        """All of them."""
        return [
            Route("/", self._index, methods=["GET"]),
            Route("/sandbox", self._index, methods=["GET"]),
            Route("/sandbox/pages.css", self._sheet, methods=["GET"]),
            Route("/c/pay/{id}", self._show, methods=["GET"]),
            Route("/c/pay/{id}", self._act, methods=["POST"]),
            Route("/{path:path}", self._nothing, methods=["GET"]),
        ]

    async def _index(self, _: Request) -> Response:
        return self._page("index.html", {"endpoints": ENDPOINTS, "api_version": API_VERSION})

    async def _nothing(self, _: Request) -> Response:
        return self._page("closed.html", {"session": None, "reason": "unknown"}, NOT_FOUND)

    async def _sheet(self, _: Request) -> Response:
        return FileResponse(FOLDER / "static" / "pages.css", media_type="text/css")

    async def _show(self, request: Request) -> Response:
        session, title = await self._state.run(lambda books: _found(books, request))
        if session is None:
            return await self._nothing(request)
        if session["status"] != "open":
            return self._closed(session)
        chosen = request.query_params.get("method")
        if chosen is None:
            return self._choice(session, title)
        if chosen not in session["payment_method_types"]:
            return self._choice(session, title, problem=NOT_CHOSEN, status=UNPROCESSABLE)
        facts = self._facts(session, title) | {"method": METHODS[chosen]}
        return self._page("approve.html", facts, session=session)

    async def _act(self, request: Request) -> Response:
        form = await request.form(max_fields=10, max_files=0)
        method, outcome = str(form.get("method", "")), str(form.get("outcome", ""))

        def work(books: Books) -> tuple[Body | None, str]:
            session, title = _found(books, request)
            if session is not None and session["status"] == "open":
                session = payments.pay(books, session["id"], method=method, outcome=outcome)
            return session, title

        try:
            session, title = await self._state.run(work)
        except StripeFault:
            session, title = await self._state.run(lambda books: _found(books, request))
            assert session is not None
            return self._choice(session, title, problem=NOT_CHOSEN, status=UNPROCESSABLE)
        self._deliverer.wake()
        if session is None:
            return await self._nothing(request)
        if session["status"] == "open":
            return self._choice(session, title, problem=DECLINED, status=PAYMENT_REQUIRED)
        if session["status"] == "expired":
            return self._closed(session)
        return RedirectResponse(_back(session, "success_url"), SEE_OTHER)

    def _choice(
        self,
        session: Body,
        title: str,
        *,
        problem: tuple[str, str] | None = None,
        status: int = 200,
    ) -> Response:
        offered = [METHODS[code] for code in session["payment_method_types"]]
        facts = self._facts(session, title) | {"methods": offered, "problem": problem}
        return self._page("choose.html", facts, status, session=session)

    def _closed(self, session: Body) -> Response:
        is_expired = session["status"] == "expired"
        facts = {
            "session": session,
            "reason": session["status"],
            "back_url": _back(session, "cancel_url" if is_expired else "success_url"),
        }
        return self._page("closed.html", facts, GONE if is_expired else 200, session=session)

    def _facts(self, session: Body, title: str) -> dict[str, Any]:
        ends_at = dt.datetime.fromtimestamp(session["expires_at"], SHANGHAI)
        amount = yuan(Fen(session["amount_total"]))
        return {
            "session": session,
            "title": title,
            "amount": f"{SIGNS[session['currency']]}{amount}",
            "ends_at": ends_at,
            "cancel_url": _back(session, "cancel_url"),
            "is_gift": session["submit_type"] == "donate",
        }

    def _page(
        self,
        name: str,
        facts: Mapping[str, Any],
        status: int = 200,
        *,
        session: Body | None = None,
    ) -> Response:
        text = self._templates.get_template(name).render(facts)
        return HTMLResponse(text, status, headers=_headers(session))


def _found(books: Books, request: Request) -> tuple[Body | None, str]:
    payments.expire_due(books)
    session = books.find("checkout.session", request.path_params["id"])
    if session is None:
        return None, ""
    lines = books.hidden(session["id"])["lines"]
    return session, "、".join(line["price_data"]["product_data"]["name"] for line in lines)


def _back(session: Body, name: str) -> str:
    url: str = session[name] or session["success_url"]
    return url.replace(PLACEHOLDER, session["id"])


def _headers(session: Body | None) -> dict[str, str]:
    # Chromium holds a form to its policy through the redirect after it.
    origins = {"'self'"}
    for name in ("success_url", "cancel_url"):
        if session is not None and session[name] is not None:
            parts = urlsplit(session[name])
            origins.add(f"{parts.scheme}://{parts.netloc}")
    policy = (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none';"
        f" frame-ancestors 'none'; form-action {' '.join(sorted(origins))}"
    )
    return {
        "Cache-Control": "no-store",
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
