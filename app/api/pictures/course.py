"""The course of a year: the result rate month by month, beside the target in force and the year before."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from app.api.pictures.palette import Brush
from app.api.pictures.sheet import Said, legend, line, notes, sheet, ticks, write
from app.api.pictures.svg import Markup, tag, together
from app.api.pictures.wording import MISSING, Language, filled, percent

_LEFT, _RIGHT = 64, 836
_TOP, _BOTTOM = 122, 412
_MONTHS: Final = 12
_CALENDAR: Final = (10, 11, 12, 1, 2, 3, 4, 5, 6, 7, 8, 9)
_DASHES: Final = "7 4"
# the scale reaches this far at least, so that next to nothing looks like it
_LEAST: Final = 10.0

_TEXTS: Final[dict[Language, dict[str, str]]] = {
    "vi": {
        "cases_rate": "Tiến độ tỷ lệ thi hành xong về việc theo tháng",
        "money_rate": "Tiến độ tỷ lệ thi hành xong về tiền theo tháng",
        "credit_cases_rate": "Tiến độ tỷ lệ thi hành xong về việc của các tổ chức tín dụng theo tháng",
        "credit_money_rate": "Tiến độ tỷ lệ thi hành xong về tiền của các tổ chức tín dụng theo tháng",
        "cumulative": "{unit} · năm báo cáo {year}, lũy kế từ 01/10/{begins}",
        "month": "{unit} · năm báo cáo {year}, từng tháng riêng",
        "now": "năm {year}", "before": "năm {year}", "target": "chỉ tiêu năm {year}",
        "before_end": "({year})", "target_end": "chỉ tiêu", "running": "tháng chưa kết thúc",
        "point": "{name}, tháng {month}: {value}", "calendar": "tháng {month}",
        "incomparable": "Số liệu hai năm không hoàn toàn so sánh được với nhau.",
        "missing": "Chỗ trống trên đường: không có số liệu.",
        "untargeted": "Chưa được giao chỉ tiêu.",
        "cut": "Không vẽ chỉ tiêu: chỉ tiêu giao cho toàn bộ số liệu lũy kế của đơn vị.",
    },
    "en": {
        "cases_rate": "Result rate in cases month by month",
        "money_rate": "Result rate in money month by month",
        "credit_cases_rate": "Result rate in cases of credit institutions month by month",
        "credit_money_rate": "Result rate in money of credit institutions month by month",
        "cumulative": "{unit} · fiscal year {year}, cumulative from {begins}-10-01",
        "month": "{unit} · fiscal year {year}, each month alone",
        "now": "{year}", "before": "{year}", "target": "target of {year}",
        "before_end": "({year})", "target_end": "target", "running": "month still running",
        "point": "{name}, month {month}: {value}", "calendar": "month {month}",
        "incomparable": "The two years are not fully comparable.",
        "missing": "A gap in a line: no data.",
        "untargeted": "No target is assigned.",
        "cut": "Without target: it is assigned to all cumulative figures of the unit.",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Course:
    """Rates in percent by month as JSON has them; `now` only of months begun, None where there is no rate.

    `targets` are those in force at the end of each month; None when targets do not apply to these figures.
    """

    unit: str
    indicator: str
    fiscal_year: int
    single: bool
    complete: bool
    comparable: bool
    now: Sequence[str | None]
    before: Sequence[str | None]
    targets: Sequence[str | None] | None


@dataclass(frozen=True, slots=True)
class _Drawing:
    shown: Course
    brush: Brush
    spoken: Language
    scale: Sequence[float]

    @property
    def texts(self) -> Mapping[str, str]:
        return _TEXTS[self.spoken]

    def named(self, name: str) -> str:
        year = self.shown.fiscal_year - name.startswith("before")
        return filled(self.texts[name], year=year)

    def point(self, month: int, value: str) -> tuple[float, float]:
        share = min(max(float(value), 0), self.scale[-1]) / self.scale[-1]
        return _x(month), _BOTTOM - (_BOTTOM - _TOP) * share


def _x(month: float) -> float:
    """The middle of a month, 0 to 11."""
    return _LEFT + (_RIGHT - _LEFT) * (month + 0.5) / _MONTHS


def course(shown: Course, spoken: Language, brush: Brush) -> bytes:
    """The picture."""
    given = [float(value) for value in (*shown.now, *shown.before, *(shown.targets or ())) if value is not None]
    drawing = _Drawing(shown, brush, spoken, ticks(max([_LEAST, *given])))
    remarks = _remarks(drawing)
    parts = (_legend(drawing), _axes(drawing), _target(drawing), _before(drawing), _now(drawing), _ends(drawing))
    height = _BOTTOM + 60 + 17 * len(remarks)
    return sheet(_said(drawing), height, brush, spoken, *parts, notes(_BOTTOM + 62, remarks, brush))


def _said(drawing: _Drawing) -> Said:
    shown = drawing.shown
    subtitle = filled(
        drawing.texts["month" if shown.single else "cumulative"],
        unit=shown.unit,
        year=shown.fiscal_year,
        begins=shown.fiscal_year - 1,
    )
    sentences = [_sentence(drawing, name, month, value) for name, month, value in _points(shown)]
    return Said(drawing.texts[shown.indicator], subtitle, f"{subtitle}. {'; '.join(sentences)}.")


def _points(shown: Course) -> Iterable[tuple[str, int, str | None]]:
    for name, values in (("now", shown.now), ("before", shown.before), ("target", shown.targets or ())):
        for month, value in enumerate(values):
            yield name, month, value


def _sentence(drawing: _Drawing, name: str, month: int, value: str | None) -> str:
    said = percent(value, drawing.spoken)
    return filled(drawing.texts["point"], name=drawing.named(name), month=month + 1, value=said)


def _remarks(drawing: _Drawing) -> list[str]:
    shown, texts = drawing.shown, drawing.texts
    found = {
        "incomparable": not shown.comparable,
        "missing": None in shown.now or None in shown.before,
        "untargeted": shown.targets is not None and not any(shown.targets),
        "cut": shown.targets is None,
    }
    return [texts[name] for name, holds in found.items() if holds]


def _legend(drawing: _Drawing) -> Markup:
    brush = drawing.brush
    now = together(
        line(0, 6, 20, 6, brush("none", "good"), stroke_width=3), tag("circle", cx=10, cy=6, r=4, **brush("good"))
    )
    before = together(
        line(0, 6, 20, 6, brush("none", "before"), stroke_width=2),
        tag("rect", x=7, y=3, width=6, height=6, **brush("before")),
    )
    entries = [(now, drawing.named("now")), (before, drawing.named("before"))]
    if any(drawing.shown.targets or ()):
        dashes = line(0, 6, 20, 6, brush("none", "low"), stroke_width=2, stroke_dasharray=_DASHES)
        entries.append((dashes, drawing.named("target")))
    if not drawing.shown.complete:
        hollow = tag("circle", cx=10, cy=6, r=4, stroke_width=2, **brush("paper", "good"))
        entries.append((hollow, drawing.texts["running"]))
    return legend(84, entries, brush)


def _axes(drawing: _Drawing) -> Markup:
    brush, found = drawing.brush, []
    for value in drawing.scale:
        y = _BOTTOM - (_BOTTOM - _TOP) * value / drawing.scale[-1]
        found.append(line(_LEFT, y, _RIGHT, y, brush("none", "quiet" if value == 0 else "rule")))
        found.append(write(_LEFT - 10, y + 4, f"{value:.0f}%", brush("quiet"), anchor="end"))
    for month, calendar in enumerate(_CALENDAR):
        year = drawing.shown.fiscal_year - (calendar >= 10)
        found.append(write(_x(month), _BOTTOM + 20, str(month + 1), brush("ink"), size=13, anchor="middle"))
        found.append(write(_x(month), _BOTTOM + 36, f"{calendar:02}/{year}", brush("quiet"), size=11, anchor="middle"))
    return tag("g", *found, aria_hidden="true")


def _runs(values: Sequence[str | None]) -> Iterable[list[tuple[int, str]]]:
    """Months in a row that have a value."""
    for has_value, run in groupby(enumerate(values), key=lambda point: point[1] is not None):
        if has_value:
            yield [(month, value) for month, value in run if value is not None]


def _path(points: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _lines(drawing: _Drawing, values: Sequence[str | None], role: str, thickness: float) -> list[Markup]:
    colour = drawing.brush("none", role)
    paths = [_path(drawing.point(month, value) for month, value in run) for run in _runs(values)]
    return [tag("path", d=path, stroke_width=thickness, stroke_linejoin="round", **colour) for path in paths]


def _about(drawing: _Drawing, name: str, month: int, value: str | None) -> tuple[Markup, dict[str, str]]:
    """The title of a mark, and what a program reads from it."""
    about = {"data_series": name, "data_month": str(month + 1), "data_value": value or "null"}
    return tag("title", _sentence(drawing, name, month, value)), about


def _target(drawing: _Drawing) -> Markup:
    """The target as steps: each month as wide as it is."""
    found = []
    half = (_RIGHT - _LEFT) / _MONTHS / 2
    for month, value in enumerate(drawing.shown.targets or ()):
        title, about = _about(drawing, "target", month, value)
        if value is None:
            found.append(tag("g", title, **about))
            continue
        x, y = drawing.point(month, value)
        dashes = {"stroke_width": "2", "stroke_dasharray": _DASHES}
        path = tag("path", title, d=f"M{x - half:.1f} {y:.1f}h{2 * half:.1f}", **dashes, **about,
                   **drawing.brush("none", "low"))  # fmt: skip
        found.append(path)
    return together(*found)


def _before(drawing: _Drawing) -> Markup:
    found = _lines(drawing, drawing.shown.before, "before", 2)
    for month, value in enumerate(drawing.shown.before):
        title, about = _about(drawing, "before", month, value)
        if value is None:
            found.append(tag("g", title, **about))
            continue
        x, y = drawing.point(month, value)
        square = tag("rect", title, x=x - 3.5, y=y - 3.5, width=7, height=7, **about, **drawing.brush("before"))
        found.append(square)
    return together(*found)


def _now(drawing: _Drawing) -> Markup:
    shown, brush = drawing.shown, drawing.brush
    found = _lines(drawing, shown.now, "good", 3)
    for month, value in enumerate(shown.now):
        title, about = _about(drawing, "now", month, value)
        if value is None:
            turned = f"rotate(-90 {_x(month):.1f} {_BOTTOM - 8})"
            text = write(_x(month) + 4, _BOTTOM - 8, MISSING[drawing.spoken], brush("quiet"), transform=turned)
            found.append(tag("g", title, text, **about))
            continue
        running = month == len(shown.now) - 1 and not shown.complete
        x, y = drawing.point(month, value)
        colour = brush("paper" if running else "good", "good")
        found.append(tag("circle", title, cx=x, cy=y, r=4.5, stroke_width=2, **colour, **about))
        found.append(_label(drawing, month, value))
    return together(*found)


def _label(drawing: _Drawing, month: int, value: str) -> Markup:
    """The value of a month, on the side of its point where the line of the year before is not."""
    x, y = drawing.point(month, value)
    before = drawing.shown.before[month]
    above = before is None or float(value) >= float(before) or y > _BOTTOM - 24
    colour = {**drawing.brush("ink", "paper"), "paint_order": "stroke"}
    text = percent(value, drawing.spoken)
    return write(x, y - 11 if above else y + 20, text, colour, anchor="middle", stroke_width=4, stroke_linejoin="round")


def _ends(drawing: _Drawing) -> Markup:
    """Values at the right end: of the year before and of the target, kept apart from each other."""
    shown = drawing.shown
    last = {"before": shown.before[-1], "target": shown.targets[-1] if shown.targets else None}
    placed = sorted((drawing.point(11, value)[1], name, value) for name, value in last.items() if value is not None)
    if len(placed) == 2 and placed[1][0] - placed[0][0] < 16:
        middle = (placed[0][0] + placed[1][0]) / 2
        placed = [(middle + shift, name, value) for shift, (_, name, value) in zip((-8, 8), placed, strict=True)]
    roles = {"before": "before", "target": "low"}
    return together(
        *(
            write(
                _RIGHT + 6,
                y + 4,
                f"{percent(value, drawing.spoken)} {drawing.named(f'{name}_end')}",
                drawing.brush(roles[name]),
            )
            for y, name, value in placed
        )
    )
