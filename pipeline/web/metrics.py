"""Measures for Prometheus: how the newsroom stands, by stage, day and commune; never by bulletin or file."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from pipeline import __version__
from pipeline.core.outputs import reached
from pipeline.core.people import Right
from pipeline.core.status import Stage
from pipeline.newsroom import bulletins, missed, outputs, reports
from pipeline.newsroom.desk import Desk
from pipeline.newsroom.digest import figures, remaining
from pipeline.newsroom.tally import tally
from pipeline.web.api.caller import Call, Caller
from pipeline.web.visitor import PATIENCE
from pipeline.web.work import Work

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
def metrics(request: Request, c: Annotated[Caller, Depends(Call(Right.SEE))]) -> Response:
    """Everything, reckoned now. Asks for a token: communes' names and faults are nobody else's business."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Newsroom(replace(c.desk, patience=PATIENCE), request.app.state.work))
    return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


class _Newsroom(Collector):
    """What a desk can say of itself."""

    def __init__(self, desk: Desk, work: Work) -> None:
        self._desk = desk
        self._work = work

    def collect(self) -> Iterable[Metric]:
        """Each measure once."""
        yield InfoMetricFamily("bantin_build", "The version that runs.", value={"version": __version__})
        yield from self._bulletins()
        yield from self._plan()
        yield from self._days()
        yield from self._stations()
        yield GaugeMetricFamily(
            "bantin_jobs_under_way", "What a page or a program asked for and has not ended.", self._work.open()
        )

    def _bulletins(self) -> Iterator[Metric]:
        stages = Counter(line.stage for line in bulletins.lines_of(self._desk))
        found = GaugeMetricFamily("bantin_bulletins", "Bulletins by how far they have come.", labels=["stage"])
        for stage in Stage:
            found.add_metric([stage.value], stages[stage])
        yield found
        within = timedelta(hours=self._desk.config.settings.delivery.ahead_hours)
        threats = missed.threatened(self._desk, within)
        yield GaugeMetricFamily(
            "bantin_bulletins_threatened", "Bulletins that air within the next push and cannot yet.", len(threats)
        )
        first = min((threat.at for threat in threats), default=None)
        if first:
            left = (first - self._desk.now()).total_seconds()
            yield GaugeMetricFamily("bantin_threatened_in_seconds", "Until the first of them is to air.", left)

    def _plan(self) -> Iterator[Metric]:
        desk = self._desk
        today = desk.now().astimezone(desk.config.zone).date()
        whole, counted = reports.whole_year(today.year), tally(desk)
        days = [row.air_date for row in counted.rows if row.counted]
        lines = reached(reports.targets(desk), outputs.outputs(desk, today.year), days, whole.first, whole.last)
        target = GaugeMetricFamily("bantin_plan_target", "What the year's plan asks for.", labels=["line"])
        got = GaugeMetricFamily("bantin_plan_reached", "What was reached of it.", labels=["line"])
        for line in lines:
            target.add_metric([line.line.value], line.target)
            got.add_metric([line.line.value], line.year)
        yield target
        yield got
        yield GaugeMetricFamily("bantin_plan_pace", "Bulletins that the pace asks for by today.", counted.expected)

    def _days(self) -> Iterator[Metric]:
        desk = self._desk
        today = desk.now().astimezone(desk.config.zone).date()
        stations = GaugeMetricFamily("bantin_day_stations", "Stations that are to air something.", labels=["day"])
        complete = GaugeMetricFamily("bantin_day_stations_complete", "Those that hold all of it.", labels=["day"])
        for name, day in (("today", today), ("tomorrow", today + timedelta(days=1))):
            found = figures(desk, day)
            stations.add_metric([name], found.stations)
            complete.add_metric([name], found.complete)
        yield stations
        yield complete

    def _stations(self) -> Iterator[Metric]:
        desk = self._desk
        troubles = desk.ledger.troubles()
        labels = ["station", "commune"]
        failing = GaugeMetricFamily(
            "bantin_station_failing", "Whether its last visit failed; 2 where waiting does not help.", labels=labels
        )
        tries = GaugeMetricFamily(
            "bantin_station_failed_visits", "Visits that failed one after the other.", labels=labels
        )
        for code, station in sorted(desk.config.stations.items()):
            trouble = troubles.get(code)
            named = [code, station.name]
            failing.add_metric(named, 0 if trouble is None else 1 if trouble.retry else 2)
            tries.add_metric(named, trouble.tries if trouble else 0)
        yield failing
        yield tries
        yield GaugeMetricFamily(
            "bantin_stations_holding_recalled", "Stations that still hold what must not air.", len(remaining(desk))
        )
        visited = len(desk.ledger.visited(desk.now()))
        yield GaugeMetricFamily("bantin_stations_visited", "Stations that are being visited now.", visited)
