"""Priority flags by age: a bar for each year of decision, parted by which flag its cases carry."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.api.pictures.palette import Brush
from app.api.pictures.sheet import Said, legend, line, notes, sheet, swatch, ticks, write
from app.api.pictures.svg import Markup, tag
from app.api.pictures.wording import MISSING, Language, day, filled, number

_LEFT, _RIGHT = 84, 944
_TOP, _BOTTOM = 140, 412
_PARTS: Final = {"long_running": "good", "high_value": "low", "steering_committee": "third", "several": "fourth"}
"""From the bottom of a bar to its top, with their colours."""
_FLAGS: Final = ("long_running", "high_value", "steering_committee")

_TEXTS: Final[dict[Language, dict[str, str]]] = {
    "vi": {
        "title": "Việc ưu tiên theo năm ra quyết định thi hành án",
        "subtitle": "{unit} · đến {on} · số việc, mỗi việc tính một lần: {total}",
        "long_running": "tồn đọng lâu năm", "high_value": "giá trị lớn", "steering_committee": "Ban Chỉ đạo theo dõi",
        "only": "chỉ {flag}", "several": "từ hai cờ trở lên",
        "part": "Quyết định năm {band}, {name}: {value}", "before": "≤ {year}", "axis": "năm ra quyết định",
        "whole": "Quyết định năm {band}: {value} việc ({parts})",
        "unruled": "Chưa có quy tắc có hiệu lực vào ngày này: {names}.",
    },
    "en": {
        "title": "Priority cases by the year of their decision",
        "subtitle": "{unit} · on {on} · cases, each counted once: {total}",
        "long_running": "long-running", "high_value": "high value", "steering_committee": "steering committee",
        "only": "{flag} only", "several": "several flags",
        "part": "Decisions of {band}, {name}: {value}", "before": "≤ {year}", "axis": "year of the decision",
        "whole": "Decisions of {band}: {value} cases ({parts})",
        "unruled": "No rule in force on this day: {names}.",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Drawing:
    shown: Mapping[str, Any]
    brush: Brush
    spoken: Language
    scale: Sequence[float]

    @property
    def texts(self) -> Mapping[str, str]:
        return _TEXTS[self.spoken]

    @property
    def bands(self) -> Sequence[Mapping[str, Any]]:
        found: Sequence[Mapping[str, Any]] = self.shown["bands"]
        return found

    @property
    def step(self) -> float:
        return (_RIGHT - _LEFT) / len(self.bands)

    def height(self, cases: float) -> float:
        return (_BOTTOM - _TOP) * cases / self.scale[-1]

    def band(self, band: Mapping[str, Any]) -> str:
        year = str(band["decided_in"])
        return filled(self.texts["before"], year=year) if band["or_before"] else year

    @property
    def ruled(self) -> bool:
        """Whether any rule was in force on the day; without one nothing was counted."""
        return any(self.bands[0][flag] is not None for flag in _FLAGS)

    def part(self, part: str) -> str:
        return filled(self.texts["only"], flag=self.texts[part]) if part in _FLAGS else self.texts[part]

    def cases(self, figure: Mapping[str, int] | None) -> str:
        if figure is None or not self.ruled:
            return MISSING[self.spoken]
        return number(figure["cases"], self.spoken)


def ages(shown: Mapping[str, Any], spoken: Language, brush: Brush) -> bytes:
    """The picture of `AgesOut`, as JSON has it."""
    drawing = _Drawing(shown, brush, spoken, ticks(max(band["total"]["cases"] for band in shown["bands"])))
    remarks = _remarks(drawing)
    bars = [_bar(drawing, place, band) for place, band in enumerate(drawing.bands)]
    height = _BOTTOM + 56 + 17 * len(remarks)
    parts = (_legend(drawing), _axes(drawing), *bars, _nothing(drawing), notes(_BOTTOM + 62, remarks, brush))
    return sheet(_said(drawing), height, brush, spoken, *parts)


def _nothing(drawing: _Drawing) -> Markup:
    """That there is no data, where no rule says what is flagged."""
    if drawing.ruled:
        return Markup()
    x, y = (_LEFT + _RIGHT) / 2, (_TOP + _BOTTOM) / 2
    return write(x, y, MISSING[drawing.spoken], drawing.brush("quiet"), size=16, anchor="middle")


def _said(drawing: _Drawing) -> Said:
    shown, spoken = drawing.shown, drawing.spoken
    total = drawing.cases(shown["total"])
    name, on = shown["unit"]["name"], day(shown["as_of"], spoken)
    subtitle = filled(drawing.texts["subtitle"], unit=name, on=on, total=total)
    rows = "; ".join(_whole(drawing, band) for band in drawing.bands)
    return Said(drawing.texts["title"], subtitle, f"{subtitle}. {rows}.")


def _whole(drawing: _Drawing, band: Mapping[str, Any]) -> str:
    parts = ", ".join(f"{drawing.part(part)} {drawing.cases(band[part])}" for part in _PARTS)
    value = drawing.cases(band["total"])
    return filled(drawing.texts["whole"], band=drawing.band(band), value=value, parts=parts)


def _remarks(drawing: _Drawing) -> list[str]:
    texts, some = drawing.texts, drawing.bands[0]
    unruled = [texts[flag] for flag in _FLAGS if some[flag] is None]
    return [filled(texts["unruled"], names=", ".join(unruled))] if unruled else []


def _legend(drawing: _Drawing) -> Markup:
    def entry(part: str, role: str) -> tuple[Markup, str]:
        figures = [band[part] for band in drawing.bands]
        total = None if None in figures else {"cases": sum(figure["cases"] for figure in figures)}
        return swatch(drawing.brush(role)), f"{drawing.part(part)}: {drawing.cases(total)}"

    return legend(84, [entry(part, role) for part, role in _PARTS.items()], drawing.brush)


def _axes(drawing: _Drawing) -> Markup:
    brush, found = drawing.brush, []
    for value in drawing.scale:
        y = _BOTTOM - drawing.height(value)
        found.append(line(_LEFT, y, _RIGHT, y, brush("none", "quiet" if value == 0 else "rule")))
        found.append(write(_LEFT - 10, y + 4, number(int(value), drawing.spoken), brush("quiet"), anchor="end"))
    for place, band in enumerate(drawing.bands):
        x = _LEFT + drawing.step * (place + 0.5)
        found.append(write(x, _BOTTOM + 20, drawing.band(band), brush("ink"), size=13, anchor="middle"))
    found.append(write(_RIGHT, _BOTTOM + 40, drawing.texts["axis"], brush("quiet"), size=11, anchor="end"))
    return tag("g", *found, aria_hidden="true")


def _bar(drawing: _Drawing, place: int, band: Mapping[str, Any]) -> Markup:
    """A bar of its parts, each with an edge of paper, and the whole on top."""
    x, wide = _LEFT + drawing.step * (place + 0.18), drawing.step * 0.64
    top = _BOTTOM - drawing.height(band["total"]["cases"])
    text = drawing.cases(band["total"]) if drawing.ruled else "–"
    whole = write(x + wide / 2, top - 7, text, drawing.brush("ink"), size=13, anchor="middle")
    about = {"data_band": str(band["decided_in"]), "data_value": str(band["total"]["cases"])}
    return tag("g", tag("title", _whole(drawing, band)), *_parts(drawing, band, x, wide), whole, **about)


def _parts(drawing: _Drawing, band: Mapping[str, Any], x: float, wide: float) -> Iterable[Markup]:
    y = float(_BOTTOM)
    for part, role in _PARTS.items():
        figure, name = band[part], drawing.part(part)
        text = filled(drawing.texts["part"], band=drawing.band(band), name=name, value=drawing.cases(figure))
        about = {"data_part": part, "data_value": "null" if figure is None else str(figure["cases"])}
        high = drawing.height(figure["cases"]) if figure else 0.0
        y -= high
        edge = drawing.brush(role, "paper")
        size = {"x": x, "y": y, "width": wide, "height": high}
        yield tag("rect", tag("title", text), **size, stroke_width=1 if high > 2 else 0, **about, **edge)
