"""Plans: as many cases and as much money as published, at any scale and seed; the same again for the same seed."""

from collections import Counter

import pytest

from app.services.demo.calibration import FY2024, FY2025, scaled
from app.services.demo.flows import flows
from app.services.demo.money import Amounts, amounts
from app.services.demo.plan import NO_PART, PUBLISHED, SLOTS, Fate, Plan, Simulation, Standing, done_in
from app.services.demo.workers import written
from app.services.demo.writer import batches


def _made(scale: float, seed: int) -> tuple[Plan, Amounts]:
    plan = Simulation(flows(scale), seed).run()
    return plan, amounts(plan, scale, seed)


def _done_money(plan: Plan, drawn: Amounts) -> Counter[Fate]:
    """VND done by the publication that first counts it."""
    sums: Counter[Fate] = Counter()
    done = {fate for _, fate in PUBLISHED}
    for case, fate in enumerate(plan.fate):
        if Fate(fate) in done:
            sums[Fate(fate)] += drawn.rest[case]
        if plan.part_month[case] != NO_PART:
            sums[done_in(plan.part_month[case])] += drawn.part[case]
    return sums


@pytest.mark.parametrize(("scale", "seed"), [(0.001, 1), (0.002, 7), (0.01, 1), (0.0137, 3)])
def test_the_published_figures_come_out_exactly(scale: float, seed: int) -> None:
    plan, drawn = _made(scale, seed)
    fates = Counter(map(Fate, plan.fate))
    money = _done_money(plan, drawn)
    for year, start in ((FY2024, 0), (FY2025, 12)):
        for months in year.done_vnd:
            counted = [fate for until, fate in PUBLISHED if start < until <= start + months]
            assert sum(fates[fate] for fate in counted) == scaled(year.done[months], scale)
            assert sum(money[fate] for fate in counted) == scaled(year.done_vnd[months], scale)
    standing = scaled(FY2025.with_conditions[12], scale) - scaled(FY2025.done[12], scale)
    assert fates[Fate.WITH_CONDITIONS] == standing
    assert fates[Fate.WITHOUT_CONDITIONS] == scaled(FY2025.must_enforce[12], scale) - scaled(
        FY2025.with_conditions[12], scale
    )


def test_what_stood_at_the_start_of_the_year_is_as_published_too() -> None:
    plan, drawn = _made(0.01, 1)
    cases: Counter[Standing] = Counter()
    money: Counter[Standing] = Counter()
    for case, where in enumerate(plan.standing):
        cases[Standing(where)] += 1
        money[Standing(where)] += drawn.rest[case]
        if plan.part_month[case] >= 12 and plan.part_month[case] != NO_PART:
            money[Standing(where)] += drawn.part[case]
    done, done_vnd = scaled(FY2024.done[12], 0.01), scaled(FY2024.done_vnd[12], 0.01)
    assert cases[Standing.WITH_CONDITIONS] == scaled(FY2024.with_conditions[12], 0.01) - done
    assert money[Standing.WITH_CONDITIONS] == scaled(FY2024.with_conditions_vnd, 0.01) - done_vnd
    assert money[Standing.WITHOUT_CONDITIONS] == scaled(FY2024.must_enforce_vnd, 0.01) - scaled(
        FY2024.with_conditions_vnd, 0.01
    )


def test_amounts_are_heavy_tailed_and_never_negative() -> None:
    plan, drawn = _made(0.01, 1)
    sums = sorted(rest + part for rest, part in zip(drawn.rest, drawn.part, strict=True))
    assert all(amount >= 0 for sums in (drawn.rest, drawn.part) for amount in sums)
    assert 0.04 < sum(amount == 0 for amount in sums) / len(sums) < 0.12
    median, largest_hundredth = sums[len(sums) // 2], sums[-len(sums) // 100 :]
    assert median < 100_000_000
    assert sum(largest_hundredth) > sum(sums) / 3
    assert len(plan.log) == SLOTS * len(sums)


def test_the_rows_do_not_depend_on_how_many_processes_write_them() -> None:
    plan, drawn = _made(0.003, 5)
    alone = list(written(batches(plan, drawn), 0.003, 5, helpers=0))
    helped = list(written(batches(plan, drawn), 0.003, 5, helpers=2))
    assert len(alone) > 1
    assert alone == helped


def test_another_seed_is_another_book_with_the_same_figures() -> None:
    one, other = _made(0.001, 1), _made(0.001, 2)
    assert one[1].rest != other[1].rest
    for done_or_standing in set(Fate) - {Fate.OUT_2024, Fate.OUT_2025}:
        assert one[0].fate.count(done_or_standing) == other[0].fate.count(done_or_standing)
