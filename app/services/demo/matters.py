"""Matters (vụ) behind the cases, some under a steering committee on anti-corruption (Ban Chỉ đạo)."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from random import Random
from typing import Final

from app.services.access import ORDINARY, RESTRICTED, SECRET
from app.services.demo.calibration import CENTRAL_MATTERS, PLAIN_MATTERS, PROVINCIAL_MATTERS, scaled, spread
from app.services.demo.ids import uuid7
from app.services.demo.names import person
from app.services.demo.plan import PUBLISHED, Fate
from app.services.demo.units import Organisation

CHARGES: Final = (
    "Tham ô tài sản", "Nhận hối lộ", "Lừa đảo chiếm đoạt tài sản", "Vi phạm quy định về đấu thầu",
    "Lợi dụng chức vụ, quyền hạn trong khi thi hành công vụ", "Vi phạm quy định về quản lý đất đai",
    "Vi phạm quy định về hoạt động ngân hàng",
)  # fmt: skip
END: Final = date(2025, 9, 30)
# At any scale there is something of each kind to see.
FEWEST: Final = {"central": 24, "provincial": 36, "plain": 20}
# How many cases a matter gathers compared with others: few giants, then large ones, then a tail.
GIANTS: Final = (6_000, 3_500)
LARGE: Final = (1_500, 1_200, 900, 700, 600, 500, 450, 400)
SIZES: Final = {"central": (20, 80), "provincial": (5, 40), "plain": (2, 10)}
ECONOMIC_SHARE: Final = 0.3
ENDED: Final = frozenset(fate for _, fate in PUBLISHED)


@dataclass(frozen=True)
class Matter:
    """A matter; `home` is the code of the new-map province whose offices have its cases, None for the whole nation."""

    id: str
    code: str
    name: str
    unit_path: str
    home: str | None
    level: str
    state: str
    state_since: date
    tracked_since: date
    tracked_until: date | None
    economic: bool
    size: int
    confidentiality: int

    @property
    def tracked(self) -> bool:
        """Whether a steering committee has it on its list or had."""
        return self.level != "plain"


class Docket:
    """The matters of a book, to be drawn from by what becomes of a case."""

    def __init__(self, organisation: Organisation, scale: float, seed: int) -> None:
        rng = Random(f"{seed} matters")  # noqa: S311 — a book to be repeated, not a secret
        provinces = sorted({office.successor.province_code for office in organisation.offices})
        self.matters = [
            _matter(number, level, state, provinces, rng) for number, (level, state) in enumerate(_levels(scale), 1)
        ]
        self._ended = _Draw([m for m in self.matters if m.state in ("enforcing", "done", "plain")])
        self._without = _Draw([m for m in self.matters if m.state in ("enforcing", "assets_exhausted", "plain")])
        self._standing = _Draw([m for m in self.matters if m.state in ("enforcing", "plain")])

    def draw(self, fate: int, rng: Random) -> Matter:
        """A matter in whose state a case of this fate makes sense: no open case in a matter that is done."""
        if fate in ENDED:
            return self._ended.draw(rng)
        return (self._without if fate == Fate.WITHOUT_CONDITIONS else self._standing).draw(rng)


class _Draw:
    def __init__(self, matters: list[Matter]) -> None:
        self._matters = matters
        self._weights = list(accumulate(matter.size for matter in matters))

    def draw(self, rng: Random) -> Matter:
        return rng.choices(self._matters, cum_weights=self._weights)[0]


def _levels(scale: float) -> list[tuple[str, str]]:
    """Level and state of every matter; large ones come first among those being enforced."""
    found: list[tuple[str, str]] = []
    for level, states in (("central", CENTRAL_MATTERS), ("provincial", PROVINCIAL_MATTERS)):
        total = max(FEWEST[level], scaled(sum(states.values()), scale))
        for state, number in zip(states, spread(total, list(states.values())), strict=True):
            found += [(level, state)] * number
    return found + [("plain", "plain")] * max(FEWEST["plain"], scaled(PLAIN_MATTERS, scale))


def _class(number: int, level: str) -> int:
    """Some of the matters that are tracked are not for everybody's eyes."""
    if level == "plain" or number % 8:
        return ORDINARY
    return RESTRICTED if number % 24 else SECRET


def _matter(number: int, level: str, state: str, provinces: list[str], rng: Random) -> Matter:
    giant = number <= len(GIANTS) + len(LARGE)
    home = None if giant else rng.choice(provinces)
    since = date(2015, 1, 1) + timedelta(days=int(rng.random() * 3_400))
    decided = max(since, date(2023, 10, 1)) + timedelta(days=int(rng.random() * 300))
    until = END - timedelta(days=int(rng.random() * 60)) if state == "done" and rng.random() < 0.4 else None
    low, high = SIZES[level]
    return Matter(
        id=uuid7(since.toordinal(), rng),
        code=f"VA-{since.year}-{number:04}",
        name=f"Vụ {person(rng)} và đồng phạm, tội “{rng.choice(CHARGES)}”",
        unit_path="vn." if level == "central" else f"vn.t{home}.",
        home=home,
        level=level,
        state=state,
        state_since=since if state == "not_accepted" else decided,
        tracked_since=since,
        tracked_until=until,
        economic=level != "plain" or rng.random() < ECONOMIC_SHARE,
        size=(*GIANTS, *LARGE)[number - 1] if giant else rng.randint(low, high),
        confidentiality=_class(number, level),
    )
