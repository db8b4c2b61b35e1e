"""What the platform says when a rule does not allow something, in Chinese and in English.

One entry a refusal class; `{fact}` stands for a field of it. A test fails for a class without an
entry, for a sentence that names what the class does not have, and for one that says nothing.
"""

from collections.abc import Mapping
from typing import Final, Literal

from models.funds.receipts import ReferenceUsed
from models.funds.statement import FundOverdrawn
from models.kernel.refusals import InvalidValue, NotFound, Refusal, WrongState
from models.kernel.requests import RequestReused
from models.parties.attempts import TooManyAttempts
from models.parties.grants import LastAdministrator, RoleHeldAlready, RoleUnfit
from models.parties.organisations import CreditCodeTaken, TreeTooDeep
from models.parties.people import SignInNameTaken
from models.parties.rights import NotPermitted, NotSignedIn
from models.parties.sign_in import SignInFailed
from models.procurement.acceptance import QuantityExceeded
from models.procurement.baskets import NoValidLot, SeveralSuppliers
from models.procurement.budgets import BudgetExceeded
from models.procurement.orders import NotYourUnit
from models.procurement.payments import BankReferenceUsed, PaymentExceedsPayable
from models.procurement.products import OutOfStock
from models.procurement.suppliers import NotYourSupplier, SupplierNotAdmitted
from models.relief.payouts import BankReferenceRepeated, HouseholdOutsideDivision, SamePerson

Language = Literal["zh", "en"]

SENTENCES: Final[Mapping[type[Refusal], Mapping[Language, str]]] = {
    NotFound: {
        "zh": "没有找到{noun}，或者您无权查看。",
        "en": "There is no such {noun}, or you may not see it.",
    },
    InvalidValue: {
        "zh": "{path} 的值不能接受：{reason}。",
        "en": "The value of {path} cannot be accepted: {reason}.",
    },
    WrongState: {
        "zh": "{noun}目前是“{state}”，不能这样做。",
        "en": "The {noun} is {state}, so this cannot be done.",
    },
    RequestReused: {
        "zh": "这个请求编号已经用过，而 {field} 与上次不同。",
        "en": "This request id was used before, with another {field}.",
    },
    FundOverdrawn: {
        "zh": "基金可用余额 {available_fen}，不足 {required_fen}。",
        "en": "The fund has {available_fen} available, less than {required_fen}.",
    },
    ReferenceUsed: {
        "zh": "凭证号 {reference} 的款项已经登记过。",
        "en": "Money under the reference {reference} was recorded before.",
    },
    NotSignedIn: {
        "zh": "请先登录。",
        "en": "Please sign in first.",
    },
    NotPermitted: {
        "zh": "您无权这样做；有权的是：{who_can}。",
        "en": "You may not do this; who may: {who_can}.",
    },
    CreditCodeTaken: {
        "zh": "统一社会信用代码 {credit_code} 已被另一家单位使用。",
        "en": "Another organisation has the unified credit code {credit_code}.",
    },
    TreeTooDeep: {
        "zh": "单位层级不能超过 {most_levels} 级。",
        "en": "Organisations cannot lie more than {most_levels} levels deep.",
    },
    SignInNameTaken: {
        "zh": "登录名 {sign_in_name} 已有人使用。",
        "en": "Somebody signs in as {sign_in_name} already.",
    },
    RoleUnfit: {
        "zh": "{kind}没有“{role}”这个角色。",
        "en": "There is no role “{role}” in a {kind}.",
    },
    RoleHeldAlready: {
        "zh": "此人在该单位已是{role}。",
        "en": "This person holds the role “{role}” there already.",
    },
    LastAdministrator: {
        "zh": "这是最后一位平台管理员，不能结束其角色。",
        "en": "This is the last administrator, whose role cannot be ended.",
    },
    SignInFailed: {
        "zh": "登录名或密码不对。",
        "en": "The name or the password is wrong.",
    },
    TooManyAttempts: {
        "zh": "登录尝试过于频繁，请在 {retry_after_seconds} 秒后再试。",
        "en": "Too many attempts to sign in; try again in {retry_after_seconds} seconds.",
    },
    NotYourUnit: {
        "zh": "这不是您所在的单位，只有本单位的经办人可以这样做。",
        "en": "This is not your unit; only its own officers may do this.",
    },
    NotYourSupplier: {
        "zh": "这不是您所在的供应商，只有该供应商的人员可以这样做。",
        "en": "This is not your enterprise; only the supplier's own people may do this.",
    },
    SupplierNotAdmitted: {
        "zh": "供应商“{supplier_name}”未入驻或已停用。",
        "en": "The supplier {supplier_name} is not, or no longer, admitted.",
    },
    SeveralSuppliers: {
        "zh": "一张订单只能有一家供应商，请分别下单：{supplier_names}。",
        "en": "An order has one supplier; please order apart from each: {supplier_names}.",
    },
    NoValidLot: {
        "zh": "商品“{product_name}”今天没有有效批次，无法确定产地村。",
        "en": "{product_name} has no lot that is valid today, so its origin is not known.",
    },
    OutOfStock: {
        "zh": "商品“{product_name}”库存不足：现有 {available_quantity}，需要 {required_quantity}。",
        "en": "{product_name}: {available_quantity} in stock, {required_quantity} wanted.",
    },
    BudgetExceeded: {
        "zh": "超出可用指标：可用 {available_fen}，需要 {required_fen}。",
        "en": "The appropriation has {available_fen} left; this needs {required_fen}.",
    },
    QuantityExceeded: {
        "zh": "数量超出：还有 {left_quantity}，填写了 {required_quantity}。",
        "en": "Of this line {left_quantity} are left, {required_quantity} were given.",
    },
    PaymentExceedsPayable: {
        "zh": "付款超出应付：应付 {payable_fen}，填写了 {required_fen}。",
        "en": "On this order {payable_fen} is owed; {required_fen} is more than that.",
    },
    BankReferenceUsed: {
        "zh": "银行流水号 {bank_reference} 已经登记过。",
        "en": "The bank reference {bank_reference} was recorded before.",
    },
    BankReferenceRepeated: {
        "zh": "银行流水号“{reference}”已用于本基金的另一笔救助款。",
        "en": "The bank's reference {reference} belongs to another payout of this fund.",
    },
    SamePerson: {
        "zh": "批准人不能登记同一笔的银行结果，请由基金出纳办理。",
        "en": "Who approved a payout does not settle it; the fund's cashier does.",
    },
    HouseholdOutsideDivision: {
        "zh": "该户不在本基金的区划内。",
        "en": "The household does not live in the fund's division.",
    },
}

