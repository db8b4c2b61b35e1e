"""People, organisations and the roles that people hold for them."""

from collections.abc import Mapping, Sequence
from typing import Annotated
from uuid import UUID

import strawberry

from models.parties import OrganisationKind, Role, grants, organisations, people
from models.parties.grants import HeldRole
from models.parties.organisations import OrganisationRow
from models.parties.people import PersonRow
from resolvers.context import REQUEST_ID, Context, Info
from resolvers.enumerations import described
from resolvers.identities import NODES, Node, uuid_of
from resolvers.refusals import Refused

OrganisationKinds = described(
    OrganisationKind,
    "单位的类别。What an organisation is.",
    {
        OrganisationKind.OPERATOR: "平台运营单位。Runs the platform.",
        OrganisationKind.BUDGET_UNIT: "预算单位。A public body that buys.",
        OrganisationKind.SUPPLIER: "供应商。Sells produce.",
        OrganisationKind.FUND_OFFICE: "基金管理单位。The office of a fund.",
        OrganisationKind.FINANCE_BUREAU: "财政局。A finance bureau.",
        OrganisationKind.REVIEWING_OFFICE: "评议审核单位：村、乡镇或区。Reviews relief.",
        OrganisationKind.SUPERVISOR: "监督单位：审计、纪检。Audits and supervises.",
        OrganisationKind.DONOR: "捐赠单位。A body that gives.",
    },
)
Roles = described(
    Role,
    "角色：一个人可以为一个单位做什么。What a person may do for an organisation.",
    {
        Role.OFFICER: "经办人：下单、验收。Orders and accepts for a budget unit.",
        Role.APPROVER: "审批人。Approves for a budget unit.",
        Role.SUPERIOR: "主管单位：为下级开户、授权。Opens accounts for the units below.",
        Role.SUPPLIER: "供应商：供货。Sells for a supplier.",
        Role.FUND_MANAGER: "基金管理人。Manages a fund.",
        Role.FUND_CASHIER: "基金出纳：付款。Pays out for a fund.",
        Role.FINANCE: "财政部门。Acts for a finance bureau.",
        Role.VILLAGE_REVIEWER: "村级评议人。Reviews for a village.",
        Role.TOWNSHIP_REVIEWER: "乡镇审核人。Reviews for a township.",
        Role.DISTRICT_REVIEWER: "区级审批人。Approves for a district.",
        Role.AUDITOR: "审计人员：只读。Reads everything in their area, changes nothing.",
        Role.ADMINISTRATOR: "平台管理员。Administers a division.",
    },
)


@strawberry.type(description="单位：预算单位、供应商、基金管理单位等。An organisation.")
class Organisation(Node):
    """An organisation."""

    kind: OrganisationKind = strawberry.field(description="类别。What it is.")
    name: str = strawberry.field(description="名称。Its name.")
    credit_code: str | None = strawberry.field(
        description="统一社会信用代码。Its unified credit code."
    )
    division_code: str = strawberry.field(
        description="所在行政区划代码，12 位。The division it lies in."
    )
    parent_id: strawberry.Private[UUID | None]

    @strawberry.field(description="上级单位。The organisation above it.")
    async def parent(self, info: Info) -> "Organisation | None":
        return None if self.parent_id is None else await organisation_of(info, self.parent_id)

    @classmethod
    def of(cls, row: OrganisationRow) -> "Organisation":
        return cls(
            uuid=row.id,
            kind=row.kind,
            name=row.name,
            credit_code=row.credit_code,
            division_code=row.division_code,
            parent_id=row.parent_id,
        )


@strawberry.type(description="人员。Somebody who can sign in.")
class Person(Node):
    """A person."""

    name: str = strawberry.field(description="姓名。Their name.")

    @classmethod
    def of(cls, row: PersonRow) -> "Person":
        return cls(uuid=row.id, name=row.name)


@strawberry.type(description="授予的角色。A role that a person holds for an organisation.")
class Grant(Node):
    """A role held."""

    role: Role = strawberry.field(description="角色。The role.")
    organisation_id: strawberry.Private[UUID]

    @strawberry.field(description="为哪个单位。The organisation it is for.")
    async def organisation(self, info: Info) -> Organisation:
        return await organisation_of(info, self.organisation_id)

    @classmethod
    def of(cls, held: HeldRole) -> "Grant":
        return cls(uuid=held.membership_id, role=held.role, organisation_id=held.organisation_id)


