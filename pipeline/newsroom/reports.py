"""Reports: everything a period came to, from the ledger alone, and what people entered beside it."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime

from pipeline.core.airtime import Airtime, Proof, proofs, total
from pipeline.core.errors import BadPeriod
from pipeline.core.facts import Happened
from pipeline.core.model import BulletinId, Digest, Paragraph, RecordingMark, Seconds, StationCode
from pipeline.core.outputs import PlanLine, reached
from pipeline.core.pay import PayLine, Rate, Work, pay
from pipeline.core.report import Entry, Group, Period, Report
from pipeline.core.tally import Row, Tally
from pipeline.newsroom import bulletins
from pipeline.newsroom.desk import Desk
from pipeline.newsroom.outputs import outputs
from pipeline.newsroom.tally import tally
from pipeline.report import csvfile, sheets, yearly
from pipeline.report.sheets import Wording

FORMS = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
}
"""Files that a report can be, and what each is called on the web."""

_NOTHING = frozenset[Digest]()
_WORD_JOINERS = {ord(c): None for c in "\u200b\u200c\u200d\ufeff"}


def whole_year(year: int) -> Period:
    """All of a year."""
    return Period(first=date(year, 1, 1), last=date(year, 12, 31))


def period(first: date, last: date) -> Period:
    """Some days. Raises BadPeriod where they are none, or not of one year: the plan counts by years."""
    if first > last or first.year != last.year or not 2000 <= first.year <= 9998:
        raise BadPeriod(first=f"{first:%d/%m/%Y}", last=f"{last:%d/%m/%Y}")
    return Period(first=first, last=last)


def targets(desk: Desk) -> dict[PlanLine, int]:
    """What the plan asks for in a year."""
    return {line: getattr(desk.config.settings.plan, line.value) for line in PlanLine}


def span(desk: Desk, of: Period) -> tuple[datetime, datetime]:
    """The instants at which a period begins, and at which it is over."""
    begin, end = (datetime.combine(day, datetime.min.time(), desk.config.zone) for day in (of.first, of.after))
    return begin.astimezone(UTC), end.astimezone(UTC)


def report(desk: Desk, of: Period) -> Report:
    """What a period came to, whatever the desk's patience."""
    desk = replace(desk, patience=None)
    counted = tally(desk, of.year)
    entries = _entries(desk, of, counted, span(desk, of))
    every = outputs(desk, of.year)
    days = [row.air_date for row in counted.rows if row.counted]
    return Report(
        period=of,
        made_at=desk.now(),
        tally=counted,
        entries=tuple(entries),
        reached=tuple(reached(targets(desk), every, days, of.first, of.last)),
        outputs=tuple(one for one in every if of.holds(one.day)),
        communes=tuple(_communes(desk, entries)),
        pay=tuple(_pay(desk, of, entries)),
    )


def write(desk: Desk, made: Report, form: str, lang: str) -> bytes:
    """A report as a file of one of the forms; the Word file is always in Vietnamese.

    Raises:
        BadTemplate: the newsroom's own template for the Word file cannot be used.
    """
    settings = desk.config.settings
    wording = Wording(lang="vi" if form == "docx" else lang, zone=desk.config.zone, themes=settings.plan.themes)
    if form == "xlsx":
        from pipeline.report.workbook import workbook  # noqa: PLC0415 - openpyxl, only for this

        return workbook(made, wording)
    if form == "docx":
        from pipeline.report import paper  # noqa: PLC0415 - docxtpl and matplotlib, only for this

        own = settings.report.template
        head = paper.Letterhead(
            newsroom=settings.newsroom.name,
            superior=settings.report.superior,
            symbol=settings.report.symbol,
            place=settings.report.place,
            signer=settings.report.signer,
            recipients=settings.report.recipients,
            count_share=settings.plan.count_share,
            template=desk.config.workspace / own if own else paper.TEMPLATE,
        )
        return paper.paper(made, wording, head)
    if form == "csv":
        return csvfile.sheet(sheets.bulletins(made, wording))
    return (json.dumps(yearly.as_json(made), ensure_ascii=False) + "\n").encode()


def _entries(desk: Desk, of: Period, counted: Tally, span: tuple[datetime, datetime]) -> list[Entry]:
    planned = {name for name, at in desk.ledger.air_times() if span[0] <= at < span[1]}
    in_year = {row.bulletin: row for row in counted.rows}
    wanted = {row.bulletin for row in counted.rows if of.holds(row.air_date)} | planned
    earlier = _rows_of_other_years(desk, wanted - in_year.keys())
    found = []
    for number, line in enumerate(bulletins.rows(desk, wanted, stations=())):
        desk.progress("report", number, len(wanted))
        name = line.bulletin.id
        row = in_year.get(name) or earlier[name]
        if not of.holds(row.air_date):
            row = replace(row, counted=False, why="earlier" if row.counted and row.air_date < of.first else row.why)
        found.append(_entry(desk, line, row, span))
    return sorted(found, key=lambda e: (e.row.air_date, e.bulletin.id))


