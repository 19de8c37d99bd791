"""The queue of many machines: jobs beside the ledger in one PostgreSQL, done by whichever machine has a hand free.

procrastinate keeps them, gives each to one worker, and keeps those of one key apart. Whoever asks for work takes part
in it, so that it is done also where no worker runs. What a worker had in hand when it died is given to another as soon
as its heartbeat is missed; every verb of ours may be done twice. Only machines with the same settings share work.
"""

import asyncio
import json
import logging
import threading
import time
import uuid
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from typing import Any

import procrastinate
import psycopg
from procrastinate import exceptions
from procrastinate.jobs import Job as Row
from procrastinate.worker import Worker

from pipeline.core.errors import LedgerAway, PipelineError, Stopped, Unexpected, WorkerLost, from_record, to_record
from pipeline.core.facts import Json
from pipeline.core.model import Digest, Seconds
from pipeline.core.ports import Job, Lane, Outcome
from pipeline.jobs.local import Handler, nothing
from pipeline.jobs.room import Room

HEARTBEAT = Seconds(10)
"""How often a worker says that it lives; one that was not heard for three of these is dead."""
_TASK = "bantin"
_BUG = "bug"
"""In a result: what stopped the work is raised where it was asked for."""
_TRIES = 5
"""Workers that may die over one job."""
_WAKE = Seconds(1)
"""How long one waits for news before one looks by oneself."""
_PATIENCE = Seconds(600)
"""How long the database may be away before whoever waits for outcomes gives up."""
_PAUSE = Seconds(2)
"""Before one tries a database again that was away."""
_AT_ONCE = 500
_MAKING = 208
"""The number of the advisory lock under which the tables are made."""
_TABLES = """
CREATE TABLE IF NOT EXISTS bantin_outcomes (
    number bigserial PRIMARY KEY, batch uuid NOT NULL, place integer NOT NULL, result jsonb NOT NULL, problem jsonb,
    told timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS bantin_outcomes_by_batch ON bantin_outcomes (batch, number);
"""
_TELL = """
WITH told AS (
    INSERT INTO bantin_outcomes (batch, place, result, problem)
    VALUES (%(batch)s::uuid, %(place)s, %(result)s::jsonb, %(problem)s::jsonb)
) SELECT pg_notify('bantin_outcome', %(batch)s::text)
"""
_OUTCOMES = "SELECT number, place, result, problem FROM bantin_outcomes WHERE batch = %s ORDER BY number"
_READ = "DELETE FROM bantin_outcomes WHERE batch = %s AND number = ANY(%s)"
"""By number, but never all up to one: a number is drawn before its row is there, so a smaller one may come later."""
_LEFT = "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND args ->> 'batch' = %s"
_DROP = "DELETE FROM procrastinate_jobs WHERE status = 'todo' AND args ->> 'batch' = %s"
_SWEEP = (
    "DELETE FROM bantin_outcomes WHERE told < now() - interval '7 days'",
    # Of callers that were killed, with settings that no machine has any more: whoever came after asked again.
    """DELETE FROM procrastinate_jobs j WHERE status = 'todo' AND task_name = 'bantin' AND NOT EXISTS
    (SELECT 1 FROM procrastinate_events e WHERE e.job_id = j.id AND e.at > now() - interval '1 day')""",
)

_log = logging.getLogger(__name__)


