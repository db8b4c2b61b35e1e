"""The schema: each part of the model brings its questions and commands, all behind the table."""

import strawberry
from strawberry.schema.config import StrawberryConfig

from resolvers.access import guarded
from resolvers.budget_units import BudgetUnit, BudgetUnitMutation, BudgetUnitQuery
from resolvers.donations import Donation, DonationsQuery
from resolvers.fund_desk import FundDeskMutation, FundsSubscription
from resolvers.funds import Fund, FundsQuery, ReplenishmentCall
from resolvers.giving import GivingMutation, GivingSubscription
from resolvers.identities import NodeQuery
from resolvers.incidents import Incident, IncidentsMutation, IncidentsQuery
from resolvers.order_desk import OrderDeskMutation
from resolvers.orders import Order, OrderQuery
from resolvers.oversight import Alert, Job, OversightMutation, OversightQuery
from resolvers.parties import Grant, Organisation, PartiesMutation, Person
from resolvers.places import PlacesQuery
from resolvers.products import Product, ProductQuery
from resolvers.quotes import OrderQuoteQuery
from resolvers.refusals import RefusalHandler
from resolvers.relief import ReliefMutation, ReliefPayout, ReliefQuery
from resolvers.scalars import SCALARS
from resolvers.signing_in import SigningInMutation, SigningInQuery
from resolvers.supplier_desk import SupplierDeskMutation


@guarded
@strawberry.type(description="查询。Questions.")
class Query(
    NodeQuery,
    SigningInQuery,
    PlacesQuery,
    FundsQuery,
    DonationsQuery,
    IncidentsQuery,
    ReliefQuery,
    ProductQuery,
    OrderQuery,
    OrderQuoteQuery,
    BudgetUnitQuery,
    OversightQuery,
):
    """What can be asked."""


@guarded
@strawberry.type(description="操作。Commands.")
class Mutation(
    SigningInMutation,
    PartiesMutation,
    FundDeskMutation,
    GivingMutation,
    IncidentsMutation,
    ReliefMutation,
    SupplierDeskMutation,
    BudgetUnitMutation,
    OrderDeskMutation,
    OversightMutation,
):
    """What can be done."""


@guarded
@strawberry.type(description="订阅：有变动即得知。What can be watched.")
class Subscription(FundsSubscription, GivingSubscription):
    """What can be watched."""


schema = strawberry.Schema(
    Query,
    Mutation,
    Subscription,
    types=[
        Alert,
        BudgetUnit,
        Donation,
        Fund,
        Grant,
        Incident,
        Job,
        Order,
        Organisation,
        Person,
        Product,
        ReliefPayout,
        ReplenishmentCall,
    ],
    config=StrawberryConfig(scalar_map=SCALARS),
    exception_handlers=[RefusalHandler()],
)
