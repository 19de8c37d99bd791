"""The tally as JSON: what `bantin report --json` prints and other programs read."""

from dataclasses import asdict

from pipeline.core.facts import Json
from pipeline.core.tally import Row, Tally


def as_json(tally: Tally) -> dict[str, Json]:
    """Counted, target and pace, by language and kind, and each row with its evidence. Dates are ISO 8601."""
    return {
        "year": tally.year,
        "target": tally.target,
        "counted": tally.counted,
        "expected": tally.expected,
        "by_language": {**tally.by_language},
        "by_kind": {**tally.by_kind},
        "bulletins": [_row(row) for row in tally.rows],
    }


def _row(row: Row) -> dict[str, Json]:
    return {**asdict(row), "kind": row.kind.value, "air_date": row.air_date.isoformat()}
