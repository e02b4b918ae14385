"""The world the routes are tried in: what each kind of client owns, and what is foreign to it."""

from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.access import ORDINARY, SECRET, Actor, Caller
from app.services.books.rules import Event
from app.services.cases.commands import Posting, book_event, create_case
from app.services.cases.rules import NewCase, NewObligation, NewParty
from app.services.clients.commands import register, set_disabled
from app.services.clients.rules import SCOPES
from app.services.jobs.commands import begin
from app.services.periods import commands as periods
from app.services.statistics.rules import Period
from app.services.work import Work
from tests.builders import NATION_ID, Service

# path parameters that name nothing of a unit: everybody with the scope may read them
PUBLIC: Final[dict[str, str]] = {
    "event_no": "1", "form_no": "1", "code": "priority-flags", "level": "central", "flag": "long_running",
    "regime": "tt05-2026", "fiscal_year": "2010", "months": "1", "report_no": "1",
}  # fmt: skip
# path parameters that name something of a unit which the law has made public: everybody with the scope reads it
PUBLISHED: Final = ("debtor_id",)
# path parameters that name something of one client, which no other client sees, whatever was granted to it
OWNED: Final = ("webhook_id", "partner", "job_id")
DECIDED: Final = date(2025, 8, 22)


@dataclass(frozen=True)
class Place:
    """A province and the office in it, with an officer and a case."""

    province_id: str
    office_id: str
    objects: dict[str, str]


@dataclass
class World:
    """`own` objects lie where every client may see them, `foreign` ones where only the nation may."""

    own: Place
    foreign: Place
    secrets: dict[str, str] = field(default_factory=dict)
    owned: dict[str, dict[str, str]] = field(default_factory=dict)

    def objects_of(self, client_id: str) -> dict[str, str]:
        """The own objects, with those that belong to this client alone."""
        return {**self.own.objects, **self.owned[client_id]}


def make_world(service: Service) -> World:
    """Builds the world once in the database of the service; the figures of October 2009 are frozen in it."""

    async def places(session: AsyncSession) -> World:
        return World(own=await _place(session, "a"), foreign=await _place(session, "b"))

    world = service.runner.run(service.db.write(places))
    service.runner.run(service.reference.reload())
    for place in (world.own, world.foreign):
        case = service.db.write(partial(_case, service=service, place=place))
        place.objects["case_id"] = service.runner.run(case)
        listed = service.db.write(partial(_public_debtor, service=service, place=place))
        place.objects["debtor_id"] = service.runner.run(listed)

    async def frozen(session: AsyncSession) -> None:
        period = Period.of_months(int(PUBLIC["fiscal_year"]), int(PUBLIC["months"]))
        await periods.close(_work(session, service), period, None)
        await periods.freeze(_work(session, service), period, "tests")

    service.runner.run(service.db.write(frozen))

    async def registered(session: AsyncSession) -> None:
        for client_id, unit_id in {
            "national": NATION_ID,
            "province": world.own.province_id,
            "partner": world.own.office_id,
            "disabled": NATION_ID,
        }.items():
            world.secrets[client_id] = await register(
                session,
                Actor("tests"),
                client_id=client_id,
                name=f"Hệ thống {client_id}",
                scopes=frozenset(SCOPES),
                unit_ids=[unit_id],
                clearance=ORDINARY if client_id == "partner" else SECRET,
            )
            inserted = await session.execute(text(_WEBHOOK), {"client": client_id})
            external_id = f"W-{client_id}"
            await session.execute(text(_PUSHED), {"client": client_id, "id": external_id})
            world.owned[client_id] = {"webhook_id": str(inserted.scalar_one()), "external_id": external_id}
        await set_disabled(session, Actor("tests"), "disabled", disabled=True)

    service.runner.run(service.db.write(registered))
    service.runner.run(service.reference.reload())
    for client_id, owned in world.owned.items():
        begun = partial(begin, actor=Actor(client_id), kind="import_cases", options={})
        owned |= {"partner": client_id, "job_id": service.runner.run(service.db.write(begun))}
    world.own.objects.update(world.owned["national"])
    world.foreign.objects.update(world.owned["disabled"])
    return world


_UNIT: Final = """
    INSERT INTO unit (code, level, parent_id, path, validity)
    VALUES (:code, :level, CAST(:parent AS uuid), :path, daterange('2009-01-01', NULL)) RETURNING id::text"""
_NAME: Final = """
    INSERT INTO unit_name (unit_id, name, validity)
    VALUES (CAST(:unit AS uuid), :name, daterange('2009-01-01', NULL))"""
_OFFICER: Final = """
    WITH o AS (INSERT INTO officer (code, name) VALUES (:code, :name) RETURNING id)
    INSERT INTO officer_posting (officer_id, unit_id, rank, validity)
    SELECT id, CAST(:unit AS uuid), 'senior', daterange('2009-01-01', NULL) FROM o RETURNING officer_id::text"""
_MATTER: Final = """
    WITH m AS (
        INSERT INTO matter (code, name, unit_path, ever_tracked) VALUES (:code, :name, :path, true) RETURNING id
    )
    INSERT INTO matter_tracking (matter_id, level, tracked, state, state_since)
    SELECT id, 'central', daterange('2024-01-01', NULL), 'enforcing', '2024-01-01' FROM m RETURNING matter_id::text"""
