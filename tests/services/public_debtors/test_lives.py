"""Random lives of cases: after every step the public list is what cases and entries say."""

from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test
from sqlalchemy import text

from app.services.cases import commands
from app.services.cases.rules import NewParty
from app.services.public_debtors.commands import keep_listed
from tests.builders import Service
from tests.services.books.test_lives import Lives
from tests.services.public_debtors.reading import expected, stored

PARTY = st.builds(
    NewParty,
    role=st.sampled_from(["debtor", "debtor", "creditor", "related"]),
    kind=st.sampled_from(["individual", "organisation"]),
    name=st.sampled_from(["Nguyễn Văn An", "Trần Thị Bé", "Công ty TNHH Đại Phát", "Lò Văn Pánh"]),
    address=st.none() | st.sampled_from(["Số 1 Lê Lợi", "Bản Nà Tấu, xã Mường Phăng"]),
)


# what moves a case onto the list, along it and off it
WAYS = {
    "enforcing": ["conditions_lost", "conditions_lost", "reversed"],
    "no_conditions": ["conditions_found", "to_separate_register", "reversed"],
    "register": ["back_from_register", "reversed"],
}


class PublicLives(Lives):
    """Lives in which parties are corrected and cases classified, too."""

    documents = 0

    @rule(case=Lives.cases, choices=st.lists(st.integers(0, 5), min_size=3, max_size=8))
    def come_and_go(self, case: str, choices: list[int]) -> None:
        """Makes several decisions of one case likely."""
        for choice in choices:
            ways = WAYS.get(self.model.cases[case].state, ["reversed"])
            way = ways[choice % len(ways)]
            if way == "reversed":
                self.reverse(case)
            else:
                self.book(case, way, later=1)

    def attempt(self, case: str, posting: commands.Posting) -> bool:
        """Every event has documents of its own."""
        self.documents += 1
        number = f"{self.documents}/QĐ-THADS"
        return super().attempt(case, replace(posting, document_no=number, ground=f"Lý do {self.documents}"))

    @rule(case=Lives.cases, parties=st.lists(PARTY, min_size=1, max_size=4))
    def correct_parties(self, case: str, parties: list[NewParty]) -> None:
        self.change(case, {"parties": parties})

    @rule(case=Lives.cases, number=st.sampled_from(["12/2025/DS-ST", None]))
    def correct_judgment(self, case: str, number: str | None) -> None:
        self.change(case, {"judgment_no": number, "court": "Tòa án nhân dân khu vực 1"})

    @rule(case=Lives.cases, confidentiality=st.integers(0, 2))
    def classify(self, case: str, confidentiality: int) -> None:
        async def work(session: Any) -> None:
            sql = text("UPDATE enforcement_case SET confidentiality = :class WHERE id = :id")
            await session.execute(sql, {"class": confidentiality, "id": case})
            await keep_listed(session, [case])

        self.run(self.service.db.write(work))

    def change(self, case: str, changes: dict[str, Any]) -> None:
        self.run(self.service.db.write(lambda s: commands.change_case(self.work(s), case, None, changes)))

    @invariant()
    def the_list_is_what_the_books_say(self) -> None:
        if hasattr(self, "model") and self.model.cases:
            assert stored(self.service, self.model.cases) == expected(self.service, self.model.cases)


def test_the_list_follows_random_lives(service: Service) -> None:
    PublicLives.service = service
    run_state_machine_as_test(
        PublicLives,
        settings=settings(
            max_examples=20,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
