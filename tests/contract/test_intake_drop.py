"""The drop folder: what is taken when, what belongs together, and that nothing is ever lost."""

import hashlib
import os
import threading
import time
import unicodedata
import wave
from contextlib import suppress
from pathlib import Path

import docx
import pytest

from pipeline.core.errors import (
    MissingRecording,
    ScriptRefused,
    StillGrowing,
    TooLarge,
    UnknownFormat,
    UnknownHeadKey,
    UnreadableScript,
)
from pipeline.core.model import Language, Paragraph, RecordingMark
from pipeline.intake import drop, moves
from pipeline.intake.settling import Sightings, scan

MONTH = "2026-11"
SENTENCE = "Trạm y tế xã Đất Mũi tiêm vắc-xin sởi cho trẻ em."


@pytest.fixture
def scripts(tmp_path):
    folder = tmp_path / "scripts"
    folder.mkdir()
    return folder


def text(folder: Path, name: str, written: str = SENTENCE) -> Path:
    (folder / name).write_text(written, "utf-8")
    return folder / name


def sound(folder: Path, name: str, level: int = 1) -> Path:
    folder.mkdir(exist_ok=True)
    with wave.open(str(folder / name), "wb") as out:
        out.setparams((1, 2, 16000, 0, "NONE", ""))
        out.writeframes(bytes([0, level]) * 1600)
    return folder / name


def ready(folder: Path) -> list[str]:
    """What may be taken once everything has stood still."""
    seen = Sightings()
    drop.settled(folder, 5, seen, 0.0)
    return [path.name for path in drop.settled(folder, 5, seen, 5.0)]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


# --- settling --------------------------------------------------------------------------------------------------------


def test_a_file_is_taken_once_it_has_been_the_same_for_five_seconds(scripts):
    file, seen = text(scripts, "a.txt"), Sightings()
    os.utime(file, (1, 1))  # copied with its old date: that alone proves nothing
    assert drop.settled(scripts, 5, seen, 100.0) == []
    assert drop.settled(scripts, 5, seen, 104.9) == []
    assert drop.settled(scripts, 5, seen, 105.0) == [file]


def test_a_file_that_grows_starts_waiting_again_and_keeps_no_other_waiting(scripts):
    growing, other, seen = text(scripts, "a.txt"), text(scripts, "b.txt"), Sightings()
    drop.settled(scripts, 5, seen, 0.0)
    growing.write_text(SENTENCE * 2, "utf-8")
    assert drop.settled(scripts, 5, seen, 5.0) == [other]
    assert drop.settled(scripts, 5, seen, 10.0) == [growing, other]


def test_a_file_that_stays_empty_settles_and_is_then_refused(scripts):
    text(scripts, "a.txt", "")
    assert ready(scripts) == ["a.txt"]


def test_unfinished_hidden_and_lock_files_and_folders_below_are_left_alone(scripts):
    for name in ("~$a.docx", ".a.txt", "a.tmp", "b.txt.part", "c.wav.crdownload", "Thumbs.db", "a.docx.loi.txt"):
        text(scripts, name)
    for folder in ("mau", "da-nhan", "loi", "am-thanh"):
        (scripts / folder).mkdir()
        text(scripts / folder, "a.txt")
    text(scripts, "la.xyz")
    assert ready(scripts) == ["la.xyz"]


def test_a_file_that_vanishes_and_comes_back_waits_anew(scripts):
    file, seen = text(scripts, "a.txt"), Sightings()
    scan(scripts, 5, seen, 0.0)
    file.rename(scripts.parent / "a.txt")
    scan(scripts, 5, seen, 5.0)
    (scripts.parent / "a.txt").rename(file)
    assert scan(scripts, 5, seen, 6.0).still == ()


def test_a_file_that_grows_while_it_is_read_is_told_as_growing_even_if_its_start_is_wrong(scripts):
    file, stop = text(scripts, "a.docx", "PK\x03\x04 nửa tệp"), threading.Event()

    def write() -> None:
        with file.open("a") as out:
            while not stop.wait(0.01):
                out.write("x")
                out.flush()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with pytest.raises(StillGrowing) as caught:
            drop.take_in(file, recheck=0.3)
    finally:
        stop.set()
        writer.join()
    assert caught.value.retry
    with pytest.raises(UnreadableScript):
        drop.take_in(file, recheck=0.05)