_TARGET: Final = """
    INSERT INTO target (unit_id, fiscal_year, indicator, version, rate_bp, decision_no, decision_date, signer,
        effective_on)
    VALUES (CAST(:unit AS uuid), 2026, 'cases_rate', 1, 8390, '15/QĐ-CTHADS', '2025-11-05', 'Nguyễn Văn Lực',
        '2025-11-05') RETURNING id::text"""

_JUDGMENT: Final = """
    INSERT INTO administrative_judgment (unit_id, unit_path, file_no, court, judgment_no, judgment_date, obliged_agency,
        accepted_on)
    SELECT id, path, 'W/THAHC', 'Tòa án nhân dân', '1/2024/HC-ST', '2024-07-10', 'Ủy ban nhân dân', '2024-08-21'
    FROM unit WHERE id = CAST(:unit AS uuid) RETURNING id::text"""

_RELATIVE: Final = """
    INSERT INTO officer_relative (officer_id, relation, name, masked_name, id_number, since)
    VALUES (CAST(:officer AS uuid), 'sibling', 'Trần Minh Khôi', 'T*** M*** K***', :number, '2020-01-01')
    RETURNING id::text"""

_WEBHOOK: Final = """
    INSERT INTO webhook (client_id, url, kinds, signature, state, mark, position, view)
    VALUES (:client, 'https://hooks.example/events', '{case}', 'v1a', 'disabled', 0, 0, '') RETURNING id::text"""


_PUSHED: Final = """
    INSERT INTO pushed_case (partner, external_id, case_id, source_version, digest, fixed)
    SELECT :client, :id, id, 1, '\\x00', '\\x00' FROM enforcement_case
    WHERE id NOT IN (SELECT case_id FROM pushed_case) ORDER BY id DESC LIMIT 1"""


async def _place(session: AsyncSession, letter: str) -> Place:
    async def insert(statement: str, **values: str) -> str:
        return str((await session.execute(text(statement), values)).scalar_one())

    top, path = f"W.{letter}", f"vn.w{letter}."
    province = await insert(_UNIT, code=top, level="provincial", parent=NATION_ID, path=path)
    office = await insert(_UNIT, code=f"{top}.001", level="regional", parent=province, path=f"{path}001.")
    names = ((province, f"THADS tỉnh {letter.upper()}"), (office, f"Phòng THADS khu vực 1 - {letter.upper()}"))
    for unit, name in names:
        await session.execute(text(_NAME), {"unit": unit, "name": name})
    officer = await insert(_OFFICER, code=f"W.{letter}.1", name="Trần Thị Minh Hạnh", unit=office)
    matter = await insert(_MATTER, code=f"W.{letter}.VA", name=f"Vụ án {letter.upper()}", path=f"{path}001.")
    target = await insert(_TARGET, unit=office)
    relative = await insert(_RELATIVE, officer=officer, number=f"02509099000{letter}")
    objects = {"unit_id": office, "officer_id": officer, "matter_id": matter, "target_id": target}
    objects["relative_id"] = relative
    objects["judgment_id"] = await insert(_JUDGMENT, unit=office)
    objects |= {"external_id": f"W-{letter}-1", "event_id": f"W-{letter}-2"}
    return Place(province, office, objects)


def _work(session: AsyncSession, service: Service) -> Work:
    return Work(session, service.reference.current, Caller("tests", frozenset(), ("vn.",)), Actor("tests"))


async def _case(session: AsyncSession, service: Service, place: Place) -> str:
    new = NewCase(
        file_no="152/HS-2025",
        decision_no="152/QĐ-CCTHADS",
        decision_date=DECIDED,
        accepted_on=DECIDED,
        unit_id=place.office_id,
        officer_id=place.objects["officer_id"],
        matter_id=place.objects["matter_id"],
        kind="criminal",
        initiation="on_request",
        obligations=[NewObligation("money_party", 23_450_000_000, "Trả nợ gốc và lãi vay")],
        parties=[
            NewParty("creditor", "organisation", "Ngân hàng TMCP Sông Hồng", credit_institution=True),
            NewParty("debtor", "individual", "Nguyễn Văn An", id_number="025090001234"),
        ],
    )
    return await create_case(_work(session, service), new)


async def _public_debtor(session: AsyncSession, service: Service, place: Place) -> str:
    """The id of an entry of the public list: the debtor of a second case, which has no conditions."""
    new = NewCase(
        file_no="87/HS-2025",
        decision_no="87/QĐ-CCTHADS",
        decision_date=DECIDED,
        accepted_on=DECIDED,
        unit_id=place.office_id,
        officer_id=place.objects["officer_id"],
        kind="civil",
        initiation="ex_officio",
        obligations=[NewObligation("money_state_budget", 10_000_000, "Án phí dân sự sơ thẩm")],
        parties=[NewParty("debtor", "individual", "Phạm Thị Ngọc Diệp", address="Số 7 Trần Phú")],
        judgment_no="12/2025/DS-ST",
        judgment_date=date(2025, 7, 1),
        court="Tòa án nhân dân khu vực 1",
    )
    case_id = await create_case(_work(session, service), new)
    lost = Posting(Event("conditions_lost", date(2025, 9, 3)), document_no="9/QĐ-THADS", ground="Điều 44a Luật THADS")
    await book_event(_work(session, service), case_id, None, lost)
    found = await session.execute(text("SELECT id::text FROM public_debtor WHERE case_id = :id"), {"id": case_id})
    return str(found.scalar_one())
