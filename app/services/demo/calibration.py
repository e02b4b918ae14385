"""The published national results that the demo book reproduces, and the assumptions that fill what is not published.

Sources of the published figures (rows of app/data/published_results.csv):
- FY2024, 6 and 12 months, FY2025, 6, 10 and 12 months: results announced by the Ministry of Justice, final versions.
- FY2025, 4 months: the directive on the tasks of 2025 (161,828 cases, −4,285 on the year before; 36,550 billion VND,
  +8.49 %). The figures of 4 months of FY2024 are worked out from it: 166,113 cases; 33,690 billion VND.
- Opening stock of FY2024: must-enforce less done of FY2023 (922,311 − 574,819), less moves to the separate register.
Cases count việc; money is VND. Cumulative figures are keyed by months since 1 October.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

BILLION: Final = 10**9
MIN_SCALE: Final = 0.001
MONTHS: Final = 12


@dataclass(frozen=True)
class Year:
    """One fiscal year (năm báo cáo) of the nation, cumulative by months since 1 October.

    Published: `must_enforce` (B), `with_conditions` (C1), `done` (D1) and their money. Assumed, where no publication
    says: entrusted and withdrawn as in FY2023, moves to and from the separate register, cases whose conditions were
    found again, new deferrals, collections in part.
    """

    fiscal_year: int
    must_enforce: dict[int, int]
    with_conditions: dict[int, int]
    done: dict[int, int]
    done_vnd: dict[int, int]
    with_conditions_vnd: int
    must_enforce_vnd: int
    to_register_carried: dict[int, int]
    to_register_new: dict[int, int]
    back_from_register: dict[int, int]
    conditions_found: dict[int, int]
    entrusted: dict[int, int]
    withdrawn: dict[int, int]
    deferred: dict[int, int]
    collected_in_part: dict[int, int]

    @property
    def knots(self) -> list[int]:
        """Months at whose end the stock is known."""
        return sorted(self.with_conditions)


FY2024: Final = Year(
    fiscal_year=2024,
    must_enforce={6: 679_008, 12: 1_021_783},
    with_conditions={6: 462_469, 12: 739_974},
    done={4: 166_113, 6: 242_304, 12: 620_657},
    done_vnd={4: 33_690 * BILLION, 6: 47_595 * BILLION, 12: 116_531 * BILLION},
    with_conditions_vnd=224_775 * BILLION,
    must_enforce_vnd=495_000 * BILLION,
    to_register_carried={6: 26_000, 12: 32_000},
    to_register_new={6: 0, 12: 300},
    back_from_register={6: 0, 12: 0},
    conditions_found={6: 42_000, 12: 54_000},
    entrusted={6: 6_200, 12: 13_000},
    withdrawn={6: 240, 12: 500},
    deferred={6: 4_500, 12: 9_000},
    collected_in_part={6: 12_000, 12: 26_000},
)
# B at 6 months: published as +10.89 % on 679,008; C1 at 6 and 10 months from the published rates (51 %, 63.14 %).
FY2025: Final = Year(
    fiscal_year=2025,
    must_enforce={6: 752_950, 10: 977_700, 12: 1_063_030},
    with_conditions={6: 500_512, 10: 707_697, 12: 684_566},
    done={4: 161_828, 6: 255_261, 10: 446_842, 12: 576_884},
    done_vnd={4: 36_550 * BILLION, 6: 57_683 * BILLION, 10: 116_890 * BILLION, 12: 150_060 * BILLION},
    with_conditions_vnd=265_030 * BILLION,
    must_enforce_vnd=683_817 * BILLION,
    to_register_carried={6: 24_000, 10: 29_000, 12: 33_000},
    to_register_new={6: 0, 10: 0, 12: 300},
    back_from_register={6: 400, 10: 700, 12: 900},
    conditions_found={6: 32_000, 10: 40_000, 12: 42_000},
    entrusted={6: 6_200, 10: 10_700, 12: 13_000},
    withdrawn={6: 240, 10: 420, 12: 500},
    deferred={6: 4_500, 10: 7_500, 12: 9_000},
    collected_in_part={6: 12_000, 10: 21_000, 12: 26_000},
)
YEARS: Final = (FY2024, FY2025)

# Stock before 1 October 2023: what was carried over (347,492) and what then moved to the separate register.
OPENING_STOCK: Final = 922_311 - 574_819 + FY2024.to_register_carried[12]
# Of it with conditions: C1 − D1 of FY2023 (690,448 − 574,819).
OPENING_WITH_CONDITIONS: Final = 690_448 - 574_819
# Deferred and suspended cases (C3) as a share of the stock; FY2022: 12,135 of 861,529 less those done.
HELD_SHARE: Final = Fraction(15, 1000)

# How busy the months from October to September are; only their proportions count.
SEASON_DONE: Final = (90, 95, 100, 100, 80, 105, 92, 96, 102, 95, 100, 125)
SEASON_ACCEPTED: Final = (100, 102, 106, 98, 74, 108, 104, 106, 100, 96, 102, 98)
SEASON_EVEN: Final = (1,) * MONTHS

# Shares of the money standing at the start of FY2025 by what became of it in that year, in percent: done within
# 4, 6, 10, 12 months; still with conditions; without or held at the end; entrusted, withdrawn or in the register.
WITH_CONDITIONS_BECAME: Final = (12, 6, 13, 7, 25, 32, 5)
WITHOUT_CONDITIONS_BECAME: Final = (1, 1, 4, 2, 8, 64, 20)
# Of the money of opening cases: too uncertain to publish, so only its order of size is set (VND per case).
TYPICAL_VND: Final = 150_000_000

# What share of cases each office level takes: district offices the greater part, provinces the difficult ones.
PROVINCIAL_SHARE: Final = 0.12
OFFICERS: Final = 3_800
REGIONAL_OFFICES: Final = 355
# Matters under a steering committee: nine months of FY2024 knew 153 central ones, 16 not yet accepted,
# 85 enforcing, 7 with assets exhausted, 45 done.
CENTRAL_MATTERS: Final = {"enforcing": 85, "not_accepted": 16, "assets_exhausted": 7, "done": 45}
PROVINCIAL_MATTERS: Final = {"enforcing": 260, "not_accepted": 30, "assets_exhausted": 30, "done": 120}
PLAIN_MATTERS: Final = 1_500


def exact(scale: float) -> Fraction:
    """The scale as its shortest decimal, so that 0.01 is one hundredth and figures round the way people do it."""
    if scale < MIN_SCALE:
        raise ValueError(f"the demo book needs a scale of at least {MIN_SCALE}")
    return Fraction(str(scale))


def scaled(figure: int, scale: float) -> int:
    """A figure of the nation at a smaller (or greater) scale."""
    return round(figure * exact(scale))


def scaled_knots(knots: dict[int, int], scale: float) -> dict[int, int]:
    """Cumulative figures at a smaller (or greater) scale."""
    return {months: scaled(figure, scale) for months, figure in knots.items()}


def spread(total: int, weights: tuple[int, ...] | list[int]) -> list[int]:
    """Whole parts of `total` in proportion to the weights; their sum is `total`."""
    whole, so_far, parts, given = sum(weights), 0, [], 0
    for weight in weights:
        so_far += weight
        upto = round(Fraction(total * so_far, whole))
        parts.append(upto - given)
        given = upto
    return parts


def by_month(knots: dict[int, int], season: tuple[int, ...] = SEASON_EVEN) -> list[int]:
    """Twelve monthly figures that reach every cumulative knot exactly."""
    months: list[int] = []
    before = 0
    for knot, figure in sorted(knots.items()):
        months += spread(figure - before, season[len(months) : knot])
        before = figure
    return months