def test_a_file_is_looked_at_again_before_it_is_believed(scripts):
    file = text(scripts, "a.txt")
    start = time.monotonic()
    drop.take_in(file, recheck=0.2)
    assert time.monotonic() - start >= 0.2


def test_a_file_that_is_not_there_is_refused_and_no_bug(scripts):
    for name in ("a.txt", "a.wav"):
        with pytest.raises(UnreadableScript):
            drop.take_in(scripts / name, recheck=0)


# --- identity --------------------------------------------------------------------------------------------------------


def test_the_same_bytes_under_two_names_are_the_same_script(scripts):
    one, two = (drop.take_in(text(scripts, name), recheck=0) for name in ("a.txt", "b.txt"))
    assert one.script.digest == two.script.digest == hashlib.sha256(SENTENCE.encode()).hexdigest()


def test_a_new_recording_under_an_old_text_is_a_new_script(scripts):
    text(scripts, "a.txt")
    digests = set()
    for level in (1, 2, 1):
        sound(scripts, "a.wav", level)
        digests.add(drop.take_in(scripts / "a.txt", recheck=0).script.digest)
    assert len(digests) == 2


def test_every_file_of_a_submission_has_the_digest_of_what_was_read(scripts):
    sound(scripts, "a.wav")
    sound(scripts / "am-thanh", "x.wav", 2)
    submission = drop.take_in(text(scripts, "a.txt", f"{SENTENCE}\n[ghi âm: x.wav]"), recheck=0)
    assert set(submission.files) == set(submission.digests) == {"a.txt", "a.wav", "x.wav"}
    for name, path in submission.files.items():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == submission.digests[name]
    assert submission.script.recording == submission.digests["a.wav"]
    assert submission.script.attachments == {"x.wav": submission.digests["x.wav"]}


# --- what belongs together -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", ["abc.docx", "abc.wav"])
def test_a_text_beside_a_recording_of_its_name_is_the_transcript_of_one_script(scripts, asked):
    document = docx.Document()
    document.add_paragraph(SENTENCE)
    document.save(str(scripts / "abc.docx"))
    sound(scripts, "abc.wav")
    script = drop.take_in(scripts / asked, recheck=0).script
    assert script.name == "abc.docx"
    assert script.recording == hashlib.sha256((scripts / "abc.wav").read_bytes()).hexdigest()
    assert [p.text for p in script.body if isinstance(p, Paragraph)] == [SENTENCE]


def test_a_recording_of_a_texts_name_that_a_mark_places_is_not_the_whole_bulletin(scripts):
    sound(scripts, "abc.wav")
    script = drop.take_in(text(scripts, "abc.txt", f"{SENTENCE}\n[ghi âm: abc.wav]"), recheck=0).script
    assert script.recording is None
    assert set(script.attachments) == {"abc.wav"}


@pytest.mark.parametrize("mark", ["Phỏng vấn.wav", "PHỎNG VẤN.WAV", "Phỏng vấn"])
def test_a_mark_finds_its_recording_however_the_name_is_composed(scripts, mark):
    sound(scripts, unicodedata.normalize("NFD", "Phỏng vấn.wav"))
    script = drop.take_in(text(scripts, "a.txt", f"[ghi am: {mark}]"), recheck=0).script
    assert set(script.attachments) == {mark}


@pytest.mark.parametrize("mark", ["x.wav", "../x.wav", "/etc/passwd"])
def test_a_recording_that_is_not_beside_its_script_is_told_and_not_looked_for_elsewhere(scripts, mark):
    sound(scripts.parent, "x.wav")
    with pytest.raises(MissingRecording) as caught:
        drop.take_in(text(scripts, "a.txt", f"{SENTENCE} [ghi âm: {mark}]"), recheck=0)
    assert caught.value.fields == {"name": "a.txt", "recording": mark}


def test_two_recordings_of_a_texts_name_are_told_because_only_one_can_air(scripts):
    sound(scripts, "a.wav")
    sound(scripts, "a.flac")
    with pytest.raises(ScriptRefused, match="several"):
        drop.take_in(text(scripts, "a.txt"), recheck=0)


