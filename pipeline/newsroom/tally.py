"""The tally: what the ledger can prove toward the year's plan."""

from typing import TypeVar

from pipeline.core.facts import Fact
from pipeline.core.model import Bulletin, BulletinId, Digest, Receipt, Transmission
from pipeline.core.status import Stage, status_of
from pipeline.core.tally import Evidence, Tally
from pipeline.core.tally import tally as count
from pipeline.newsroom.desk import Desk

_Record = TypeVar("_Record", Receipt, Transmission)


def tally(desk: Desk, year: int | None = None) -> Tally:
    """The count of a year, by default the current one, each row with its evidence."""
    today = desk.now().astimezone(desk.config.zone).date()
    facts = desk.ledger.facts_by_bulletin()
    receipts = _by_bulletin(desk.ledger.receipts())
    planned = _by_bulletin(desk.ledger.transmissions())
    return count(
        [
            _evidence(b, facts.get(b.id, []), planned.get(b.id, []), receipts.get(b.id, []))
            for b in desk.ledger.bulletins()
        ],
        year=year or today.year,
        target=desk.config.settings.plan.bulletins,
        count_share=desk.config.settings.plan.count_share,
        today=today,
        zone=desk.config.zone,
    )


def _by_bulletin(records: list[_Record]) -> dict[BulletinId, list[_Record]]:
    found: dict[BulletinId, list[_Record]] = {}
    for record in records:
        found.setdefault(record.bulletin, []).append(record)
    return found


def _evidence(bulletin: Bulletin, facts: list[Fact], planned: list[Transmission], receipts: list[Receipt]) -> Evidence:
    status = status_of(facts)
    masters: frozenset[Digest] = frozenset(d for profile in status.masters if (d := status.signed(profile)))
    return Evidence(
        bulletin=bulletin,
        masters=masters,
        approved_by=", ".join(sorted({status.approved[d] for d in masters})),
        transmissions=[t for t in planned if t.station in status.planned],
        receipts=receipts,
        withdrawn=status.stage is Stage.WITHDRAWN,
    )
