"""Who may read what of procurement (domain §2 "Buyers"): a unit sees itself and what is below it.

Staff of a unit see that unit, a superior sees the units below its own, a supplier its own orders,
an auditor whatever lies in the auditor's division; nobody sees a sister unit.
"""

from sqlalchemy import ColumnElement, false, or_
from sqlalchemy.orm import InstrumentedAttribute

from models.kernel import divisions
from models.parties import Actor, Grant, Organisation, Role

_STAFF = frozenset({Role.OFFICER, Role.APPROVER, Role.SUPERIOR})


def _of_unit(grant: Grant) -> ColumnElement[bool] | None:
    if grant.role is Role.SUPERIOR:
        return Organisation.path.startswith(grant.path, autoescape=True)
    if grant.role in _STAFF:
        return Organisation.id == grant.organisation_id
    if grant.role is Role.AUDITOR:
        prefix = divisions.prefix(grant.division_code)
        return Organisation.division_code.startswith(prefix, autoescape=True)
    return None


def readable_units(actor: Actor) -> ColumnElement[bool]:
    """The condition, on the organisation of a budget unit, that the actor may read it."""
    conditions = [_of_unit(grant) for grant in actor.grants]
    return or_(false(), *(condition for condition in conditions if condition is not None))


def readable_orders(
    actor: Actor, supplier_id: InstrumentedAttribute[object]
) -> ColumnElement[bool]:
    """The condition on an order, joined to its unit's organisation, that the actor may read it."""
    own = [grant.organisation_id for grant in actor.grants if grant.role is Role.SUPPLIER]
    return or_(readable_units(actor), supplier_id.in_(own)) if own else readable_units(actor)
