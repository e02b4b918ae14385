"""Names as they are searched and shown, segments, and the fold of a history."""

import unicodedata

import pytest

from app.services.cases.rules import masked, search_form, segment_of


@pytest.mark.parametrize(
    ("name", "found_as"),
    [
        ("Nguyễn Văn Ánh", "nguyen van anh"),
        ("ĐỖ  THỊ ƯỚC", "do thi uoc"),
        ("Ngân hàng TMCP Đại Việt", "ngan hang tmcp dai viet"),
        ("Hoà Bình", "hoa binh"),
        ("Hòa Bình", "hoa binh"),
    ],
)
def test_names_are_searched_without_diacritics(name: str, found_as: str) -> None:
    assert search_form(name) == found_as
    assert search_form(unicodedata.normalize("NFD", name)) == found_as


def test_individuals_show_initials_and_organisations_their_name() -> None:
    assert masked("Nguyễn Văn Ánh", "individual") == "N*** V*** Á***"
    assert masked("Công ty TNHH Hưng Thịnh", "organisation") == "Công ty TNHH Hưng Thịnh"


def test_a_mask_hides_how_long_a_name_is() -> None:
    assert masked("Lê Vy", "individual") == masked("Lương Vân", "individual")


def test_segments_are_bits() -> None:
    assert segment_of(["money_party"], False, False) == 0
    assert segment_of(["money_party", "money_state_budget"], True, True) == 7
