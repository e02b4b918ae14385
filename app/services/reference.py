"""Units, officers, clients, regimes and rules of every worker, in memory: small, read by all, never joined.

Kept right by the database's bell (NOTIFY `reference`) and reloaded at once by the worker that changed them.
"""

import asyncio
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from time import time

from app import tasks
from app.clock import end_of, today
from app.db import Context, Database, Row, SeenBy
from app.errors import invalid
from app.services.access import SERVICE, Caller, Scope, context_of
from app.services.clients.keys import Keys, keys_of_jwks
from app.services.clients.rules import INSTITUTION_SCOPES
from app.services.regimes.rules import Regime
from app.services.targets.rules import TargetVersion

FOREVER = date.max
LISTENING_WITHIN_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit (đơn vị) of the map it belongs to; `until` is exclusive."""

    id: str
    code: str
    province_code: str | None
    level: str
    parent_id: str | None
    path: str
    since: date
    until: date
    version: int
    names: tuple[tuple[date, date, str], ...]
    successors: tuple[str, ...]
    predecessors: tuple[str, ...]

    def name(self, on: date) -> str:
        """Its name on a day; the nearest known one outside its validity."""
        for since, until, name in self.names:
            if since <= on < until:
                return name
        return self.names[-1][2] if on >= self.since else self.names[0][2]

    def existed(self, on: date) -> bool:
        """Whether the unit was there on a day."""
        return self.since <= on < self.until


@dataclass(frozen=True, slots=True)
class Posting:
    """Where an officer serves, in which rank, `[since, until)`."""

    unit_id: str
    rank: str
    since: date
    until: date


@dataclass(frozen=True, slots=True)
class Officer:
    """An enforcement officer (chấp hành viên), verifier or clerk."""

    id: str
    code: str
    name: str
    version: int
    postings: tuple[Posting, ...]

    def posting(self, on: date) -> Posting | None:
        """The posting on a day."""
        return next((p for p in self.postings if p.since <= on < p.until), None)


@dataclass(frozen=True, slots=True)
class Client:
    """A system that may call: what it proves itself with, its scopes and the subtrees granted to it.

    Of its secrets there are hashes: the newest, and the one before until a moment in seconds since 1970. `issuer`
    names the outside issuer that may speak for it and for the people it acts for.
    """

    id: str
    name: str
    disabled: bool
    caller: Caller
    secret_hash: str | None = None
    old_secret_hash: str | None = None
    old_secret_until: float = 0.0
    keys: Keys = field(default_factory=Keys)
    issuer: str | None = None


@dataclass(frozen=True, slots=True)
class PriorityRule:
    """One version of the rule behind a priority flag; amounts in VND."""

    flag: str
    version: int
    years: int | None
    years_inclusive: bool
    min_amount_vnd: int | None
    amount_meant: str
    requires_conditions: bool
    legal_basis: str
    since: date
    until: date


class Reference:
    """One consistent snapshot of the reference data; replaced as a whole, never changed."""

    def __init__(
        self,
        units: list[Unit],
        officers: list[Officer],
        clients: list[Client],
        regimes: list[Regime],
        rules: list[PriorityRule],
        targets: list[TargetVersion] | None = None,
    ) -> None:
        self.units = {unit.id: unit for unit in units}
        self.officers = {officer.id: officer for officer in officers}
        self.clients = {client.id: client for client in clients}
        self.regimes = sorted(regimes, key=lambda regime: (regime.since, regime.code, regime.version))
        self.rules = sorted(rules, key=lambda rule: (rule.flag, rule.version))
        self._targets: dict[tuple[str, int, str], list[TargetVersion]] = {}
        for target in sorted(targets or [], key=lambda target: -target.version):
            self._targets.setdefault((target.holder_id, target.fiscal_year, target.indicator), []).append(target)
        self._scopes: dict[tuple[tuple[str, ...], int, str | None], Scope] = {}  # few: units, and sets of grants
        self._families: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._officer_briefs = {o.id: {"id": o.id, "name": o.name} for o in officers}
        self._briefs_until = 0.0
        self._briefs: dict[str, dict[str, str]] = {}
        self._code_day = date.min
        self._by_code: dict[str, Unit] = {}
        self._by_path = sorted((unit.path, unit.id) for unit in units)
        self._paths = [path for path, _ in self._by_path]
        self.children: dict[str, list[Unit]] = {}
        for _, unit_id in self._by_path:
            unit = self.units[unit_id]
            if unit.parent_id is not None:
                self.children.setdefault(unit.parent_id, []).append(unit)

    def subtree(self, path: str) -> list[str]:
        """Ids of the unit at `path` and of everything below it."""
        first, last = bisect_left(self._paths, path), bisect_left(self._paths, path[:-1] + "/")
        return [unit_id for _, unit_id in self._by_path[first:last]]

    def scope(self, caller: Caller, unit: Unit | None) -> Scope:
        """What a query may touch: the caller's subtrees, narrowed to one unit's subtree when asked."""
        paths = caller.paths if unit is None else tuple(p for p in (unit.path,) if caller.covers(p))
        key = (paths, caller.clearance, caller.institution)
        if key not in self._scopes:
            ids = dict.fromkeys(unit_id for path in paths for unit_id in self.subtree(path))
            self._scopes[key] = Scope(paths, tuple(ids), caller.clearance, caller.institution)
        return self._scopes[key]

    def context(self, caller: Caller) -> Context:
        """The caller as the database is told: what it sees of the books of its units and of those they succeeded."""
        return context_of(caller, self.family(caller.paths))

    def family(self, paths: tuple[str, ...]) -> tuple[str, ...]:
        """Paths of the subtrees and of all that units in them succeeded: whose figures are read with them."""
        if paths not in self._families:
            self._families[paths] = self._family(paths)
        return self._families[paths]

    def _family(self, paths: tuple[str, ...]) -> tuple[str, ...]:
        found = list(paths)
        waiting = [self.units[unit_id] for path in paths for unit_id in self.subtree(path)]
        while waiting:
            for unit_id in waiting.pop().predecessors:
                older = self.units[unit_id]
                if not older.path.startswith(tuple(found)):
                    found.append(older.path)
                    waiting += [self.units[i] for i in self.subtree(older.path)]
        return tuple(found)

    def brief(self, unit_id: str) -> dict[str, str]:
        """Id, code and today's name of a unit, as lists show it."""
        if time() >= self._briefs_until:
            day = today()
            self._briefs_until = end_of(day)
            self._briefs = {u.id: {"id": u.id, "code": u.code, "name": u.name(day)} for u in self.units.values()}
        return self._briefs[unit_id]

    def unit_of_code(self, code: str) -> Unit | None:
        """The unit of today with this code; codes were reused, so older units with the same one are not meant."""
        day = today()
        if day != self._code_day:
            self._code_day = day
            self._by_code = {unit.code: unit for unit in self.units.values() if unit.existed(day)}
        return self._by_code.get(code)

    def officer_brief(self, officer_id: str) -> dict[str, str]:
        """Id and name of an officer, as lists show them."""
        return self._officer_briefs[officer_id]

    def visible(self, caller: Caller, unit_id: str | None) -> Unit | None:
        """The unit, if it exists and the caller may see it."""
        unit = self.units.get(unit_id or "")
        return unit if unit is not None and caller.covers(unit.path) else None

    def asked(self, caller: Caller, unit_id: str | None) -> Unit | None:
        """The unit a query names, None when it names none; Invalid when there is none the caller may see."""
        unit = self.visible(caller, unit_id)
        if unit is None and unit_id is not None:
            raise invalid("unknown-reference", "no such unit", "không có đơn vị này", parameter="unit")
        return unit

    def regime(self, on: date, code: str | None = None) -> Regime:
        """The regime in force on a day, or another one, in the version that counts on that day."""
        versions = [r for r in self.regimes if (r.since <= on < r.until if code is None else r.code == code)]
        if not versions:
            raise invalid("unknown-reference", "no such regime", "không có chế độ báo cáo này", parameter="regime")
        return next((r for r in reversed(versions) if r.counted_since <= on), versions[0])

    def regimes_within(self, first: date, last: date) -> list[str]:
        """Codes of the regimes in force on any day from `first` to `last`; two when the period straddles them."""
        return list(dict.fromkeys(r.code for r in self.regimes if r.since <= last and first < r.until))

    def rules_on(self, on: date) -> list[PriorityRule]:
        """The version of each priority rule in force on a day."""
        return [rule for rule in self.rules if rule.since <= on < rule.until]

    def target(self, unit_id: str, fiscal_year: int, indicator: str, on: date) -> TargetVersion | None:
        """The newest version of a unit's target that is effective on a day."""
        for target in self._targets.get((unit_id, fiscal_year, indicator), ()):
            if target.effective_on <= on:
                return target
        return None