# What facts of kind text may say, in the words of the glossary; others are said as they are.
WORDS: Final[Mapping[str, Mapping[Language, str]]] = {
    "order": {"zh": "订单", "en": "order"},
    "fund": {"zh": "基金", "en": "fund"},
    "product": {"zh": "商品", "en": "product"},
    "donation": {"zh": "捐赠", "en": "donation"},
    "not_an_id": {"zh": "不是有效的编号", "en": "it is not an id of ours"},
    "person": {"zh": "人员", "en": "person"},
    "organisation": {"zh": "单位", "en": "organisation"},
    "division": {"zh": "行政区划", "en": "division"},
    "session": {"zh": "登录", "en": "session"},
    "membership": {"zh": "角色", "en": "role held"},
    "household": {"zh": "农户", "en": "household"},
    "budget_unit": {"zh": "预算单位", "en": "budget unit"},
    "fund_office": {"zh": "基金管理单位", "en": "fund's office"},
    "finance_bureau": {"zh": "财政局", "en": "finance bureau"},
    "reviewing_office": {"zh": "评议审核单位", "en": "reviewing office"},
    "supervisor": {"zh": "监督单位", "en": "supervisor"},
    "operator": {"zh": "平台运营单位", "en": "operator"},
    "donor": {"zh": "捐赠人", "en": "donor"},
    "format": {"zh": "格式不对", "en": "wrong format"},
    "length": {"zh": "长度不对", "en": "wrong length"},
    "check_digit": {"zh": "校验码不对", "en": "wrong check digit"},
    "contains_name": {"zh": "不能含有登录名", "en": "it contains the name to sign in with"},
    "too_uniform": {"zh": "不同的字符太少", "en": "too few different characters"},
    "officer": {"zh": "经办人", "en": "officer"},
    "approver": {"zh": "审批人", "en": "approver"},
    "superior": {"zh": "主管单位", "en": "superior unit"},
    "supplier": {"zh": "供应商", "en": "supplier"},
    "fund_manager": {"zh": "基金管理人", "en": "fund manager"},
    "fund_cashier": {"zh": "基金出纳", "en": "fund cashier"},
    "finance": {"zh": "财政部门", "en": "finance"},
    "village_reviewer": {"zh": "村级评议人", "en": "village reviewer"},
    "township_reviewer": {"zh": "乡镇审核人", "en": "township reviewer"},
    "district_reviewer": {"zh": "区级审批人", "en": "district reviewer"},
    "auditor": {"zh": "审计人员", "en": "auditor"},
    "administrator": {"zh": "平台管理员", "en": "administrator"},
    "order_line": {"zh": "订单行", "en": "order line"},
    "placed": {"zh": "已下单", "en": "placed"},
    "confirmed": {"zh": "已确认", "en": "confirmed"},
    "shipped": {"zh": "已发货", "en": "shipped"},
    "partly_accepted": {"zh": "部分验收", "en": "partly accepted"},
    "accepted": {"zh": "已验收", "en": "accepted"},
    "cancelled": {"zh": "已取消", "en": "cancelled"},
    "rejected": {"zh": "已拒绝", "en": "rejected"},
    "returned": {"zh": "已退货", "en": "returned"},
    "admitted": {"zh": "已入驻", "en": "admitted"},
    "suspended": {"zh": "已停用", "en": "suspended"},
    "range": {"zh": "超出范围", "en": "it is out of range"},
    "count": {"zh": "条数不对", "en": "there are too few or too many"},
    "none": {"zh": "一条也没有", "en": "there is none"},
    "missing": {"zh": "没有填写", "en": "it is missing"},
    "future": {"zh": "日期在将来", "en": "it lies in the future"},
    "used_before": {"zh": "已经用过", "en": "it was used before"},
    "product_twice": {"zh": "同一商品出现两次", "en": "a product is in it twice"},
    "line_twice": {"zh": "同一订单行出现两次", "en": "a line is in it twice"},
    "not_a_county": {"zh": "不是县级区划", "en": "it is not a county"},
    "village_count": {"zh": "产地村的个数不对", "en": "there are too few or too many villages"},
    "share_not_positive": {"zh": "份额必须大于零", "en": "a share is not above zero"},
    "shares_do_not_add_up": {"zh": "份额之和不是 100%", "en": "the shares are not 100% together"},
    "unknown_village": {"zh": "有的村不存在", "en": "one of the villages is unknown"},
    "resolved": {"zh": "已处理", "en": "resolved"},
    "incident": {"zh": "待处理款项事件", "en": "incident"},
    "job": {"zh": "后台任务", "en": "job"},
    "relief_payout": {"zh": "救助款", "en": "relief payout"},
    "held": {"zh": "已批准待拨付", "en": "held"},
    "paid": {"zh": "已支付", "en": "paid"},
    "released": {"zh": "拨付失败已释放", "en": "released"},
    "before_the_fund": {"zh": "早于基金设立", "en": "it lies before the fund was opened"},
    "not_a_card_number": {"zh": "不是有效的银行卡号", "en": "it is not a card number"},
    "not_a_village": {"zh": "不是村级区划代码", "en": "it is not the code of a village"},
    "in_the_future": {"zh": "日期在将来", "en": "it lies in the future"},
    "is_a_donation": {"zh": "捐赠要另行登记", "en": "a donation is recorded in its own way"},
    "negative": {"zh": "不能为负数", "en": "it is negative"},
    "not_positive": {"zh": "必须大于零", "en": "it is not above zero"},
    "not_taken_by_this_fund": {"zh": "该基金不接受", "en": "this fund does not take it"},
    "out_of_range": {"zh": "超出范围", "en": "it is out of range"},
    "too_large_to_pay_online": {"zh": "金额过大，不能线上支付", "en": "too large to pay online"},
    "village_twice": {"zh": "同一个村出现两次", "en": "a village is in it twice"},
    "not_a_division": {"zh": "不是区划代码", "en": "it is not the code of a division"},
}
