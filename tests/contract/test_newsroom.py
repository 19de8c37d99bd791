"""Use cases on a real ledger, real voices and a real studio; only the clock is the test's own."""

import json
import os
import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from apscheduler.events import EVENT_JOB_EXECUTED

from pipeline import config, wiring
from pipeline.core.errors import (
    AlertNotSent,
    AlreadyWithdrawn,
    DiskFull,
    EngineUnavailable,
    NotApprovable,
    NotApproved,
    NothingToSay,
    PipelineError,
    Says,
    StationUnreachable,
    StoreDamaged,
    TakeRejected,
    TextLost,
)
from pipeline.core.facts import Happened
from pipeline.core.model import Language
from pipeline.core.status import Stage, status_of
from pipeline.delivery import manifest
from pipeline.delivery.names import part
from pipeline.newsroom import announcers, approvals, bulletins, plan, preview, push, scripts
from pipeline.newsroom.desk import GivenUp
from pipeline.newsroom.tally import tally
from tests.province import Serving

TOP = Path(__file__).parents[2]
TEXT = "Tiêu đề: Tin hôm nay\n\nCâu thứ nhất của bản tin.\n\nCâu thứ hai của bản tin.\n"


class Clock:
    def __init__(self):
        self.at = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)  # 22:00 in Cà Mau

    def __call__(self):
        return self.at


@pytest.fixture
def clock():
    return Clock()


def open_desk(folder, clock, **changes):
    file = folder / "config.toml"
    text = (TOP / "config.toml").read_text("utf-8")
    lines = {"online": "false", "embedded_may_air": "true", "settle_seconds": "0", **changes}
    for key, value in lines.items():
        (line,) = [line for line in text.splitlines() if line.startswith(f"{key} = ")]
        text = text.replace(line, f"{key} = {value}")
    file.write_text(text, "utf-8")
    return wiring.open_desk(config.load(folder), now=clock)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "scripts").mkdir()
    (tmp_path / "tram").mkdir()
    row = f"A,1,Trạm A,folder,{tmp_path / 'tram'}"
    (tmp_path / "stations.csv").write_text(f"code,commune,name,transport,folder\n{row}\n", "utf-8")
    return tmp_path


@pytest.fixture
def desk(folder, clock):
    with open_desk(folder, clock) as opened:
        yield opened


def taken(desk, text=TEXT, name="tin.txt"):
    file = desk.config.scripts / name
    file.write_text(text, "utf-8")
    (result,) = scripts.sweep(desk, [file])
    return result.bulletin


def voiced(desk, bulletin):
    return [f.detail["voiced"] for f in desk.ledger.facts(bulletin.id, Happened.VOICED)]


def stage(desk, bulletin):
    return status_of(desk.ledger.facts(bulletin.id)).stage


def test_one_changed_sentence_is_one_new_take(desk):
    first = taken(desk)
    bulletins.render(desk, first)
    second = taken(desk, TEXT.replace("thứ hai", "thứ ba"), "sua.txt")
    bulletins.render(desk, second)
    assert first.id != second.id
    assert voiced(desk, first)[0] > 1
    assert voiced(desk, second) == [1]


def test_rendering_again_voices_nothing_and_keeps_the_signature(desk):
    bulletin = taken(desk)
    bulletins.render(desk, bulletin)
    approvals.approve(desk, bulletin, "Người duyệt")
    bulletins.render(desk, bulletin)
    assert voiced(desk, bulletin)[1:] == [0]
    assert status_of(desk.ledger.facts(bulletin.id)).may_go_out


def test_a_render_that_sounds_different_voids_the_signature_and_nothing_goes_out(folder, clock):
    with open_desk(folder, clock) as desk:
        bulletin = taken(desk)
        bulletins.render(desk, bulletin)
        approvals.approve(desk, bulletin, "Người duyệt")
        plan.plan(desk, bulletin)
    with open_desk(folder, clock, vietnamese_rate="170") as desk:
        bulletins.render(desk, bulletin)
        assert stage(desk, bulletin) is Stage.WAITING
        assert push.wanted(desk) == []
        with pytest.raises(NotApproved):
            plan.plan(desk, bulletin)


