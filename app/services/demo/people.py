"""What a case is about, who owes what to whom: kind, initiation, obligations and parties. All made up."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Final, TypeVar

from app.models.codes import SEGMENT_BUDGET, SEGMENT_CORRUPTION, SEGMENT_CREDIT
from app.services.demo.lives import NULL
from app.services.demo.matters import Matter
from app.services.demo.names import STREETS, Pools, pools

T = TypeVar("T")

MILLION: Final = 10**6
# Small sums are mostly court fees and fines, enforced ex officio; large ones are asked for by creditors.
EX_OFFICIO: Final = ((0, 0.2), (50 * MILLION, 0.78), (500 * MILLION, 0.5), (10**15, 0.25))
BANK_CREDITOR: Final = ((50 * MILLION, 0.02), (500 * MILLION, 0.25), (10**15, 0.5))
KINDS: Final[dict[str, dict[str, float]]] = {
    "ex_officio": {
        "criminal": 38, "civil": 31, "family": 21, "commercial": 5, "administrative": 2, "labour": 1, "other": 2,
    },
    "on_request": {
        "civil": 58, "family": 15, "commercial": 15, "criminal": 8, "labour": 2, "bankruptcy": 0.3, "arbitration": 0.7,
        "administrative": 1,
    },
}  # fmt: skip
_CUMULATIVE: Final = {
    initiation: (list(kinds), list(accumulate(kinds.values()))) for initiation, kinds in KINDS.items()
}
# Wordings of a duty: those of a kind of judgment, else those under "other".
DUTIES: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "money_state_budget": {
        "criminal": (
            "Án phí hình sự sơ thẩm", "Tiền phạt sung công quỹ Nhà nước",
            "Tiền thu lợi bất chính nộp ngân sách Nhà nước",
        ),
        "administrative": ("Án phí hành chính sơ thẩm",),
        "family": ("Án phí hôn nhân và gia đình sơ thẩm",),
        "commercial": ("Án phí kinh doanh, thương mại sơ thẩm",),
        "labour": ("Án phí lao động sơ thẩm",),
        "other": ("Án phí dân sự sơ thẩm", "Án phí dân sự có giá ngạch"),
    },
    "money_party": {
        "bank": ("Trả nợ gốc và lãi theo hợp đồng tín dụng",),
        "criminal": ("Bồi thường thiệt hại",),
        "family": ("Cấp dưỡng nuôi con", "Thanh toán giá trị tài sản chung khi ly hôn"),
        "labour": ("Trả tiền lương", "Bồi thường do chấm dứt hợp đồng lao động"),
        "commercial": ("Trả tiền theo hợp đồng mua bán hàng hóa", "Thanh toán tiền thi công công trình"),
        "other": ("Trả tiền vay", "Bồi thường thiệt hại", "Trả tiền theo hợp đồng mua bán"),
    },
    "non_monetary": {
        "family": ("Giao con cho người nuôi dưỡng",),
        "other": ("Giao quyền sử dụng đất", "Giao nhà", "Trả lại giấy tờ", "Tháo dỡ công trình"),
    },
}  # fmt: skip
# How courts sign their judgments, by kind.
SIGNS: Final = {
    "civil": "DS-ST", "criminal": "HS-ST", "administrative": "HC-ST", "family": "HNGĐ-ST", "commercial": "KDTM-ST",
    "labour": "LĐ-ST", "bankruptcy": "QĐ-TBPS", "arbitration": "PQ-TT", "other": "DS-ST",
}  # fmt: skip
TREASURY: Final = "Kho bạc Nhà nước\tKho bạc Nhà nước\tkho bac nha nuoc"
COURT_FEE: Final = 0.12
AND_AN_ACT: Final = 0.04
TWO_DEBTORS: Final = 0.06
RELATED: Final = 0.08
COMPANY_DEBTOR: Final = 0.15
COMPANY_CREDITOR: Final = 0.2


@dataclass(frozen=True, slots=True)
class Dispute:
    """What is fixed about a case besides its life; `segment` as reports cut by."""

    kind: str
    initiation: str
    segment: int
    bank: bool
    duties: tuple[str, ...]

    @classmethod
    def draw(cls, amount: int, matter: Matter | None, rng: Random) -> "Dispute":
        """A plausible dispute about such an amount (VND; 0 is about a thing or an act)."""
        rnd = rng.random
        share = next(share for limit, share in EX_OFFICIO if amount <= limit)
        initiation = "ex_officio" if rnd() < share else "on_request"
        kinds, weights = _CUMULATIVE[initiation]
        kind = "criminal" if matter else rng.choices(kinds, cum_weights=weights)[0]
        asked = initiation == "on_request"
        bank = (
            asked and amount > 0 and kind in ("civil", "commercial")
            and rnd() < next(share for limit, share in BANK_CREDITOR if amount <= limit)
        )  # fmt: skip
        duties = _duties(amount, asked, rng)
        segment = SEGMENT_CREDIT * bank + SEGMENT_BUDGET * ("money_state_budget" in duties)
        economic = SEGMENT_CORRUPTION if matter and matter.economic else 0
        return cls(kind, initiation, segment | economic, bank, duties)


def _duties(amount: int, asked: bool, rng: Random) -> tuple[str, ...]:
    if amount == 0:
        return ("non_monetary",)
    if not asked:
        return ("money_state_budget",) * (2 if rng.random() < COURT_FEE else 1)
    chance = rng.random()
    if chance < COURT_FEE:
        return ("money_party", "money_state_budget")
    return ("money_party", "non_monetary") if chance < COURT_FEE + AND_AN_ACT else ("money_party",)


def obligations(case_id: str, dispute: Dispute, amount: int, rng: Random) -> list[str]:
    """Rows of the obligations (khoản); their amounts add up to that of the decision."""
    duties = dispute.duties
    second = amount // 20 if len(duties) == 2 and duties[1] != "non_monetary" else 0
    sums = (amount - second, second)
    return [
        f"{case_id}\t{no}\t{duty}\t{sums[no - 1]}\t{_worded(dispute, duty, rng)}" for no, duty in enumerate(duties, 1)
    ]


def _worded(dispute: Dispute, duty: str, rng: Random) -> str:
    known = DUTIES[duty]
    wordings = known.get("bank" if dispute.bank else dispute.kind) or known["other"]
    return wordings[int(rng.random() * len(wordings))]


def judgment(number: int, kind: str, place: str, day: str) -> tuple[str, str, str]:
    """Number, day and court of the judgment behind a case."""
    return f"{number % 389 + 1}/{day[:4]}/{SIGNS[kind]}", day, f"Tòa án nhân dân {place}"


def parties(case_id: str, dispute: Dispute, place: str, seed: int, rng: Random) -> list[str]:
    """Rows of the parties (đương sự): a creditor, one or two debtors, sometimes a third person."""
    rnd, drawn = rng.random, pools(seed)
    creditor, institution = _creditor(dispute, place, drawn, rng)
    rows = [f"{creditor}\t{institution}"]
    for _ in range(2 if rnd() < TWO_DEBTORS else 1):
        if rnd() < COMPANY_DEBTOR:
            company = _one(drawn.companies, rng)
            rows.append(f"debtor\torganisation\tf\t{company}\t{NULL}\t{_address(place, rng)}\t{NULL}\t{NULL}")
        else:
            rows.append(f"debtor\tindividual\tf\t{_one(drawn.persons, rng)}\t{_details(place, rng)}\t{NULL}")
    if rnd() < RELATED:
        rows.append(f"related\tindividual\tf\t{_one(drawn.persons, rng)}\t{_details(place, rng)}\t{NULL}")
    return [f"{case_id}\t{no}\t{row}" for no, row in enumerate(rows, 1)]


def _creditor(dispute: Dispute, place: str, drawn: Pools, rng: Random) -> tuple[str, str]:
    """The row of the creditor, and its code when it is a bank."""
    if dispute.initiation == "ex_officio":
        return f"creditor\torganisation\tf\t{TREASURY}\t{NULL}\t{NULL}\t{NULL}", NULL
    if dispute.bank:
        bank, code = _one(drawn.banks, rng)
        return f"creditor\torganisation\tt\t{bank}\t{NULL}\t{NULL}\t{NULL}", code or NULL
    if rng.random() < COMPANY_CREDITOR:
        company = _one(drawn.companies, rng)
        return f"creditor\torganisation\tf\t{company}\t{NULL}\t{_address(place, rng)}\t{NULL}", NULL
    return f"creditor\tindividual\tf\t{_one(drawn.persons, rng)}\t{_details(place, rng)}", NULL


def _one(names: Sequence[T], rng: Random) -> T:
    return names[int(rng.random() * len(names))]


def _address(place: str, rng: Random) -> str:
    return f"Số {1 + int(rng.random() * 400)} {STREETS[int(rng.random() * len(STREETS))]}, {place}"


def _details(place: str, rng: Random) -> str:
    """Identity number, address and phone; no province has the code 099 and no network the prefix 0199."""
    rnd = rng.random
    return f"099{int(rnd() * 10**9):09}\t{_address(place, rng)}\t0199{int(rnd() * 10**6):06}"
