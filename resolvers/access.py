"""The access table: every field of Query, Mutation and Subscription, and who may use it.

A rule is written once, as a right beside the command or question it guards; this table only names
it. What can be decided without a row is decided here, before anything is read or written; the rest
(whose unit, which fund) by the command itself, with the same right.
"""

import copy
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, TypeVar

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.types import get_object_definition
from strawberry.types.field import StrawberryField
from strawberry.utils.await_maybe import await_maybe

from models.donations import gifts, incidents
from models.funds import fund, receipts, settlements
from models.parties import Actor, grants, organisations, people
from models.parties.rights import ANYONE, SIGNED_IN, Right
from models.procurement import budgets, orders, suppliers
from models.procurement.orders import OrderMove
from models.relief import payouts
from models.reports import oversight

Root = TypeVar("Root", bound=type)
ACCESS: Final[Mapping[str, Right]] = {
    # What somebody may see of these, each noun's own question decides.
    "node": ANYONE,
    "nodes": ANYONE,
    # Who somebody is
    "viewer": ANYONE,
    "signIn": ANYONE,
    "signOut": ANYONE,
    "openOrganisation": organisations.OPENING,
    "enrolPerson": people.ENROLLING,
    "grantRole": grants.GRANTING,
    "endRole": grants.GRANTING,
    # Places
    "division": ANYONE,
    "divisions": ANYONE,
    # Funds
    "funds": ANYONE,
    "fund": ANYONE,
    "fundChanged": ANYONE,
    "openFund": fund.OPENING,
    "recordReplenishment": receipts.REPLENISHING,
    "recordSettlement": settlements.SETTLING,
    # Donations
    "donation": ANYONE,
    "donationByToken": ANYONE,
    "donationChanged": ANYONE,
    "startDonation": gifts.STARTING,
    "incidents": incidents.READING,
    "resolveIncident": incidents.RESOLVING,
    # Relief
    "reliefPayouts": payouts.READING,
    "grantReliefPayout": payouts.APPROVING,
    "settleReliefPayout": payouts.SETTLING,
    # Oversight
    "figures": ANYONE,
    "alerts": oversight.READING_ALERTS,
    "jobs": oversight.RUNNING,
    "retryJob": oversight.RUNNING,
    # What is sold, and what is bought of it
    "products": ANYONE,
    "product": ANYONE,
    "villageBenefits": ANYONE,
    "orders": SIGNED_IN,
    "order": SIGNED_IN,
    "budgetUnit": SIGNED_IN,
    "myBudgetUnits": SIGNED_IN,
    "orderQuote": orders.BUYING,
    "placeOrder": orders.BUYING,
    "confirmOrder": orders.right_to(OrderMove.CONFIRM),
    "shipOrder": orders.right_to(OrderMove.SHIP),
    "rejectOrder": orders.right_to(OrderMove.REJECT),
    "cancelOrder": orders.right_to(OrderMove.CANCEL),
    "acceptOrder": orders.right_to(OrderMove.ACCEPT),
    "returnGoods": orders.right_to(OrderMove.RETURN),
    "recordOrderPayment": orders.right_to(OrderMove.PAY),
    "admitSupplier": suppliers.ADMITTING,
    "suspendSupplier": suppliers.ADMITTING,
    "offerProduct": suppliers.SELLING,
    "changePrice": suppliers.SELLING,
    "changeStock": suppliers.SELLING,
    "addLot": suppliers.SELLING,
    "grantAppropriation": budgets.GRANTING,
}


class Asker(Protocol):
    """The part of a context that knows who asks."""

    @property
    def actor(self) -> Actor: ...


Info = strawberry.Info[Asker, None]


class Guard(FieldExtension):
    """Asks the access table before the field's own resolver runs."""

    def resolve(
        self,
        next_: Callable[..., Any],
        source: Any,
        info: Info,
        **arguments: Any,
    ) -> Any:
        ACCESS[info.field_name].admit(info.context.actor)
        return next_(source, info, **arguments)

    async def resolve_async(
        self,
        next_: Callable[..., Any],
        source: Any,
        info: Info,
        **arguments: Any,
    ) -> Any:
        ACCESS[info.field_name].admit(info.context.actor)
        # A stream is opened, not awaited.
        return await await_maybe(next_(source, info, **arguments))


def guarded(root: Root) -> Root:
    """A root type, each of whose fields is guarded by the access table."""
    definition = get_object_definition(root, strict=True)
    definition.fields = [_guarded_field(field) for field in definition.fields]
    return root


def _guarded_field(field: StrawberryField) -> StrawberryField:
    # A copy, for a field that was inherited belongs to other roots as well.
    own = copy.copy(field)
    own.extensions = [*field.extensions, Guard()]
    return own