def test_a_render_cut_short_goes_on_where_it_was(folder, clock):
    """Killed in the middle of voicing: what was voiced is found again."""
    (folder / "scripts" / "tin.txt").write_text(
        TEXT + "Câu thứ ba. " * 30 + "\n".join(f"Câu số {n}." for n in range(60))
    )
    with open_desk(folder, clock) as desk:
        scripts.sweep(desk, [folder / "scripts" / "tin.txt"])
    code = (
        "import os, sys; from pathlib import Path; from pipeline import config, wiring\n"
        "from pipeline.newsroom import bulletins\n"
        "seen = []\n"
        "def progress(step, done, total):\n"
        "    if step == 'voice' and done == 20: os._exit(9)\n"
        "with wiring.open_desk(config.load(Path(sys.argv[1])), progress=progress) as desk:\n"
        "    bulletins.render(desk, desk.ledger.bulletins()[0])\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(folder)], check=False).returncode == 9
    with open_desk(folder, clock) as desk:
        (bulletin,) = desk.ledger.bulletins()
        bulletins.render(desk, bulletin)
        (fact,) = desk.ledger.facts(bulletin.id, Happened.VOICED)
        assert 0 < fact.detail["voiced"] <= fact.detail["takes"] - 15
        assert [p for p in (desk.store.folder / "tmp").iterdir() if p.is_file()] == []


def test_a_script_is_taken_again_after_a_power_cut_before_it_was_moved(desk):
    bulletin = taken(desk)
    (moved,) = (desk.config.scripts / "da-nhan").rglob("tin.txt")
    shutil.move(moved, desk.config.scripts / "tin.txt")  # as if the cut came between ledger and move
    (again,) = scripts.sweep(desk, [desk.config.scripts / "tin.txt"])
    assert again.again
    assert again.bulletin == bulletin
    assert not (desk.config.scripts / "tin.txt").exists()
    assert len(desk.ledger.bulletins()) == 1


def test_when_the_first_engine_fails_the_next_one_speaks_the_whole_language(desk):
    class Down:
        name, version, embedded, at_once = "down", "1", False, 3
        voices = tuple(v for v in desk.engines["embedded"][0].voices)

        def settings(self, voice):
            return {}

        def check(self):
            raise EngineUnavailable(engine="down", reason="x", how="y")

        def speak(self, text, voice, out):
            raise EngineUnavailable(engine="down", reason="x", how="y")

    object.__setattr__(desk, "engines", {**desk.engines, "edge": (Down(),)})
    bulletin = taken(desk)
    bulletins.render(desk, bulletin)
    (fact,) = desk.ledger.facts(bulletin.id, Happened.VOICED)
    assert set(fact.detail["engines"]) == {"espeak"}
    assert fact.detail["embedded"] is True


class Online:
    """An online engine of two voices that speaks with the embedded one; `mute` voices answer without sound."""

    name, version, embedded, at_once = "online", "1", False, 3

    def __init__(self, speaker, mute=()):
        self.speaker, self.mute, self.asked = speaker, set(mute), []
        women = replace(speaker.voices[0], name="vi-nữ", sex="nữ", online=True, draft=False)
        self.voices = (women, replace(women, name="vi-nam", sex="nam"))

    def settings(self, voice):
        return {}

    def check(self):
        """Always there."""

    def speak(self, text, voice, out):
        self.asked.append(voice)
        if voice in self.mute:
            raise TakeRejected(engine=self.name, text=text, reason=Says("không có tiếng", "no sound"))
        self.speaker.speak(text, self.speaker.voices[0].name, out)


def with_online(desk, **kind):
    online = Online(desk.engines["embedded"][0], **kind)
    object.__setattr__(desk, "engines", {**desk.engines, "edge": (online,)})
    return online


def test_a_voice_without_sound_is_replaced_by_the_other_one_for_the_whole_bulletin(desk):
    with_online(desk, mute=["vi-nữ"])
    bulletin = taken(desk)
    bulletins.render(desk, bulletin)
    (fact,) = desk.ledger.facts(bulletin.id, Happened.VOICED)
    assert set(fact.detail["voices"]) == {"online vi-nam"}
    (fallback,), _ = bulletins.fallbacks(desk, bulletin)
    assert fallback.startswith("vi: online vi-nam đọc thay online vi-nữ (V-104")
    assert fact.detail["embedded"] is False


def test_where_no_online_voice_has_sound_the_embedded_one_speaks(desk):
    with_online(desk, mute=["vi-nữ", "vi-nam"])
    bulletin = taken(desk)
    bulletins.render(desk, bulletin)
    (fact,) = desk.ledger.facts(bulletin.id, Happened.VOICED)
    assert set(fact.detail["engines"]) == {"espeak"}


def test_sentences_spoken_side_by_side_keep_their_order_and_are_spoken_once(desk):
    online = with_online(desk)
    text = TEXT + "\n" + "\n".join(f"Ấp số {n} có đông bà con đến dự.\nBà con chú ý.\n" for n in range(8))
    bulletin = taken(desk, text)
    bulletins.render(desk, bulletin)
    sentences = bulletins.reading_of(desk, bulletin).sentences
    (fact,) = desk.ledger.facts(bulletin.id, Happened.VOICED)
    assert fact.detail["takes"] >= len(sentences)
    assert len(online.asked) == fact.detail["voiced"] < fact.detail["takes"]
    bulletins.render(desk, bulletin)
    assert voiced(desk, bulletin) == [len(online.asked), 0]


def test_the_half_hour_before_air_is_not_spent_waiting_for_online_voices(desk, clock):
    online = with_online(desk)
    bulletin = taken(desk)
    clock.at = min(bulletin.air) - timedelta(minutes=20)
    bulletins.render(desk, bulletin)
    (fact,) = desk.ledger.facts(bulletin.id, Happened.VOICED)
    assert online.asked == []
    assert set(fact.detail["engines"]) == {"espeak"}


class Local(Online):
    """A voice on this machine that is no draft."""

    name, at_once = "local", 1

    def __init__(self, speaker):
        super().__init__(speaker)
        self.voices = tuple(replace(voice, online=False) for voice in self.voices)


def with_engines(desk, clock, *words, online=None):
    """The desk with these engines in the only programme's order; asking the online one takes `online` minutes."""
    speaker = desk.engines["embedded"][0]
    edge, local = Online(speaker), Local(speaker)
    if online:
        speak = edge.speak

        def slow(text, voice, out):
            clock.at += timedelta(minutes=online)
            speak(text, voice, out)

        edge.speak, edge.at_once = slow, 1
    (code,) = desk.config.programmes
    programmes = {code: replace(desk.config.programmes[code], engines=words)}
    object.__setattr__(desk, "config", replace(desk.config, programmes=programmes))
    object.__setattr__(desk, "engines", {**desk.engines, "edge": (edge,), "local": (local,)})
    return edge, local


def spoken_by_engines(desk, bulletin):
    bulletins.render(desk, bulletin)
    return set(desk.ledger.facts(bulletin.id, Happened.VOICED)[-1].detail["engines"])


@pytest.mark.parametrize("words", [("local", "embedded"), ("local",), ("edge", "local", "embedded")])
def test_a_voice_on_this_machine_speaks_however_near_air_time_is(desk, clock, words):
    edge, _ = with_engines(desk, clock, *words)
    bulletin = taken(desk)
    clock.at = min(bulletin.air) - timedelta(minutes=20)
    assert spoken_by_engines(desk, bulletin) == {"local"}
    assert edge.asked == []


def test_what_the_online_voice_has_waited_is_not_held_against_the_voice_on_this_machine(desk, clock):
    edge, _ = with_engines(desk, clock, "edge", "local", "embedded", online=10)
    bulletin = taken(desk)
    assert spoken_by_engines(desk, bulletin) == {"local"}
    assert len(edge.asked) == 2  # online_minutes = 15


@pytest.mark.parametrize("after_slot", [0, 1], ids=["before the second slot", "when all have passed"])
def test_once_an_air_time_has_passed_the_online_voice_speaks_again(desk, clock, after_slot):
    with_engines(desk, clock, "edge", "embedded")
    bulletin = taken(desk)
    clock.at = bulletin.air[after_slot] + timedelta(minutes=5)
    assert spoken_by_engines(desk, bulletin) == {"online"}


def test_an_online_voice_that_nobody_can_replace_is_asked_until_air_time(desk, clock):
    with_engines(desk, clock, "edge")
    bulletin = taken(desk)
    clock.at = min(bulletin.air) - timedelta(minutes=20)
    assert spoken_by_engines(desk, bulletin) == {"online"}


def test_an_online_voice_that_nobody_can_replace_is_not_told_to_be_replaced(desk, clock):
    with_engines(desk, clock, "edge", online=20)
    with pytest.raises(EngineUnavailable) as caught:
        bulletins.render(desk, taken(desk))
    assert "next voice" not in caught.value.next_step.en
    assert "online_minutes" in caught.value.next_step.en


def test_khmer_is_spoken_by_the_khmer_voice_and_a_vietnamese_name_inside_it_by_the_vietnamese(desk):
    bulletin = taken(desk, "សូមបងប្អូននៅឃុំ Đất Mũi ស្តាប់ព័ត៌មាន។\n", "km.txt")
    bulletins.render(desk, bulletin)
    (fact,) = desk.ledger.facts(bulletin.id, Happened.VOICED)
    assert fact.detail["engines"]["khmer"] >= 2
    assert fact.detail["engines"]["espeak"] >= 1
    sentences = bulletins.reading_of(desk, bulletin).sentences
    assert [s.text for s in sentences if s.language is Language.VI] == ["Đất Mũi"]


def test_a_text_that_a_voice_would_lose_is_held_with_what_was_lost(desk):
    bulletin = taken(desk, "Tiêu đề: Tin\n\nBà con nghe ข่าว hôm nay.\n", "thai.txt")
    with pytest.raises(TextLost):
        bulletins.render(desk, bulletin)
    status = status_of(desk.ledger.facts(bulletin.id))
    assert status.stage is Stage.HELD
    assert "ข่าว" in status.reason
    with pytest.raises(NotApprovable):
        approvals.approve(desk, bulletin, "Người duyệt")
    with pytest.raises(TextLost):
        bulletins.render(desk, bulletin)
    assert len(desk.ledger.facts(bulletin.id, Happened.HELD)) == 1  # the same reason is told once


def test_nobody_signs_without_a_name(desk):
    bulletin = taken(desk)
    bulletins.render(desk, bulletin)
    with pytest.raises(NotApprovable):
        approvals.approve(desk, bulletin, "  ")


def ready(desk, text=TEXT, name="tin.txt"):
    bulletin = taken(desk, text, name)
    bulletins.render(desk, bulletin)
    approvals.approve(desk, bulletin, "Người duyệt")
    plan.plan(desk, bulletin)
    return bulletin


def test_a_night_without_the_file_is_told_once_and_does_not_count(desk, clock):
    bulletin = ready(desk)
    clock.at += timedelta(days=2)  # no power for two days
    assert push.push(desk).missed == 2
    assert push.push(desk).missed == 0
    assert len(desk.ledger.facts(bulletin.id, Happened.MISSED)) == 2
    assert list((desk.config.workspace / "tram").iterdir()) == []
    assert tally(desk).counted == 0


def test_what_arrived_in_time_counts_and_is_never_called_missed(desk, clock):
    ready(desk)
    assert push.push(desk).sent == 1
    clock.at += timedelta(days=2)
    assert push.push(desk).missed == 0
    assert tally(desk).counted == 1


def test_what_airs_later_than_the_hours_ahead_waits(desk):
    bulletin = taken(desk, "Tiêu đề: Tin\nPhát: 30/11/2026 05:00\n\nBà con chú ý.\n")
    bulletins.render(desk, bulletin)
    approvals.approve(desk, bulletin, "Người duyệt")
    assert plan.plan(desk, bulletin).added == 1
    assert push.wanted(desk) == []


def test_planning_twice_adds_nothing(desk):
    bulletin = ready(desk)
    assert plan.plan(desk, bulletin).added == 0
    assert len(desk.ledger.transmissions(bulletin.id)) == 2


def test_an_announcers_recording_airs_and_the_text_beside_it_is_only_its_transcript(desk):
    from pipeline.newsroom.voicing import say

    say(desk, "Đây là bản ghi của phát thanh viên.", Language.VI, desk.config.scripts / "tin.wav")
    bulletin = taken(desk)
    (master,) = bulletins.render(desk, bulletin)
    assert desk.ledger.facts(bulletin.id, Happened.VOICED) == []
    assert master.seconds < 10
    assert sorted(f.name for f in (desk.config.scripts / "da-nhan").rglob("*.*")) == ["tin.txt", "tin.wav"]


def test_a_recording_in_the_middle_of_a_script_airs_in_its_place(desk):
    from pipeline.newsroom.voicing import say

    say(desk, "Ý kiến của bà con.", Language.VI, desk.config.scripts / "phong-van.wav")
    bulletin = taken(desk, "Tiêu đề: Tin\n\nMời bà con nghe.\n\n[ghi âm: phong-van.wav]\n\n[nghỉ 2 giây]\n\nHết.\n")
    (longer,) = bulletins.render(desk, bulletin)
    plain = taken(desk, "Tiêu đề: Tin\n\nMời bà con nghe.\n\nHết.\n", "ngan.txt")
    (shorter,) = bulletins.render(desk, plain)
    assert longer.seconds - shorter.seconds > 3


def test_a_damaged_recording_is_held_with_the_reason_and_stays_in_the_store(desk):
    file = desk.config.scripts / "hong.wav"
    from pipeline.newsroom.voicing import say

    say(desk, "Bản ghi này sẽ bị cắt cụt giữa chừng.", Language.VI, file)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    (result,) = scripts.sweep(desk, [file])
    bulletins.render_new(desk)
    status = status_of(desk.ledger.facts(result.bulletin.id))
    assert status.stage is Stage.HELD
    assert "bản ghi “hong” không dùng được: bị cụt" in status.reason
    assert result.bulletin.script in desk.store


def test_the_folder_for_people_holds_what_was_signed(desk):
    bulletin = ready(desk)
    (sound,) = desk.config.bulletins.rglob("*.mp3")
    (digest,) = status_of(desk.ledger.facts(bulletin.id)).masters.values()
    assert sound.read_bytes() == desk.store.get(digest).read_bytes()
    assert sound.parent.relative_to(desk.config.bulletins).as_posix() == "2026/11/24"


def test_what_is_signed_in_the_morning_for_the_same_afternoon_does_not_wait_for_the_night(desk, clock):
    bulletin = taken(desk)
    bulletins.render(desk, bulletin)
    clock.at += timedelta(hours=10)  # 08:00 the next day; the first slot has passed, 17:00 is to come
    approvals.approve(desk, bulletin, "Người duyệt")
    Serving(desk).push_soon()
    assert [r.bulletin for r in desk.ledger.receipts()] == [bulletin.id]
    assert len(desk.ledger.transmissions(bulletin.id)) == 1


def test_what_airs_after_the_next_night_waits_for_it(desk, clock):
    bulletin = taken(desk, "Tiêu đề: Tin\nPhát: 25/11/2026 05:00\n\nBà con chú ý.\n")
    bulletins.render(desk, bulletin)
    approvals.approve(desk, bulletin, "Người duyệt")
    clock.at += timedelta(minutes=30)
    Serving(desk).push_soon()
    assert desk.ledger.receipts() == []
    Serving(desk).push()
    assert len(desk.ledger.receipts()) == 1


def unplugged(desk):
    """The station's folder is away; what waiting does not mend."""
    tram = desk.config.workspace / "tram"
    return tram.rename(tram.with_name("doi-ten"))


def codes(desk):
    return [f.detail["code"] for f in desk.ledger.facts(happened=Happened.FAILED)]


def test_between_nights_what_waiting_does_not_mend_is_left_for_a_person(desk, clock):
    ready(desk)
    clock.at += timedelta(hours=1)
    away = unplugged(desk)
    serving = Serving(desk)
    serving.push_soon()
    clock.at += timedelta(hours=1)
    serving.push_soon()
    serving.retry()
    assert codes(desk) == ["D-105"]
    away.rename(away.with_name("tram"))
    serving.push()  # the night's push tries everybody
    assert len(desk.ledger.receipts()) == 1
    assert desk.ledger.troubles() == {}


@contextmanager
def unreachable(desk):
    """A line that is down; how often it was tried."""
    folder, calls = desk.transports["folder"], []

    class Down:
        name = "folder"
        check = folder.check

        @contextmanager
        def open(self, station, deadline):
            calls.append(station.code)
            raise StationUnreachable(station=station.code, reason="no line")
            yield

    desk.transports["folder"] = Down()
    yield calls
    desk.transports["folder"] = folder


def test_a_station_that_was_away_is_tried_again_ever_more_seldom_until_it_answers(desk, clock):
    ready(desk)
    serving, gaps = Serving(desk), []
    with unreachable(desk) as calls:
        serving.push()
        for _ in range(12):
            (trouble,) = desk.ledger.troubles().values()
            gaps.append((trouble.next - clock.at).total_seconds())
            serving.retry()  # it is not time yet
            serving.push_soon()
            clock.at = trouble.next
            serving.retry()
    assert len(calls) == 13
    assert all(1 <= gap <= min(600, 5 * 2**n) for n, gap in enumerate(gaps))
    assert max(gaps) > 60
    assert desk.ledger.troubles()["A"].tries == 13
    clock.at = desk.ledger.troubles()["A"].next
    serving.retry()
    assert len(desk.ledger.receipts()) == 1
    assert desk.ledger.troubles() == {}


def test_a_station_that_lacks_a_file_shortly_before_air_is_told_once_and_still_tried(desk, clock):
    bulletin = ready(desk)
    with unreachable(desk):
        assert push.push(desk).late == 0
        clock.at = datetime(2026, 11, 23, 21, 46, tzinfo=UTC)  # a quarter of an hour before 05:00
        assert [push.push(desk).late for _ in range(2)] == [1, 0]
    assert push.push(desk).sent == 1
    clock.at += timedelta(hours=1)
    assert push.push(desk).missed == 0  # it came late, and in time
    (late,) = desk.ledger.facts(bulletin.id, Happened.LATE)
    assert (late.station, late.detail["at"]) == ("A", "2026-11-23T22:00:00+00:00")


def test_whoever_is_in_charge_hears_at_once_of_what_is_late_and_once_in_the_morning(desk, clock):
    ready(desk)
    heard = []
    serving = Serving(replace(desk, tell=lambda title, text: heard.append((title, text))))
    clock.at = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)  # midnight
    with unreachable(desk):
        serving.push()
        serving.watch()
        assert heard == []
        clock.at = datetime(2026, 11, 23, 21, 50, tzinfo=UTC)
        for _ in range(3):
            serving.watch()
        assert [title for title, _ in heard] == ["Bản tin ngày 24/11/2026: 1 trạm sắp phát mà chưa có"]
        assert "D-101" in heard[0][1]
        clock.at = datetime(2026, 11, 23, 22, 5, tzinfo=UTC)
        serving.push()
        serving.watch()
        assert "1 lượt lỡ giờ" in heard[1][0]
        serving.push()
        serving.watch()
        assert len(heard) == 2
    clock.at = datetime(2026, 11, 23, 23, 31, tzinfo=UTC)  # 06:31
    for _ in range(2):
        serving.watch()
    assert [title for title, _ in heard[2:]] == ["Bản tin ngày 24/11/2026: 0/1 trạm đủ; 1 lượt lỡ giờ"]


