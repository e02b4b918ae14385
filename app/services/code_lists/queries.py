"""The code lists with their texts, read once from the file that comes with the service."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.services.code_lists.rules import LISTS, mismatches

FILE: Final = Path(__file__).parents[2] / "data" / "code_lists.json"


@dataclass(frozen=True, slots=True)
class Code:
    """One code; texts by language (`vi`, `en`); `meaning` and `legal_basis` where it is a term of law."""

    code: str
    label: dict[str, str]
    meaning: dict[str, str] | None
    legal_basis: str | None


@dataclass(frozen=True, slots=True)
class CodeList:
    """A closed list: no other code is ever sent or accepted."""

    code: str
    name: dict[str, str]
    codes: tuple[Code, ...]


def load(file: Path = FILE) -> dict[str, CodeList]:
    """Every list in the order of its name; refuses a file that does not describe exactly the codes there are."""
    texts: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    wrong = mismatches({name: set(listed["codes"]) for name, listed in texts.items()})
    if wrong:
        raise ValueError(f"{file.name} and the codes of the service differ: {', '.join(wrong)}")
    return {
        name: CodeList(
            code=name,
            name=texts[name]["name"],
            codes=tuple(Code(code=code, **texts[name]["codes"][code]) for code in listed),
        )
        for name, listed in LISTS.items()
    }


CODE_LISTS: Final = load()


def list_code_lists(after: str | None, limit: int) -> list[CodeList]:
    """At most `limit` lists by name, after a name."""
    return [listed for name, listed in CODE_LISTS.items() if after is None or name > after][:limit]
