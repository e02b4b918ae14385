"""Applying what a partner pushes: any number of cases in a bounded number of statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import text

from app.errors import DomainError, NotFound
from app.services.cases.corrections import Correction, change_cases
from app.services.cases.intake import create_cases
from app.services.cases.rows import PLAIN, Refused, versions_of
from app.services.sync import rules
from app.services.sync.queries import as_seen
from app.services.sync.rules import Known, Mode, NotApplied, Pushed, RepeatedId, Result, failed
from app.services.work import Work


@dataclass(frozen=True, slots=True)
class Options:
    """How a batch is applied: which items, all or none of them, or none but as if."""

    mode: Mode = "upsert"
    atomic: bool = False
    dry_run: bool = False


class _Undone(Exception):
    """What was written is to be taken back; what it came to is kept."""

    def __init__(self, results: dict[str, Result]) -> None:
        super().__init__()
        self.results = results


async def push(work: Work, items: Sequence[Pushed], options: Options, *, spoilt: bool = False) -> list[Result]:
    """Creates and corrects the cases of the caller; returns what became of each item, in their order.

    An item fails alone, unless the batch is `atomic`: then none is applied, for which `spoilt`, an item that did not
    get as far as here, is enough. An external id that is there twice fails twice. Whoever pushes the same ids at the
    same time waits.
    """
    twice = rules.repeated(items)
    results: dict[str, Result] = {external_id: failed(RepeatedId()) for external_id in twice}
    wanted = {item.external_id: item for item in items if item.external_id not in twice}
    while wanted:
        try:
            async with work.session.begin_nested():
                done = await _apply(work, wanted, options.mode)
                broken = spoilt or any(r.outcome == "failed" for r in (*results.values(), *done.values()))
                if options.dry_run or (options.atomic and broken):
                    raise _Undone({i: _as_if(result) for i, result in done.items()})
                results |= done
        except Refused as refused:  # the rest is tried again without these; each way of failing is found at once
            results |= {external_id: failed(error) for external_id, error in refused.errors.items()}
            wanted = {external_id: item for external_id, item in wanted.items() if external_id not in refused.errors}
            continue
        except _Undone as undone:
            results |= undone.results
        break
    if options.atomic and (spoilt or any(result.outcome == "failed" for result in results.values())):
        results = {external_id: _not_applied(result) for external_id, result in results.items()}
    return [results[item.external_id] for item in items]


def _as_if(result: Result) -> Result:
    """What is told of something that was taken back: a case that is not there has no id."""
    return Result("created") if result.outcome == "created" else result


def _not_applied(result: Result) -> Result:
    return failed(NotApplied()) if result.outcome in ("created", "updated") else result


async def _apply(work: Work, items: Mapping[str, Pushed], mode: Mode) -> dict[str, Result]:
    """Applies items of different ids; Refused, by external id, when some cannot be written."""
    known, versions = await _known(work, list(items))
    results = _there(items, known, versions)
    rest = {external_id: item for external_id, item in items.items() if external_id not in results}
    new = {external_id: item for external_id, item in rest.items() if external_id not in known}
    created = await _claim(work, new) if new and mode != "update_only" else {}
    return results | await _brought(work, rest, created, mode) if rest else results


def _there(items: Mapping[str, Pushed], known: Mapping[str, Known], versions: Mapping[str, int]) -> dict[str, Result]:
    """Items that were pushed just so before: nobody needs to wait for these."""
    there = [i for i, k in known.items() if items[i].source_version == k.source_version and items[i].digest == k.digest]
    return {i: _shown(Result("unchanged", known[i].case_id), versions) for i in there}


async def _brought(
    work: Work, items: Mapping[str, Pushed], created: Mapping[str, str], mode: Mode
) -> dict[str, Result]:
    """Writes items; `created` are the ids of cases to be of those that were claimed."""
    known = await _locked(work, [external_id for external_id in items if external_id not in created])
    results: dict[str, Result] = {}
    for external_id, item in items.items():
        try:
            outcome = rules.decided(item, known.get(external_id), mode)
            results[external_id] = Result(outcome, created.get(external_id) or known[external_id].case_id)
        except DomainError as error:
            results[external_id] = failed(error)
    versions = await _written(work, items, results)
    newer = {i: item for i, item in items.items() if _is_newer(item, results[i], known.get(i))}
    if newer:
        await _remember(work, newer)
    versions |= await versions_of(
        work, [r.case_id for r in results.values() if r.case_id and r.case_id not in versions]
    )
    return {external_id: _shown(result, versions) for external_id, result in results.items()}


def _is_newer(item: Pushed, result: Result, known: Known | None) -> bool:
    moved = known is not None and item.source_version > known.source_version
    return moved and result.outcome in ("updated", "unchanged")


def _shown(result: Result, versions: Mapping[str, int]) -> Result:
    """The result with the version of the case; a case that the caller may not see any more is not found."""
    if result.case_id is None:
        return result
    if result.case_id not in versions:
        return failed(NotFound())
    return Result(result.outcome, result.case_id, versions[result.case_id])


async def _written(work: Work, items: Mapping[str, Pushed], results: Mapping[str, Result]) -> dict[str, int]:
    """Writes what is new and what has changed, as anybody's change is written; returns the versions."""
    ids = {result.case_id: external_id for external_id, result in results.items() if result.case_id}
    new = {case_id: items[i].case for case_id, i in ids.items() if results[i].outcome == "created"}
    changed = {case_id: _correction(items[i]) for case_id, i in ids.items() if results[i].outcome == "updated"}
    try:
        versions = await create_cases(work, new) if new else {}
        return versions | (await change_cases(work, changed) if changed else {})
    except Refused as refused:
        raise Refused({ids[case_id]: error for case_id, error in refused.errors.items()}) from None


