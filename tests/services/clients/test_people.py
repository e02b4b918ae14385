"""What a person may see through a portal: the intersection, whatever the two sides are."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.access import CLASSES, ORDINARY, RESTRICTED, SECRET, Caller, Person
from app.services.clients.people import caller_of
from app.services.clients.rules import ROLES, SCOPES, common_paths
from app.services.clients.tokens import Claimed, Verified
from app.services.reference import FOREVER, Client, Reference, Unit

PATHS = ("vn.", "vn.a.", "vn.a.1.", "vn.a.1.x.", "vn.a.10.", "vn.b.", "vn.b.1.")
FAR = 4_102_444_800.0


def _unit(path: str, since: date = date.min, until: date = FOREVER, name: str = "") -> Unit:
    return Unit(name or path, path, None, "regional", None, path, since, until, 1, (), (), ())


UNITS = [
    *(_unit(path) for path in PATHS),
    replace(_unit("vn.old.", until=date(2025, 7, 1), name="gone"), code="vn.b."),
    replace(_unit("vn.gone.", until=date(2025, 7, 1)), code="gone"),
]


def _reference(caller: Caller, *, disabled: bool = False, issuer: str | None = None) -> Reference:
    return Reference(UNITS, [], [Client("portal", "Cổng", disabled, caller, issuer=issuer)], [], [])


def _portal(paths: tuple[str, ...] = ("vn.",), clearance: int = SECRET, scopes: frozenset[str] | None = None) -> Caller:
    return Caller("portal", frozenset(SCOPES) if scopes is None else scopes, paths, clearance, "VCB")


def _verified(unit: str, role: str = "leader", outside: str | None = None) -> Verified:
    return Verified("portal", frozenset(SCOPES), FAR, outside, Claimed("an", unit, role))


@given(granted=st.lists(st.sampled_from(PATHS), max_size=4), path=st.sampled_from(PATHS))
def test_common_paths_cover_what_both_cover(granted: list[str], path: str) -> None:
    common = common_paths(tuple(granted), path)
    for place in PATHS:
        both = place.startswith(path) and any(place.startswith(root) for root in granted)
        assert any(place.startswith(root) for root in common) == both
    assert len(set(common)) == len(common)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("clearance", [ORDINARY, RESTRICTED, SECRET])
def test_the_lower_clearance_and_the_common_scopes_hold(role: str, clearance: int) -> None:
    caller = caller_of(_reference(_portal(clearance=clearance)), _verified("vn.a.", role))
    assert caller is not None
    assert caller.clearance == min(clearance, ROLES[role].clearance)
    assert caller.scopes == ROLES[role].scopes
    assert caller.paths == ("vn.a.",)
    assert caller.institution == "VCB"
    assert caller.person == Person("an", "vn.a.", role)
    assert caller.key == "portal an"


def test_a_code_given_again_means_the_unit_of_today() -> None:
    caller = caller_of(_reference(_portal()), _verified("vn.b."))
    assert caller is not None
    assert caller.paths == ("vn.b.",)
    assert caller_of(_reference(_portal()), _verified("gone")) is None


@pytest.mark.parametrize(
    ("reference", "verified"),
    [
        (_reference(_portal(("vn.a.",))), _verified("vn.b.")),
        (_reference(_portal(())), _verified("vn.")),
        (_reference(_portal()), _verified("nowhere")),
        (_reference(_portal()), _verified("vn.", "king")),
        (_reference(_portal(scopes=frozenset(SCOPES) - {"people:act"})), _verified("vn.")),
        (_reference(_portal(), disabled=True), _verified("vn.")),
        (_reference(_portal()), _verified("vn.", outside="https://sso.example")),
        (_reference(_portal(), issuer="https://other.example"), _verified("vn.", outside="https://sso.example")),
        (Reference(UNITS, [], [], [], []), _verified("vn.")),
    ],
)
def test_otherwise_nobody_comes_in(reference: Reference, verified: Verified) -> None:
    assert caller_of(reference, verified) is None


def test_roles_are_made_of_scopes_and_classes_there_are() -> None:
    for role in ROLES.values():
        assert role.scopes <= SCOPES.keys()
        assert role.clearance in range(len(CLASSES))
        assert "people:act" not in role.scopes