def test_only_the_text_is_offered_where_recordings_belong_to_it(scripts):
    text(scripts, "b.txt", f"{SENTENCE} [ghi âm: a.wav]")
    for name in ("a.wav", "b.mp3", "c.wav"):
        sound(scripts, name)
    assert ready(scripts) == ["b.txt", "c.wav"]


def test_a_text_waits_for_its_recording_to_be_copied(scripts):
    seen = Sightings()
    text(scripts, "a.txt", f"{SENTENCE} [ghi âm: x.wav]")
    text(scripts, "b.txt")
    drop.settled(scripts, 5, seen, 0.0)
    sound(scripts, "x.wav")
    assert [p.name for p in drop.settled(scripts, 5, seen, 5.0)] == ["b.txt"]
    assert [p.name for p in drop.settled(scripts, 5, seen, 10.0)] == ["a.txt", "b.txt"]


def test_a_recording_waits_while_a_text_that_may_name_it_is_written(scripts):
    seen = Sightings()
    sound(scripts, "x.wav")
    drop.settled(scripts, 5, seen, 0.0)
    text(scripts, "a.txt", f"{SENTENCE} [ghi âm: x.wav]")
    assert drop.settled(scripts, 5, seen, 5.0) == []
    assert [p.name for p in drop.settled(scripts, 5, seen, 10.0)] == ["a.txt"]


# --- where it goes ---------------------------------------------------------------------------------------------------


def test_what_was_taken_in_moves_together_and_what_is_shared_stays(scripts):
    sound(scripts, "a.wav")
    sound(scripts / "am-thanh", "x.wav")
    submission = drop.take_in(text(scripts, "a.txt", f"{SENTENCE} [ghi âm: x.wav]"), recheck=0)
    before = contents(scripts)
    drop.accept(submission.files.values(), scripts, MONTH)
    assert set(contents(scripts)) == {"am-thanh/x.wav", f"da-nhan/{MONTH}/a.txt", f"da-nhan/{MONTH}/a.wav"}
    assert set(contents(scripts).values()) == set(before.values())
    assert ready(scripts) == []


def test_a_recording_that_two_texts_name_leaves_with_the_last_of_them(scripts):
    sound(scripts, "x.wav")
    for name in ("vi.txt", "km.txt"):
        text(scripts, name, f"{SENTENCE} {name} [ghi âm: x.wav]")
    for name, stays in (("vi.txt", True), ("km.txt", False)):
        drop.accept(drop.take_in(scripts / name, recheck=0).files.values(), scripts, MONTH)
        assert (scripts / "x.wav").exists() is stays
    assert len(contents(scripts / "da-nhan")) == 3


def test_a_name_that_is_taken_by_other_bytes_gets_a_number_and_nothing_is_written_over(scripts):
    for written in ("Tin một.", "Tin hai.", "Tin ba.", "Tin ba."):
        drop.accept([text(scripts, "a.txt", written)], scripts, MONTH)
    found = contents(scripts / "da-nhan" / MONTH)
    assert {name: data.decode() for name, data in found.items()} == {
        "a.txt": "Tin một.",
        "a (2).txt": "Tin hai.",
        "a (3).txt": "Tin ba.",
    }


def test_a_refused_file_lies_beside_a_note_in_vietnamese_that_says_why_and_what_to_do(scripts):
    file = text(scripts, "Bản tin.txt", f"Tiêu đề: Tin\nNoi nhna: tất cả\n\n{SENTENCE}")
    data = file.read_bytes()
    with pytest.raises(UnknownHeadKey) as caught:
        drop.take_in(file, recheck=0)
    (moved,) = drop.refuse([file], scripts, caught.value)
    assert moved == scripts / "loi" / "Bản tin.txt"
    assert moved.read_bytes() == data
    assert not file.exists()
    note = (scripts / "loi" / "Bản tin.txt.loi.txt").read_text("utf-8-sig")
    for said in ("I-105", "dòng 2", "“Noi nhna”", "có phải là “Nơi nhận”", "unknown key"):
        assert said in note
    assert note.index("Lý do") < note.index("Reason")


