"""The schema: each part of the model brings its questions and commands, all behind the table."""

import strawberry
from strawberry.schema.config import StrawberryConfig

from resolvers.access import guarded
from resolvers.fund_desk import FundDeskMutation, FundsSubscription
from resolvers.funds import Fund, FundsQuery, ReplenishmentCall
from resolvers.identities import NodeQuery
from resolvers.parties import Grant, Organisation, PartiesMutation, Person
from resolvers.places import PlacesQuery
from resolvers.refusals import RefusalHandler
from resolvers.relief import ReliefMutation, ReliefPayout, ReliefQuery
from resolvers.scalars import SCALARS
from resolvers.signing_in import SigningInMutation, SigningInQuery


@guarded
@strawberry.type(description="查询。Questions.")
class Query(NodeQuery, SigningInQuery, PlacesQuery, FundsQuery, ReliefQuery):
    """What can be asked."""


@guarded
@strawberry.type(description="操作。Commands.")
class Mutation(SigningInMutation, PartiesMutation, FundDeskMutation, ReliefMutation):
    """What can be done."""


@guarded
@strawberry.type(description="订阅：有变动即得知。What can be watched.")
class Subscription(FundsSubscription):
    """What can be watched."""


schema = strawberry.Schema(
    Query,
    Mutation,
    Subscription,
    types=[Fund, Grant, Organisation, Person, ReliefPayout, ReplenishmentCall],
    config=StrawberryConfig(scalar_map=SCALARS),
    exception_handlers=[RefusalHandler()],
)