async def organisation_of(info: Info, organisation_id: UUID) -> Organisation:
    """An organisation that another row names, so that it is there."""
    row = await info.context.loader(organisations.organisations_by_id).load(organisation_id)
    assert row is not None
    return Organisation.of(row)


@NODES.finder(Organisation)
async def find_organisations(context: Context, ids: Sequence[UUID]) -> Mapping[UUID, Node]:
    """Organisations are public facts."""
    async with context.read() as connection:
        found = await organisations.organisations_by_id(connection, ids)
    return {row.id: Organisation.of(row) for row in found.values()}


@NODES.finder(Person)
async def find_people(context: Context, ids: Sequence[UUID]) -> Mapping[UUID, Node]:
    """People whom the asker may know of."""
    async with context.read() as connection:
        found = await people.people_in_scope(connection, context.actor, ids)
    return {row.id: Person.of(row) for row in found}


@NODES.finder(Grant)
async def find_grants(context: Context, ids: Sequence[UUID]) -> Mapping[UUID, Node]:
    """Roles that the asker holds, or may give and end."""
    async with context.read() as connection:
        found = await grants.held_roles_in_scope(connection, context.actor, ids)
    return {held.membership_id: Grant.of(held) for held in found}


@strawberry.input(description="开设单位。Opening an organisation.")
class OpenOrganisationInput:
    """What opening an organisation takes."""

    request_id: UUID = strawberry.field(description=REQUEST_ID)
    kind: OrganisationKind = strawberry.field(description="类别。What it is.")
    name: str = strawberry.field(description="名称，1 至 120 字。Its name.")
    division_code: str = strawberry.field(
        description="所在行政区划代码，12 位。The division it lies in."
    )
    credit_code: str | None = strawberry.field(
        default=None, description="统一社会信用代码，18 位。Its unified credit code."
    )
    parent_id: strawberry.ID | None = strawberry.field(
        default=None, description="上级单位；没有则为根。The organisation above it, if any."
    )


@strawberry.input(description="登记人员。Enrolling a person.")
class EnrolPersonInput:
    """What enrolling a person takes."""

    request_id: UUID = strawberry.field(description=REQUEST_ID)
    sign_in_name: str = strawberry.field(
        description="登录名，3 至 80 个字母、数字或 .@+-_。The name to sign in with, theirs alone."
    )
    name: str = strawberry.field(description="姓名，1 至 80 字。Their name.")
    password: str = strawberry.field(
        description="密码，10 至 200 个字符。A password to begin with, of 10 to 200 characters."
    )


@strawberry.input(description="授予角色。Giving a role.")
class GrantRoleInput:
    """What giving a role takes."""

    request_id: UUID = strawberry.field(description=REQUEST_ID)
    person_id: strawberry.ID = strawberry.field(description="给谁。The person it is given to.")
    organisation_id: strawberry.ID = strawberry.field(
        description="为哪个单位。The organisation it is for."
    )
    role: Role = strawberry.field(description="角色。The role.")


@strawberry.input(description="结束角色。Ending a role.")
class EndRoleInput:
    """What ending a role takes."""

    request_id: UUID = strawberry.field(description=REQUEST_ID)
    grant_id: strawberry.ID = strawberry.field(description="哪个角色。The grant that ends.")


@strawberry.type(description="已开设。Opened.")
class OpenOrganisationPayload:
    """The organisation that was opened."""

    organisation: Organisation = strawberry.field(description="开设的单位。The organisation.")


@strawberry.type(description="已登记。Enrolled.")
class EnrolPersonPayload:
    """The person who was enrolled."""

    person: Person = strawberry.field(description="登记的人。The person.")


@strawberry.type(description="已授予。Given.")
class GrantRolePayload:
    """The role that was given."""

    grant: Grant = strawberry.field(description="授予的角色。The role as it is held.")


@strawberry.type(description="已结束。Ended.")
class EndRolePayload:
    """The role that was ended."""

    ended_grant_id: strawberry.ID = strawberry.field(
        description="结束的角色。The grant that ended."
    )