@pytest.mark.parametrize("asked", ["a.txt", "a.wav", "x.wav"])
def test_a_refused_script_takes_its_recordings_along_so_that_they_never_air_alone(scripts, asked):
    text(scripts, "a.txt", f"Tiêu đề: Tin\nNoi nhna: tất cả\n\n{SENTENCE} [ghi âm: x.wav]")
    sound(scripts, "a.wav")
    sound(scripts, "x.wav", 2)
    before = contents(scripts)
    with pytest.raises(UnknownHeadKey) as caught:
        drop.take_in(scripts / asked, recheck=0)
    drop.refuse([scripts / asked], scripts, caught.value)
    after = contents(scripts)
    assert {f"loi/{name}": data for name, data in before.items()}.items() <= after.items()
    assert set(after) == {"loi/a.txt", "loi/a.wav", "loi/x.wav", "loi/a.txt.loi.txt"}


def test_every_bad_file_ends_whole_in_loi_with_its_own_note_and_the_good_one_is_taken(scripts):
    bad = {
        "trong.txt": b"",
        "khac.docx": b"PK\x05\x06" + bytes(18),
        "rong.wav": b"",
        "chu.mp3": SENTENCE.encode(),
        "la.pdf": b"%PDF-1.7",
        "thieu.txt": "[ghi âm: khong-co.wav]".encode(),
        "ផ្សេង.txt": "Ngôn ngữ: tiếng Anh\n\nHello".encode(),
    }
    for name, data in bad.items():
        (scripts / name).write_bytes(data)
    text(scripts, "tot.txt")
    taken = []
    for name in ready(scripts):
        try:
            submission = drop.take_in(scripts / name, recheck=0)
        except ScriptRefused as problem:
            drop.refuse([scripts / name], scripts, problem)
        else:
            drop.accept(submission.files.values(), scripts, MONTH)
            taken.append(name)
    assert taken == ["tot.txt"]
    assert contents(scripts / "loi").keys() == {*bad, *(f"{name}.loi.txt" for name in bad)}
    assert {name: (scripts / "loi" / name).read_bytes() for name in bad} == bad
    assert ready(scripts) == []


def test_a_second_refused_file_of_the_same_name_does_not_replace_the_first_or_its_note(scripts):
    for written, problem in (("một", TooLarge(name="a.pdf", megabytes="9", most="2")),
                             ("hai", UnknownFormat(name="a.pdf", known=".txt"))):  # fmt: skip
        drop.refuse([text(scripts, "a.pdf", written)], scripts, problem)
    found = contents(scripts / "loi")
    assert set(found) == {"a.pdf", "a.pdf.loi.txt", "a (2).pdf", "a (2).pdf.loi.txt"}
    assert b"I-108" in found["a.pdf.loi.txt"]
    assert b"I-104" in found["a (2).pdf.loi.txt"]


class PowerCut(Exception):
    """The machine goes dark."""


@pytest.mark.parametrize("survives", range(6))
def test_a_power_cut_at_any_line_of_a_move_is_made_good_by_the_next_scan(scripts, monkeypatch, survives):
    text(scripts, "a.txt", f"{SENTENCE} [ghi âm: x.wav]")
    sound(scripts, "a.wav")
    sound(scripts, "x.wav", 2)
    before = contents(scripts)
    files = drop.take_in(scripts / "a.txt", recheck=0).files
    steps = 0

    def until_dark(step):
        def stepped(*args):
            nonlocal steps
            if steps == survives:
                raise PowerCut
            steps += 1
            return step(*args)

        return stepped

    with monkeypatch.context() as cut:
        for verb in ("rename", "replace", "unlink"):
            cut.setattr(Path, verb, until_dark(getattr(Path, verb)))
        with suppress(PowerCut):
            drop.accept(files.values(), scripts, MONTH)
    offered = ready(scripts)
    assert set(offered) <= {"a.txt"}  # no recording ever goes alone
    for name in offered:  # the ledger knows these bytes already
        drop.accept(drop.take_in(scripts / name, recheck=0).files.values(), scripts, MONTH)
    after = {name: data for name, data in contents(scripts).items() if not name.endswith(".tmp")}
    assert after == {f"da-nhan/{MONTH}/{name}": data for name, data in before.items()}


