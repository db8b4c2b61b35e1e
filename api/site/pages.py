"""The web pages: each runs its document through the schema, as any client of the API would.

GET asks `query Page`; with `Accept: text/event-stream` the same address tells of changes. On POST a
button named `operation` runs a mutation of the document (success answers 303, a refusal the same
page with 422 and everything typed in place), `check` shows what would be done, `ask` only asks the
document's other queries with the form. Nothing else in the API can be reached through a page.
"""

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final
from urllib.parse import quote

import structlog
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from api.endpoint.wire import EVENT_STREAM, Operation, RequestRefusedError
from api.site import documents as page_documents
from api.site.documents import PageDocument, PageOperation
from api.site.door import Answer, Door
from api.site.events import changes
from api.site.preferences import preferences_route
from api.site.rendering import Renderer
from api.site.static_files import StaticFiles
from api.site.targets import filled, is_allowed_target, refuse_foreign
from api.site.visits import (
    BODY_BYTES,
    BUTTONS,
    Reader,
    Visit,
    address_values,
    path_fields,
    sent_fields,
    site,
)
from models.kernel.ids import new_id

log = structlog.get_logger(__name__)

COMPRESSED_FROM_BYTES: Final = 1_000
FORBIDDEN: Final = 403
STATUS_OF: Final[Mapping[str, int]] = {
    "NOT_FOUND": 404,
    "INVALID_VALUE": 404,
    "BAD_USER_INPUT": 404,
    "NOT_PERMITTED": FORBIDDEN,
}
NOT_SIGNED_IN: Final = "NOT_SIGNED_IN"


class PageFailedError(Exception):
    """The API could not answer a page: its status, and the sentence where the API gave one."""

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class SignInNeededError(Exception):
    """The page is only for those who signed in."""