_LOAD = {
    "unit": """
        SELECT u.id::text, u.code, u.province_code, u.level, u.parent_id::text, u.path,
            lower(u.validity)::text, upper(u.validity)::text, u.version,
            ARRAY(SELECT ARRAY[lower(n.validity)::text, upper(n.validity)::text, n.name]
                  FROM unit_name n WHERE n.unit_id = u.id ORDER BY n.validity),
            ARRAY(SELECT s.successor_id::text FROM unit_successor s WHERE s.predecessor_id = u.id ORDER BY 1)
        FROM unit u""",
    "officer": """
        SELECT o.id::text, o.code, o.name, o.version,
            ARRAY(SELECT ARRAY[p.unit_id::text, p.rank, lower(p.validity)::text, upper(p.validity)::text]
                  FROM officer_posting p WHERE p.officer_id = o.id ORDER BY p.validity)
        FROM officer o""",
    "client": """
        SELECT c.id, c.name, c.scopes, c.disabled, c.clearance, c.institution, c.secret_hash, c.old_secret_hash,
            extract(epoch FROM c.old_secret_until)::float8, c.jwks, c.issuer,
            ARRAY(SELECT u.path FROM client_grant g JOIN unit u ON u.id = g.unit_id
                  WHERE g.client_id = c.id ORDER BY u.path)
        FROM client c""",
    "regime": """
        SELECT r.code, v.version, r.name_vi, r.name_en, v.provisional, v.lines, v.legal_basis,
            lower(r.validity)::text, upper(r.validity)::text, v.since::text
        FROM regime r JOIN regime_version v USING (code)""",
    "rule": """
        SELECT flag, version, years, years_inclusive, min_amount_vnd, amount_meant, requires_conditions,
            legal_basis, lower(validity)::text, upper(validity)::text
        FROM priority_rule""",
    "target": """
        SELECT id::text, unit_id::text, fiscal_year, indicator, version, coalesce(rate_bp, amount), effective_on::text
        FROM target WHERE unit_id IS NOT NULL""",
}


