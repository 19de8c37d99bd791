"""The drop folder: what is ready to be taken in, what it says, and where it goes afterwards."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.core.errors import EmptyScript, MissingRecording, PipelineError, Says, ScriptRefused
from pipeline.core.model import Digest, Head, Paragraph, Passage, RecordingMark, Script, digest_of
from pipeline.intake import audio, body, formats, head, moves, pair, paper, settling
from pipeline.intake.manuscript import Line, nfc, tidy
from pipeline.intake.settling import Sightings, Watch

ACCEPTED, REFUSED = "da-nhan", "loi"
MOST = 200_000_000
"""Bytes of a file, where the caller does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A script and the files it came in, by name."""

    script: Script
    files: Mapping[str, Path]
    digests: Mapping[str, Digest]
    """What was read, by the same names. A file whose bytes no longer match has changed since."""


# --- what is ready ---------------------------------------------------------------------------------------------------


def settled(folder: Path, seconds: float, seen: Sightings, now: float) -> list[Path]:
    """The files of a drop folder that may be taken in now, texts first; see `settling.scan` for when one stands still.

    A text waits until all its recordings stand still. A recording that belongs to a text is not named by itself, and
    none is named while any text is still being written, since it may turn out to belong to that text.
    Moves that a power cut interrupted are finished first.
    """
    moves.finish(folder)
    found = settling.scan(folder, seconds, seen, now)
    texts = {path: pair.belongings(path) for path in found.still if formats.is_text(path)}
    owned = {recording for recordings in texts.values() for recording in recordings}
    ready = [text for text, recordings in texts.items() if set(recordings) <= set(found.still)]
    rest = [path for path in found.still if path not in texts and path not in owned]
    return [*ready, *(path for path in rest if not (formats.is_sound(path) and _may_be_owned(path, found)))]


def _may_be_owned(recording: Path, found: settling.Scan) -> bool:
    """Whether a text that cannot be read yet may claim a recording."""
    held = {nfc(path.stem).casefold() for path in found.held if formats.is_text(path)}
    return any(map(formats.is_text, found.moving)) or nfc(recording.stem).casefold() in held


# --- what it says ----------------------------------------------------------------------------------------------------


def take_in(path: Path, *, max_bytes: int = MOST, recheck: float = 0.2) -> Submission:
    """Read a text or recording, with the recordings that belong to it. Nothing is moved or written.

    A recording that belongs to a text beside it gives the submission of that text. The digest of a script that comes
    alone is that of its bytes; with recordings it is made of the digests of all its files, so that a new recording
    under an old text is a new script.

    Args:
        path: The file.
        max_bytes: Larger files are refused; texts have smaller caps of their own.
        recheck: Seconds for which every file read must look the same.

    Raises:
        StillGrowing: a file changed meanwhile.
        ScriptRefused: any other reason; each has a class of its own.
    """
    formats.check_known(path)
    with settling.watched(recheck) as watch:
        watch.add(path)
        owner = (formats.is_sound(path) and pair.owner_of(path)) or path
        return _text(owner, max_bytes, watch) if formats.is_text(owner) else _recording(owner, max_bytes, watch)


def _recording(path: Path, most: int, watch: Watch) -> Submission:
    name, digest = nfc(path.name), _sound(path, most, watch)
    if pair.is_take(path):
        reason = Says(
            "đây là bản ghi một đoạn mà không thấy bài của nó; thả lại cả bài cùng bản ghi, rút bản tin cũ nếu có",
            "it is a take of a paragraph and its text is not here; drop text and take together, withdraw the old one",
        )
        raise ScriptRefused(name=name, reason=reason)
    script = Script(digest=digest, name=name, head=Head(), body=(), recording=digest)
    return Submission(script=script, files={name: path}, digests={name: digest})


def _text(path: Path, most: int, watch: Watch) -> Submission:
    name = nfc(path.name)
    watch.add(path)
    formats.check_size(path, most)
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise formats.unopened(path) from problem
    manuscript = formats.read(data, name)
    lines = manuscript.lines
    airs = _one(pair.recordings_of(path, lines), name)
    script = _script(lines, digest_of(data), name, with_sound=bool(airs))
    marked = _marked(script.body, path)
    takes = {number: _one(found, name) for number, found in pair.takes_of(path, lines).items()}
    script, taken = _with_takes(script, {number: found[0] for number, found in takes.items()}, whole=bool(airs))
    marked |= taken
    files = {name: path, **{nfc(sound.name): sound for sound in (*airs, *marked.values())}}
    digests = {nfc(sound.name): _sound(sound, most, watch) for sound in (*airs, *marked.values())}
    script = replace(
        script,
        digest=_identity(script.digest, digests),
        notices=manuscript.notices,
        recording=digests[nfc(airs[0].name)] if airs else None,
        attachments={mark: digests[nfc(sound.name)] for mark, sound in marked.items()},
    )
    return Submission(script=script, files=files, digests={name: digest_of(data), **digests})


def _script(lines: Sequence[Line], digest: Digest, name: str, *, with_sound: bool) -> Script:
    """What the words of a text say, before its recordings are looked at."""
    top, end = head.read([line.text for line in lines], name)
    rest = paper.structured(lines[end:])
    passages = body.passages(rest, top.languages, name)
    if not with_sound and not any(isinstance(p, Paragraph | RecordingMark) for p in passages):
        raise EmptyScript(name=name)
    return Script(digest=digest, name=name, head=replace(top, title=tidy(top.title or body.title(rest))), body=passages)


def _one(recordings: Sequence[Path], name: str) -> Sequence[Path]:
    if len(recordings) > 1:
        names = ", ".join(nfc(path.name) for path in recordings)
        raise ScriptRefused(
            name=name,
            reason=Says(
                f"có nhiều bản ghi cùng tên ({names}); chỉ để lại bản cần phát",
                f"several recordings have its name ({names}); leave only the one to air",
            ),
        )
    return recordings


def _marked(passages: Iterable[Passage], script: Path) -> dict[str, Path]:
    """The recordings that marks name, by the name in the mark."""
    found: dict[str, Path] = {}
    for mark in passages:
        if isinstance(mark, RecordingMark):
            sound = pair.named(mark.name, script.parent)
            if sound is None:
                raise MissingRecording(name=nfc(script.name), recording=mark.name)
            found[mark.name] = sound
    return found


def _with_takes(script: Script, takes: Mapping[int, Path], *, whole: bool) -> tuple[Script, dict[str, Path]]:
    """The script with an announcer's takes in the place of the paragraphs they read, and those takes by name.

    Raises:
        ScriptRefused: a take is of a paragraph that is not there, or stands beside a recording of the whole.
    """
    if takes and whole:
        reason = Says(
            "có cả bản ghi trọn bài và bản ghi từng đoạn; chỉ để lại một thứ",
            "there are a recording of the whole and takes of single paragraphs; leave only the one or the others",
        )
        raise ScriptRefused(name=script.name, reason=reason)
    count = sum(isinstance(p, Paragraph) for p in script.body)
    for number, path in takes.items():
        if not 1 <= number <= count:
            reason = Says(
                f"{nfc(path.name)} là bản ghi đoạn {number}, mà bài chỉ có {count} đoạn; bantin check liệt kê các đoạn",
                f"{nfc(path.name)} is for paragraph {number}, and there are {count}; bantin check lists them",
            )
            raise ScriptRefused(name=script.name, reason=reason)
    taken: list[Passage] = []
    number = 0
    for passage in script.body:
        if isinstance(passage, Paragraph):
            number += 1
            if number in takes:
                taken.append(RecordingMark(nfc(takes[number].name), passage.text, passage.language))
                continue
        taken.append(passage)
    return replace(script, body=tuple(taken)), {nfc(path.name): path for path in takes.values()}


def _sound(path: Path, most: int, watch: Watch) -> Digest:
    watch.add(path)
    formats.check_size(path, most)
    try:
        audio.check_sound(path)
        with path.open("rb") as stream:
            return Digest(hashlib.file_digest(stream, "sha256").hexdigest())
    except OSError as problem:
        raise formats.unopened(path) from problem


def _identity(text: Digest, sounds: Mapping[str, Digest]) -> Digest:
    return digest_of("\n".join([text, *sounds.values()]).encode()) if sounds else text


# --- where it goes ---------------------------------------------------------------------------------------------------


def accept(files: Iterable[Path], scripts_folder: Path, month: str) -> list[Path]:
    """Move what was taken in to `da-nhan/<month>/`; return where it is now. Call it after the ledger knows.

    Files from elsewhere (`am-thanh`) stay, and so does a recording that another text in the folder still names.
    Safe to repeat after a crash at any line.
    """
    moves.finish(scripts_folder)
    return moves.carry_out(scripts_folder, _leaving(list(files), scripts_folder), f"{ACCEPTED}/{month}")


def refuse(files: Iterable[Path], scripts_folder: Path, problem: PipelineError) -> list[Path]:
    """Move refused files to `loi/`, with the recordings that belong to them; return where they are now.

    Beside them a note, `<file name>.loi.txt`, says in Vietnamese and English why and what to do.
    """
    moves.finish(scripts_folder)
    together: list[Path] = []
    for file in files:
        owner = (formats.is_sound(file) and pair.owner_of(file)) or file
        together += [owner, file, *(pair.belongings(owner) if formats.is_text(owner) else ())]
    leaving = _leaving(list(dict.fromkeys(together)), scripts_folder)
    return moves.carry_out(scripts_folder, leaving, REFUSED, (settling.NOTE, _note(leaving, problem)))


def _leaving(files: Collection[Path], folder: Path) -> list[Path]:
    """Those of some files that may leave the drop folder."""
    inside = [path for path in files if path.parent.resolve() == folder.resolve()]
    return [path for path in inside if not (formats.is_sound(path) and pair.owner_of(path, besides=files))]


def _note(files: Sequence[Path], problem: PipelineError) -> str:
    names = ", ".join(nfc(path.name) for path in files)
    return (
        f"KHÔNG NHẬN ĐƯỢC: {names}\n"
        f"Mã lỗi: {problem.code}\n"
        f"Lý do: {problem.message.vi}\n"
        f"Cách sửa: {problem.next_step.vi}\n"
        "\n"
        "Tệp còn nguyên trong thư mục này. Sửa xong, chuyển tệp (cùng bản ghi âm đi kèm) ra thư mục scripts.\n"
        "Tờ ghi này không cần nữa thì xoá.\n"
        "\n"
        f"NOT TAKEN IN: {names}\n"
        f"Code: {problem.code}\n"
        f"Reason: {problem.message.en}\n"
        f"Next step: {problem.next_step.en}\n"
    )
