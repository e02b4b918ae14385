"""Made-up people, companies, credit institutions and places; no name here stands for anyone real."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from random import Random
from typing import Final

from app.services.cases.rules import masked, search_form

PERSONS: Final = 24_000
COMPANIES: Final = 3_000

SURNAMES: Final = {
    "Nguyễn": 38, "Trần": 11, "Lê": 10, "Phạm": 7, "Hoàng": 5, "Huỳnh": 4, "Phan": 4, "Vũ": 4, "Võ": 4, "Đặng": 3,
    "Bùi": 3, "Đỗ": 2, "Hồ": 2, "Ngô": 2, "Dương": 2, "Lý": 1, "Đinh": 1, "Lương": 1, "Trịnh": 1, "Mai": 1, "Tô": 1,
    "Đoàn": 1, "Vương": 1, "Cao": 1, "Thạch": 1, "Nông": 1, "Hà": 1, "Châu": 1, "Quách": 1, "Lò": 1,
}  # fmt: skip
MIDDLE: Final = {
    "Văn": "m", "Đức": "m", "Hữu": "m", "Quang": "m", "Đình": "m", "Công": "m", "Xuân": "m", "Minh": "m", "Quốc": "m",
    "Thị": "f", "Thị Thu": "f", "Thị Ngọc": "f", "Ngọc": "f", "Thị Kim": "f", "Thị Thanh": "f", "Hồng": "f",
}  # fmt: skip
GIVEN: Final = {
    "m": (
        "Hùng", "Dũng", "Tuấn", "Hải", "Nam", "Long", "Sơn", "Thắng", "Cường", "Phúc", "Khánh", "Trung", "Hiếu",
        "Thành", "Bình", "Phong", "Đạt", "Toàn", "Vinh", "Lâm", "Tân", "Thái", "Kiên", "Quân", "Nghĩa", "Lộc", "Tiến",
        "Việt",
    ),
    "f": (
        "Lan", "Hương", "Hoa", "Mai", "Hạnh", "Thảo", "Trang", "Yến", "Nhung", "Hằng", "Thủy", "Loan", "Phượng", "Vân",
        "Nga", "Oanh", "Liên", "Tuyết", "Dung", "Ánh", "Diệp", "Quyên", "Trâm", "My", "Chi", "Huệ", "Bích", "Xuân",
    ),
}  # fmt: skip

_FORMS: Final = ("Công ty TNHH", "Công ty cổ phần", "Công ty TNHH MTV", "Hợp tác xã", "Doanh nghiệp tư nhân")
_TRADES: Final = (
    "Thương mại", "Xây dựng", "Vận tải", "Thủy sản", "Nông sản", "Cơ khí", "Vật liệu", "May mặc", "Bất động sản",
    "Du lịch",
)  # fmt: skip
_FIRST: Final = ("Phú", "Hưng", "Đại", "Thuận", "Tân", "An", "Gia", "Kim", "Thiên", "Hoàng", "Vạn", "Trường", "Lộc")
_LAST: Final = ("Thịnh Phát", "Lợi Hưng", "Cát Tường", "Phong Vân", "Thành Tín", "Hải Minh", "Sơn Lâm", "Bảo Khang")

# Fictional: no credit institution of these names is licensed.
_BANKS: Final = (
    "Sông Hậu", "Lạc Hồng", "Trường Sơn", "Phù Đổng", "Hải Vân", "Ngọc Linh", "Đại Ngàn", "Biển Xanh", "Tràng An",
    "Hoa Lúa", "Cánh Buồm", "Sao Khuê", "Đồng Bằng", "Thuận Hải", "Lam Kinh", "Núi Tản",
)  # fmt: skip
_FUNDS: Final = ("Quỹ tín dụng nhân dân", ("Lúa Vàng", "Bến Nứa", "Đồng Xanh", "Làng Chài", "Suối Bạc", "Cây Đa"))

STREETS: Final = (
    "Trần Hưng Đạo", "Lê Lợi", "Nguyễn Huệ", "Quang Trung", "Hùng Vương", "Lý Thường Kiệt", "Hai Bà Trưng", "Ngô Quyền",
    "Phan Chu Trinh", "Nguyễn Trãi", "Điện Biên Phủ", "Lê Hồng Phong", "Trần Phú", "Bà Triệu", "Phan Bội Châu",
    "Nguyễn Du", "Hoàng Diệu", "Tôn Đức Thắng", "Cách Mạng Tháng Tám", "Lê Duẩn",
)  # fmt: skip


@dataclass(frozen=True)
class Pools:
    """Ready columns of party rows: name, masked name and search form, joined by tabs; of banks with their code."""

    persons: list[str]
    companies: list[str]
    banks: list[tuple[str, str | None]]


def columns(name: str, kind: str) -> str:
    """name, masked_name and search_name of a party, as COPY wants them."""
    return f"{name}\t{masked(name, kind)}\t{search_form(name)}"


def institution_code(name: str) -> str:
    """The code of a made-up bank."""
    return search_form(name).replace(" ", "").upper()


def person(rng: Random) -> str:
    """A random Vietnamese name."""
    surname = rng.choices(list(SURNAMES), list(SURNAMES.values()))[0]
    middle = rng.choice(list(MIDDLE))
    return f"{surname} {middle} {rng.choice(GIVEN[MIDDLE[middle]])}"


def _company(rng: Random) -> str:
    return f"{rng.choice(_FORMS)} {rng.choice(_TRADES)} {rng.choice(_FIRST)} {rng.choice(_LAST)}"


@lru_cache(maxsize=1)
def pools(seed: int) -> Pools:
    """The names a book of this seed draws from."""
    rng = Random(f"{seed} names")  # noqa: S311 — a book to be repeated, not a secret
    funds, places = _FUNDS
    banks: list[tuple[str, str | None]] = [(f"Ngân hàng TMCP {name}", institution_code(name)) for name in _BANKS]
    banks += [(" ".join(pair), None) for pair in product([funds], places)]
    return Pools(
        persons=[columns(person(rng), "individual") for _ in range(PERSONS)],
        companies=[columns(_company(rng), "organisation") for _ in range(COMPANIES)],
        banks=[(columns(name, "organisation"), code) for name, code in banks],
    )
