"""Many look at once: pages agree with the command line, what is dear is reckoned once, and the clock's work goes on."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import timedelta

import httpx2
import pytest

from pipeline.core.facts import Happened
from pipeline.core.people import Right, Role
from pipeline.ledger.lock import alone
from pipeline.newsroom import approvals, people, plan, push
from pipeline.newsroom.digest import digest, figures, grid, lacking, stations_of
from pipeline.newsroom.missed import Copy
from pipeline.newsroom.office import Office
from pipeline.web import hearing
from pipeline.web.dear import Dear
from pipeline.web.server import Server
from tests import province
from tests.flow.test_changes import station
from tests.web.test_pages import GOOD, LOGINS, PASSWORD, known
from tests.web.test_pages import token as form_of

TODAY = (province.FIVE + timedelta(hours=7)).date()


@pytest.fixture
def desk(tmp_path):
    province.lay_out(tmp_path, [station(tmp_path, code) for code in "ABC"])
    with province.newsroom(tmp_path, province.Clock()) as opened:
        known(opened, LOGINS[Role.READER], "Người xem", Role.READER)
        yield opened


def test_a_days_pages_say_what_its_digest_says(desk):
    first, second, third = (province.signed(desk, n) for n in (1, 2, 3))
    push.push(desk, "A")
    approvals.withdraw(desk, second, "Người duyệt")
    province.remaster(desk, third, 50_000, seed=9)
    push.push(desk, "B")
    day = digest(desk, TODAY)
    assert {first.id, third.id} == {one.bulletin.id for one in day.served}
    told = figures(desk, TODAY)
    assert (told.served, told.stations, told.complete) == (day.served, day.stations, day.complete) != ((), 0, 0)
    held = grid(desk, TODAY)
    assert {code: {b: has is Copy.CURRENT for b, has in one.items()} for code, one in held.items()} == day.grid
    assert [*held["A"].values()] == [Copy.CURRENT, Copy.OLDER]  # what was signed before it was made anew
    assert {*held["C"].values()} == {Copy.NONE}
    assert grid(desk, TODAY, ["B"]) == {"B": held["B"]}
    assert stations_of(desk, TODAY) == sorted(day.grid) == ["A", "B", "C"]
    assert lacking(desk, TODAY) == [one.station.code for one in day.lacking] == ["A", "C"]


class Price:
    """A clock, and what a thread has spent."""

    now = spent = 0.0
    asked = 0

    def reckon(self):
        self.asked += 1
        self.spent += self.cost
        return self.asked


@pytest.mark.parametrize(("cost", "kept"), [(0.05, False), (0.5, True)])
def test_what_is_dear_is_reckoned_once_in_twenty_times_its_price_and_what_is_cheap_each_time(cost, kept):
    price = Price()
    price.cost = cost
    dear = Dear(now=lambda: price.now, spent=lambda: price.spent)
    assert dear.get("day", price.reckon) == 1
    price.now += 19 * cost
    assert dear.get("day", price.reckon) == (1 if kept else 2)
    assert dear.get("another", price.reckon) == price.asked  # nothing of one is taken for the other
    before = price.asked
    price.now += 2 * cost
    assert dear.get("day", price.reckon) == before + 1


def test_visitors_who_ask_for_the_same_at_once_wait_for_one_reckoning():
    begun, go, price = threading.Event(), threading.Event(), Price()
    price.cost = 1.0
    dear = Dear(now=lambda: price.now, spent=lambda: price.spent)

    def reckon():
        begun.set()
        assert go.wait(20)
        return price.reckon()

    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(dear.get, "day", reckon)
        assert begun.wait(20)
        others = [pool.submit(dear.get, "day", reckon) for _ in range(7)]
        assert dear.get("another", lambda: "no waiting") == "no waiting"
        go.set()
        assert [one.result(20) for one in (first, *others)] == [1] * 8
    assert price.asked == 1


def test_while_forty_visitors_are_being_answered_the_clock_pushes_the_night(desk, monkeypatch):
    """Every page thread is held up until the push is over: nothing that the clock needs waits for one of them."""
    bulletin = province.signed(desk, 1)
    over, inside = threading.Event(), threading.Semaphore(0)
    coverage = type(desk.ledger).coverage

    def slow(ledger, *arguments):
        inside.release()
        assert over.wait(60)
        return coverage(ledger, *arguments)

    monkeypatch.setattr(type(desk.ledger), "coverage", slow)
    token = people.sign_in(desk, LOGINS[Role.READER], PASSWORD, "127.0.0.1")
    office = Office(desk.config, lambda _settings: nullcontext(desk))
    with Server(office, "127.0.0.1", 0) as server, httpx2.Client(
        base_url=f"http://127.0.0.1:{server.port}", cookies={"bantin": token}, timeout=60,
        limits=httpx2.Limits(max_connections=60),
    ) as one, ThreadPoolExecutor(40) as crowd:  # fmt: skip
        answers = [crowd.submit(one.get, path) for path in ("/nam", "/ban-tin") * 20]
        assert all(inside.acquire(timeout=20) for _ in range(8))  # as many as pages have threads
        try:
            province.Serving(desk).push()
            held = {h.station for h in desk.ledger.holdings([bulletin.id])}
            assert not any(answer.done() for answer in answers)
        finally:
            over.set()
        assert {answer.result(60).status_code for answer in answers} == {200}
    assert held == {"A", "B", "C"}
    assert desk.ledger.facts(bulletin.id, Happened.CONFIRMED)
    assert plan.plan_new(desk) == []


def test_who_waits_while_passwords_are_tried_keeps_no_page_from_anybody(desk, monkeypatch):
    token, try_one = people.sign_in(desk, LOGINS[Role.READER], PASSWORD, "127.0.0.1"), people.sign_in
    over, inside = threading.Event(), threading.Semaphore(0)

    def slow(*arguments):
        inside.release()
        assert over.wait(60)
        return try_one(*arguments)

    monkeypatch.setattr(people, "sign_in", slow)
    office = Office(desk.config, lambda _settings: nullcontext(desk))
    with Server(office, "127.0.0.1", 0) as server, ThreadPoolExecutor(12) as crowd:
        where = f"http://127.0.0.1:{server.port}"

        def come(_):
            with httpx2.Client(base_url=where, timeout=60) as one:
                fields = {"_token": form_of(one.get("/dang-nhap").text), "ten": LOGINS[Role.READER]}
                return one.post("/dang-nhap", data={**fields, "mat-khau": PASSWORD}).status_code

        answers = [crowd.submit(come, n) for n in range(12)]
        try:
            assert inside.acquire(timeout=20)
            assert httpx2.get(where, cookies={"bantin": token}, timeout=20).status_code == 200
            assert not any(answer.done() for answer in answers)
            assert not inside.acquire(blocking=False)  # one at a time
        finally:
            over.set()
        assert [answer.result(60) for answer in answers] == [303] * 12


def test_who_waits_to_hand_in_or_to_hear_a_sentence_keeps_nobody_from_a_page(desk):
    """A bulletin in the making holds the line for minutes, and a sentence its voice for seconds."""
    known(desk, "bien", "Người biên tập", Role.EDITOR)
    token = people.give_token(desk, people.find(desk, "bien"), "máy", {Right.WRITE}, 1)
    path = f"/api/v1/bulletins/{province.signed(desk, 1).id}/sentences/1"
    with (
        Server(Office(desk.config, lambda _settings: nullcontext(desk)), "127.0.0.1", 0) as server,
        ThreadPoolExecutor(24) as many,
        httpx2.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=60) as ask,
    ):
        ask.headers["authorization"] = f"Bearer {token}"

        def hand_in():
            return ask.post("/api/v1/bulletins", files={"files": ("a.txt", GOOD.encode())}).status_code

        with alone(desk.config.state, "line"):
            handing_in = [many.submit(hand_in) for _ in range(12)]
            until(lambda: len([*desk.store.folder.glob("tmp/*/a.txt")]) >= 8)
            assert ask.get("/healthz", timeout=15).status_code == 200
        assert Counter(one.result() for one in handing_in) == {201: 1, 200: 11}
        with hearing._VOICE:
            hearing_it = [many.submit(lambda: ask.get(path).status_code) for _ in range(12)]
            until(lambda: len(hearing._VOICE._cond._waiters) >= 8)
            assert ask.get("/healthz", timeout=15).status_code == 200
        assert {one.result() for one in hearing_it} == {200}


def until(comes):
    """Wait for something."""
    end = time.monotonic() + 30
    while not comes() and time.monotonic() < end:
        time.sleep(0.01)
    assert comes()