class PostgresQueue:
    """Jobs in the database at `url`, shared by all who have the same `settings`; `cut` as for the queue of one machine.

    Raises:
        LedgerAway: by every method, where the database stays away.
    """

    def __init__(
        self,
        url: str,
        settings: Digest,
        handlers: Mapping[str, Handler],
        crew: "Crew",
        *,
        cut: Callable[[Lane], None] = nothing,
        heartbeat: Seconds = HEARTBEAT,
    ) -> None:
        self._url = url
        self._settings = settings
        self._handlers = handlers
        self._crew = crew
        self._cut = cut
        self._heartbeat = heartbeat

    def perform(self, jobs: Sequence[Job]) -> Generator[Outcome, None, None]:
        """Have jobs done, here and elsewhere, and give each outcome as it comes.

        Our own errors are outcomes. A bug is raised when all others are done; its trace stands in the log of the
        machine that met it. Left half way, what has not begun is dropped, and what is under way elsewhere goes on. The
        last of this crew to leave waits for what its hands have begun.
        """
        if not jobs:
            return
        batch = uuid.uuid4()
        with self._database():
            self._make()
            self._hand_in(batch, jobs)
        try:
            with self._crew.at_work(self._hands) as hands:
                try:
                    yield from self._outcomes(batch, jobs, hands)
                except (GeneratorExit, KeyboardInterrupt):
                    self._drop(batch)
                    for lane in {job.lane for job in jobs}:
                        self._cut(lane)
                    raise
        finally:
            self._drop(batch)  # what was given up on the way out

    def work(self, stop: threading.Event) -> None:
        """Do what others hand in, until told to stop; what is under way then is brought to its end."""
        with self._database():
            self._make()
        with self._crew.at_work(self._hands) as hands:
            _log.info("working for %s", self._url)
            while not stop.wait(_WAKE):
                hands.must_live()

    def _hands(self) -> "_Hands":
        lanes = {self._lane(lane): lane for lane in self._crew.most}
        return _Hands(self._url, lanes, self._crew, self._handlers, self._heartbeat)

    def _lane(self, lane: Lane) -> str:
        return f"{lane.value}-{self._settings[:16]}"

    def _lock(self, key: str) -> str:
        """What keeps the jobs of a key apart; those left behind by other settings, which nobody does, hold up none."""
        return f"{key} {self._settings[:16]}"

    @contextmanager
    def _database(self) -> Iterator[None]:
        try:
            yield
        except (psycopg.OperationalError, exceptions.ConnectorException) as fault:
            raise LedgerAway(where=self._url, reason=str(fault.__cause__ or fault).strip()) from fault

    def _connect(self) -> "psycopg.Connection[tuple[Any, ...]]":
        return psycopg.connect(self._url, autocommit=True, connect_timeout=10)

    def _make(self) -> None:
        """The tables, where they are missing; and away with what was left behind."""
        with self._connect() as connection, connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_MAKING,))
            there = connection.execute("SELECT to_regclass('procrastinate_jobs')").fetchone()
            if not there or there[0] is None:
                connection.execute(procrastinate.schema.SchemaManager.get_schema().encode())
            connection.execute(_TABLES.encode())
            for statement in _SWEEP:
                connection.execute(statement.encode())

    def _hand_in(self, batch: uuid.UUID, jobs: Sequence[Job]) -> None:
        rows = [
            Row(id=None, queue=self._lane(job.lane), lock=self._lock(job.key), queueing_lock=None, task_name=_TASK,
                task_kwargs={"batch": str(batch), "place": place, "verb": job.verb, "key": job.key,
                             "arguments": dict(job.arguments)})
            for place, job in enumerate(jobs)
        ]  # fmt: skip
        app = procrastinate.App(
            connector=procrastinate.SyncPsycopgConnector(conninfo=self._url, min_size=1, max_size=1)
        )
        with app.open():
            for begin in range(0, len(rows), _AT_ONCE):
                app.job_manager.batch_defer_jobs(rows[begin : begin + _AT_ONCE])

    def _drop(self, batch: uuid.UUID) -> None:
        with suppress(psycopg.OperationalError), self._connect() as connection:
            connection.execute(_DROP, (str(batch),))

    # --- outcomes ----------------------------------------------------------------------------------------------------

    def _outcomes(self, batch: uuid.UUID, jobs: Sequence[Job], hands: "_Hands") -> Iterator[Outcome]:
        told: set[int] = set()
        bugs: list[PipelineError] = []
        for place, result, problem in self._news(batch, lambda: len(told) < len(jobs), hands):
            if place in told:
                continue  # by a worker that was thought dead, or read before the line to the database broke
            told.add(place)
            if problem and _BUG in result:
                bugs.append(problem)
            else:
                yield Outcome(job=jobs[place], result=result, problem=problem)
        for job in (jobs[place] for place in range(len(jobs)) if place not in told):
            yield Outcome(job=job, problem=_lost(job.verb, job.key))
        if bugs:
            raise bugs[0]

    def _news(
        self, batch: uuid.UUID, more: Callable[[], bool], hands: "_Hands"
    ) -> Iterator[tuple[int, Mapping[str, Json], PipelineError | None]]:
        """What was told of a batch, as it comes, over any number of connections."""
        since = time.monotonic()
        while more():
            try:
                with self._connect() as connection:
                    connection.execute("LISTEN bantin_outcome")
                    while more():
                        left = connection.execute(_LEFT, (str(batch),)).fetchone()
                        news = connection.execute(_OUTCOMES, (batch,)).fetchall()
                        for _, place, result, problem in news:
                            yield place, result, from_record(problem) if problem else None
                        connection.execute(_READ, (batch, [number for number, *_ in news]))
                        since = time.monotonic()
                        hands.must_live()
                        if more() and left == (0,) and not news:
                            return  # nobody will tell of what is left
                        if more():
                            list(connection.notifies(timeout=_WAKE, stop_after=1))
                    connection.execute("DELETE FROM bantin_outcomes WHERE batch = %s", (batch,))
            except psycopg.OperationalError as fault:
                if time.monotonic() - since > _PATIENCE:
                    raise LedgerAway(where=self._url, reason=str(fault).strip()) from fault
                time.sleep(_PAUSE)


