"""What a subscription is sent is what its client may see at that moment."""

import time
from collections.abc import Iterator

import pytest

from app.services.clients.rules import SCOPES
from tests.api.v1.cases import book
from tests.receiver import Receiver, wait_for
from tests.services.webhooks.hooks import Hooks

RESET = "vn.thads.webhook.reset"


@pytest.fixture(autouse=True)
def _as_it_was(hooks: Hooks) -> Iterator[None]:
    """The client has its grants again after each test."""
    yield
    hooks.name = "partner"
    hooks.amend(unit_ids=[hooks.island.world.own.office_id], scopes=frozenset(SCOPES))
    hooks.disable(False)


def _about(receiver: Receiver, number: int) -> list[tuple[str, str]]:
    """Types and subjects of what has arrived."""
    return [(request.event["type"], request.event["subject"]) for request in receiver.got(number)]


def _hand_over(hooks: Hooks, case_id: str) -> None:
    place = hooks.island.world.foreign
    to = {"to_unit_id": place.office_id, "to_officer_id": place.objects["officer_id"]}
    answer = book(hooks.island.client_of("national"), case_id, "handed_over", **to)
    assert answer.status_code == 201, answer.text


def test_nobody_learns_of_what_lies_elsewhere(hooks: Hooks) -> None:
    receiver, _ = hooks.subscribed()
    case_id = hooks.case()
    _hand_over(hooks, case_id)
    hooks.collect(case_id)
    own = hooks.case()
    assert _about(receiver, 3) == [
        ("vn.thads.case.upsert", f"case/{case_id}"),
        ("vn.thads.case.left", f"case/{case_id}"),
        ("vn.thads.case.upsert", f"case/{own}"),
    ]


def test_one_subtree_may_be_followed(hooks: Hooks) -> None:
    hooks.name = "national"
    receiver, _ = hooks.subscribed(unit_id=hooks.island.world.foreign.province_id)
    hooks.case()
    case_id = hooks.case()
    _hand_over(hooks, case_id)
    assert [request.event["subject"] for request in receiver.got(1)] == [f"case/{case_id}"]


def test_a_disabled_client_gets_nothing_until_it_is_back(hooks: Hooks) -> None:
    receiver, _ = hooks.subscribed()
    hooks.disable(True)
    case_id = hooks.case(collected=1)
    time.sleep(0.7)
    assert receiver.requests == []
    hooks.disable(False)
    assert [subject for _, subject in _about(receiver, 2)] == [f"case/{case_id}"] * 2


def test_a_client_without_the_scope_gets_nothing(hooks: Hooks) -> None:
    receiver, _ = hooks.subscribed()
    hooks.amend(scopes=frozenset(SCOPES) - {"webhooks:write"})
    hooks.case()
    time.sleep(0.7)
    assert receiver.requests == []


def test_narrower_grants_count_at_once_and_are_told(hooks: Hooks) -> None:
    receiver, hook = hooks.subscribed()
    hooks.amend(unit_ids=[hooks.island.world.foreign.office_id])
    hooks.case(collected=1)
    case_id = hooks.case()
    _hand_over(hooks, case_id)
    (reset, *others) = receiver.got(2)
    assert reset.event["type"] == RESET
    assert reset.event["data"] == {"reason": "view-changed", "snapshot": "/v1/snapshots/cases"}
    assert [request.event["subject"] for request in others] == [f"case/{case_id}"]
    hooks.settled(hook)
    assert len(receiver.requests) == 2


def test_a_kind_without_its_scope_is_not_sent(hooks: Hooks) -> None:
    receiver, hook = hooks.subscribed()
    hooks.amend(scopes=frozenset(SCOPES) - {"cases:read"})
    hooks.case()
    assert [kind for kind, _ in _about(receiver, 1)] == [RESET]
    hooks.settled(hook)
    assert len(receiver.requests) == 1


def test_who_changes_the_subscription_is_told_nothing_of_it(hooks: Hooks) -> None:
    receiver, hook = hooks.subscribed()
    hooks.change(hook, kinds=["case", "unit"], unit_id=hooks.island.world.own.office_id)
    case_id = hooks.case()
    assert _about(receiver, 1) == [("vn.thads.case.upsert", f"case/{case_id}")]


def test_whose_changes_are_no_longer_kept_is_told_to_begin_anew(hooks: Hooks) -> None:
    receiver, hook = hooks.subscribed()
    hooks.settled(hook)
    hooks.change(hook, state="disabled")
    hooks.case(collected=3)
    wait_for(lambda: hooks.rows("SELECT count(*) FROM change_record WHERE position IS NULL") == [(0,)])
    (before,) = hooks.rows("SELECT forgotten FROM change_head")
    hooks.rows("UPDATE change_head SET forgotten = position")
    hooks.change(hook, state="active")
    (reset,) = receiver.got(1)
    assert reset.event["data"]["reason"] == "changes-lost"
    case_id = hooks.case()
    assert _about(receiver, 2)[1] == ("vn.thads.case.upsert", f"case/{case_id}")
    hooks.rows(f"UPDATE change_head SET forgotten = {before[0]}")
