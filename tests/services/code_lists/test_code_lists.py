"""Every code has a label in both languages, and nothing else has one."""

import json
from pathlib import Path
from typing import get_args

import pytest

from app.api.v1.schemas.cases import FlagName, Segment
from app.models import codes
from app.services.code_lists import queries, rules

# Parts of other lists, kept apart for the books and for targets.
PARTS = {name for name in vars(codes) if name.startswith(("ACCOUNTS", "INDICATORS_BY"))}


def closed_lists() -> dict[str, tuple[str, ...]]:
    """Every tuple of codes the tables check."""
    return {
        name: value
        for name, value in vars(codes).items()
        if isinstance(value, tuple) and name.isupper() and name not in PARTS
    }


def test_every_closed_list_is_served() -> None:
    assert set(closed_lists().values()) <= set(rules.LISTS.values())
    assert set(codes.ACCOUNTS) < set(rules.LISTS["accounts"])


def test_lists_that_no_table_has_are_those_of_the_contract() -> None:
    others = {name: listed for name, listed in rules.LISTS.items() if listed not in closed_lists().values()}
    assert others == {"priority-flags": get_args(FlagName), "segments": get_args(Segment)}


def test_every_code_is_labelled_in_both_languages() -> None:
    for name, listed in rules.LISTS.items():
        served = queries.CODE_LISTS[name]
        assert tuple(code.code for code in served.codes) == listed
        for texts in (served.name, *(c.label for c in served.codes), *(c.meaning for c in served.codes if c.meaning)):
            assert set(texts) == {"vi", "en"}
            assert all(text == text.strip() != "" for text in texts.values())


def test_labels_of_a_list_are_distinct() -> None:
    for served in queries.CODE_LISTS.values():
        for language in ("vi", "en"):
            labels = [code.label[language] for code in served.codes]
            assert len(set(labels)) == len(labels)


def test_terms_of_law_name_their_article() -> None:
    by_code = {code.code: code for code in queries.CODE_LISTS["case-states"].codes}
    assert by_code["deferred_by_agreement"].legal_basis == (
        "Điểm c khoản 1 Điều 48 Luật Thi hành án dân sự 2008 (sửa đổi, bổ sung 2014, 2022)"
    )
    for name in ("no_conditions", "deferred", "suspended", "terminated", "entrusted", "withdrawn"):
        assert "Điều" in (by_code[name].legal_basis or "")
        assert by_code[name].meaning is not None


def test_lists_are_in_order_of_their_names() -> None:
    assert list(rules.LISTS) == sorted(rules.LISTS)
    first = queries.list_code_lists(None, 3)
    assert [listed.code for listed in first] == sorted(rules.LISTS)[:3]
    assert queries.list_code_lists(first[-1].code, 1)[0].code == sorted(rules.LISTS)[3]


@pytest.mark.parametrize("change", ["unknown", "missing", "list"])
def test_a_file_that_differs_from_the_codes_is_refused(change: str, tmp_path: Path) -> None:
    texts = json.loads(queries.FILE.read_text(encoding="utf-8"))
    states = texts["matter-states"]["codes"]
    if change == "unknown":
        states["paused"], named = states["done"], "matter-states/paused"
    elif change == "missing":
        named = f"matter-states/{next(iter(states))}"
        del states[next(iter(states))]
    else:
        del texts["matter-states"]
        named = "matter-states"
    file = tmp_path / "code_lists.json"
    file.write_text(json.dumps(texts), encoding="utf-8")
    with pytest.raises(ValueError, match=named):
        queries.load(file)