class Crew:
    """The hands that all who ask at one desk share, there from the first to the last of them; their room is `most`.

    Whoever had hands of its own would wait with them for what they took up of others: a push between nights for the
    stalled stations of the night's.
    """

    def __init__(self, room: Room, most: Mapping[Lane, int]) -> None:
        self.most = most
        self._room = room
        self._guests = 0
        self._lock = threading.Lock()

    @contextmanager
    def at_work(self, hire: Callable[[], "_Hands"]) -> Iterator["_Hands"]:
        """The hands of this crew; hired where nobody else is at work, and ended by whoever leaves last."""
        with self._lock:
            if not self._guests:
                self._hands = hire()
            self._guests += 1
            hands = self._hands
        try:
            yield hands
        finally:
            with self._lock:
                self._guests -= 1
                is_last = not self._guests
            if is_last:
                hands.end()

    def place(self, lane: Lane) -> AbstractContextManager[None]:
        """A place in the room of this process: hands of an older desk may still be at work there."""
        return self._room.place(lane, self.most)


class _Hands:
    """Does jobs on this machine in a thread of its own until `end`; comes back when the database does."""

    def __init__(
        self, url: str, lanes: Mapping[str, Lane], crew: Crew, handlers: Mapping[str, Handler], heartbeat: Seconds
    ) -> None:
        self._url, self._lanes, self._crew = url, lanes, crew
        self._handlers, self._heartbeat = handlers, heartbeat
        self._stop = threading.Event()
        self._wake: Callable[[], object] = self._stop.is_set
        self._fault: BaseException | None = None
        self._thread = threading.Thread(target=self._live, name="hands", daemon=True)
        self._thread.start()

    def must_live(self) -> None:
        """Raise what ended the thread, if anything did."""
        if self._fault:
            raise self._fault

    def end(self) -> None:
        """Take up nothing more, and wait for what is under way."""
        self._stop.set()
        with suppress(RuntimeError):  # there is no loop to wake: it has just ended by itself, with the database
            self._wake()
        self._thread.join()

    def _live(self) -> None:
        try:
            with ThreadPoolExecutor(sum(self._crew.most.values()), thread_name_prefix="job") as pool:
                while not self._stop.is_set():
                    try:
                        asyncio.run(self._work(pool))
                    except (psycopg.OperationalError, exceptions.ConnectorException, OSError) as fault:
                        _log.warning("the database is away: %s", fault)
                    self._stop.wait(_PAUSE)
        except BaseException as fault:  # noqa: BLE001 - raised in the thread that waits for outcomes
            self._fault = fault

    async def _work(self, pool: ThreadPoolExecutor) -> None:
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        self._wake = lambda: loop.call_soon_threadsafe(ended.set)
        if self._stop.is_set():
            return
        connector = procrastinate.PsycopgConnector(
            conninfo=self._url, min_size=1, max_size=len(self._lanes) + 4, kwargs={"connect_timeout": 10}, timeout=20
        )
        app = procrastinate.App(connector=connector)

        # What was given up here, or could not be told because the database was away, is done again.
        @app.task(name=_TASK, pass_context=True, retry=procrastinate.RetryStrategy(max_attempts=2 * _TRIES, wait=2))
        async def do(context: procrastinate.JobContext, /, *, batch: str, place: int, **work: Any) -> None:  # noqa: ANN401 - JSON
            if context.job.attempts >= _TRIES:
                result, problem = {}, _lost(work["verb"], work["key"])  # type: Mapping[str, Json], PipelineError | None
            else:
                work_here = partial(self._do, self._lanes[str(context.job.queue)], **work)
                result, problem = await loop.run_in_executor(pool, work_here)
            told = json.dumps(to_record(problem)) if problem else None
            row = {"batch": batch, "place": place, "result": json.dumps(result), "problem": told}
            await connector.execute_query_async(_TELL, **row)

        async with app.open_async():
            workers = [
                Worker(
                    app=app, queues=[queue], name=queue, concurrency=self._crew.most[lane],
                    install_signal_handlers=False,
                    delete_jobs="successful", fetch_job_polling_interval=_WAKE,
                    update_heartbeat_interval=self._heartbeat, stalled_worker_timeout=3 * self._heartbeat,
                )
                for queue, lane in self._lanes.items()
            ]  # fmt: skip
            runs: list[asyncio.Task[None]] = [asyncio.create_task(_run(worker)) for worker in workers]
            mending = asyncio.create_task(self._take_over(app, ended))
            ending = asyncio.create_task(ended.wait())
            # A worker that ends by itself has lost the database: all begin again.
            await asyncio.wait([*runs, mending, ending], return_when=asyncio.FIRST_COMPLETED)
            ended.set()  # for `mending`, too: what is cancelled while it asks the database does not always notice
            await self._drain(app, workers, runs)
            results = await asyncio.gather(*runs, mending, ending, return_exceptions=True)
        faults = [r for r in results if isinstance(r, Exception)]
        if faults:
            raise faults[0]

    async def _drain(
        self, app: procrastinate.App, workers: Sequence[Worker], runs: Sequence["asyncio.Task[None]"]
    ) -> None:
        """Bring what is under way to its end; meanwhile nobody else takes it for a dead worker's."""
        for worker in workers:
            worker.stop()  # type: ignore[no-untyped-call]
        left: Collection[asyncio.Task[None]] = runs
        while left:
            _, left = await asyncio.wait(left, timeout=self._heartbeat)
            for worker in workers if left else ():
                if worker.worker_id is not None:
                    await app.job_manager.update_heartbeat(worker.worker_id)

    async def _take_over(self, app: procrastinate.App, ended: asyncio.Event) -> None:
        """Put back what dead workers had in hand, again and again."""
        silence = 3 * self._heartbeat
        while not ended.is_set():
            for job in await app.job_manager.get_stalled_jobs(task_name=_TASK, seconds_since_heartbeat=silence):
                with suppress(exceptions.ConnectorException):  # another machine was quicker
                    await app.job_manager.retry_job(job)
            await app.job_manager.prune_stalled_workers(silence)
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), self._heartbeat)

    def _do(
        self, lane: Lane, verb: str, key: str, arguments: Mapping[str, Json]
    ) -> tuple[Mapping[str, Json], PipelineError | None]:
        try:
            with self._crew.place(lane):
                began = time.monotonic()
                result = self._handlers[verb](arguments)
        except Stopped:
            raise  # put back, for another machine
        except PipelineError as problem:
            _log.info("%s %s: %s", verb, key, problem.code)
            return {}, problem
        except Exception as bug:  # noqa: BLE001 - told to whoever asked, who raises it
            _log.exception("a bug in %s %s", verb, key)
            return {_BUG: True}, Unexpected(about=f"{verb} {key}", reason=repr(bug))
        _log.info("%s %s: done in %.1f s", verb, key, time.monotonic() - began)
        return result, None


async def _run(worker: Worker) -> None:
    await worker.run()  # type: ignore[no-untyped-call]


def _lost(verb: str, key: str) -> WorkerLost:
    return WorkerLost(tries=_TRIES, about=f"{verb} {key}")
