"""What the trail says of personal data: which members, of whom, and a digest nobody can try numbers against."""

import hashlib

from app.services.cases.rules import plain_number
from app.services.parties.rules import digest_of, shown

SECRET = b"0123456789abcdef0123456789abcdef"  # not a secret: only for these tests
NOTHING = dict.fromkeys(("name", "id_number", "address", "phone"))


def test_only_what_was_masked_and_is_there_counts_as_shown() -> None:
    parties = [
        {**NOTHING, "no": 1, "kind": "organisation", "name": "Công ty Hưng Thịnh", "phone": "024"},
        {**NOTHING, "no": 2, "kind": "individual", "name": "Vàng Anh", "id_number": "025"},
        {**NOTHING, "no": 3, "kind": "organisation", "name": "Kho bạc Nhà nước"},
    ]
    assert shown(parties) == {"1": ["phone"], "2": ["name", "id_number"], "3": []}


def test_a_digest_is_of_the_number_and_the_secret() -> None:
    digest = digest_of(SECRET, "025090001234")
    assert digest == digest_of(SECRET, "025090001234")
    assert len({digest, digest_of(SECRET, "025090001235"), digest_of(SECRET[::-1], "025090001234")}) == 3
    assert digest != hashlib.sha256(b"025090001234").hexdigest()
    assert (len(digest), "025090001234" in digest) == (64, False)


def test_blanks_of_every_kind_are_left_out_of_numbers() -> None:
    assert plain_number(" 025 090\u00a0001\u2009234\u3000") == "025090001234"
    assert plain_number("B 1234567") == "B1234567"
