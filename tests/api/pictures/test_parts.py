"""What pictures are made of: escaped markup, readable colours, numbers and names as people read them."""

import base64
import hashlib
from datetime import date
from xml.etree import ElementTree

import pytest

from app.api.pictures.palette import COLOURS, POLICY, STYLE, Brush, Theme
from app.api.pictures.sheet import Said, sheet, ticks, write
from app.api.pictures.svg import Markup, tag
from app.api.pictures.wording import cut, day, decimal, difference, number, percent, width


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(colour: str, other: str) -> float:
    darker, lighter = sorted((luminance(colour), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def mixed(colour: str, ground: str, opacity: float) -> str:
    pairs = [(int(colour[i : i + 2], 16), int(ground[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a * opacity + b * (1 - opacity)):02x}" for a, b in pairs)


def test_contrast_is_computed_as_the_standard_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", COLOURS)
def test_text_and_figures_stand_out(theme: Theme) -> None:
    """WCAG 2.2: 4.5 for text (AA), 3 for what a figure is made of; also on the rows with a ground."""
    colours = COLOURS[theme]
    band = mixed(colours["rule"], colours["paper"], 0.3)
    for ground in (colours["paper"], band):
        for role in ("ink", "quiet"):
            assert contrast(colours[role], ground) >= 4.5, (role, ground)
        for role in ("good", "low", "before", "third", "fourth"):
            assert contrast(colours[role], ground) >= 3, (role, ground)
    for role in ("before", "low"):
        assert contrast(colours[role], colours["paper"]) >= 4.5, role


def test_whatever_a_text_holds_is_escaped() -> None:
    nasty = '<script>alert("1")</script>&\x00\ud800\uffff'
    made = tag("text", nasty, data_name=nasty)
    found = ElementTree.fromstring(made)
    assert found.tag == "text"
    assert len(found) == 0
    assert found.text == found.attrib["data-name"] == '<script>alert("1")</script>&\ufffd\ufffd\ufffd'


def test_attributes() -> None:
    assert tag("rect", x=1.0, y=2.25, class_="a", fill_opacity=None, data_value="0.50") == (
        '<rect x="1" y="2.2" class="a" data-value="0.50"/>'
    )
    assert tag("g", Markup("<a/>"), "&") == "<g><a/>&amp;</g>"


def test_a_theme_needs_no_style_sheet_and_the_readers_choice_one_that_may_be_allowed() -> None:
    said = Said("Tên", "Đơn vị", "Mô tả")
    fixed = sheet(said, 100, Brush("dark"), "vi", write(1, 2, "a", Brush("dark")("ink")))
    assert b"<style" not in fixed
    assert COLOURS["dark"]["ink"].encode() in fixed
    follows = sheet(said, 100, Brush(), "vi", write(1, 2, "a", Brush()("ink")))
    (style,) = ElementTree.fromstring(follows).iter("{http://www.w3.org/2000/svg}style")
    assert style.text == STYLE
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in POLICY
    assert COLOURS["light"]["ink"].encode() in follows


def test_ids_are_of_the_content() -> None:
    brush = Brush("light")
    one, same, other = (
        sheet(Said("Tên", "Đơn vị", "Mô tả"), 100, brush, "vi", write(1, 2, text, brush("ink"))) for text in "aab"
    )
    assert one == same

    def ids(picture: bytes) -> set[str]:
        return {e.attrib["id"] for e in ElementTree.fromstring(picture).iter() if "id" in e.attrib}

    assert len(ids(one)) == 2
    assert not ids(one) & ids(other)


def test_numbers_are_written_as_vietnamese_reports_do() -> None:
    assert (percent("83.88", "vi"), percent("83.88", "en")) == ("83,88%", "83.88%")
    assert (percent(None, "vi"), percent(None, "en")) == ("không có số liệu", "no data")
    assert percent("0.00", "vi") == "0,00%"
    assert decimal("-2.58", "vi") == "−2,58"
    assert [difference(value, "vi") for value in ("0.62", "-0.62", "0.00", None)] == ["+0,62", "−0,62", "0,00", "–"]
    assert (number(1_234_567, "vi"), number(-1_204, "en")) == ("1.234.567", "−1,204")
    assert (day(date(2025, 1, 31), "vi"), day(date(2025, 1, 31), "en")) == ("31/01/2025", "2025-01-31")


def test_long_names_are_abbreviated_then_cut() -> None:
    name = "Thi hành án dân sự thành phố Hồ Chí Minh"
    room = width("THADS thành phố Hồ Chí Minh", 13)
    assert cut(name, 13, width(name, 13)) == name
    assert cut(name, 13, room) == "THADS thành phố Hồ Chí Minh"
    short = cut(name, 13, room / 2)
    assert short.endswith("…")
    assert width(short, 13) <= room / 2
    assert cut("Ư" * 100, 13, 50) == cut("U" * 100, 13, 50).replace("U", "Ư")


@pytest.mark.parametrize(
    ("highest", "expected"),
    [
        (0, [0, 1]),
        (1, [0, 1]),
        (10, [0, 2, 4, 6, 8, 10]),
        (84.27, [0, 20, 40, 60, 80, 100]),
        (100, [0, 20, 40, 60, 80, 100]),
        (254, [0, 100, 200, 300]),
        (1_000_001, [0, 500_000, 1_000_000, 1_500_000]),
    ],
)
def test_ticks_are_round(highest: float, expected: list[float]) -> None:
    assert ticks(highest) == expected
