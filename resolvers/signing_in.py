"""Signing in and out, and who is signed in."""

import datetime as dt
from typing import Annotated
from uuid import UUID

import strawberry

from models.parties import ANONYMOUS, grants, sessions
from models.parties.sign_in import sign_in
from resolvers.context import REQUEST_ID, Context, Info
from resolvers.parties import Grant, Person
from resolvers.refusals import Refused


@strawberry.type(description="当前登录的人。Who is signed in.")
class Viewer:
    """The asker."""

    person: Person = strawberry.field(description="本人。The person.")
    grants: list[Grant] = strawberry.field(
        description="现有的角色。The roles held now.", metadata={"at_most": 100}
    )


async def viewer_of(context: Context) -> Viewer | None:
    """The asker as they see themselves."""
    async with context.read() as connection:
        seen = await grants.viewer(connection, context.actor)
    if seen is None:
        return None
    return Viewer(person=Person.of(seen.person), grants=[Grant.of(held) for held in seen.held])


@strawberry.input(description="登录。Signing in.")
class SignInInput:
    """What signing in takes."""

    request_id: UUID = strawberry.field(description=REQUEST_ID)
    sign_in_name: str = strawberry.field(description="登录名。The name to sign in with.")
    password: str = strawberry.field(description="密码。The password.")


@strawberry.input(description="退出登录。Signing out.")
class SignOutInput:
    """What signing out takes."""

    request_id: UUID = strawberry.field(description=REQUEST_ID)


@strawberry.type(description="已登录。Signed in.")
class SignInPayload:
    """Who signed in, and how to go on being them."""

    viewer: Viewer = strawberry.field(description="登录的人。Who signed in.")
    token: str = strawberry.field(
        description=(
            "令牌，放在 Authorization: Bearer 中；本站页面同时得到 cookie。"
            "Goes into the Authorization header; a page of this site gets it as a cookie too."
        )
    )
    expires_at: dt.datetime = strawberry.field(description="失效时间。When the session is over.")


@strawberry.type(description="已退出。Signed out.")
class SignOutPayload:
    """Nobody is signed in any more."""

    viewer: Viewer | None = strawberry.field(description="总是 null。Always null: it is over.")


SignInResult = Annotated[
    SignInPayload | Refused,
    strawberry.union("SignInResult", description="登录的结果。Signed in, or refused."),
]
SignOutResult = Annotated[
    SignOutPayload | Refused,
    strawberry.union("SignOutResult", description="退出的结果。Signed out, or refused."),
]


@strawberry.type(description="当前登录的人。Who is signed in.")
class SigningInQuery:
    """The part of Query that says who asks; Query derives from it."""

    @strawberry.field(description="当前登录的人；没有登录为 null。Who is signed in, if anybody.")
    async def viewer(self, info: Info) -> Viewer | None:
        return await viewer_of(info.context)


@strawberry.type(description="登录与退出。Signing in and out.")
class SigningInMutation:
    """The part of Mutation that begins and ends sessions; Mutation derives from it."""

    @strawberry.mutation(description="登录。Sign in.")
    async def sign_in(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the name that clients know
            SignInInput, strawberry.argument(description="谁登录。Who signs in.")
        ],
    ) -> SignInResult:
        context = info.context
        session = await sign_in(
            context.platform.database,
            context.platform.passwords,
            request_id=input.request_id,
            sign_in_name=input.sign_in_name,
            password=input.password,
            address=context.address,
            replaced_session_id=context.carrier.replaced_session_id,
        )
        async with context.read() as connection:
            actor = await grants.actor_of(connection, session.person_id)
        context.become(actor, session.id)
        viewer = await viewer_of(context)
        assert viewer is not None
        return SignInPayload(
            viewer=viewer, token=context.carrier.keep(session), expires_at=session.expires_at
        )

    @strawberry.mutation(description="退出登录；没有登录也可以。Sign out, if signed in.")
    async def sign_out(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the name that clients know
            SignOutInput, strawberry.argument(description="退出。Signing out.")
        ],
    ) -> SignOutResult:
        context = info.context
        if context.session_id is not None:
            await context.write(
                info.field_name,
                input,
                lambda transaction, session_id: sessions.end_session(
                    transaction, context.actor, session_id=session_id
                ),
                answer_id=context.session_id,
            )
        context.become(ANONYMOUS, None)
        context.carrier.drop()
        return SignOutPayload(viewer=None)
