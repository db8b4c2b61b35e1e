"""`/sandbox`: what a test, a demo or a person can make happen and the provider does not offer."""

import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from webhooks.sandbox import payments, reversals
from webhooks.sandbox.delivery import Deliverer
from webhooks.sandbox.events import SIGNATURES, Post, Signature
from webhooks.sandbox.faults import StripeFault
from webhooks.sandbox.state import Body, Books, State

UNPROCESSABLE = 422
UNSUPPORTED_MEDIA = 415
EVENTS_SHOWN = 1_000

Seconds = Annotated[float, Field(ge=0, le=3_600)]


class Instruction(BaseModel):
    """What may be asked; nothing else is."""

    model_config = ConfigDict(extra="forbid")


class Pay(Instruction):
    method: Literal["card", "alipay", "wechat_pay"] = "card"
    outcome: Literal["paid", "declined", "pending"] = "paid"


class Settle(Instruction):
    outcome: Literal["succeeded", "failed"] = "succeeded"


class Refunds(Instruction):
    outcome: Literal["succeeded", "pending", "failed"] = "succeeded"


class Dispute(Instruction):
    amount: Annotated[int, Field(ge=1)] | None = None
    reason: str = "fraudulent"


class CloseDispute(Instruction):
    outcome: Literal["won", "lost"] = "won"


class PostInstruction(Instruction):
    copies: Annotated[int, Field(ge=1, le=20)] = 1
    hold: bool = False
    delay_seconds: Seconds = 0
    drop: list[str] = []
    signature: Signature = "right"


class Deliver(Instruction):
    order: Literal["made", "reversed", "shuffled"] = "made"
    seed: int = 0
    events: list[str] | None = None


class Fault(Instruction):
    kind: Literal["500", "429", "409", "timeout", "lost_answer"] = "500"
    path: str = "/v1/"
    times: Annotated[int, Field(ge=1, le=1_000)] = 1
    seconds: Seconds = 90


class Calm(Instruction):
    pass


# What the index page says; a test holds it to the routes and to the instructions above.
ENDPOINTS = (
    (
        "POST /sandbox/sessions/{id}/pay",
        '{"method": "card|alipay|wechat_pay", "outcome": "paid|declined|pending"}',
        "代捐赠人付款、拒付或约定稍后到账（银行卡不能稍后）。",
        "Pay, decline, or agree to pay with the money still to come (not by card).",
    ),
    (
        "POST /sandbox/sessions/{id}/settle",
        '{"outcome": "succeeded|failed"}',
        "稍后到账的付款到账或失败。",
        "A pending payment arrives or fails.",
    ),
    (
        "POST /sandbox/refunds",
        '{"outcome": "succeeded|pending|failed"}',
        "此后的退款结果。",
        "What becomes of refunds from now on.",
    ),
    (
        "POST /sandbox/refunds/{id}/settle",
        '{"outcome": "succeeded|failed"}',
        "待处理的退款完成或失败。",
        "A pending refund arrives or fails.",
    ),
    (
        "POST /sandbox/payments/{id}/dispute",
        '{"amount": null, "reason": "fraudulent"}',
        "持卡人发起争议；金额以分计，缺省为全部。",
        "The donor's bank disputes the payment; amount in fen, all of it if left out.",
    ),
    (
        "POST /sandbox/disputes/{id}/close",
        '{"outcome": "won|lost"}',
        "争议了结。",
        "The dispute is decided.",
    ),
    (
        "POST /sandbox/post",
        '{"copies": 1, "hold": false, "delay_seconds": 0, "drop": [], "signature": "'
        + "|".join(SIGNATURES)
        + '"}',
        "此后的通知：重复、扣住、延迟、丢弃（事件类型，* 为全部）、错误签名。",
        "Webhooks from now on: duplicate, hold, delay, drop (kinds of event, * for all), mis-sign.",
    ),
    (
        "POST /sandbox/deliver",
        '{"order": "made|reversed|shuffled", "seed": 0, "events": null}',
        "立即投递扣住和等待的通知，或按给出的次序投递指定事件。",
        "Deliver now what is held or waiting, or the named events in the order named.",
    ),
    (
        "POST /sandbox/faults",
        '{"kind": "500|429|409|timeout|lost_answer", "path": "/v1/", "times": 1, "seconds": 90}',
        "让接口出错若干次；lost_answer 先做事，再丢掉回答。",
        "Make the API fail so many times; lost_answer does the work and loses the answer.",
    ),
    ("POST /sandbox/calm", "{}", "恢复一切正常。", "Everything behaves again."),
    ("GET /sandbox/events", "", "事件和投递情况。", "The events and their deliveries."),
)

Asked = TypeVar("Asked", bound=Instruction)


