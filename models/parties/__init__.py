"""Who somebody is, for which organisation they act, and what they may do there."""

from models.parties.attempts import SignInAttempt
from models.parties.memberships import ANONYMOUS, Actor, Grant, Membership, Role
from models.parties.organisations import Organisation, OrganisationKind
from models.parties.people import Person
from models.parties.sessions import SignedInSession

__all__ = [
    "ANONYMOUS",
    "Actor",
    "Grant",
    "Membership",
    "Organisation",
    "OrganisationKind",
    "Person",
    "Role",
    "SignInAttempt",
    "SignedInSession",
]