def test_a_newer_file_of_the_same_name_is_not_carried_off_by_an_old_order(scripts, monkeypatch):
    file = text(scripts, "a.txt", "Tin cũ.")

    def dark(*_):
        raise PowerCut

    with monkeypatch.context() as cut:
        cut.setattr(Path, "rename", dark)
        with pytest.raises(PowerCut):
            drop.accept([file], scripts, MONTH)
    text(scripts, "a.txt", "Tin mới hơn.")
    moves.finish(scripts)
    assert file.read_text("utf-8") == "Tin mới hơn."
    assert ready(scripts) == ["a.txt"]


# --- takes of single paragraphs --------------------------------------------------------------------------------------

THREE = "Tiêu đề: Tin xã\n\nĐoạn thứ nhất của bài.\n\nĐoạn thứ hai của bài.\n\nĐoạn thứ ba của bài.\n"


@pytest.mark.parametrize(
    "name", ["tin đoạn 2.wav", "tin-doan-2.wav", "Tin Đoạn 02.WAV", "tin_doan2.wav", "tin (đoạn 2).wav"]
)
def test_an_announcers_take_of_a_paragraph_airs_in_its_place_and_the_text_is_kept(scripts, name):
    sound(scripts, unicodedata.normalize("NFD", name))
    submission = drop.take_in(text(scripts, "tin.txt", THREE), recheck=0)
    first, take, last = submission.script.body
    assert isinstance(first, Paragraph)
    assert isinstance(last, Paragraph)
    assert take == RecordingMark(name, "Đoạn thứ hai của bài.", Language.VI)
    assert submission.script.attachments == {name: submission.digests[name]}
    assert submission.script.recording is None
    assert submission.script.languages == (Language.VI,)


def test_every_paragraph_may_be_read_by_an_announcer(scripts):
    for number in (1, 2, 3):
        sound(scripts, f"tin đoạn {number}.wav", number)
    script = drop.take_in(text(scripts, "tin.txt", THREE), recheck=0).script
    assert [p.name for p in script.body] == [f"tin đoạn {n}.wav" for n in (1, 2, 3)]
    assert script.languages == (Language.VI,)
    assert len(set(script.attachments.values())) == 3


def test_takes_go_with_their_text_and_never_alone(scripts):
    text(scripts, "tin.txt", THREE)
    sound(scripts, "tin đoạn 2.wav")
    assert ready(scripts) == ["tin.txt"]
    assert drop.take_in(scripts / "tin đoạn 2.wav", recheck=0).script.name == "tin.txt"
    drop.accept(drop.take_in(scripts / "tin.txt", recheck=0).files.values(), scripts, MONTH)
    assert set(contents(scripts)) == {f"da-nhan/{MONTH}/tin.txt", f"da-nhan/{MONTH}/tin đoạn 2.wav"}


@pytest.mark.parametrize("others", [["tin đoạn 4.wav"], ["tin đoạn 0.wav"], ["tin đoạn 2.wav", "tin-doan-2.wav"],
                                    ["tin đoạn 2.wav", "tin.wav"]])  # fmt: skip
def test_a_take_without_its_paragraph_or_two_for_one_is_refused_with_the_reason(scripts, others):
    for level, name in enumerate(others, start=1):
        sound(scripts, name, level)
    with pytest.raises(ScriptRefused, match=r"paragraph|several"):
        drop.take_in(text(scripts, "tin.txt", THREE), recheck=0)


def test_a_recording_with_a_text_of_its_own_name_is_that_texts(scripts):
    sound(scripts, "tin đoạn 2.wav")
    text(scripts, "tin đoạn 2.txt", SENTENCE)
    assert not drop.take_in(text(scripts, "tin.txt", THREE), recheck=0).script.attachments
    assert drop.take_in(scripts / "tin đoạn 2.txt", recheck=0).script.recording


@pytest.mark.parametrize("name", ["tin đoạn 2.wav", "ban-tin-doan-3.wav"])
def test_a_take_without_its_text_never_becomes_a_bulletin_of_its_own(scripts, name):
    with pytest.raises(ScriptRefused, match="its text is not here"):
        drop.take_in(sound(scripts, name), recheck=0)


@pytest.mark.parametrize("name", ["tập đoàn 2.wav", "doan thanh nien 26-3.wav", "ghi âm.wav"])
def test_other_recordings_are_bulletins_of_their_own(scripts, name):
    assert drop.take_in(sound(scripts, name), recheck=0).script.recording
