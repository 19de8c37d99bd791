"""The tally: what the ledger can prove toward the year's plan."""

from pipeline.core.coverage import Coverage
from pipeline.core.model import Digest
from pipeline.core.status import Stage
from pipeline.core.tally import Evidence, Tally
from pipeline.core.tally import tally as count
from pipeline.newsroom import bulletins
from pipeline.newsroom.bulletins import Row
from pipeline.newsroom.desk import Desk


def tally(desk: Desk, year: int | None = None) -> Tally:
    """The count of a year, by default the current one, each row with its evidence; as the desk's patience allows."""
    now = desk.now()
    rows = bulletins.rows(desk, stations=())
    coverage = desk.ledger.coverage((row.bulletin.id for row in rows), desk.patience)
    return count(
        [_evidence(row, coverage[row.bulletin.id]) for row in rows],
        year=year or now.astimezone(desk.config.zone).year,
        target=desk.config.settings.plan.bulletins,
        count_share=desk.config.settings.plan.count_share,
        now=now,
        zone=desk.config.zone,
    )


def _evidence(row: Row, coverage: Coverage) -> Evidence:
    status = row.status
    masters: frozenset[Digest] = frozenset(d for profile in status.masters if (d := status.signed(profile)))
    return Evidence(
        bulletin=row.bulletin,
        masters=masters,
        approved_by=", ".join(sorted({status.approved[d] for d in masters})),
        coverage=coverage,
        withdrawn=status.stage is Stage.WITHDRAWN,
    )