def _rows_of_other_years(desk: Desk, names: Iterable[BulletinId]) -> Mapping[BulletinId, Row]:
    """How bulletins that first aired in another year count in that one."""
    wanted, found = set(names), dict[BulletinId, Row]()
    zone = desk.config.zone
    coverage = desk.ledger.coverage(wanted)
    first = {b.id: coverage[b.id].first or min(b.air) for b in desk.ledger.bulletins(wanted)}
    for year in {at.astimezone(zone).year for at in first.values()}:
        found |= {row.bulletin: row for row in tally(desk, year).rows if row.bulletin in wanted}
    return found


def _entry(desk: Desk, line: bulletins.Row, row: Row, span: tuple[datetime, datetime]) -> Entry:
    bulletin, status = line.bulletin, line.status
    masters = bulletins.masters(desk, bulletin)
    signed = {profile: digest for profile in sorted(masters) if (digest := status.signed(profile))}
    seconds = Seconds(masters[next(iter(signed))].seconds) if signed else Seconds(0.0)
    may_air = frozenset(d for d in status.approved if not status.must_not_air(d)) if signed else _NOTHING
    approvals = desk.ledger.facts(bulletin.id, Happened.APPROVED)
    return Entry(
        bulletin=bulletin,
        row=row,
        seconds=seconds,
        signed_at=max((f.at for f in approvals if f.digest in signed.values()), default=None),
        was_signed=bool(approvals),
        proofs=_proofs(desk, bulletin.id, span, may_air, seconds) if signed and bulletin.counts else (),
    )


def _proofs(
    desk: Desk, name: BulletinId, span: tuple[datetime, datetime], signed: frozenset[Digest], seconds: Seconds
) -> tuple[Proof, ...]:
    planned = [t for t in desk.ledger.transmissions(name) if span[0] <= t.at < span[1]]
    aired = [
        f.station
        for f in desk.ledger.facts(name, Happened.AIRED)
        if f.station and span[0] <= datetime.fromisoformat(str(f.detail["aired"])) < span[1]
    ]
    return tuple(proofs(planned, desk.ledger.receipts(names=[name]), aired, signed, seconds))


def _communes(desk: Desk, entries: Iterable[Entry]) -> list[Group]:
    """Airings by commune; a station that left the registry stands by its code."""
    parts: dict[str, list[Airtime]] = defaultdict(list)
    lengths: dict[str, dict[BulletinId, Seconds]] = defaultdict(dict)
    for entry in entries:
        for proof in entry.proofs:
            where = _commune(desk, proof.station)
            parts[where].append(proof.airtime)
            lengths[where][entry.bulletin.id] = entry.seconds
    return [
        Group(
            name=name,
            bulletins=len(lengths[name]),
            seconds=Seconds(sum(lengths[name].values())),
            airtime=total(parts[name]),
        )
        for name in sorted(parts)
    ]


def _commune(desk: Desk, code: StationCode) -> str:
    station = desk.config.stations.get(code)
    return f"{station.commune.code} {station.commune.name}".strip() if station else code


def _pay(desk: Desk, of: Period, entries: Iterable[Entry]) -> list[PayLine]:
    """For what was signed, is or was on the air, and first aired in the period."""
    settings = desk.config.settings.pay
    rates = [
        Rate(since=r.since, part=r.part, measure=r.measure, dong=r.dong, kind=r.kind, language=r.language)
        for r in settings.rates
    ]
    works = [
        Work(
            bulletin=e.bulletin,
            day=e.row.air_date,
            pages=_letters(desk, e) / settings.page_letters,
            minutes=e.seconds / 60,
        )
        for e in entries
        if e.proofs and of.holds(e.row.air_date)
    ]
    return pay(works, rates)


def _letters(desk: Desk, entry: Entry) -> int:
    """Letters of a script as it was written, spaces among them."""
    script = desk.ledger.script(entry.bulletin.script)
    texts = [
        p.text if isinstance(p, Paragraph) else p.transcript
        for p in (script.body if script else ())
        if isinstance(p, Paragraph | RecordingMark)
    ]
    return sum(len(text.translate(_WORD_JOINERS)) for text in texts)