def _correction(item: Pushed) -> Correction:
    plain = {name: getattr(item.case, name) for name in PLAIN}
    return Correction({**plain, "corruption_economic": item.case.corruption_economic, "parties": item.case.parties})


_ROW: Final = "external_id text, source_version bigint, digest text, fixed text"
_ITEMS: Final = f"json_to_recordset(CAST(:items AS json)) AS n ({_ROW})"
# In order of the ids, so that two batches never wait for each other in a circle.
_CLAIM: Final = text(f"""
    INSERT INTO pushed_case (partner, external_id, source_version, digest, fixed)
    SELECT :partner, n.external_id, n.source_version, decode(n.digest, 'hex'), decode(n.fixed, 'hex')
    FROM {_ITEMS} ORDER BY n.external_id COLLATE "C"
    ON CONFLICT (partner, external_id) DO NOTHING RETURNING external_id, case_id::text""")
_KNOWN: Final = "p.external_id, p.case_id::text, p.source_version, p.digest, p.fixed"
_ASKED: Final = "p.partner = %(partner)s AND p.external_id = ANY(%(ids)s)"
_LOCKED: Final = f"""
    SELECT {_KNOWN} FROM pushed_case p WHERE {_ASKED} ORDER BY p.external_id COLLATE "C" FOR UPDATE"""
_REMEMBER: Final = text(f"""
    UPDATE pushed_case p SET source_version = n.source_version, digest = decode(n.digest, 'hex')
    FROM {_ITEMS} WHERE p.partner = :partner AND p.external_id = n.external_id""")


def _listed(items: Mapping[str, Pushed]) -> str:
    rows: list[dict[str, Any]] = [
        {
            "external_id": external_id,
            "source_version": item.source_version,
            "digest": item.digest.hex(),
            "fixed": item.fixed.hex(),
        }
        for external_id, item in items.items()
    ]
    return orjson.dumps(rows).decode()


async def _claim(work: Work, items: Mapping[str, Pushed]) -> dict[str, str]:
    """Takes the ids nobody pushed yet, each with the id of a case to be; waits for others who are just doing so."""
    values = {"partner": work.caller.client_id, "items": _listed(items)}
    return {row[0]: row[1] for row in await work.session.execute(_CLAIM, values)}


async def _known(work: Work, external_ids: Sequence[str]) -> tuple[dict[str, Known], dict[str, int]]:
    """What was pushed under these ids, and the versions of those of the cases that the caller may see, by case."""
    scope = work.ref.scope(work.caller, None)
    sql = f"""SELECT {_KNOWN}, c.version FROM pushed_case p
        {as_seen(scope)} WHERE {_ASKED}"""
    found = await _fetched(work, sql, {"ids": list(external_ids), **scope.wall()})
    known = {external_id: Known(*rest) for external_id, *rest, _ in found}
    return known, {row[1]: row[-1] for row in found if row[-1] is not None}


async def _locked(work: Work, external_ids: Sequence[str]) -> dict[str, Known]:
    """The same under lock, so that nobody else writes the cases meanwhile."""
    found = await _fetched(work, _LOCKED, {"ids": list(external_ids)}) if external_ids else ()
    return {external_id: Known(*rest) for external_id, *rest in found}


async def _fetched(work: Work, sql: str, values: dict[str, Any]) -> Sequence[Any]:
    connection = await work.session.connection()
    return (await connection.exec_driver_sql(sql, {"partner": work.caller.client_id, **values})).all()


async def _remember(work: Work, items: Mapping[str, Pushed]) -> None:
    values = {"partner": work.caller.client_id, "items": _listed(items)}
    await work.session.execute(_REMEMBER, values)