OpenOrganisationResult = Annotated[
    OpenOrganisationPayload | Refused,
    strawberry.union("OpenOrganisationResult", description="开设的结果。Opened, or refused."),
]
EnrolPersonResult = Annotated[
    EnrolPersonPayload | Refused,
    strawberry.union("EnrolPersonResult", description="登记的结果。Enrolled, or refused."),
]
GrantRoleResult = Annotated[
    GrantRolePayload | Refused,
    strawberry.union("GrantRoleResult", description="授予的结果。Given, or refused."),
]
EndRoleResult = Annotated[
    EndRolePayload | Refused,
    strawberry.union("EndRoleResult", description="结束的结果。Ended, or refused."),
]


@strawberry.type(description="人员、单位与角色。People, organisations and roles.")
class PartiesMutation:
    """The part of Mutation that concerns parties; Mutation derives from it."""

    @strawberry.mutation(description="开设单位（平台管理员、上级单位）。Open an organisation.")
    async def open_organisation(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the name that clients know
            OpenOrganisationInput, strawberry.argument(description="开设什么。What is opened.")
        ],
    ) -> OpenOrganisationResult:
        context = info.context
        parent_id = (
            None
            if input.parent_id is None
            else uuid_of(input.parent_id, "Organisation", path="parentId")
        )
        organisation_id = await context.write(
            info.field_name,
            input,
            lambda transaction, organisation_id: organisations.open_organisation(
                transaction,
                context.actor,
                organisation_id=organisation_id,
                kind=input.kind,
                name=input.name,
                division_code=input.division_code,
                credit_code=input.credit_code,
                parent_id=parent_id,
            ),
        )
        return OpenOrganisationPayload(organisation=await organisation_of(info, organisation_id))

    @strawberry.mutation(description="登记人员（平台管理员、上级单位）。Enrol a person.")
    async def enrol_person(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the name that clients know
            EnrolPersonInput, strawberry.argument(description="登记谁。Who is enrolled.")
        ],
    ) -> EnrolPersonResult:
        context = info.context
        password = people.checked_password(input.password, sign_in_name=input.sign_in_name)
        password_hash = await context.platform.passwords.hash(password)
        person_id = await context.write(
            info.field_name,
            input,
            lambda transaction, person_id: people.enrol_person(
                transaction,
                context.actor,
                person_id=person_id,
                sign_in_name=input.sign_in_name,
                name=input.name,
                password_hash=password_hash,
            ),
            unrecorded={"password"},
        )
        async with context.read() as connection:
            enrolled = await people.people_by_id(connection, [person_id])
        return EnrolPersonPayload(person=Person.of(enrolled[person_id]))

    @strawberry.mutation(description="授予角色（平台管理员、上级单位）。Give a person a role.")
    async def grant_role(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the name that clients know
            GrantRoleInput, strawberry.argument(description="授予什么。What is given.")
        ],
    ) -> GrantRoleResult:
        context = info.context
        person_id = uuid_of(input.person_id, "Person", path="personId")
        organisation_id = uuid_of(input.organisation_id, "Organisation", path="organisationId")
        membership_id = await context.write(
            info.field_name,
            input,
            lambda transaction, membership_id: grants.grant_role(
                transaction,
                context.actor,
                membership_id=membership_id,
                person_id=person_id,
                organisation_id=organisation_id,
                role=input.role,
            ),
        )
        return GrantRolePayload(
            grant=Grant(uuid=membership_id, role=input.role, organisation_id=organisation_id)
        )

    @strawberry.mutation(description="结束角色（平台管理员、上级单位）。End a role.")
    async def end_role(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the name that clients know
            EndRoleInput, strawberry.argument(description="结束什么。What ends.")
        ],
    ) -> EndRoleResult:
        context = info.context
        await context.write(
            info.field_name,
            input,
            lambda transaction, membership_id: grants.end_role(
                transaction, context.actor, membership_id=membership_id
            ),
            answer_id=uuid_of(input.grant_id, "Grant", path="grantId"),
        )
        return EndRolePayload(ended_grant_id=input.grant_id)