class Control:
    """The endpoints under `/sandbox` that answer JSON."""

    def __init__(self, state: State, deliverer: Deliverer) -> None:
        self._state = state
        self._deliverer = deliverer

    def routes(self) -> list[Route]:
        """All of them."""
        return [
            self._route("/sandbox/sessions/{id}/pay", Pay, self._pay),
            self._route("/sandbox/sessions/{id}/settle", Settle, self._settle),
            self._route("/sandbox/refunds", Refunds, self._refunds),
            self._route("/sandbox/refunds/{id}/settle", Settle, self._settle_refund),
            self._route("/sandbox/payments/{id}/dispute", Dispute, self._dispute),
            self._route("/sandbox/disputes/{id}/close", CloseDispute, self._close_dispute),
            self._route("/sandbox/post", PostInstruction, self._post),
            self._route("/sandbox/deliver", Deliver, self._deliver),
            self._route("/sandbox/faults", Fault, self._fault),
            self._route("/sandbox/calm", Calm, self._calm),
            Route("/sandbox/events", self._events, methods=["GET"]),
        ]

    def _route(
        self, path: str, instruction: type[Asked], act: Callable[[str, Asked], Awaitable[Any]]
    ) -> Route:
        async def serve(request: Request) -> Response:
            # A form on a foreign page can be sent here by a browser, but not as this type.
            if not request.headers.get("content-type", "").startswith("application/json"):
                return _no("the body must be application/json", UNSUPPORTED_MEDIA)
            try:
                asked = instruction.model_validate_json(await request.body() or b"{}")
                answer = await act(request.path_params.get("id", ""), asked)
            except ValidationError as error:
                return _no(json.loads(error.json(include_url=False)), UNPROCESSABLE)
            except StripeFault as fault:
                return JSONResponse(fault.body(), fault.status)
            self._deliverer.wake()
            return JSONResponse(answer)

        return Route(path, serve, methods=["POST"])

    async def _pay(self, identity: str, asked: Pay) -> Body:
        def work(books: Books) -> Body:
            payments.expire_due(books)
            return payments.pay(books, identity, method=asked.method, outcome=asked.outcome)

        return await self._state.run(work)

    async def _settle(self, identity: str, asked: Settle) -> Body:
        return await self._state.run(
            lambda books: payments.settle(books, identity, outcome=asked.outcome)
        )

    async def _refunds(self, _: str, asked: Refunds) -> Body:
        await self._state.run(lambda books: books.turn("refund_outcome", asked.outcome))
        return asked.model_dump()

    async def _settle_refund(self, identity: str, asked: Settle) -> Body:
        return await self._state.run(
            lambda books: reversals.settle_refund(books, identity, outcome=asked.outcome)
        )

    async def _dispute(self, identity: str, asked: Dispute) -> Body:
        return await self._state.run(
            lambda books: reversals.dispute(
                books, identity, amount=asked.amount, reason=asked.reason
            )
        )

    async def _close_dispute(self, identity: str, asked: CloseDispute) -> Body:
        return await self._state.run(
            lambda books: reversals.close_dispute(books, identity, outcome=asked.outcome)
        )

    async def _post(self, _: str, asked: PostInstruction) -> Body:
        post = Post(**(asked.model_dump() | {"drop": tuple(asked.drop)}))
        await self._state.run(post.set)
        return asked.model_dump()

    async def _deliver(self, _: str, asked: Deliver) -> Body:
        answers = await self._deliverer.deliver(
            order=asked.order, seed=asked.seed, events=asked.events
        )
        return {"delivered": answers}

    async def _fault(self, _: str, asked: Fault) -> Body:
        await self._state.run(
            lambda books: books.connection.execute(
                "INSERT INTO faults (kind, path, seconds, times) VALUES (?, ?, ?, ?)",
                (asked.kind, asked.path, asked.seconds, asked.times),
            )
        )
        return asked.model_dump()

    async def _calm(self, _: str, asked: Calm) -> Body:
        def work(books: Books) -> None:
            Post().set(books)
            books.turn("refund_outcome", "succeeded")
            books.connection.execute("DELETE FROM faults")

        await self._state.run(work)
        return asked.model_dump()

    async def _events(self, _: Request) -> Response:
        return JSONResponse({"events": await self._state.run(_events_and_letters)})


def _events_and_letters(books: Books) -> list[Body]:
    rows = books.connection.execute(
        "SELECT id, json_extract(body, '$.type'), created,"
        " (SELECT json_group_array(json_object('state', state, 'signature', signature,"
        " 'attempts', attempts, 'answer', last_answer)) FROM deliveries WHERE event_id = id)"
        " FROM objects WHERE kind = 'event' ORDER BY sequence DESC LIMIT ?",
        (EVENTS_SHOWN,),
    )
    return [
        {"id": identity, "type": kind, "created": created, "deliveries": json.loads(letters)}
        for identity, kind, created, letters in rows
    ]


def _no(reason: Any, status: int) -> Response:
    return JSONResponse({"error": reason}, status)
