"""Who is in the demo world: organisations, people, and what they may do."""

from dataclasses import dataclass

from api.demo import market
from api.demo.stage import PASSWORD, Stage
from models.parties import OrganisationKind, Role

TONGCHUAN = "511702000000"
ADMINISTRATOR = "demo.admin"
MANAGER = "tc.manager"
CASHIER = "tc.cashier"
REVIEWER = "tc.reviewer"
FINANCE = "tc.finance"
AUDITOR = "tc.auditor"
CITY_FINANCE = "gz.finance"
CITY_AUDITOR = "gz.auditor"


@dataclass(frozen=True, slots=True)
class Office:
    """An organisation that the administrator opens."""

    key: str
    kind: OrganisationKind
    name: str
    division_code: str


@dataclass(frozen=True, slots=True)
class Post:
    """A person with a role for an organisation."""

    sign_in_name: str
    person: str
    role: Role
    office: str


OFFICES = (
    Office("office", OrganisationKind.FUND_OFFICE, "通川区扶贫和移民工作局", TONGCHUAN),
    Office("review", OrganisationKind.REVIEWING_OFFICE, "通川区脱贫攻坚领导小组办公室", TONGCHUAN),
    Office("finance", OrganisationKind.FINANCE_BUREAU, "通川区财政局", TONGCHUAN),
    Office("audit", OrganisationKind.SUPERVISOR, "通川区审计局", TONGCHUAN),
)
POSTS = (
    Post(MANAGER, "基金管理人（演示）", Role.FUND_MANAGER, "office"),
    Post(CASHIER, "基金出纳（演示）", Role.FUND_CASHIER, "office"),
    Post(REVIEWER, "区级审批人（演示）", Role.DISTRICT_REVIEWER, "review"),
    Post(FINANCE, "区财政经办人（演示）", Role.FINANCE, "finance"),
    Post(AUDITOR, "区审计人员（演示）", Role.AUDITOR, "audit"),
)
CITY_OFFICES = (
    Office("city_finance", OrganisationKind.FINANCE_BUREAU, "赣州市财政局", market.CITY),
    Office("city_audit", OrganisationKind.SUPERVISOR, "赣州市审计局", market.CITY),
)
CITY_POSTS = (
    Post(CITY_FINANCE, "市财政经办人（演示）", Role.FINANCE, "city_finance"),
    Post(CITY_AUDITOR, "市审计人员（演示）", Role.AUDITOR, "city_audit"),
)


async def open_offices(stage: Stage, offices: tuple[Office, ...]) -> None:
    """The administrator opens the offices."""
    for office in offices:
        await open_organisation(stage, ADMINISTRATOR, office)


async def fill_posts(stage: Stage, posts: tuple[Post, ...]) -> None:
    """The administrator enrols the people and gives them their roles."""
    for post in posts:
        await enrol(stage, ADMINISTRATOR, post.sign_in_name, post.person)
        await give_role(stage, ADMINISTRATOR, post.sign_in_name, post.office, post.role)


async def open_organisation(
    stage: Stage, by: str, office: Office, *, parent: str | None = None
) -> None:
    """Somebody opens an organisation, perhaps below another one."""
    payload = await stage.do(
        "OpenOrganisation",
        by,
        kind=office.kind.name,
        name=office.name,
        divisionCode=office.division_code,
        parentId=stage.ids[parent] if parent else None,
    )
    stage.ids[office.key] = payload["organisation"]["id"]


async def enrol(stage: Stage, by: str, sign_in_name: str, person: str) -> None:
    """Somebody enrols a person, all with the same password."""
    payload = await stage.do(
        "EnrolPerson", by, signInName=sign_in_name, name=person, password=PASSWORD
    )
    stage.ids[sign_in_name] = payload["person"]["id"]


async def give_role(stage: Stage, by: str, sign_in_name: str, office: str, role: Role) -> None:
    """Somebody gives a person a role for an organisation."""
    await stage.do(
        "GrantRole",
        by,
        personId=stage.ids[sign_in_name],
        organisationId=stage.ids[office],
        role=role.name,
    )