def test_a_message_that_cannot_be_sent_stops_nothing(desk, clock):
    ready(desk)

    def broken(_title, _text):
        raise AlertNotSent(where="mailto://…")

    serving = Serving(replace(desk, tell=broken))
    clock.at = datetime(2026, 11, 23, 21, 50, tzinfo=UTC)
    serving.watch()
    serving.watch()
    serving.push()
    assert len(desk.ledger.receipts()) == 1


def test_what_has_had_its_time_makes_room_and_nothing_of_others_is_touched(desk, clock):
    bulletin = ready(desk)
    push.push(desk)
    tram = desk.config.workspace / "tram"
    (tram / "nhac-rieng.mp3").write_bytes(b"theirs")
    clock.at = datetime(2026, 12, 1, 9, 59, tzinfo=UTC)  # it aired last on 24 November at 17:00
    push.push(desk)
    assert len(list(tram.glob("*.mp3"))) == 2
    assert push.wanted(desk) == []
    clock.at += timedelta(minutes=2)
    assert push.wanted(desk, whom=push.Whom.WELL) == []
    assert [w.expired for w in push.wanted(desk)] == [(bulletin,)]
    push.push(desk)
    assert {p.name for p in tram.iterdir()} == {"nhac-rieng.mp3", "BANTIN.m3u8", "LICH-PHAT.txt"}
    assert push.wanted(desk) == []
    assert stage(desk, bulletin) is Stage.ARRIVED
    assert tally(desk).counted == 1


def test_what_expired_leaves_at_once(desk, clock):
    bulletin = ready(desk, "Tiêu đề: Tin\nHết hạn: 24/11/2026 18:00\n\nBà con chú ý.\n")
    push.push(desk)
    clock.at = datetime(2026, 11, 24, 11, 1, tzinfo=UTC)
    assert [w.expired for w in push.wanted(desk)] == [(bulletin,)]


def test_an_upload_of_an_older_version_that_was_cut_is_cleared_away(folder, clock):
    with open_desk(folder, clock) as desk:
        bulletin = ready(desk)
        (master,) = bulletins.masters(desk, bulletin).values()
        name = manifest.remote_name(bulletin, master.digest, desk.config.zone)
        (folder / "tram" / part(name, master.digest)).write_bytes(b"half")
    with open_desk(folder, clock, vietnamese_rate="170") as desk:
        bulletins.render(desk, bulletin)
        approvals.approve(desk, bulletin, "Người duyệt")
        assert push.push(desk).sent == 1
    assert not [p.name for p in (folder / "tram").iterdir() if p.name.endswith(".part")]