def _since(text: str | None) -> date:
    return date.fromisoformat(text) if text else date.min


def _until(text: str | None) -> date:
    return date.fromisoformat(text) if text else FOREVER


def _units(rows: Sequence[Row]) -> list[Unit]:
    succeeded: dict[str, list[str]] = defaultdict(list)
    for row in sorted(rows):
        for successor in row[-1]:
            succeeded[successor].append(row[0])
    return [_unit(row, succeeded[row[0]]) for row in rows]


def _unit(row: Row, before: Sequence[str]) -> Unit:
    unit_id, code, province_code, level, parent_id, path, since, until, version, names, after = row
    spans = tuple((_since(n[0]), _until(n[1]), n[2]) for n in names)
    return Unit(
        id=unit_id,
        code=code,
        province_code=province_code,
        level=level,
        parent_id=parent_id,
        path=path,
        since=_since(since),
        until=_until(until),
        version=version,
        names=spans,
        successors=tuple(after),
        predecessors=tuple(before),
    )


def _officer(row: Row) -> Officer:
    officer_id, code, name, version, postings = row
    served = tuple(Posting(p[0], p[1], _since(p[2]), _until(p[3])) for p in postings)
    return Officer(officer_id, code, name, version, served)


def _client(row: Row) -> Client:
    client_id, name, scopes, disabled, clearance, institution, *proofs, jwks, issuer, paths = row
    secret_hash, old_secret_hash, old_secret_until = proofs
    allowed = frozenset(scopes) if institution is None else INSTITUTION_SCOPES.intersection(scopes)
    caller = Caller(client_id, allowed, tuple(paths), clearance, institution)
    keys = keys_of_jwks(jwks) if jwks else Keys()
    return Client(
        client_id, name, disabled, caller, secret_hash, old_secret_hash, old_secret_until or 0.0, keys, issuer
    )


def _regime(row: Row) -> Regime:
    code, version, name_vi, name_en, provisional, lines, legal_basis, since, until, counted_since = row
    validity = _since(since), _until(until)
    return Regime(
        code, version, name_vi, name_en, provisional, lines, legal_basis, *validity, _since(counted_since or since)
    )


def _rule(row: Row) -> PriorityRule:
    flag, version, years, inclusive, amount, meant, conditions, basis, since, until = row
    return PriorityRule(flag, version, years, inclusive, amount, meant, conditions, basis, _since(since), _until(until))


def _target(row: Row) -> TargetVersion:
    target_id, unit_id, fiscal_year, indicator, version, value, effective_on = row
    return TargetVersion(target_id, unit_id, fiscal_year, indicator, version, value, date.fromisoformat(effective_on))


async def load(db: SeenBy) -> Reference:
    """Reads a snapshot, all of the same moment so that its parts belong together."""
    async with db.snapshot() as connection:
        rows = {name: await (await connection.execute(sql)).fetchall() for name, sql in _LOAD.items()}
    return Reference(
        _units(rows["unit"]),
        [_officer(row) for row in rows["officer"]],
        [_client(row) for row in rows["client"]],
        [_regime(row) for row in rows["regime"]],
        [_rule(row) for row in rows["rule"]],
        [_target(row) for row in rows["target"]],
    )


class ReferenceCache:
    """Holds the current snapshot of a worker and keeps it current."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._task: asyncio.Task[None] | None = None
        self._reading = asyncio.Lock()  # one at a time, so that an older snapshot never replaces a newer one
        self.current = Reference([], [], [], [], [])

    async def reload(self) -> None:
        """Replaces the snapshot by a fresh one."""
        async with self._reading:
            self.current = await load(self._db.seen_by(SERVICE))

    async def start(self) -> None:
        """Loads the first snapshot and listens for changes from then on."""
        await self.reload()
        self._db.on_reference_change(self.reload)
        listening = asyncio.Event()

        async def heard(_: str | None) -> None:
            await self.reload()
            listening.set()

        self._task = asyncio.create_task(self._db.listen("reference", heard))
        await asyncio.wait_for(listening.wait(), LISTENING_WITHIN_SECONDS)

    async def stop(self) -> None:
        """Stops listening."""
        if self._task is not None:
            await tasks.end([self._task])
