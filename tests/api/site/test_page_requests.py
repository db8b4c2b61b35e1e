"""What happens between a form, the API and the next page."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.api.site.canned import TRACE, CannedDoor, application
from tests.api.site.canned_answers import PAY_ORIGIN, answers, refused
from tests.api.site.canned_orders import order
from tests.api.site.html_rules import findings

SITE = "http://testserver"
REQUEST = "019a0000-0000-7000-8000-000000000001"
GIVE = "/give/RnVuZDox"
GIFT: Mapping[str, str | list[str]] = {
    "requestId": REQUEST,
    "amountFen": ["100.00", "１２３.４元"],
    "method": "ALIPAY",
    "donorKind": "PERSON",
    "donorName": '王<b>"小',
    "anonymous": "false",
    "message": "",
}
NEW_ORDER: Mapping[str, str | list[str]] = {
    "requestId": REQUEST,
    "unitId": "VW5pdDox",
    "lines.0.productId": "UHJvZHVjdD1",
    "lines.0.quantity": "20",
    "lines.1.productId": "UHJvZHVjdD2",
    "lines.1.quantity": "",
    "note": "周五前送到",
}


async def send(
    address: str,
    fields: Mapping[str, str | list[str]],
    *,
    door: CannedDoor | None = None,
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(application(door or CannedDoor())), base_url=SITE
    ) as browser:
        return await browser.post(address, data=fields, headers=headers)


async def fetch(
    address: str, *, door: CannedDoor | None = None, headers: Mapping[str, str] | None = None
) -> httpx.Response:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(application(door or CannedDoor())), base_url=SITE
    ) as browser:
        return await browser.get(address, headers=headers)


def asked(door: CannedDoor, name: str) -> list[dict[str, object]]:
    return [variables for operation, variables in door.asked if operation == name]


async def test_checking_shows_what_would_be_done_and_does_nothing() -> None:
    door = CannedDoor()
    answer = await send(GIVE, {**GIFT, "check": "Give"}, door=door)

    assert answer.status_code == 200
    assert findings(answer.text, language="zh") == []
    assert "确认捐赠 ¥123.40" in answer.text
    assert "人民币壹佰贰拾叁元肆角整" in answer.text
    assert '<b>"' not in answer.text
    assert f'value="{REQUEST}"' in answer.text
    assert asked(door, "Give") == []


@pytest.mark.parametrize(("name", "anonymous"), [("", "true"), ("王小", "false")])
async def test_who_gives_no_name_gives_anonymously(name: str, anonymous: str) -> None:
    typed = {key: value for key, value in GIFT.items() if key != "anonymous"}
    answer = await send(GIVE, {**typed, "donorName": name, "check": "Give"})

    assert f'<input type="hidden" name="anonymous" value="{anonymous}">' in answer.text
    assert ("爱心人士（匿名）" in answer.text) == (not name)


async def test_giving_runs_the_mutation_and_leads_to_the_payment() -> None:
    door = CannedDoor()
    answer = await send(GIVE, {**GIFT, "operation": "Give"}, door=door)

    assert answer.status_code == 303
    assert answer.headers["location"] == f"{PAY_ORIGIN}/pay/cs_test_1"
    assert asked(door, "Give") == [
        {
            "requestId": REQUEST,
            "fund": "RnVuZDox",
            "amountFen": "12340",
            "method": "ALIPAY",
            "donorKind": "PERSON",
            "donorName": '王<b>"小',
            "anonymous": False,
        }
    ]


async def test_without_a_payment_page_the_donation_itself_comes_next() -> None:
    door = CannedDoor(
        answers(
            startDonation={
                "__typename": "StartDonationPayload", "checkoutUrl": None, "token": "a/b",
                "donation": None,
            }
        )
    )  # fmt: skip
    answer = await send(GIVE, {**GIFT, "operation": "Give"}, door=door)

    assert answer.headers["location"] == "/donations/a%2Fb"


async def test_a_payment_page_elsewhere_than_configured_is_not_gone_to() -> None:
    door = CannedDoor(
        answers(
            startDonation={
                "__typename": "StartDonationPayload", "checkoutUrl": "https://evil.example/pay",
                "token": "t1", "donation": None,
            }
        )
    )  # fmt: skip
    answer = await send(GIVE, {**GIFT, "operation": "Give"}, door=door)

    assert answer.headers["location"] == "/donations/t1"


@pytest.mark.parametrize("button", ["operation", "check"])
async def test_nothing_typed_is_lost_when_a_field_cannot_be_read(button: str) -> None:
    door = CannedDoor()
    answer = await send(
        GIVE, {**GIFT, "amountFen": ["", "一百块"], "method": "", button: "Give"}, door=door
    )

    assert answer.status_code == 422
    assert findings(answer.text, language="zh") == []
    assert "<title>有误：" in answer.text
    assert answer.text.count("捐赠金额请写成以元为单位的金额") == 2
    assert '<a href="#Give-method">请选择付款方式</a>' in answer.text
    for kept in ("一百块", "王&lt;b&gt;&#34;小", REQUEST):
        assert f'value="{kept}"' in answer.text
    assert asked(door, "Give") == []


async def test_a_refusal_keeps_the_form_and_says_why() -> None:
    door = CannedDoor(answers(startDonation=refused("FUND_CLOSED", "基金已关闭。", noun="fund")))
    answer = await send(GIVE, {**GIFT, "operation": "Give"}, door=door)

    assert answer.status_code == 422
    assert findings(answer.text, language="zh") == []
    assert "<title>有误：" in answer.text
    assert "<li>基金已关闭。</li>" in answer.text
    assert "１２３.４元" in answer.text


async def test_a_refusal_of_one_field_stands_beside_it() -> None:
    refusal = refused("INVALID_VALUE", "金额太大。", path="amountFen", reason="too_large")
    answer = await send(
        GIVE, {**GIFT, "operation": "Give"}, door=CannedDoor(answers(startDonation=refusal))
    )

    assert '<a href="#Give-amountFen">金额太大。</a>' in answer.text
    assert '<p class="problem" id="Give-amountFen-problem">金额太大。</p>' in answer.text


async def test_asking_quotes_the_order_and_places_nothing() -> None:
    door = CannedDoor()
    answer = await send("/orders/new", {**NEW_ORDER, "ask": "Submit"}, door=door)

    assert answer.status_code == 200
    assert findings(answer.text, language="zh") == []
    assert asked(door, "Quote") == [
        {"unitId": "VW5pdDox", "lines": [{"productId": "UHJvZHVjdD1", "quantity": 20}]}
    ]
    assert asked(door, "Submit") == []
    assert "下一步：核对 ¥2,546.00" in answer.text
    assert "¥39,618.00" in answer.text
    assert 'value="周五前送到"' in answer.text


async def test_quantities_of_products_that_a_filter_hides_are_kept() -> None:
    hidden = {**NEW_ORDER, "lines.7.productId": "SGlkZGVu", "lines.7.quantity": "5"}
    answer = await send("/orders/new", {**hidden, "search": "茶油", "ask": "Submit"})

    assert 'name="lines.7.productId" value="SGlkZGVu"' in answer.text
    assert 'name="lines.7.quantity" value="5"' in answer.text


async def test_a_row_that_was_sent_without_its_quantity_is_a_blank_one() -> None:
    bare = {name: value for name, value in NEW_ORDER.items() if name != "lines.1.quantity"}
    answer = await send("/orders/new", {**bare, "lines.9.note": "x", "ask": "Submit"})

    assert answer.status_code == 200
    assert 'name="lines.1.quantity" value=""' in answer.text


async def test_an_order_is_checked_and_then_placed() -> None:
    checked = await send("/orders/new", {**NEW_ORDER, "check": "Submit"})
    assert checked.status_code == 200
    assert findings(checked.text, language="zh") == []
    assert "确认下单 ¥2,546.00" in checked.text
    carried = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', checked.text)
    fields = {name: value for name, value in carried if name != "back"}

    door = CannedDoor()
    placed = await send("/orders/new", {**fields, "operation": "Submit"}, door=door)
    assert placed.status_code == 303
    assert placed.headers["location"] == "/orders/T3JkZXI6MQ"
    assert asked(door, "Submit") == [
        {
            "requestId": REQUEST,
            "unitId": "VW5pdDox",
            "lines": [{"productId": "UHJvZHVjdD1", "quantity": 20}],
            "note": "周五前送到",
        }
    ]


async def test_a_refused_quote_is_shown_before_anything_is_confirmed() -> None:
    door = CannedDoor(answers(orderQuote=refused("BUDGET_EXCEEDED", "指标不够，还差 ¥3.00。")))
    answer = await send("/orders/new", {**NEW_ORDER, "check": "Submit"}, door=door)

    assert answer.status_code == 422
    assert "指标不够，还差 ¥3.00。" in answer.text
    assert "确认下单" not in answer.text
    assert 'value="20"' in answer.text


async def test_what_one_form_sent_does_not_show_in_another() -> None:
    door = CannedDoor(answers(order=order(state="PLACED")))
    answer = await send(
        "/orders/T3JkZXI6MQ", {"requestId": REQUEST, "reason": "", "operation": "Cancel"}, door=door
    )

    assert answer.status_code == 422
    assert findings(answer.text, language="zh") == []
    assert answer.text.count(REQUEST) == 1
    assert '<a href="#Cancel-reason">请填写原因</a>' in answer.text


async def test_the_form_of_another_site_is_refused() -> None:
    for headers in (
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ):
        door = CannedDoor()
        answer = await send(GIVE, {**GIFT, "operation": "Give"}, door=door, headers=headers)
        assert answer.status_code == 403
        assert door.asked == []
        kept = await send("/preferences", {"language": "en"}, headers=headers)
        assert kept.status_code == 403
        assert "set-cookie" not in kept.headers


async def test_a_form_of_this_site_is_taken() -> None:
    for headers in ({"sec-fetch-site": "same-origin"}, {"origin": SITE}, {}):
        answer = await send(GIVE, {**GIFT, "operation": "Give"}, headers=headers)
        assert answer.status_code == 303


async def test_only_the_mutations_of_the_document_can_be_run() -> None:
    for fields in ({"operation": "SignIn"}, {"operation": "Page"}, {"ask": "Live"}, {}):
        door = CannedDoor()
        answer = await send(GIVE, {**GIFT, **fields}, door=door)
        assert answer.status_code == 400
        assert findings(answer.text, language="zh") == []
        assert door.asked == []


async def test_signing_in_sets_the_session_and_goes_where_one_wanted() -> None:
    fields = {"requestId": REQUEST, "signInName": "zeng", "password": "secret"}
    for wanted, target in (
        ("/orders/new", "/orders/new"),
        ("", "/"),
        ("//evil.example", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
    ):
        answer = await send("/sign-in", {**fields, "next": wanted, "operation": "SignIn"})
        assert answer.status_code == 303
        assert answer.headers["location"] == target
        assert answer.headers["set-cookie"].startswith("session=s1")


async def test_a_password_is_not_sent_back() -> None:
    door = CannedDoor(answers(viewer=None, signIn=refused("SIGN_IN_FAILED", "登录名或密码不对。")))
    answer = await send(
        "/sign-in",
        {"requestId": REQUEST, "signInName": "zeng", "password": "s3cret", "operation": "SignIn"},
        door=door,
    )

    assert answer.status_code == 422
    assert "登录名或密码不对。" in answer.text
    assert 'value="zeng"' in answer.text
    assert "s3cret" not in answer.text


async def test_a_page_for_people_who_signed_in_leads_to_the_sign_in() -> None:
    door = CannedDoor()
    door.errors = [{"message": "请先登录。", "extensions": {"code": "NOT_SIGNED_IN"}}]

    answer = await fetch("/orders/new", door=door)

    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=/orders/new"


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("NOT_FOUND", 404, "没有找到这个页面"),
        ("BAD_USER_INPUT", 404, "没有找到这个页面"),
        ("NOT_PERMITTED", 403, "您没有做这件事的权限"),
        ("INTERNAL_ERROR", 500, "系统出错了，不是您的问题"),
    ],
)
async def test_what_the_api_cannot_answer_is_a_page_with_a_number(
    code: str, status: int, words: str
) -> None:
    door = CannedDoor()
    door.errors = [{"message": "why", "extensions": {"code": code}}]

    answer = await fetch("/orders", door=door)

    assert answer.status_code == status
    assert findings(answer.text, language="zh") == []
    assert words in answer.text
    assert TRACE in answer.text
    assert ("why" in answer.text) == (status == 403)


async def test_what_does_not_exist_is_404_but_a_receipt_says_so_itself() -> None:
    assert (await fetch("/funds/x", door=CannedDoor(answers(fund=None)))).status_code == 404

    answer = await fetch("/r/R-0000", door=CannedDoor(answers(donation=None)))
    assert answer.status_code == 404
    assert findings(answer.text, language="zh") == []
    assert "没有这张收据" in answer.text
    assert 'value="R-0000"' in answer.text
    assert (await fetch("/r", door=CannedDoor(answers(donation=None)))).status_code == 200


async def test_an_address_without_a_page_says_so_with_a_number() -> None:
    answer = await fetch("/nowhere/at/all")

    assert answer.status_code == 404
    assert findings(answer.text, language="zh") == []
    assert TRACE in answer.text


async def test_the_secret_address_of_a_donation_is_not_printed() -> None:
    answer = await fetch("/donations/secret-token")

    printed = re.findall(r'<p class="printed">(.*?)</p>', answer.text)
    assert len(printed) == 1
    assert "/r/R-8F3K-2MNP-7QXTC" in printed[0]
    assert "secret-token" not in printed[0]


async def test_a_receipt_can_be_searched_by_a_form() -> None:
    door = CannedDoor()
    await fetch("/r?code=R-8F3K-2MNP-7QXTC", door=door)

    assert asked(door, "Page") == [{"code": "R-8F3K-2MNP-7QXTC"}]


async def test_every_form_has_its_own_request_id() -> None:
    page = (await fetch(GIVE)).text
    ids = re.findall(r'name="requestId" value="([^"]+)"', page)

    assert len(ids) == len(set(ids)) == 2
    assert all(UUID(each).version == 7 for each in ids)


async def test_a_body_that_is_too_large_or_no_form_is_refused() -> None:
    large: Any = {"message": "好" * 100_000, "operation": "Give"}
    assert (await send(GIVE, large)).status_code == 413
    many = {f"lines.{index}.quantity": "1" for index in range(3_000)}
    assert (await send("/orders/new", many)).status_code == 400