def test_two_days_without_power_are_caught_up_and_what_went_by_is_told(desk, clock):
    old = ready(desk)
    new = ready(desk, "Tiêu đề: Tin mới\nPhát: 26/11/2026 05:00\n\nBà con nghe tin mới.\n", "moi.txt")
    clock.at = datetime(2026, 11, 25, 16, 0, tzinfo=UTC)
    done = push.push(desk)
    assert (done.sent, done.missed) == (1, 2)
    assert [r.bulletin for r in desk.ledger.receipts()] == [new.id]
    assert {f.detail["at"][:13] for f in desk.ledger.facts(old.id, Happened.MISSED)} == {
        "2026-11-23T22",
        "2026-11-24T10",
    }


def test_a_clock_that_is_set_back_tells_nothing_twice_and_forgets_nothing(desk, clock):
    ready(desk)
    with unreachable(desk):
        clock.at = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)
        assert push.push(desk).missed == 1
        clock.at -= timedelta(hours=3)
        assert push.push(desk).missed == 0
        clock.at = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
        assert push.push(desk).missed == 1
        assert push.push(desk).missed == 0


def test_a_new_version_takes_the_place_of_the_old_one_at_the_station(folder, clock):
    with open_desk(folder, clock) as desk:
        bulletin = ready(desk)
        push.push(desk)
        (old,) = (folder / "tram").glob("*.mp3")
    with open_desk(folder, clock, vietnamese_rate="170") as desk:
        bulletins.render(desk, bulletin)
        assert push.push(desk).sent == 0  # the new bytes are not signed
        approvals.approve(desk, bulletin, "Người duyệt")
        assert push.push(desk).sent == 1
        (new,) = (folder / "tram").glob("*.mp3")
        assert new.name != old.name
        assert new.name in (folder / "tram" / "BANTIN.m3u8").read_text("utf-8")
        assert tally(desk).counted == 1


def test_a_file_that_comes_after_its_air_time_came_too_late(desk, clock):
    """The visit begins before the air time and ends after it."""
    bulletin = ready(desk)
    clock.at = min(bulletin.air) - timedelta(minutes=1)
    folder = desk.transports["folder"]
    opening = folder.open

    def slow(station, deadline):
        clock.at += timedelta(minutes=5)
        return opening(station, deadline)

    folder.open = slow
    assert push.push(desk).sent == 1
    clock.at += timedelta(days=1)
    assert push.push(desk).missed == 1  # the morning; by the afternoon it was there
    assert tally(desk).counted == 0


def test_what_a_draft_voice_held_a_place_for_is_tried_again_every_night(folder, clock):
    with open_desk(folder, clock, embedded_may_air="false") as desk:
        with_online(desk, mute=["vi-nữ", "vi-nam"])
        bulletin = taken(desk)
        bulletins.render(desk, bulletin)
        assert bulletins.render_new(desk) == []
        assert [b.id for b, _ in bulletins.render_new(desk, held_too=True)] == [bulletin.id]


def test_bytes_that_changed_in_the_store_are_never_sent(desk):
    bulletin = ready(desk)
    (digest,) = status_of(desk.ledger.facts(bulletin.id)).masters.values()
    file = desk.store.get(digest)
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    pushed = push.push(desk)
    assert [t.problem.code for t in pushed.threatened] == ["L-102"]
    assert list((desk.config.workspace / "tram").iterdir()) == []


def test_a_withdrawn_bulletin_does_not_count_even_where_it_arrived(desk):
    bulletin = ready(desk)
    push.push(desk)
    assert tally(desk).counted == 1
    approvals.withdraw(desk, bulletin, "Người duyệt")
    assert tally(desk).counted == 0


def test_a_bulletin_that_nobody_signed_in_time_is_told_once_for_each_air_time(desk, clock):
    bulletin = taken(desk)
    bulletins.render(desk, bulletin)
    (threatened,) = push.push(desk).threatened
    assert threatened.bulletin == bulletin
    clock.at = bulletin.air[0]
    assert push.push(desk).missed == 1
    clock.at = bulletin.air[-1] + timedelta(hours=1)
    late = push.push(desk)
    assert (late.missed, late.threatened) == (1, ())
    assert push.push(desk).missed == 0
    facts = desk.ledger.facts(bulletin.id, Happened.MISSED)
    assert [f.station for f in facts] == [None, None]
    assert [f.detail["at"] for f in facts] == [at.isoformat() for at in bulletin.air]
    assert status_of(desk.ledger.facts(bulletin.id)).unaired


def test_an_air_time_at_which_no_station_airs_is_not_missed_where_the_bulletin_was_planned(folder, clock):
    row = f"A,1,Trạm A,folder,{folder / 'tram'},04:30-06:00"
    (folder / "stations.csv").write_text(f"code,commune,name,transport,folder,windows\n{row}\n", "utf-8")
    with open_desk(folder, clock) as desk:
        bulletin = ready(desk)  # for 05:00 and 17:00
        assert push.push(desk).sent == 1
        clock.at = bulletin.air[-1] + timedelta(hours=1)
        assert push.push(desk).missed == 0


def test_nothing_is_missed_of_what_was_returned_or_had_passed_when_it_came_in(desk, clock):
    air = "Phát: 23/11/2026 05:00, 24/11/2026 05:00"
    late = taken(desk, f"Tiêu đề: Tin\n{air}\n\nBà con chú ý.\n")  # at 22:00 of the 23rd
    assert len(late.air) == 2
    assert push.push(desk).missed == 0
    approvals.send_back(desk, late, "Người duyệt", "sai tên xã")
    clock.at += timedelta(days=2)
    assert push.push(desk).missed == 0


def test_a_held_bulletin_that_airs_soon_is_named_until_it_is_mended(desk, clock):
    bulletin = taken(desk, "Tiêu đề: Tin\n\nBà con nghe ข่าว hôm nay.\n", "thai.txt")
    bulletins.render_new(desk)
    (threat,) = push.push(desk).threatened
    assert (threat.bulletin, threat.at) == (bulletin, bulletin.air[0])
    assert "ข่าว" in threat.problem.message.vi
    clock.at = bulletin.air[-1]
    assert push.push(desk).missed == len(bulletin.air)


# --- one thing in trouble does not touch the others ------------------------------------------------------------------


