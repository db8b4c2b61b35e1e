"""Giving: a gift is started, its payment page opened, and its way watched live."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

import strawberry

from models.donations import gifts
from models.donations.gifts import DonorKind, NewDonation
from models.funds.fund import DonationMethod
from models.kernel.money import Fen
from models.kernel.refusals import NotFound
from resolvers.context import REQUEST_ID, Info
from resolvers.donations import Donation, donation_with_id
from resolvers.identities import uuid_of
from resolvers.refusals import Refused


@strawberry.input(description="发起捐赠。Starting a gift.")
class StartDonationInput:
    """What starting a gift takes."""

    request_id: UUID = strawberry.field(description=REQUEST_ID)
    fund_id: strawberry.ID = strawberry.field(description="捐给哪个基金。The fund.")
    amount_fen: Fen = strawberry.field(
        description="金额，分，从 1 分起。The amount, in fen, from one fen up."
    )
    donor_kind: DonorKind = strawberry.field(description="捐赠者类别。What kind of donor.")
    donor_name: str | None = strawberry.field(
        default=None, description="捐赠人名称；匿名可不填。The donor's name, unless anonymous."
    )
    anonymous: bool = strawberry.field(
        default=False, description="匿名捐赠，显示为“爱心人士”。Whether not to be named."
    )
    message: str | None = strawberry.field(default=None, description="留言。Words to go with it.")
    campaign: str | None = strawberry.field(
        default=None, description="响应的募捐活动。The drive that it answers."
    )
    method: DonationMethod = strawberry.field(description="付款方式。How it will be paid.")


@strawberry.type(description="捐赠已发起。The gift was started.")
class StartDonationPayload:
    """The gift, where to pay it and how to come back to it."""

    donation: Donation = strawberry.field(description="捐赠。The gift.")
    checkout_url: str | None = strawberry.field(
        description=(
            "付款页；支付机构暂时不通为 null，打开后见捐赠。"
            "Where to pay; null while the provider is busy, later found with the gift."
        )
    )
    token: str = strawberry.field(
        description="凭证，凭它查看这笔捐赠，勿外传。Whoever holds it sees this gift."
    )


StartDonationResult = Annotated[
    StartDonationPayload | Refused,
    strawberry.union("StartDonationResult", description="发起的结果。Started, or refused."),
]


@strawberry.type(description="捐赠。Giving.")
class GivingMutation:
    """The part of Mutation about gifts; Mutation derives from it."""

    @strawberry.mutation(
        description="发起捐赠并打开付款页，不需登录。Start a gift and open its payment page."
    )
    async def start_donation(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the name that clients know
            StartDonationInput, strawberry.argument(description="捐赠。The gift.")
        ],
    ) -> StartDonationResult:
        context = info.context
        gift = NewDonation(
            fund_id=uuid_of(input.fund_id, "Fund", path="fundId"),
            amount_fen=input.amount_fen,
            method=input.method,
            donor_kind=input.donor_kind,
            donor_name=input.donor_name,
            is_anonymous=input.anonymous,
            message=input.message or "",
            campaign=input.campaign,
        )
        donation_id = await context.write(
            info.field_name,
            input,
            lambda transaction, donation_id: gifts.start(
                transaction,
                context.actor,
                donation_id=donation_id,
                request_id=input.request_id,
                gift=gift,
            ),
        )
        checkout_url = await context.platform.checkout.open(donation_id)
        donation, token = await donation_with_id(context, donation_id)
        return StartDonationPayload(donation=donation, checkout_url=checkout_url, token=token)


@strawberry.type(description="捐赠变动。Changes of gifts.")
class GivingSubscription:
    """The part of Subscription about gifts; Subscription derives from it."""

    @strawberry.subscription(
        description="捐赠现状：先给当前，此后每有变动再给。The gift now, and after each change."
    )
    async def donation_changed(
        self,
        info: Info,
        token: Annotated[str, strawberry.argument(description="凭证。Its token.")],
    ) -> AsyncIterator[Donation]:
        context = info.context
        async with context.read() as connection:
            row = await gifts.by_token(connection, token)
        if row is None:
            raise NotFound(noun="donation")
        async with context.platform.announcements.watch("donation", row.id) as ticks:
            yield (await donation_with_id(context, row.id))[0]
            async for _ in ticks:
                yield (await donation_with_id(context, row.id))[0]
