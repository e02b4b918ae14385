"""What becomes of cases that are pushed: once, twice, older, newer, wrong, at the same time, at random."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.services.cases.rules import NewParty
from app.services.sync.commands import Options
from app.services.sync.rules import Pushed, rounds
from tests.builders import Service
from tests.services.sync.desk import Desk


@pytest.fixture
def desk(service: Service) -> Desk:
    return Desk.new(service)


def test_the_same_batch_twice_changes_nothing(desk: Desk) -> None:
    batch = [Pushed(f"e{n}", 1, desk.case("a", n)) for n in range(20)]
    assert desk.push(*batch) == ["created"] * 20
    assert desk.trail() == (20, 20, 20)
    assert desk.push(*batch) == ["unchanged"] * 20
    assert desk.trail() == (20, 20, 20)
    assert desk.push(*batch, mode="create_only") == ["unchanged"] * 20
    assert desk.differences() == []


def test_a_newer_version_corrects_and_an_older_one_is_stale(desk: Desk) -> None:
    assert desk.push(Pushed("e", 2, desk.case("a"))) == ["created"]
    assert desk.push(Pushed("e", 1, desk.case("b"))) == ["stale"]
    assert desk.push(Pushed("e", 2, desk.case("b"))) == ["version-reused"]
    assert desk.push(Pushed("e", 3, desk.case("c"))) == ["updated"]
    assert desk.held() == {"e": ("c/QĐ", 3, "Nguyễn Văn C")}
    assert desk.trail() == (2, 2, 1)
    assert desk.push(Pushed("e", 9, desk.case("c"))) == ["unchanged"]
    assert desk.push(Pushed("e", 8, desk.case("d"))) == ["stale"]
    assert desk.trail() == (2, 2, 1)


def test_what_moves_by_events_is_refused(desk: Desk) -> None:
    assert desk.push(Pushed("e", 1, desk.case("a", 1_000))) == ["created"]
    assert desk.push(Pushed("e", 2, desk.case("a", 2_000))) == ["moves-by-events"]
    assert desk.held()["e"][1] == 1


def test_a_correction_that_counts_elsewhere_moves_the_stock(desk: Desk) -> None:
    desk.push(*(Pushed(f"e{n}", 1, desk.case("a", n)) for n in range(3)))
    assert desk.push(*(Pushed(f"e{n}", 2, desk.case("a", n, kind="labour")) for n in range(3))) == ["updated"] * 3
    assert desk.trail() == (6, 6, 3 + 6)
    assert desk.differences() == []


def test_one_bad_item_loses_no_good_one(desk: Desk) -> None:
    """A unit outside the grant, an officer who is a party, a day that is not yet, an id that is there twice."""
    (number,) = ("025090001299",)
    sql = """INSERT INTO officer_relative (officer_id, relation, name, masked_name, id_number, since)
        VALUES ('{}', 'sibling', 'x', 'x', '{}', '2020-01-01')"""
    desk.service.runner.run(
        desk.service.database.seen_by(desk.service.reference.current.context(desk.caller)).write(
            lambda session: _run(session, sql.format(desk.office.officer_id, number))
        )
    )
    other = Desk.new(desk.service)
    batch = [
        Pushed("good", 1, desk.case("a")),
        Pushed("foreign", 1, other.case("a")),
        Pushed("relative", 1, desk.case("a", parties=[NewParty("debtor", "individual", "X", id_number=number)])),
        Pushed("twice", 1, desk.case("a")),
        Pushed("twice", 2, desk.case("b")),
        Pushed("matter", 1, desk.case("a", matter_id="01890000-0000-7000-8000-00000000dead")),
        Pushed("fine", 1, desk.case("a")),
    ]
    repeated = "repeated-external-id"
    said = ["created", "validation-failed", "conflict-of-interest", repeated, repeated, "validation-failed", "created"]
    assert desk.push(*batch, dry_run=True) == said
    assert desk.held() == {}
    undone = ["not-applied" if outcome == "created" else outcome for outcome in said]
    assert desk.push(*batch, atomic=True) == undone
    assert desk.held() == {}
    assert desk.push(*batch) == said
    assert sorted(desk.held()) == ["fine", "good"]
    assert desk.trail() == (2, 2, 2)
    assert desk.differences() == []


async def _run(session: Any, sql: str) -> None:
    from sqlalchemy import text

    await session.execute(text(sql))


def test_modes(desk: Desk) -> None:
    assert desk.push(Pushed("e", 1, desk.case("a")), mode="update_only") == ["not-found"]
    assert desk.push(Pushed("e", 1, desk.case("a")), mode="create_only") == ["created"]
    assert desk.push(Pushed("e", 2, desk.case("b")), mode="create_only") == ["already-there"]
    assert desk.push(Pushed("e", 2, desk.case("b")), mode="update_only") == ["updated"]


def test_ids_are_those_of_a_partner(service: Service) -> None:
    first, second = Desk.new(service), Desk.new(service)
    assert first.push(Pushed("e", 1, first.case("a"))) == ["created"]
    assert second.push(Pushed("e", 1, second.case("a"))) == ["created"]
    assert second.push(Pushed("e", 1, second.case("a"))) == ["unchanged"]


@pytest.mark.parametrize("order", [1, -1])
def test_batches_at_the_same_time_wait_for_each_other(desk: Desk, order: int) -> None:
    """The same twice, in the same and in the opposite order: each case once, no deadlock."""
    batch = [Pushed(f"e{n:03}", 1, desk.case("a", n)) for n in range(200)]

    async def both() -> list[list[Any]]:
        return list(await asyncio.gather(desk.pushing(batch), desk.pushing(batch[::order])))

    outcomes = [sorted({result.outcome for result in results}) for results in desk.service.runner.run(both())]
    assert sorted(outcomes) == [["created"], ["unchanged"]]
    assert desk.trail() == (200, 200, 200)
    newer = [replace(item, source_version=2, case=desk.case("b", n)) for n, item in enumerate(batch)]

    async def corrections() -> list[list[Any]]:
        return list(await asyncio.gather(desk.pushing(newer), desk.pushing(newer[::order])))

    outcomes = [sorted({result.outcome for result in results}) for results in desk.service.runner.run(corrections())]
    assert sorted(outcomes) == [["unchanged"], ["updated"]]
    assert desk.differences() == []


ITEMS = st.tuples(st.sampled_from("pqrs"), st.integers(1, 4), st.sampled_from("abc"), st.sampled_from((1_000, 2_000)))
BATCHES = st.lists(
    st.tuples(
        st.lists(ITEMS, min_size=1, max_size=6),
        st.sampled_from(("upsert", "create_only", "update_only")),
        st.booleans(),
    ),
    min_size=1,
    max_size=6,
)


def _expected(held: dict[str, tuple[int, str, int]], batch: list[Any], mode: str, atomic: bool) -> list[str]:
    """The same as plain dicts would have it: held is id → version, content, amount."""
    ids = [item[0] for item in batch]
    after, said = dict(held), []
    for external_id, version, content, amount in batch:
        known = held.get(external_id)
        if ids.count(external_id) > 1:
            outcome = "repeated-external-id"
        elif known is None:
            outcome = "not-found" if mode == "update_only" else "created"
        elif version == known[0]:
            outcome = "unchanged" if (content, amount) == known[1:] else "version-reused"
        elif mode == "create_only":
            outcome = "already-there"
        elif version < known[0]:
            outcome = "stale"
        elif amount != known[2]:
            outcome = "moves-by-events"
        else:
            outcome = "unchanged" if content == known[1] else "updated"
        if outcome in ("created", "updated") or (outcome == "unchanged" and version != (known or (version,))[0]):
            after[external_id] = (version, content, amount)
        said.append(outcome)
    if atomic and not {"created", "updated", "unchanged", "stale"}.issuperset(said):
        return ["not-applied" if outcome in ("created", "updated") else outcome for outcome in said]
    held.clear()
    held.update(after)
    return said


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=BATCHES)
def test_any_batches_come_to_what_a_dict_would_hold(service: Service, batches: list[Any]) -> None:
    desk = Desk.new(service)
    held: dict[str, tuple[int, str, int]] = {}
    changes = cases = 0
    for batch, mode, atomic in batches:
        items = [Pushed(i, version, desk.case(content, amount)) for i, version, content, amount in batch]
        said = desk.push(*items, mode=mode, atomic=atomic)
        assert said == _expected(held, batch, mode, atomic)
        changes += said.count("created") + said.count("updated")
        cases += said.count("created")
    expected = {
        i: (f"{content}/QĐ", version, f"Nguyễn Văn {content.upper()}") for i, (version, content, _) in held.items()
    }
    assert desk.held() == expected
    assert desk.trail() == (changes, changes, cases)
    assert desk.differences() == []


def test_rounds_keep_the_order_of_each_id(desk: Desk) -> None:
    items = [Pushed(i, n, desk.case("a")) for n, i in enumerate("aabac")]
    found = rounds(list(enumerate(items)))
    assert [[number for number, _ in group] for group in found] == [[0, 2, 4], [1], [3]]


def test_options_are_those_of_nobody_by_default() -> None:
    assert Options() == Options("upsert", atomic=False, dry_run=False)