def refuse_folder(path):
    """No folder can be made or written where a file stands; not even root may."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("", "utf-8")


def test_a_drop_folder_that_cannot_be_written_keeps_every_file_and_takes_in_the_others(desk):
    refuse_folder(desk.config.scripts / "loi")
    bad, good = desk.config.scripts / "a.txt", desk.config.scripts / "b.txt"
    bad.write_text("Tiêu đề: Tin\n", "utf-8")
    good.write_text(TEXT, "utf-8")
    refused, taken_in = scripts.sweep(desk, [bad, good])
    assert refused.problem.code == "L-106"
    assert bad.exists()
    assert taken_in.bulletin
    scripts.sweep(desk, [bad])
    assert [f.happened for f in desk.ledger.facts()] == [Happened.RECEIVED]  # and not one more at every look


def test_a_script_that_cannot_be_put_away_is_taken_in_once_all_the_same(desk):
    refuse_folder(desk.config.scripts / "da-nhan")
    file = desk.config.scripts / "tin.txt"
    file.write_text(TEXT, "utf-8")
    (first,), (second,) = scripts.sweep(desk, [file]), scripts.sweep(desk, [file])
    assert (first.problem.code, second.problem.code) == ("L-106", "L-106")
    assert first.bulletin == second.bulletin
    assert [b for b, problem in bulletins.render_new(desk) if not problem] == [first.bulletin]


def test_a_file_that_breaks_the_program_is_put_aside_with_a_note(desk, monkeypatch):
    read = scripts.drop.take_in

    def breaks(path, **options):
        if path.name == "la.txt":
            raise ZeroDivisionError
        return read(path, **options)

    monkeypatch.setattr(scripts.drop, "take_in", breaks)
    odd, good = desk.config.scripts / "la.txt", desk.config.scripts / "tin.txt"
    odd.write_text(TEXT, "utf-8")
    good.write_text(TEXT, "utf-8")
    broken, fine = scripts.sweep(desk, [odd, good])
    assert broken.problem.code == "N-100"
    assert fine.bulletin
    assert "N-100" in (desk.config.scripts / "loi" / "la.txt.loi.txt").read_text("utf-8-sig")
    assert (desk.config.scripts / "loi" / "la.txt").read_text("utf-8") == TEXT


def test_the_same_bytes_as_a_withdrawn_bulletin_are_answered_and_not_swallowed(desk):
    bulletin = taken(desk)
    approvals.withdraw(desk, bulletin, "Người duyệt")
    file = desk.config.scripts / "tin.txt"
    file.write_text(TEXT, "utf-8")
    (again,) = scripts.sweep(desk, [file])
    assert again.problem.code == "I-110"
    assert bulletin.id in (desk.config.scripts / "loi" / "tin.txt.loi.txt").read_text("utf-8-sig")


def test_a_master_outlives_a_folder_for_people_that_cannot_be_written(desk):
    refuse_folder(desk.config.bulletins / "2026")
    bulletin = taken(desk)
    ((_, problem),) = bulletins.render_new(desk)
    assert problem.code == "L-106"
    assert stage(desk, bulletin) is Stage.HELD
    (master,) = bulletins.masters(desk, bulletin).values()
    assert master.digest in desk.store
    (desk.config.bulletins / "2026").unlink()
    assert bulletins.render_new(desk, held_too=True) == [(bulletin, None)]
    assert list(desk.config.bulletins.rglob("*.mp3"))
    assert bulletins.masters(desk, bulletin)["loa-xa"].digest == master.digest


def test_a_folder_named_as_bed_holds_its_own_bulletin_only(desk):
    (desk.config.scripts / "am-thanh" / "nen").mkdir(parents=True)
    wrong = taken(desk, "Tiêu đề: Tin\nNhạc nền: nen\n\nBà con chú ý.\n", "a.txt")
    right = taken(desk, TEXT, "b.txt")
    codes = {b.id: problem and problem.code for b, problem in bulletins.render_new(desk)}
    assert codes == {wrong.id: "C-104", right.id: None}


def test_a_bug_in_one_bulletin_holds_that_one_and_the_next_is_made(desk):
    speaker = desk.engines["embedded"][0]

    class Breaks:
        def __getattr__(self, name):
            return getattr(speaker, name)

        def speak(self, text, voice, out):
            if "nhất" in text:
                raise ZeroDivisionError
            speaker.speak(text, voice, out)

    object.__setattr__(desk, "engines", {**desk.engines, "embedded": (Breaks(), *desk.engines["embedded"][1:])})
    wrong, right = taken(desk, TEXT, "a.txt"), taken(desk, TEXT.replace("thứ nhất", "thứ ba"), "b.txt")
    codes = {b.id: problem and problem.code for b, problem in bulletins.render_new(desk)}
    assert codes == {wrong.id: "N-100", right.id: None}
    assert stage(desk, wrong) is Stage.HELD


def add_station(folder, code):
    (folder / f"tram-{code}").mkdir()
    with (folder / "stations.csv").open("a", encoding="utf-8") as stations:
        stations.write(f"{code},1,Trạm {code},folder,{folder / f'tram-{code}'}\n")


def remove_station(folder, code):
    file = folder / "stations.csv"
    lines = file.read_text("utf-8").splitlines()
    file.write_text("\n".join(line for line in lines if not line.startswith(f"{code},")) + "\n", "utf-8")


def test_a_station_that_leaves_the_registry_leaves_the_plan_until_it_comes_back(folder, clock):
    add_station(folder, "B")
    with open_desk(folder, clock, count_share="1.0") as desk:
        bulletin = ready(desk)
        assert status_of(desk.ledger.facts(bulletin.id)).planned == {"A", "B"}
    remove_station(folder, "B")
    with open_desk(folder, clock, count_share="1.0") as desk:
        plan.plan_all(desk)
        push.push(desk)
        assert stage(desk, bulletin) is Stage.ARRIVED
        assert tally(desk).counted == 1
    (folder / "tram-B").rmdir()
    add_station(folder, "B")
    with open_desk(folder, clock, count_share="1.0") as desk:
        plan.plan_all(desk)
        assert (stage(desk, bulletin), tally(desk).counted) == (Stage.PARTLY, 0)
        assert push.push(desk).sent == 1
        assert (stage(desk, bulletin), tally(desk).counted) == (Stage.ARRIVED, 1)


def test_a_station_that_leaves_after_the_air_time_it_missed_does_not_rewrite_the_year(folder, clock):
    add_station(folder, "B")
    with open_desk(folder, clock, count_share="1.0") as desk:
        bulletin = ready(desk)
        push.push(desk, "A")
        clock.at = bulletin.air[0]
        assert push.push(desk, "A").missed == 1
    remove_station(folder, "B")
    with open_desk(folder, clock, count_share="1.0") as desk:
        plan.plan_all(desk)
        assert tally(desk).counted == 0


def test_a_bug_at_one_station_is_its_own_failure_and_the_next_gets_its_file(folder, clock):
    add_station(folder, "B")
    with open_desk(folder, clock) as desk:
        real = desk.transports["folder"]

        class Breaks:
            name, check = real.name, real.check

            def open(self, station, deadline):
                if station.code == "A":
                    raise ZeroDivisionError
                return real.open(station, deadline)

        object.__setattr__(desk, "transports", {"folder": Breaks()})
        bulletin = ready(desk)
        first, second = push.push(desk).attempts
        assert (first.problem.code, second.problem) == ("N-100", None)
        status = status_of(desk.ledger.facts(bulletin.id))
        assert (status.failed, status.confirmed) == ({"A": "N-100"}, {"B"})


def test_a_run_killed_at_a_station_does_not_keep_the_next_one_from_it(folder, clock):
    with open_desk(folder, clock) as desk:
        bulletin = ready(desk)
    code = (
        "import os, sys; from datetime import datetime; from pathlib import Path; from pipeline import config, wiring\n"
        "from pipeline.newsroom import push\n"
        "class Kills:\n"
        "    name = 'folder'\n"
        "    def open(self, station, deadline): os._exit(9)\n"
        "now = datetime.fromisoformat(sys.argv[2])\n"
        "with wiring.open_desk(config.load(Path(sys.argv[1])), now=lambda: now) as desk:\n"
        "    object.__setattr__(desk, 'transports', {'folder': Kills()})\n"
        "    push.push(desk)\n"
    )
    killed = [sys.executable, "-c", code, str(folder), clock().isoformat()]
    assert subprocess.run(killed, check=False).returncode == 9
    with open_desk(folder, clock) as desk:
        assert push.push(desk).sent == 1
        assert status_of(desk.ledger.facts(bulletin.id)).stage is Stage.ARRIVED


# --- the clock's own jobs --------------------------------------------------------------------------------------------


def runs(serving, job):
    """Let one of the scheduler's jobs come due now, and wait until it has run."""
    done = threading.Event()
    serving._scheduler.add_listener(lambda event: event.job_id == job and done.set(), EVENT_JOB_EXECUTED)
    serving._scheduler.start()
    try:
        serving._scheduler.modify_job(job, next_run_time=datetime.now(UTC))
        assert done.wait(20)
    finally:
        serving._scheduler.shutdown()


def test_the_nightly_push_comes_at_its_hour_and_sends_what_is_signed(desk):
    bulletin = ready(desk)
    serving = Serving(desk)
    night = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
    first = serving._scheduler.get_job("push").trigger.get_next_fire_time(None, night)
    assert first == datetime(2026, 11, 24, 15, 0, tzinfo=UTC)  # 22:00 in Cà Mau
    runs(serving, "push")
    assert stage(desk, bulletin) is Stage.ARRIVED


def test_between_nights_the_clock_looks_by_itself_for_what_was_signed_late(desk, clock):
    bulletin = ready(desk)
    clock.at = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # 09:00; it airs at 17:00
    serving = Serving(desk)
    trigger = serving._scheduler.get_job("soon").trigger
    assert trigger.interval == timedelta(minutes=10)
    runs(serving, "soon")
    assert stage(desk, bulletin) is Stage.ARRIVED


def test_bytes_that_changed_in_the_store_are_never_signed(desk):
    bulletin = taken(desk)
    (master,) = bulletins.render(desk, bulletin)
    with desk.store.get(master.digest).open("ab") as sound:
        sound.write(b"0")
    with pytest.raises(StoreDamaged):
        approvals.approve(desk, bulletin, "Người duyệt")
    assert desk.ledger.facts(bulletin.id, Happened.APPROVED) == []


def test_an_editor_is_told_of_silence_that_was_cut_off_a_recording(desk):
    import numpy as np
    import soundfile

    quiet = np.zeros(48000, np.float32)
    speaking = np.random.default_rng(1).uniform(-0.1, 0.1, 72000).astype(np.float32)
    soundfile.write(desk.config.scripts / "ghi.wav", np.concatenate([quiet, speaking, quiet]), 24000)
    (result,) = scripts.sweep(desk, [desk.config.scripts / "ghi.wav"])
    bulletins.render(desk, result.bulletin)
    (fact,) = desk.ledger.facts(result.bulletin.id, Happened.MASTERED)
    assert fact.detail["notes"] == ["ghi: đã cắt 3,8 giây im lặng ở đầu và cuối"]


def test_a_script_without_a_title_is_listed_by_its_file_and_its_name_is_not_spoken(desk):
    bulletin = taken(desk, "Hôm nay bà con ra đồng từ sớm.\n\nTrời nắng đẹp cả ngày.\n", "tin_final-v2.txt")
    assert bulletin.title == "tin final v2"
    bulletins.render(desk, bulletin)
    (text,) = desk.config.bulletins.rglob("*.txt")
    heard = text.read_text("utf-8-sig")
    assert "final" not in heard
    assert heard.startswith("Mời bà con nghe bản tin ngày hai mươi bốn tháng mười một")


