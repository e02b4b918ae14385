"""Units or officers by rank: a bar for the result rate, with the marks of target and national average."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.api.pictures.palette import Brush
from app.api.pictures.sheet import INSIDE, MARGIN, Said, legend, line, notes, sheet, swatch, ticks, write
from app.api.pictures.svg import Markup, tag, together
from app.api.pictures.wording import MISSING, Language, cut, day, difference, filled, number, percent, width

_ROW: Final = 24
_TOP: Final = 134
_NAME: Final = 44
_LEFT, _RIGHT = 308, 684
_COLUMNS: Final = (772, 852, 944)

_TEXTS: Final[dict[Language, dict[str, str]]] = {
    "vi": {
        "cases_rate": "Tỷ lệ thi hành xong về việc so với chỉ tiêu",
        "money_rate": "Tỷ lệ thi hành xong về tiền so với chỉ tiêu",
        "credit_cases_rate": "Tỷ lệ thi hành xong về việc của các tổ chức tín dụng so với chỉ tiêu",
        "credit_money_rate": "Tỷ lệ thi hành xong về tiền của các tổ chức tín dụng so với chỉ tiêu",
        "subtitle": "{unit} · {months} tháng năm {year}, từ {since} đến {until} · chế độ báo cáo {regime}",
        "average": "Bình quân cả nước {rate}",
        "result": "Kết quả", "target": "Chỉ tiêu", "distance": "Chênh, điểm %",
        "reached": "không thấp hơn bình quân cả nước", "low": "thấp hơn bình quân cả nước", "mark": "chỉ tiêu",
        "nation": "bình quân cả nước", "dash": "–: chưa được giao chỉ tiêu",
        "some": "Hiển thị {shown} đơn vị hoặc người đứng đầu theo thứ hạng; còn nữa.",
        "nobody": "Không có đơn vị nào",
        "row": "{name}: kết quả {rate}, chỉ tiêu {target}, chênh lệch {distance} điểm phần trăm",
        "described": "{average}. {rows}.", "none": "chưa giao",
    },
    "en": {
        "cases_rate": "Result rate in cases beside the target",
        "money_rate": "Result rate in money beside the target",
        "credit_cases_rate": "Result rate in cases of credit institutions beside the target",
        "credit_money_rate": "Result rate in money of credit institutions beside the target",
        "subtitle": "{unit} · {months} months of {year}, {since} to {until} · regime {regime}",
        "average": "National average {rate}",
        "result": "Result", "target": "Target", "distance": "Distance, pp",
        "reached": "not below the national average", "low": "below the national average", "mark": "target",
        "nation": "national average", "dash": "–: no target assigned",
        "some": "The first {shown} by rank; there are more.",
        "nobody": "There are no units",
        "row": "{name}: result {rate}, target {target}, distance {distance} percentage points",
        "described": "{average}. {rows}.", "none": "none",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ranking:
    """A page of attainment as JSON has it: its items, what frames them, and whether there are more."""

    unit: str
    indicator: str
    items: Sequence[Mapping[str, Any]]
    frame: Mapping[str, Any]
    more: bool


@dataclass(frozen=True, slots=True)
class _Drawing:
    shown: Ranking
    brush: Brush
    spoken: Language
    scale: Sequence[float]

    @property
    def texts(self) -> Mapping[str, str]:
        return _TEXTS[self.spoken]

    @property
    def national(self) -> str | None:
        rate: str | None = self.shown.frame["national"][self.shown.indicator]["rate"]["value"]
        return rate

    @property
    def bottom(self) -> float:
        return _TOP + _ROW * max(len(self.shown.items), 1)

    def x(self, value: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * min(max(value, 0), self.scale[-1]) / self.scale[-1]


def ranking(shown: Ranking, spoken: Language, brush: Brush) -> bytes:
    """The picture."""
    drawing = _Drawing(shown, brush, spoken, ticks(max([100.0, *_rates(shown)])))
    rows = [_row(drawing, number, item) for number, item in enumerate(shown.items)]
    empty = [] if rows else [write(_LEFT, _TOP + 16, drawing.texts["nobody"], brush("quiet"), size=13)]
    remarks = _remarks(drawing)
    height = drawing.bottom + 40 + 17 * len(remarks)
    parts = (_legend(drawing), _heads(drawing), _scale(drawing), *rows, *empty, _average(drawing), _targets(drawing))
    below = notes(drawing.bottom + 42, remarks, brush)
    return sheet(_said(drawing), height, brush, spoken, *parts, below)


def _rates(shown: Ranking) -> Iterable[float]:
    for item in shown.items:
        result = item[shown.indicator]
        yield float(result["rate"]["value"] or 0)
        yield float(result["target"]["rate"]) if result["target"] else 0.0


def _name(item: Mapping[str, Any]) -> str:
    return str((item["officer"] or item["unit"])["name"])


def _said(drawing: _Drawing) -> Said:
    texts, spoken, period = drawing.texts, drawing.spoken, drawing.shown.frame["period"]
    subtitle = filled(
        texts["subtitle"],
        unit=drawing.shown.unit,
        months=period["months"],
        year=period["fiscal_year"],
        since=day(period["starts_on"], spoken),
        until=day(period["ends_on"], spoken),
        regime=period["regime"],
    )
    average = filled(texts["average"], rate=percent(drawing.national, spoken))
    rows = "; ".join(_sentence(drawing, item) for item in drawing.shown.items) or texts["nobody"]
    described = filled(texts["described"], average=average, rows=rows)
    return Said(texts[drawing.shown.indicator], subtitle, f"{subtitle}. {described}")


def _sentence(drawing: _Drawing, item: Mapping[str, Any]) -> str:
    result, spoken = item[drawing.shown.indicator], drawing.spoken
    return filled(
        drawing.texts["row"],
        name=_name(item),
        rate=percent(result["rate"]["value"], spoken),
        target=percent(result["target"]["rate"], spoken) if result["target"] else drawing.texts["none"],
        distance=difference(result["distance_pp"], spoken),
    )


def _remarks(drawing: _Drawing) -> list[str]:
    shown, texts = drawing.shown, drawing.texts
    found = []
    if any(item[shown.indicator]["target"] is None for item in shown.items):
        found.append(texts["dash"])
    if shown.more:
        found.append(filled(texts["some"], shown=number(len(shown.items), drawing.spoken)))
    return found


def _legend(drawing: _Drawing) -> Markup:
    brush, texts = drawing.brush, drawing.texts
    low = together(swatch(brush("low")), _triangle(brush, 10, 6, "paper"))
    entries = [
        (swatch(brush("good")), texts["reached"]),
        (low, texts["low"]),
        (_mark(brush, 10, 6), texts["mark"]),
        (line(10, -2, 10, 14, brush("none", "ink"), stroke_width=1.5, stroke_dasharray="4 3"), texts["nation"]),
    ]
    return legend(82, entries, brush)


def _heads(drawing: _Drawing) -> Markup:
    names = ("result", "target", "distance")
    return together(
        *(
            write(x, _TOP - 14, drawing.texts[name], drawing.brush("quiet"), size=11, anchor="end")
            for x, name in zip(_COLUMNS, names, strict=True)
        )
    )


def _scale(drawing: _Drawing) -> Markup:
    brush, found = drawing.brush, []
    for value in drawing.scale:
        x = drawing.x(value)
        found.append(line(x, _TOP - 4, x, drawing.bottom, brush("none", "rule")))
        found.append(write(x, drawing.bottom + 16, f"{value:.0f}%", brush("quiet"), size=11, anchor="middle"))
    return tag("g", *found, aria_hidden="true")


def _row(drawing: _Drawing, place: int, item: Mapping[str, Any]) -> Markup:
    result, brush = item[drawing.shown.indicator], drawing.brush
    middle = _TOP + _ROW * (place + 0.5)
    parts = [tag("title", _sentence(drawing, item))]
    if place % 2:
        size = {"x": MARGIN - 6, "y": middle - _ROW / 2, "width": INSIDE + 12, "height": _ROW}
        parts.append(tag("rect", **size, fill_opacity="0.3", **brush("rule")))
    parts += _bar(drawing, middle, result)
    if result["rank"] is not None:
        parts.append(write(_NAME - 8, middle + 4, f"{result['rank']}.", brush("quiet"), anchor="end"))
    parts.append(write(_NAME, middle + 4.5, cut(_name(item), 13, _LEFT - _NAME - 10), brush("ink"), size=13))
    if result["below_national_average"]:
        parts.append(_triangle(brush, _RIGHT + 16, middle, "low"))
    target = result["target"]["rate"] if result["target"] else None
    about = {
        "data_unit": item["unit"]["id"],
        "data_officer": item["officer"]["id"] if item["officer"] else None,
        "data_rank": "null" if result["rank"] is None else str(result["rank"]),
        "data_value": result["rate"]["value"] or "null",
        "data_target": target or "null",
        "data_distance": result["distance_pp"] or "null",
    }
    return tag("g", *parts, *_numbers(drawing, middle + 4.5, result, target), **about)


def _numbers(drawing: _Drawing, y: float, result: Mapping[str, Any], target: str | None) -> Iterable[Markup]:
    """Result, target and distance at the end of a row."""
    rates = ["–" if rate is None else percent(rate, drawing.spoken) for rate in (result["rate"]["value"], target)]
    values = (*rates, difference(result["distance_pp"], drawing.spoken))
    for x, value in zip(_COLUMNS, values, strict=True):
        yield write(x, y, value, drawing.brush("ink"), size=13, anchor="end")


def _bar(drawing: _Drawing, middle: float, result: Mapping[str, Any]) -> Iterable[Markup]:
    rate, brush = result["rate"]["value"], drawing.brush
    if rate is None:
        yield write(_LEFT + 6, middle + 4, MISSING[drawing.spoken], brush("quiet"), font_style="italic")
    else:
        colour = brush("low" if result["below_national_average"] else "good")
        # a bar of nothing still has an edge to be seen
        yield tag("rect", x=_LEFT, y=middle - 7, width=max(drawing.x(float(rate)) - _LEFT, 1), height=14, **colour)


def _targets(drawing: _Drawing) -> Markup:
    """The marks of the targets, on top of bars and lines."""
    found = []
    for place, item in enumerate(drawing.shown.items):
        if target := item[drawing.shown.indicator]["target"]:
            middle = _TOP + _ROW * (place + 0.5)
            found.append(_mark(drawing.brush, drawing.x(float(target["rate"])), middle))
    return tag("g", *found, aria_hidden="true")


def _mark(brush: Brush, x: float, middle: float) -> Markup:
    """A target: a stroke with an edge of paper, to be seen on bars too."""
    return tag("rect", x=x - 2.5, y=middle - 10, width=5, height=20, stroke_width=1.5, **brush("ink", "paper"))


def _triangle(brush: Brush, x: float, middle: float, role: str) -> Markup:
    return tag("path", d=f"M{x - 5:.1f} {middle - 3.5:.1f}h10l-5 8z", **brush(role))


def _average(drawing: _Drawing) -> Markup:
    """The line of the national average over all rows, and its value on top."""
    if drawing.national is None:
        return Markup()
    brush, x = drawing.brush, drawing.x(float(drawing.national))
    text = filled(drawing.texts["average"], rate=percent(drawing.national, drawing.spoken))
    half = width(text, 12) / 2
    label = write(min(max(x, _LEFT + half), _RIGHT + 20 - half), _TOP - 14, text, brush("ink"), anchor="middle")
    ends = (x, _TOP - 8, x, drawing.bottom)
    # on paper only the dashes are seen, on a bar what is between them too
    ground = line(*ends, brush("none", "paper"), stroke_width=1.5)
    dashes = line(*ends, brush("none", "ink"), stroke_width=1.5, stroke_dasharray="4 3")
    return tag("g", ground, dashes, label, data_national=drawing.national)
