"""Metrics: how the newsroom stands, as Prometheus reads it. Labels name stations and communes, never a bulletin."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from fastapi import Request
from fastapi.responses import PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from pipeline import __version__
from pipeline.core.errors import PipelineError, ScopeMissing, TokenRefused
from pipeline.core.people import Right
from pipeline.newsroom.desk import Desk
from pipeline.newsroom.measures import Measures, Place, measures
from pipeline.newsroom.office import Office
from pipeline.report import words
from pipeline.web.api import problems
from pipeline.web.api.caller import asking
from pipeline.web.visitor import PATIENCE, desk_of
from pipeline.web.work import Work

_ALIVE = timedelta(minutes=5)
"""The clock looks every minute; one that has not for so long does not run, or hangs."""


def registry(office: Office, work: Work) -> CollectorRegistry:
    """What an application tells; reckoned anew whenever it is read."""
    made = CollectorRegistry()
    ProcessCollector(registry=made)
    made.register(_Newsroom(office, work))
    return made


def answer(request: Request) -> Response:
    """The metrics, to whom `[web] metrics_from` names, or to a program whose token may see."""
    try:
        _must_be_allowed(request, desk_of(request))
        told = generate_latest(request.app.state.metrics)
    except PipelineError as problem:
        refused = problems.answer(request, problem)
        headers = {
            name: refused.headers[name] for name in ("www-authenticate", "retry-after") if name in refused.headers
        }
        return PlainTextResponse(f"{problem.code} {problem.message.en}\n", refused.status_code, headers)
    return Response(told, media_type=CONTENT_TYPE_LATEST)


def _must_be_allowed(request: Request, desk: Desk) -> None:
    if _is_from(request.client.host if request.client else "", desk.config.settings.web.metrics_from):
        return
    program = asking(request, desk)
    if program is None:
        raise TokenRefused
    if Right.SEE not in program.rights:
        raise ScopeMissing(scope=Right.SEE.value, right=words.RIGHT[Right.SEE])


def _is_from(host: str, networks: Iterable[str]) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return any(address in ip_network(one) for one in networks)


class _Newsroom(Collector):
    """Reads the ledger whenever the metrics are read."""

    def __init__(self, office: Office, work: Work) -> None:
        self._office = office
        self._work = work

    def describe(self) -> Iterable[Metric]:
        """Nothing is read before somebody asks."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Every metric of the newsroom."""
        with self._office.desk() as desk:
            now = measures(replace(desk, patience=PATIENCE))
        yield InfoMetricFamily("bantin_build", "The version of Bản Tin.", {"version": __version__})
        yield from _bulletins(now)
        yield from _air(now)
        yield from _stations(now.places, now.now)
        yield from _doings(now)
        yield from _clock(now)
        waiting, running = self._work.counts()
        yield _by(
            "bantin_jobs", "Jobs that pages and programs asked for.", "state", {"waiting": waiting, "running": running}
        )
        wrong = self._office.wrong is not None
        yield GaugeMetricFamily(
            "bantin_settings_wrong", "1 while config.toml or the registry as they are now cannot be used.", value=wrong
        )
        yield CounterMetricFamily("bantin_facts", "Facts in the ledger.", value=now.facts)


def _by(name: str, what: str, label: str, values: dict[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, what, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _bulletins(now: Measures) -> Iterator[Metric]:
    stages = {stage.value: float(count) for stage, count in now.stages.items()}
    yield _by("bantin_bulletins", "Bulletins by the stage they are at.", "stage", stages)
    what = "What the plan asks for in this local year, by its line."
    yield _by("bantin_plan_target", what, "line", {one.line.value: one.target for one in now.plan})
    what = "What was reached of it so far."
    yield _by("bantin_plan_reached", what, "line", {one.line.value: one.year for one in now.plan})
    yield GaugeMetricFamily("bantin_plan_pace", "Bulletins that the pace asks for by now.", value=now.pace)


def _air(now: Measures) -> Iterator[Metric]:
    what = "Stations that are to air something on the local day."
    yield _by("bantin_day_stations", what, "day", {day: one.stations for day, one in now.days.items()})
    what = "Those of them that hold all that they are to air, as signed."
    yield _by("bantin_day_complete_stations", what, "day", {day: one.complete for day, one in now.days.items()})
    lacking = GaugeMetricFamily(
        "bantin_lacking_air_seconds",
        "Seconds until the soonest airing in the hours ahead that a station does not hold as signed; absent if none.",
    )
    if now.lacking:
        lacking.add_metric([], (now.lacking - now.now).total_seconds())
    yield lacking
    yield GaugeMetricFamily(
        "bantin_unready_bulletins", "Bulletins, by kind of station, that air in the hours ahead and cannot yet.",
        value=now.unready,
    )  # fmt: skip


def _stations(places: Iterable[Place], now: datetime) -> Iterator[Metric]:
    labels = ["station", "commune"]
    up = GaugeMetricFamily("bantin_station_up", "1 unless the last visit to the station failed.", labels=labels)
    failing = GaugeMetricFamily(
        "bantin_station_failing_seconds",
        "For how long visits there have failed; absent if not.",
        labels=labels,
    )
    stuck = GaugeMetricFamily(
        "bantin_station_stuck", "1 where waiting does not help and a person has to act; absent if not.", labels=labels
    )
    free = GaugeMetricFamily(
        "bantin_station_free_bytes", "Bytes that were free when the station was tried out last; absent if unknown.",
        labels=labels,
    )  # fmt: skip
    for place in places:
        values = [place.station.code, place.station.name]
        up.add_metric(values, place.trouble is None)
        if place.trouble:
            failing.add_metric(values, (now - place.trouble.since).total_seconds())
        if place.trouble and not place.trouble.retry:
            stuck.add_metric(values, 1)
        if place.free is not None:
            free.add_metric(values, place.free)
    yield from (up, failing, stuck, free)


def _doings(now: Measures) -> Iterator[Metric]:
    what = "Stations that hold what was taken back and may air it, until they are reached."
    yield GaugeMetricFamily("bantin_recalled_stations", what, value=now.remains)
    yield GaugeMetricFamily("bantin_visited_stations", "Stations that are being visited.", value=now.visited)


def _clock(now: Measures) -> Iterator[Metric]:
    for name, what, at in (
        (
            "bantin_last_push",
            "When the last push over all stations came to its end.",
            now.pushed,
        ),
        ("bantin_clock", "When the clock looked last for what is late; it does every minute.", now.ticked),
    ):
        family = GaugeMetricFamily(f"{name}_timestamp_seconds", what)
        if at:
            family.add_metric([], at.timestamp())
        yield family
    alive = now.ticked is not None and now.now - now.ticked < _ALIVE
    yield GaugeMetricFamily("bantin_clock_up", "1 if the clock looked within five minutes.", value=alive)