def test_one_sentence_is_heard_alone_and_found_again_by_the_render(desk, tmp_path):
    bulletin = taken(desk)
    found = preview.sentences(desk, bulletin)
    assert [s.text for s in found][1:3] == ["Câu thứ nhất của bản tin.", "Câu thứ hai của bản tin."]
    assert "Mời bà con nghe" in found[0].text
    take = preview.hear(desk, bulletin, found[2], tmp_path / "hai.wav")
    assert (tmp_path / "hai.wav").read_bytes() == desk.store.get(take.audio).read_bytes()
    bulletins.render(desk, bulletin)
    (fact,) = desk.ledger.facts(bulletin.id, Happened.VOICED)
    assert fact.detail["voiced"] == fact.detail["takes"] - 1


def test_other_words_are_tried_in_the_place_of_a_sentence(desk, tmp_path):
    bulletin = taken(desk)
    first = preview.sentences(desk, bulletin)[1]
    said = preview.hear(desk, bulletin, first, tmp_path / "a.wav")
    other = preview.reworded(desk, bulletin, first, "Ngày 5/8, UBND xã họp với bà con ở các ấp ven biển.")
    assert other.text.startswith("Ngày năm tháng tám, ủy ban nhân dân xã")
    tried = preview.hear(desk, bulletin, other, tmp_path / "b.wav")
    assert tried.seconds > said.seconds * 1.5
    assert not desk.ledger.facts(bulletin.id, Happened.READ)


def test_the_ledger_knows_who_spoke_each_sentence_and_why_not_the_first_voice(desk):
    with_online(desk, mute=["vi-nữ", "vi-nam"])
    bulletin = taken(desk)
    assert preview.speakers(desk, bulletin, preview.sentences(desk, bulletin)) == [""] * 5
    bulletins.render(desk, bulletin)
    said = bulletins.spoken_by(desk, bulletin)
    assert [sentence.text for sentence, _ in said][1:3] == ["Câu thứ nhất của bản tin.", "Câu thứ hai của bản tin."]
    assert {(take.engine, take.voice) for _, take in said} == {("espeak", "vi-bac")}
    assert all(take.audio in desk.store for _, take in said)
    assert preview.speakers(desk, bulletin, preview.sentences(desk, bulletin)) == ["espeak vi-bac"] * 5
    fallbacks, tell = bulletins.fallbacks(desk, bulletin)
    for fallback, voice in zip(fallbacks, ("vi-nữ", "vi-nam"), strict=True):
        assert fallback.startswith(f"vi: espeak vi-bac đọc thay online {voice} (V-104")
    assert tell == []


def test_where_the_first_voice_speaks_nobody_is_told_of_another(desk):
    with_online(desk)
    bulletin = taken(desk)
    bulletins.render(desk, bulletin)
    assert bulletins.fallbacks(desk, bulletin) == ([], [])


def test_a_paragraph_that_an_announcer_read_airs_and_its_text_is_kept(desk):
    from pipeline.newsroom.voicing import say

    text = "Tiêu đề: Tin\n\nCâu mở đầu ở đây.\n\nĐoạn do người đọc, có ngày 5/8.\n\nCâu cuối ở đây.\n"
    say(desk, "Giọng của phát thanh viên đọc đoạn hai.", Language.VI, desk.config.scripts / "tin đoạn 2.wav")
    bulletin = taken(desk, text)
    bulletins.render(desk, bulletin)
    spoken_now = [sentence.text for sentence, _ in bulletins.spoken_by(desk, bulletin)]
    assert "Câu mở đầu ở đây." in spoken_now
    assert not any("phát thanh" in s or "người đọc" in s for s in spoken_now)
    (transcript,) = desk.config.bulletins.rglob("*.txt")
    lines = transcript.read_text("utf-8-sig").splitlines()
    start = lines.index("Câu mở đầu ở đây.")
    assert lines[start : start + 3] == ["Câu mở đầu ở đây.", "Đoạn do người đọc, có ngày 5/8.", "Câu cuối ở đây."]


def test_an_engine_that_does_not_load_leaves_the_language_to_the_next_one(desk):
    class Unloadable(Online):
        @property
        def version(self):
            raise EngineUnavailable(engine="online", reason="x", how="y")

        @version.setter
        def version(self, _):
            """Only to be overridden."""

    object.__setattr__(desk, "engines", {**desk.engines, "edge": (Unloadable(desk.engines["embedded"][0]),)})
    bulletin = taken(desk)
    bulletins.render(desk, bulletin)
    (fact,) = desk.ledger.facts(bulletin.id, Happened.VOICED)
    assert set(fact.detail["engines"]) == {"espeak"}


def test_a_draft_voice_of_any_engine_makes_a_draft(desk):
    online = with_online(desk)
    online.voices = tuple(replace(voice, draft=True) for voice in online.voices)
    bulletin = taken(desk)
    bulletins.render(desk, bulletin)
    assert status_of(desk.ledger.facts(bulletin.id)).draft


