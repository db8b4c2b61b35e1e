"""A right is met by a role held near enough to the subject, and by nothing else."""

import pytest

from models.kernel.ids import new_id
from models.parties import ANONYMOUS, Actor, Grant, Role
from models.parties.rights import (
    ANYONE,
    SIGNED_IN,
    NotPermitted,
    NotSignedIn,
    Right,
    above,
    anywhere,
    in_division,
    over,
    own,
)

COUNTY, UNIT, SISTER = new_id(), new_id(), new_id()
TONGCHUAN, DACHUAN = "511702000000", "511703000000"
UNIT_PATH = f"/{COUNTY}/{UNIT}/"


def holding(role: Role, organisation: str) -> Actor:
    organisations = {
        "county": Grant(role, COUNTY, TONGCHUAN, f"/{COUNTY}/"),
        "unit": Grant(role, UNIT, TONGCHUAN, UNIT_PATH),
        "sister": Grant(role, SISTER, TONGCHUAN, f"/{COUNTY}/{SISTER}/"),
        "elsewhere": Grant(role, new_id(), DACHUAN, f"/{new_id()}/"),
    }
    return Actor(new_id(), (organisations[organisation],))


@pytest.mark.parametrize(
    ("right", "holders"),
    [
        (own(Role.OFFICER), {"unit"}),
        (above(Role.OFFICER), {"unit", "county"}),
        (over(Role.OFFICER), {"county"}),
        (in_division(Role.OFFICER), {"unit", "county", "sister"}),
        (anywhere(Role.OFFICER), {"unit", "county", "sister", "elsewhere"}),
        (own(Role.OFFICER) | anywhere(Role.AUDITOR), {"unit"}),
        (own(Role.AUDITOR), set()),
    ],
)
def test_a_right_is_held_within_its_reach(right: Right, holders: set[str]) -> None:
    found = {
        organisation
        for organisation in ("county", "unit", "sister", "elsewhere")
        if right.holds(
            holding(Role.OFFICER, organisation),
            organisation_id=UNIT,
            path=UNIT_PATH,
            division_code=TONGCHUAN,
        )
    }

    assert found == holders


def test_a_reach_that_needs_what_the_subject_lacks_admits_nobody() -> None:
    officer = holding(Role.OFFICER, "unit")

    assert not own(Role.OFFICER).holds(officer, path=UNIT_PATH, division_code=TONGCHUAN)
    assert not above(Role.OFFICER).holds(officer, organisation_id=UNIT)
    assert not in_division(Role.OFFICER).holds(officer, organisation_id=UNIT)


def test_nobody_in_particular_is_asked_to_sign_in_first() -> None:
    for right in (own(Role.OFFICER), SIGNED_IN):
        with pytest.raises(NotSignedIn):
            right.admit(ANONYMOUS)
        with pytest.raises(NotSignedIn):
            right.require(ANONYMOUS, organisation_id=UNIT)
    ANYONE.require(ANONYMOUS)


def test_a_person_without_the_role_is_told_who_has_it() -> None:
    right = own(Role.OFFICER) | anywhere(Role.ADMINISTRATOR)
    donor = Actor(new_id())

    SIGNED_IN.require(donor)
    with pytest.raises(NotPermitted) as refusal:
        right.admit(donor)
    assert refusal.value.facts == {"who_can": (Role.OFFICER, Role.ADMINISTRATOR)}


def test_the_role_for_another_unit_is_admitted_but_not_enough() -> None:
    sister = holding(Role.OFFICER, "sister")

    own(Role.OFFICER).admit(sister)
    with pytest.raises(NotPermitted):
        own(Role.OFFICER).require(sister, organisation_id=UNIT)
