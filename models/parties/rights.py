"""A right: which roles may do something, and how near to its subject they must be held.

A rule about who may do what is written once, as a `Right` beside the command or question it
guards (`PLACING = own(Role.OFFICER)`). The command asks `PLACING.require(actor, subject)`, which
needs the subject's row; the access table of the doors names the same object and asks only what can
be known without a row: `PLACING.admit(actor)`.
"""

import enum
from dataclasses import dataclass
from uuid import UUID

from models.kernel.refusals import Refusal
from models.parties.memberships import Actor, Role


@dataclass(eq=False)
class NotSignedIn(Refusal):
    """Only somebody who has signed in may do this."""


@dataclass(eq=False)
class NotPermitted(Refusal):
    """The actor may not do this here; `who_can` are the roles that may, by name."""

    who_can: tuple[str, ...]


class Reach(enum.StrEnum):
    """How near to the subject a role must be held."""

    OWN = "own"  # for exactly the organisation the subject belongs to
    ABOVE = "above"  # for that organisation or one above it in the tree
    OVER = "over"  # for one above that organisation in the tree, not for itself
    DIVISION = "division"  # for an organisation in the subject's division or one that contains it
    ANYWHERE = "anywhere"  # for any organisation


@dataclass(frozen=True, slots=True)
class Belonging:
    """The organisation a subject belongs to, and its place: what a right is asked about."""

    organisation_id: UUID | None = None
    path: str = ""
    division_code: str = ""


@dataclass(frozen=True, slots=True)
class Clause:
    """Some roles, and how near to the subject they must be held."""

    reach: Reach
    roles: tuple[Role, ...]

    def is_met(self, actor: Actor, of: Belonging) -> bool:
        """Whether the actor holds one of the roles near enough."""
        match self.reach:
            case Reach.OWN:
                return of.organisation_id is not None and actor.acts_for(
                    of.organisation_id, *self.roles
                )
            case Reach.ABOVE:
                return bool(of.path) and actor.oversees(of.path, *self.roles)
            case Reach.OVER:
                return any(
                    of.path.startswith(grant.path) and grant.path != of.path
                    for grant in actor.grants
                    if grant.role in self.roles
                )
            case Reach.DIVISION:
                return bool(of.division_code) and actor.serves_division(
                    of.division_code, *self.roles
                )
            case Reach.ANYWHERE:
                return actor.holds(*self.roles)


@dataclass(frozen=True, slots=True)
class Right:
    """Who may do something: anybody, anybody signed in, or those who meet one of the clauses."""

    clauses: tuple[Clause, ...] = ()
    signed_in: bool = True

    def __or__(self, other: "Right") -> "Right":
        assert self.clauses
        assert other.clauses
        return Right(self.clauses + other.clauses)

    @property
    def roles(self) -> tuple[Role, ...]:
        """Every role that appears in a clause, each once."""
        return tuple(dict.fromkeys(role for clause in self.clauses for role in clause.roles))

    def admit(self, actor: Actor) -> None:
        """Refuse those who could not do this to any subject at all.

        Refuses with NotSignedIn or NotPermitted.
        """
        if self.signed_in and actor.person_id is None:
            raise NotSignedIn
        if self.clauses and not actor.holds(*self.roles):
            raise NotPermitted(who_can=self.roles)

    def holds(
        self,
        actor: Actor,
        *,
        organisation_id: UUID | None = None,
        path: str = "",
        division_code: str = "",
    ) -> bool:
        """Whether the actor may do this to the subject that belongs there."""
        if self.signed_in and actor.person_id is None:
            return False
        of = Belonging(organisation_id, path, division_code)
        return not self.clauses or any(clause.is_met(actor, of) for clause in self.clauses)

    def require(
        self,
        actor: Actor,
        *,
        organisation_id: UUID | None = None,
        path: str = "",
        division_code: str = "",
    ) -> None:
        """Refuse those who may not do this to the subject that belongs there.

        What the subject does not have is left out; a reach that needs it then admits nobody.
        Refuses with NotSignedIn or NotPermitted.
        """
        self.admit(actor)
        if not self.holds(
            actor, organisation_id=organisation_id, path=path, division_code=division_code
        ):
            raise NotPermitted(who_can=self.roles)


def own(*roles: Role) -> Right:
    """Held for exactly the organisation the subject belongs to."""
    return Right((Clause(Reach.OWN, roles),))


def above(*roles: Role) -> Right:
    """Held for the organisation the subject belongs to, or for one above it."""
    return Right((Clause(Reach.ABOVE, roles),))


def over(*roles: Role) -> Right:
    """Held for an organisation above the one the subject belongs to, not for that one itself."""
    return Right((Clause(Reach.OVER, roles),))


def in_division(*roles: Role) -> Right:
    """Held in the subject's division or in one that contains it."""
    return Right((Clause(Reach.DIVISION, roles),))


def anywhere(*roles: Role) -> Right:
    """Held for any organisation at all."""
    return Right((Clause(Reach.ANYWHERE, roles),))


ANYONE = Right(signed_in=False)
SIGNED_IN = Right()
