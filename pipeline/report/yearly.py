"""A report as JSON, whole: every figure of the other files, and the evidence of each without an end."""

from dataclasses import asdict
from datetime import UTC, datetime

from pipeline.core.airtime import Airtime, Proof
from pipeline.core.facts import Json
from pipeline.core.outputs import Output
from pipeline.core.pay import PayLine
from pipeline.core.report import Entry, Group, Report
from pipeline.report import tally


def as_json(report: Report) -> dict[str, Json]:
    """The year's tally as `tally.as_json` has it, and the period. Seconds; days ISO 8601; instants UTC."""
    return {
        **tally.as_json(report.tally),
        "period": {"first": report.period.first.isoformat(), "last": report.period.last.isoformat()},
        "made_at": _at(report.made_at),
        "lines": [{**asdict(r), "line": r.line.value, "share": round(r.share, 4)} for r in report.reached],
        "counted_in_period": len(report.counted),
        "programme_seconds": report.seconds,
        "airtime": _airtime(report.airtime),
        "languages": [_group(g) for g in report.by(lambda e: e.row.language)],
        "themes": [_group(g) for g in report.by(lambda e: e.bulletin.theme)],
        "kinds": [_group(g) for g in report.by(lambda e: e.row.kind.value)],
        "months": [_group(g) for g in report.by(lambda e: f"{e.row.air_date:%Y-%m}")],
        "communes": [_group(g) for g in report.communes],
        "entries": [_entry(e) for e in report.entries],
        "outputs": [_output(o) for o in report.outputs],
        "pay": [_pay(p) for p in report.pay],
    }


def _at(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None


def _airtime(a: Airtime) -> dict[str, Json]:
    return asdict(a)


def _group(g: Group) -> dict[str, Json]:
    return {"name": g.name, "bulletins": g.bulletins, "seconds": g.seconds, "airtime": _airtime(g.airtime)}


def _entry(e: Entry) -> dict[str, Json]:
    return {
        "bulletin": e.bulletin.id, "programme": e.bulletin.programme, "theme": e.bulletin.theme, "seconds": e.seconds,
        "counted": e.row.counted, "why": e.row.why, "air_date": e.row.air_date.isoformat(),
        "signed_at": _at(e.signed_at), "airtime": _airtime(e.airtime), "stations": [_proof(p) for p in e.proofs],
    }  # fmt: skip


def _proof(p: Proof) -> dict[str, Json]:
    a = p.airtime
    return {
        "station": p.station, "first": _at(p.first), "at": _at(p.at),
        "verified": p.verified.value if p.verified else None, "digest": p.digest,
        "planned": a.planned, "delivered": a.delivered, "confirmed": a.confirmed, "aired": a.aired,
    }  # fmt: skip


def _output(o: Output) -> dict[str, Json]:
    return {**asdict(o), "line": o.line.value, "day": o.day.isoformat()}


def _pay(p: PayLine) -> dict[str, Json]:
    rate: Json = None
    if p.rate:
        rate = {"since": p.rate.since.isoformat(), "measure": p.rate.measure.value, "dong": p.rate.dong}
    return {
        "bulletin": p.bulletin, "day": p.day.isoformat(), "part": p.part.value, "name": p.name,
        "language": p.language.value, "rate": rate, "quantity": float(p.quantity), "dong": p.dong,
    }  # fmt: skip