def test_two_previews_into_one_file_leave_a_whole_one(desk, tmp_path):
    import threading
    import wave

    bulletin = taken(desk)
    found = preview.sentences(desk, bulletin)
    out, stop, broken = tmp_path / "p.wav", threading.Event(), []
    preview.hear(desk, bulletin, found[0], out)

    def read():
        while not stop.is_set():
            try:
                with wave.open(str(out)) as take:
                    take.readframes(take.getnframes())
            except (EOFError, wave.Error, OSError) as fault:
                broken.append(fault)

    reader = threading.Thread(target=read)
    reader.start()
    writers = [
        threading.Thread(target=lambda s=s: [preview.hear(desk, bulletin, s, out) for _ in range(40)]) for s in found
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    stop.set()
    reader.join()
    assert broken == []
    assert [file.name for file in tmp_path.iterdir() if file.name.endswith(".part")] == []


def test_a_disk_that_fills_while_a_take_is_written_leaves_no_half_and_the_next_run_goes_on(desk, monkeypatch):
    from pipeline.voices import wav

    write, written = wav.write, []

    def full(sound, out):
        if len(written) >= 2:
            with wav.whole(out) as part:
                part.write_bytes(b"RIFF")
                raise OSError(28, "No space left on device")
        written.append(out)
        write(sound, out)

    monkeypatch.setattr(wav, "write", full)
    bulletin = taken(desk)
    for _ in range(2):
        with pytest.raises(DiskFull) as caught:
            bulletins.render(desk, bulletin)
    assert caught.value.fields["where"] == str(desk.store.folder.absolute())
    assert stage(desk, bulletin) is Stage.HELD
    assert len(desk.ledger.facts(bulletin.id, Happened.HELD)) == 1  # the same reason is told once
    assert [p for p in desk.store.folder.rglob("*") if p.is_file() and p.read_bytes() == b"RIFF"] == []
    monkeypatch.undo()
    bulletins.render(desk, bulletin)
    (fact,) = desk.ledger.facts(bulletin.id, Happened.VOICED)
    assert fact.detail["voiced"] == fact.detail["takes"] - 2


@pytest.fixture
def tiny_disk(tmp_path):
    """A folder on a disk of 64 MB."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    (tmp_path / "disk").mkdir()
    mount = ["/usr/bin/env", "mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(tmp_path / "disk")]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this machine does not let us mount a small disk")
    yield tmp_path / "disk"
    subprocess.run(["/usr/bin/env", "umount", "--lazy", str(tmp_path / "disk")], check=True)


@pytest.mark.parametrize("free", [0, 200_000, 600_000])
def test_on_a_full_disk_every_bulletin_is_told_and_made_once_there_is_room(folder, clock, tiny_disk, free):
    with open_desk(folder, clock, state=f'"{tiny_disk}"') as desk:
        lines = "\n\n".join(f"Đoạn số {n} của bản tin hôm nay." for n in range(30))
        made = [
            taken(desk, f"Tiêu đề: Tin {name}\nNhạc hiệu: không\n\n{lines}\n\nTin {name}.\n", f"{name}.txt")
            for name in "ab"
        ]
        with (tiny_disk / "filler").open("wb") as filler:
            os.posix_fallocate(filler.fileno(), 0, shutil.disk_usage(tiny_disk).free - free)
        problems = [problem for _, problem in bulletins.render_new(desk)]
        assert [problem.code for problem in problems] == ["L-104", "L-104"]
        assert all(str(tiny_disk) in problem.message.vi for problem in problems)
        held = desk.ledger.facts(happened=Happened.HELD)
        (tiny_disk / "filler").unlink()
        assert all(problem is None for _, problem in bulletins.render_new(desk, held_too=True))
        assert {stage(desk, bulletin) for bulletin in made} == {Stage.WAITING}
        assert {fact.detail["code"] for fact in held} <= {"L-104"}


@pytest.mark.parametrize(
    ("text", "voice", "problem"),
    [("…!?", "vi-bac", NothingToSay), ("a", "vi-bac", None), ("ក", "km-thu", None), ("ក", "vi-bac", TextLost),
     ("một\x00hai\x01ba", "vi-bac", None), ("a" * 20_000, "vi-bac", None)],
)  # fmt: skip
def test_bad_input_is_refused_or_spoken_whole(desk, text, voice, problem, tmp_path):
    engine = desk.engines["embedded"][0 if voice.startswith("vi") else 1]
    if problem:
        with pytest.raises(problem):
            engine.speak(text, voice, tmp_path / "a.wav")
        assert list(tmp_path.glob("*.wav")) == []
    else:
        engine.speak(text, voice, tmp_path / "a.wav")
        assert (tmp_path / "a.wav").stat().st_size > 5_000


def test_a_new_row_of_the_dictionary_voices_only_the_sentences_that_it_changes(folder, clock):
    text = "Tiêu đề: Tin\n\nXã có chốt KXZ mới.\n\nBà con chú ý.\n\nTrời nắng.\n"
    with open_desk(folder, clock) as desk:
        bulletin = taken(desk, text)
        bulletins.render(desk, bulletin)
    (folder / "tu-dien.tsv").write_text("key\tspoken\nKXZ\tkhu xử lý\n", "utf-8")
    with open_desk(folder, clock) as desk:
        bulletins.render(desk, bulletin)
        first, second = voiced(desk, bulletin)
        assert first > 3
        assert second == 1
        assert any("khu xử lý" in sentence.text for sentence, _ in bulletins.spoken_by(desk, bulletin))


def test_what_of_the_title_is_not_read_is_noted_with_the_bulletin(folder, clock):
    with open_desk(folder, clock) as desk:
        bulletin = taken(desk, "Tiêu đề: Họp 🎉 dân\n\nBà con chú ý.\n")
        bulletins.render(desk, bulletin)
        assert [note.about for note in bulletins.reading_of(desk, bulletin).notes] == ["🎉"]
        (read,) = desk.ledger.facts(bulletin.id, Happened.READ)
        assert read.detail["notes"] == ["🎉: ký hiệu này không đọc được nên bỏ qua"]


def test_no_word_is_said_otherwise_unless_it_is_known_who_taught_it(desk, monkeypatch):
    file = desk.config.dictionary
    announcers.teach(desk, "KXZ", "khu xử lý", "Phòng")
    before = file.read_bytes()

    def cut(*_: object, **__: object) -> None:
        raise OSError("power")

    with monkeypatch.context() as power:
        power.setattr(desk.ledger, "record", cut)
        with pytest.raises(OSError, match="power"):
            announcers.teach(desk, "KXZ", "kho xăng", "Phòng")
    assert file.read_bytes() == before
    with monkeypatch.context() as power:
        power.setattr(Path, "replace", cut)
        with pytest.raises(OSError, match="power"):
            announcers.teach(desk, "KXZ", "kho xăng", "Phòng")
    assert file.read_bytes() == before
    assert [fact.detail["spoken"] for fact in desk.ledger.facts(happened=Happened.TAUGHT)] == ["khu xử lý", "kho xăng"]
    assert list(file.parent.glob(".*.part")) == []


def test_a_bulletin_made_again_waits_for_its_signature_only_where_its_bytes_changed(folder, clock):
    text = "Tiêu đề: Tin\n\nXã có chốt KXZ mới.\n\nBà con chú ý.\n"
    with open_desk(folder, clock) as desk:
        bulletin = taken(desk, text)
        bulletins.render(desk, bulletin)
        approvals.approve(desk, bulletin, "Phòng")
        bulletins.redo(desk, bulletin)
        assert stage(desk, bulletin) is Stage.APPROVED
    (folder / "tu-dien.tsv").write_text("key\tspoken\nKXZ\tkhu xử lý\n", "utf-8")
    with open_desk(folder, clock) as desk:
        bulletins.redo(desk, bulletin)
        assert stage(desk, bulletin) is Stage.WAITING
        assert voiced(desk, bulletin)[1:] == [0, 1]
        approvals.withdraw(desk, bulletin, "Phòng")
        with pytest.raises(AlreadyWithdrawn):
            bulletins.redo(desk, bulletin)


def test_ctrl_c_in_the_middle_of_voicing_leaves_no_half_file_and_the_next_run_goes_on(folder, clock):
    (folder / "scripts" / "tin.txt").write_text(
        "Tiêu đề: Tin dài\n\n" + "\n\n".join(f"Đoạn số {n} của bản tin dài này." for n in range(60)), "utf-8"
    )
    with open_desk(folder, clock) as desk:
        scripts.sweep(desk, [folder / "scripts" / "tin.txt"])
    code = (
        "import os, signal, sys; from pathlib import Path; from pipeline import config, wiring\n"
        "from pipeline.newsroom import bulletins\n"
        "def progress(step, done, total):\n"
        "    if step == 'voice' and done == 20: os.kill(os.getpid(), signal.SIGINT)\n"
        "with wiring.open_desk(config.load(Path(sys.argv[1])), progress=progress) as desk:\n"
        "    bulletins.render(desk, desk.ledger.bulletins()[0])\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder)], check=False, capture_output=True, text=True)
    assert "KeyboardInterrupt" in done.stderr
    with open_desk(folder, clock) as desk:
        assert [p.name for p in desk.store.folder.rglob("*") if ".part" in p.name] == []
        (bulletin,) = desk.ledger.bulletins()
        bulletins.render(desk, bulletin)
        (fact,) = desk.ledger.facts(bulletin.id, Happened.VOICED)
        assert 0 < fact.detail["voiced"] <= fact.detail["takes"] - 15


def test_ctrl_c_while_several_bulletins_are_made_holds_none_of_them(folder, clock):
    for n in range(4):
        lines = "\n\n".join(f"Đoạn số {k} của bản tin thứ {n} hôm nay." for k in range(150 if n else 1))
        (folder / "scripts" / f"tin {n}.txt").write_text(f"Tiêu đề: Tin {n}\n\n{lines}", "utf-8")
    with open_desk(folder, clock) as desk:
        scripts.sweep(desk, sorted((folder / "scripts").glob("*.txt")))
    code = (
        "import os, signal, sys, threading, time; from pathlib import Path; from pipeline import config, wiring\n"
        "from pipeline.newsroom import bulletins\n"
        "os.sched_getaffinity = lambda _: set(range(4))\n"
        "seen = []\n"
        "def progress(step, done, total):\n"
        "    aside = threading.current_thread() is not threading.main_thread()\n"
        "    if step == 'voice' and aside: seen.append(done)\n"
        "    if len(seen) == 60: os.kill(os.getpid(), signal.SIGINT)\n"
        "try:\n"
        "    with wiring.open_desk(config.load(Path(sys.argv[1])), progress=progress) as desk:\n"
        "        bulletins.render_new(desk)\n"
        "finally:\n"
        "    time.sleep(1)  # whatever still runs has its chance\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder)], check=False, capture_output=True, text=True)
    assert done.stderr.rstrip().endswith("KeyboardInterrupt")
    with open_desk(folder, clock) as desk:
        assert desk.ledger.facts(happened=Happened.HELD) == []
        assert list((desk.store.folder / "tmp").iterdir()) == []
        stages = [stage(desk, bulletin) for bulletin in desk.ledger.bulletins()]
        assert stages.count(Stage.WAITING) == 1
        assert set(stages) <= {Stage.WAITING, Stage.RECEIVED, Stage.READ}


def test_what_its_tools_were_taken_from_is_not_held(desk):
    bulletin = taken(desk)
    desk.stop.set()
    for engine in desk.engines["embedded"]:
        engine.close()
    with pytest.raises(GivenUp):
        bulletins.render(desk, bulletin)
    assert desk.ledger.facts(bulletin.id, Happened.HELD) == []


@pytest.mark.parametrize("step", ["voice", "mix", "master"])
def test_work_that_is_given_up_ends_in_the_middle_of_any_stage(folder, clock, step):
    seen = []

    def progress(name, _done, _total):
        seen.append(name)
        if name == step:
            desk.stop.set()

    open_desk(folder, clock)  # writes the settings
    with wiring.open_desk(config.load(folder), now=clock, progress=progress) as desk:
        bulletin = taken(desk)
        with pytest.raises(GivenUp):
            bulletins.render(desk, bulletin)
        assert seen[-1] == step
        assert {fact.happened for fact in desk.ledger.facts(bulletin.id)} <= {
            Happened.RECEIVED, Happened.READ, Happened.VOICED,
        }  # fmt: skip


def test_a_wish_for_a_womans_voice_is_understood_where_there_is_none(desk):
    bulletin = taken(desk, "Tiêu đề: Tin\nGiọng: nữ\n\nBà con chú ý.\n")
    bulletins.render(desk, bulletin)
    assert {take.voice for _, take in bulletins.spoken_by(desk, bulletin)} == {"vi-bac"}


@pytest.mark.parametrize(
    ("wish", "text", "reader"),
    [("km-thu", "Bà con chú ý.", "vi-bac"), ("vi-nam", "Bà con chú ý.", ""), ("nữ", "Bà con chú ý.", ""),
     ("km-thu", "Bà con chú ý.\n\nសូមបងប្អូនស្តាប់ព័ត៌មាន។", "")],
)  # fmt: skip
def test_an_editor_is_told_of_a_wished_voice_that_reads_none_of_the_script(desk, wish, text, reader):
    bulletin = taken(desk, f"Tiêu đề: Tin\nGiọng: {wish}\n\n{text}\n")
    bulletins.render(desk, bulletin)
    told = [note.message for note in bulletins.reading_of(desk, bulletin).notes if note.about == wish]
    assert [reader in message for message in told] == ([True] if reader else [])


@pytest.mark.parametrize(("wish", "near"), [("vi-namm", "vi-nam"), ("km thử", "km-thu")])
def test_a_wish_for_a_voice_that_nobody_has_names_the_nearest(desk, wish, near):
    file = desk.config.scripts / "tin.txt"
    file.write_text(f"Tiêu đề: Tin\nGiọng: {wish}\n\nBà con chú ý.\n", "utf-8")
    (refused,) = scripts.sweep(desk, [file])
    assert refused.problem.next_step.vi.startswith(f"viết như: {near} (")


def test_a_draft_is_not_made_again_where_no_better_voice_can_come(folder, clock):
    with open_desk(folder, clock, embedded_may_air="false") as desk:
        bulletin = taken(desk)
        bulletins.render(desk, bulletin)
        assert bulletins.render_new(desk, held_too=True) == []
        with_online(desk)
        assert [made.id for made, _ in bulletins.render_new(desk, held_too=True)] == [bulletin.id]


def test_stings_part_items_and_nothing_else(desk):
    text = "Tiêu đề: Tin\n\n***\n\nTin thứ nhất.\n\n* * *\n\n***\n\nTin thứ hai.\n\n[nhạc cắt]\n\nTin thứ ba.\n\n***\n"
    bulletin = taken(desk, text)
    bulletins.render(desk, bulletin)
    (file,) = desk.config.bulletins.rglob("*.json")
    drawn = json.loads(file.read_text("utf-8"))
    kinds = [part["kind"] for part in drawn["parts"]]
    assert kinds == ["ident", "opening", "speech", "sting", "speech", "sting", "speech", "closing"]
    (lines,) = desk.config.bulletins.rglob("*.txt")
    assert "*" not in lines.read_text("utf-8-sig")


def test_captions_and_figures_stand_beside_a_bulletin_and_agree_with_its_ledger(desk):
    bulletin = taken(desk)
    (master,) = bulletins.render(desk, bulletin)
    files = {
        file.suffix: file
        for file in desk.config.bulletins.rglob("*.*")
        if file.is_file() and ".state" not in file.parts
    }
    assert set(files) == {".mp3", ".txt", ".png", ".json", ".vtt", ".srt"}
    drawn = json.loads(files[".json"].read_text("utf-8"))
    assert drawn["integrated_lufs"] == round(master.loudness.integrated, 2)
    assert drawn["reduction_db"] == round(master.reduction, 1)
    assert len(drawn["peaks"]) == pytest.approx(master.seconds * 10, abs=3)
    vtt = files[".vtt"].read_text("utf-8")
    assert vtt.startswith("WEBVTT")
    assert "Câu thứ hai của bản tin." in vtt
    (found,) = bulletins.masters(desk, bulletin).values()
    assert found.reduction == pytest.approx(master.reduction, abs=0.1)
    assert found.suffix == ".mp3"


def test_a_station_that_wants_another_format_gets_its_own_file(folder, clock):
    rows = "".join(
        f"CM-{n},{n},Trạm {n},folder,{folder}/tram{n},{profile}\n" for n, profile in ((1, "loa-xa"), (2, "phong-thu"))
    )
    (folder / "stations.csv").write_text("code,commune,name,transport,folder,profile\n" + rows, "utf-8")
    for name in ("tram1", "tram2"):
        (folder / name).mkdir()
    with open_desk(folder, clock) as desk:
        bulletin = taken(desk)
        made = bulletins.render(desk, bulletin)
        assert {m.profile: m.suffix for m in made} == {"loa-xa": ".mp3", "phong-thu": ".wav"}
        approvals.approve(desk, bulletin, "Phòng")
        plan.plan(desk, bulletin)
        assert not push.push(desk, "").failed
    assert {file.suffix for file in (folder / "tram1").glob("2026*") if file.suffix in {".mp3", ".wav"}} == {".mp3"}
    assert {file.suffix for file in (folder / "tram2").glob("2026*") if file.suffix in {".mp3", ".wav"}} == {".wav"}


def test_a_recording_is_mended_and_its_editor_told(desk):
    import numpy as np
    import soundfile

    rng = np.random.default_rng(1)
    noise = rng.uniform(-0.3, 0.3, 24_000 * 6) * np.repeat(rng.uniform(0.05, 1, 48), 3000)
    hum = 0.02 * np.sin(2 * np.pi * 50 * np.arange(len(noise) * 2 + 24_000 * 8) / 24_000)
    hum += 0.02 * np.sin(2 * np.pi * 100 * np.arange(len(hum)) / 24_000)
    sound = np.concatenate([noise, np.zeros(24_000 * 8), noise]) + hum
    file = desk.config.scripts / "phong van.wav"
    soundfile.write(file, sound, 24_000)
    (taken_in,) = scripts.sweep(desk, [file])
    bulletins.render(desk, taken_in.bulletin)
    notes = desk.ledger.facts(taken_in.bulletin.id, Happened.MASTERED)[-1].detail["notes"]
    assert any("50 Hz" in note for note in notes)
    assert any("rút ngắn khoảng lặng" in note for note in notes)  # which the hum had filled
    (master,) = bulletins.masters(desk, taken_in.bulletin).values()
    assert master.seconds < 12 + 4 + 5


def test_a_missing_ident_names_what_there_is(desk):
    bulletin = taken(desk, "Tiêu đề: Tin\nNhạc hiệu: khong-co.wav\n\nMột câu.\n")
    with pytest.raises(PipelineError) as caught:
        bulletins.render(desk, bulletin)
    assert caught.value.code == "C-104"
    assert "song-nuoc" in caught.value.next_step.vi
    bulletin = taken(desk, "Tiêu đề: Tin\nNhạc hiệu: Sông nước\n\nMột câu.\n", "hai.txt")
    assert bulletins.render(desk, bulletin)


def test_a_bulletin_made_in_another_format_leaves_no_sound_of_the_one_before(folder, clock):
    with open_desk(folder, clock) as desk:
        bulletin = taken(desk)
        bulletins.render(desk, bulletin)
    settings = (folder / "config.toml").read_text("utf-8")
    (folder / "config.toml").write_text(settings.replace('codec = "mp3"', 'codec = "wav"'), "utf-8")
    with wiring.open_desk(config.load(folder), now=clock) as desk:
        bulletins.redo(desk, bulletin)
        sounds = [file.suffix for file in desk.config.bulletins.rglob("*_vi.*")]
        assert ".wav" in sounds
        assert ".mp3" not in sounds


def test_several_bulletins_rendered_side_by_side_are_those_made_one_by_one(folder, clock):
    texts = {f"tin {n}.txt": f"Tiêu đề: Tin {n}\n\nCâu chung của các bản.\n\nCâu riêng số {n}.\n" for n in range(6)}
    made = []
    for cores in (1, 4):
        with pytest.MonkeyPatch.context() as patch, open_desk(folder, clock, state=f'"state{cores}"') as desk:
            patch.setattr("os.sched_getaffinity", lambda _pid, cores=cores: set(range(cores)))
            for name, text in texts.items():
                taken(desk, text, name)
            found = bulletins.render_new(desk)
            assert [problem for _, problem in found] == [None] * 6
            made.append({b.title: bulletins.masters(desk, b)["loa-xa"].digest for b, _ in found})
    assert made[0] == made[1]
    assert len(set(made[0].values())) == 6


def test_a_recording_of_nothing_but_rumble_is_held_under_its_own_name(desk):
    import numpy as np
    import soundfile

    file = desk.config.scripts / "tieng u.wav"
    soundfile.write(file, 0.05 * np.sin(2 * np.pi * 10 * np.arange(24_000 * 5) / 24_000), 24_000)
    (taken_in,) = scripts.sweep(desk, [file])
    with pytest.raises(PipelineError) as caught:
        bulletins.render(desk, taken_in.bulletin)
    assert caught.value.code in {"S-101", "S-102"}
    assert "rf64" not in caught.value.message.vi