class PageRoutes:
    """The pages as routes.

    `now` tells the time at which a request is answered, `address` is what people type to come here
    (by default what the request names), and `pay_origins` are the other sites to which a form may
    lead: the checkout.
    """

    def __init__(
        self,
        door: Door,
        *,
        now: Callable[[Request], dt.datetime],
        address: str = "",
        pay_origins: Sequence[str] = (),
        secure_cookies: bool = True,
    ) -> None:
        self._door = door
        self._now = now
        self._address = address
        self._pay_origins = tuple(pay_origins)
        self._secure_cookies = secure_cookies
        self.static = StaticFiles()
        self._renderer = Renderer(self.static)
        self.documents = page_documents.load(door.schema)
        self._policy = "; ".join(
            (
                "default-src 'self'",
                "img-src 'self' data:",
                " ".join(("form-action 'self'", *self._pay_origins)),
                "frame-ancestors 'none'",
                "base-uri 'none'",
                "object-src 'none'",
            )
        )

    def routes(self) -> list[BaseRoute]:
        """Every page, the setting of preferences, the pages' own files; last, what is not there.

        They go behind all other routes of the application.
        """
        pages = [
            Route(
                path,
                self._endpoint(page),
                methods=["GET", "POST"] if page.mutations else ["GET"],
                max_body_size=BODY_BYTES,
                middleware=[Middleware(GZipMiddleware, minimum_size=COMPRESSED_FROM_BYTES)],
            )
            for page in self.documents
            for path in page.paths
        ]
        pages.sort(key=lambda route: "{" in route.path)
        return [
            preferences_route(secure_cookies=self._secure_cookies),
            self.static.route(),
            *pages,
            Route("/{path:path}", self._nothing, methods=["GET"]),
        ]

    def error_page(
        self, request: Request, status: int, *, trace: str, message: str = ""
    ) -> Response:
        """The page for an address that has none, or when something broke."""
        reader = Reader.of(request)
        return self._html(
            self._renderer.render(
                "error.html",
                language=reader.language,
                now=self._now(request),
                values={
                    **address_values(request, reader),
                    "status": status,
                    "trace": trace,
                    "message": message,
                    "viewer": None,
                    "failed": False,
                },
            ),
            status,
        )

    async def _nothing(self, request: Request) -> Response:
        return self.error_page(request, 404, trace=trace_of(request))

    def _endpoint(self, page: PageDocument) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            visit = self._visit(request, page)
            try:
                return await self._answer(visit)
            except SignInNeededError:
                return RedirectResponse(
                    f"/sign-in?next={quote(request.url.path, safe='/')}", status_code=303
                )
            except PageFailedError as failure:
                status, message = failure.status, failure.message
            except HTTPException as failure:
                status, message = failure.status_code, ""
            except RequestRefusedError as failure:
                status, message = failure.status, ""
            except Exception:
                log.exception("page.unexpected", request_id=visit.trace, page=page.name)
                status, message = 500, ""
            return self.error_page(request, status, trace=visit.trace, message=message)

        return endpoint

    def _visit(self, request: Request, page: PageDocument) -> Visit:
        query = {name: request.query_params.getlist(name) for name in request.query_params}
        fields = query | path_fields(request)
        return Visit(request, page, Reader.of(request), fields, trace_of(request))

    async def _answer(self, visit: Visit) -> Response:
        if visit.request.method == "POST":
            return await self._post(visit)
        if EVENT_STREAM in visit.request.headers.get("accept", ""):
            return self._events(visit)
        return await self._page(visit)

    async def _post(self, visit: Visit) -> Response:
        refuse_foreign(visit.request)
        sent = await sent_fields(visit.request)
        button = next((each for each in BUTTONS if each in sent), None)
        mutation = visit.page.mutations.get(sent[button][-1]) if button else None
        if mutation is None:
            raise PageFailedError(400)
        visit.fields = sent | path_fields(visit.request)
        visit.sent = mutation.name
        if button != "ask":
            variables, visit.problems = visit.decode(mutation)
            if button == "operation" and not visit.problems:
                answer = await self._ask(visit, mutation, variables)
                if answer is not None:
                    return self._leave(visit, mutation, answer)
        for question in visit.page.questions.values():
            variables, problems = visit.decode(question)
            visit.problems = problems | visit.problems
            if not problems:
                visit.answers[question.name.lower()] = await self._ask(visit, question, variables)
        visit.checking = button == "check" and not visit.failed
        return await self._page(visit)

    async def _page(self, visit: Visit) -> Response:
        variables, problems = visit.decode(visit.page.page)
        if any(name in visit.request.path_params for name in problems):
            raise PageFailedError(404)
        data = await self._run(visit, visit.page.page, variables)
        empty = any(data[name] is None for name in visit.page.page.answer_keys)
        if empty and not visit.page.may_be_empty:
            raise PageFailedError(404)
        html = self._renderer.render(
            f"{visit.page.name}.html",
            language=visit.reader.language,
            now=self._now(visit.request),
            values={**visit.values(), **data, "site": self._address or site(visit.request)},
        )
        status = 422 if visit.failed else 404 if empty and variables else 200
        return with_headers(self._html(html, status), visit)

    async def _ask(
        self, visit: Visit, operation: PageOperation, variables: Mapping[str, object]
    ) -> Answer | None:
        """The answer of an operation; None when it was refused, which the visit then knows."""
        data = await self._run(visit, operation, variables)
        answer: Answer = data[operation.answer_keys[0]]
        if answer.get("__typename") != "Refused":
            return answer
        _raise_if_barred(answer["code"], answer["message"])
        visit.refuse(answer)
        return None

    async def _run(
        self, visit: Visit, operation: PageOperation, variables: Mapping[str, object]
    ) -> Answer:
        answered = await self._door.execute(
            visit.request,
            Operation(visit.page.text, variables, operation.name),
            visit.reader.language,
        )
        visit.headers += answered.headers
        for error in answered.body.get("errors") or ():
            code = error.get("extensions", {}).get("code", "")
            _raise_if_barred(code, error["message"])
            raise PageFailedError(STATUS_OF.get(code, 500))
        data: Answer = answered.body["data"]
        return data

    def _leave(self, visit: Visit, operation: PageOperation, answer: Answer) -> Response:
        for then in operation.then:
            target = filled(then, answer, visit.fields)
            if target is not None and is_allowed_target(target, self._pay_origins):
                return with_headers(RedirectResponse(target, status_code=303), visit)
        raise PageFailedError(500, f"{operation.name} of {visit.page.name} leads nowhere")

    def _events(self, visit: Visit) -> Response:
        live = visit.page.live
        if live is None:
            return Response(status_code=204)
        variables, problems = visit.decode(live)
        if problems:
            raise PageFailedError(404)
        answers = self._door.subscribe(
            visit.request,
            Operation(visit.page.text, variables, live.name),
            visit.reader.language,
        )
        return StreamingResponse(
            changes(answers),
            media_type=EVENT_STREAM,
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    def _html(self, html: str, status: int) -> Response:
        return Response(
            html,
            status_code=status,
            media_type="text/html",
            headers={
                "cache-control": "private, no-cache",
                "content-security-policy": self._policy,
                "cross-origin-opener-policy": "same-origin",
                "referrer-policy": "same-origin",
                "vary": "accept, cookie",
                "x-content-type-options": "nosniff",
            },
        )


def trace_of(request: Request) -> str:
    """The number by which the request is found in the log."""
    return getattr(request.state, "request_id", None) or str(new_id())


def with_headers(response: Response, visit: Visit) -> Response:
    """The response with what resolvers told the browser, such as a session's cookie."""
    for name, value in visit.headers:
        response.headers.append(name, value)
    return response


def _raise_if_barred(code: str, message: str) -> None:
    if code == NOT_SIGNED_IN:
        raise SignInNeededError
    if STATUS_OF.get(code) == FORBIDDEN:
        raise PageFailedError(FORBIDDEN, message)
