"""What all pictures have in common: the sheet they are on, their head and legend, and the ticks of their scales."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2s
from typing import Final

from app.api.pictures.palette import STYLE, Brush
from app.api.pictures.svg import Markup, Value, tag, together
from app.api.pictures.wording import cut, width

WIDTH: Final = 960
MARGIN: Final = 16
INSIDE: Final = WIDTH - 2 * MARGIN
# fonts of the reader's system that have all Vietnamese letters
_FONTS: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', Arial, sans-serif"
_SVG: Final = "http://www.w3.org/2000/svg"
_STEPS: Final = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Said:
    """What a picture is called, what it shows of whom, and what it says to those who do not see it."""

    title: str
    subtitle: str
    description: str


def sheet(said: Said, height: float, brush: Brush, spoken: str, *parts: Markup) -> bytes:
    """The whole picture. Ids come from its content, so that several can stand in one page."""
    body = together(tag("rect", width=WIDTH, height=height, **brush("paper")), *_head(said, brush), *parts)
    name = f"thads-{blake2s(f'{said}{body}'.encode(), digest_size=6).hexdigest()}"
    style = () if brush.theme else (tag("style", Markup(STYLE)),)
    root: dict[str, Value] = {
        "xmlns": _SVG, "viewBox": f"0 0 {WIDTH} {height:.0f}", "width": WIDTH, "height": height,
        "preserveAspectRatio": "xMidYMid meet", "font_family": _FONTS, "role": "img", "lang": spoken,
        "aria_labelledby": f"{name}-title", "aria_describedby": f"{name}-desc",
    }  # fmt: skip
    title = tag("title", said.title, id=f"{name}-title")
    description = tag("desc", said.description, id=f"{name}-desc")
    return tag("svg", title, description, *style, body, **root).encode()


def _head(said: Said, brush: Brush) -> Iterable[Markup]:
    yield write(MARGIN, 32, cut(said.title, 19, INSIDE), brush("ink"), size=19, font_weight="600")
    yield write(MARGIN, 54, cut(said.subtitle, 13, INSIDE), brush("quiet"), size=13)


def write(
    x: float, y: float, text: str, colour: dict[str, str], *, size: float = 12, anchor: str = "start", **more: Value
) -> Markup:
    """A line of text with its baseline at `y`."""
    return tag("text", text, x=x, y=y, font_size=size, text_anchor=anchor, **colour, **more)


def line(x: float, y: float, to_x: float, to_y: float, colour: dict[str, str], **more: Value) -> Markup:
    """A straight line."""
    return tag("line", x1=x, y1=y, x2=to_x, y2=to_y, **colour, **more)


def legend(y: float, entries: Iterable[tuple[Markup, str]], brush: Brush) -> Markup:
    """Signs, each drawn within 20 × 12 from (0, 0), with what they mean; a new row where one is full."""
    x, found = float(MARGIN), []
    for sign, text in entries:
        room = 26 + width(text, 12)
        if x > MARGIN and x + room > MARGIN + INSIDE:
            x, y = float(MARGIN), y + 20
        found.append(tag("g", sign, transform=f"translate({x:.1f} {y - 10:.1f})"))
        found.append(write(x + 26, y, text, brush("ink")))
        x += room + 20
    return together(*found)


def swatch(colour: dict[str, str]) -> Markup:
    """The sign of an area in a legend."""
    return tag("rect", x=2, y=0, width=16, height=12, rx=2, **colour)


def notes(y: float, texts: Sequence[str], brush: Brush) -> Markup:
    """Remarks below a picture."""
    return together(*(write(MARGIN, y + 17 * n, cut(t, 12, INSIDE), brush("quiet")) for n, t in enumerate(texts)))


def ticks(highest: float, number: int = 5) -> list[float]:
    """Round values from 0 up to the first that is not below `highest`, at most so many steps apart."""
    step = next(
        figure * 10**power for power in range(30) for figure in _STEPS if figure * 10**power * number >= highest
    )
    found = [0.0, float(step)]
    while found[-1] < highest:
        found.append(found[-1] + step)
    return found
