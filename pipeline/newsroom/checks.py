"""Checks: everything that can be said of a script before it is dropped. Nothing is moved, written or voiced."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline import reading
from pipeline.core.errors import PipelineError
from pipeline.core.facts import Json
from pipeline.core.model import (
    Bulletin,
    BulletinId,
    Digest,
    Language,
    Note,
    Paragraph,
    PauseMark,
    Programme,
    Reading,
    RecordingMark,
    Script,
    Seconds,
    Sentence,
    Utterance,
)
from pipeline.intake import drop, formats
from pipeline.newsroom import announcers, bulletins, pace, scripts, voicing
from pipeline.newsroom.desk import Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a script would become, and all that is wrong or doubtful with it."""

    name: str
    problems: tuple[PipelineError, ...] = ()
    """Each would refuse or hold it."""
    bulletin: Bulletin | None = None
    reading: Reading | None = None
    files: tuple[str, ...] = ()
    """The script and the recordings that belong to it."""
    voices: tuple[str, ...] = ()
    """What would speak it, as things stand now: engine and voice of each language."""
    seconds: Seconds = Seconds(0)
    """About how long it lasts, pauses and recordings included, idents not."""
    paragraphs: tuple[int, ...] = ()
    """The number of each sentence's paragraph, counted from 1: an announcer's take of it has it in its name."""
    takes: tuple[tuple[int, str], ...] = ()
    """The paragraphs that an announcer reads, by number, and the recording of each."""
    sounds: tuple[str, ...] = ()
    """What its editor should know of its recordings, in Vietnamese."""
    twins: tuple[BulletinId, ...] = ()
    """Bulletins of the same title and time, which it may be meant to replace."""

    def as_json(self) -> dict[str, Json]:
        """For `bantin check --json`."""
        notes = self.reading.notes if self.reading else ()
        return {
            "name": self.name,
            "id": self.bulletin.id if self.bulletin else None,
            "title": self.bulletin.title if self.bulletin else None,
            "language": self.bulletin.language if self.bulletin else None,
            "text": self.reading.text if self.reading else "",
            "seconds": round(self.seconds),
            "files": list(self.files),
            "voices": list(self.voices),
            "paragraphs": list(self.paragraphs),
            "takes": {str(number): name for number, name in self.takes},
            "sounds": list(self.sounds),
            "twins": list(self.twins),
            "notes": [f"{note.about}: {note.message}" for note in notes],
            "problems": [{"code": p.code, "what": p.message.vi, "fix": p.next_step.vi} for p in self.problems],
        }


def check(desk: Desk, path: Path) -> Checked:
    """Say everything about a file as if it were dropped now."""
    try:
        submission = drop.take_in(path, max_bytes=desk.config.settings.intake.max_megabytes * 1_000_000)
    except PipelineError as problem:
        return Checked(name=path.name, problems=(problem,))
    script = submission.script
    problems: list[PipelineError] = []
    bulletin = None
    try:
        bulletin = scripts.edition(desk, script)
    except PipelineError as problem:
        problems.append(problem)
    programme = desk.programme(bulletin) if bulletin else next(iter(desk.config.programmes.values()))
    read, numbers, lost = _read(desk, script, programme)
    doubts, lengths, unheard = _sounds(desk, submission)
    music = _music(desk, bulletin, script) if bulletin else []
    opening, closing = bulletins.lines(desk, bulletin, script) if bulletin and not script.recording else ((), ())
    spoken = (*opening, *read.sentences, *closing)
    voices, silent = _voices(desk, spoken, programme) if not script.recording else ((), [])
    if bulletin:
        wishes = () if script.recording else voicing.unheeded(desk, read.sentences, programme)
        notes = dict.fromkeys((*bulletins.of_title(desk, bulletin, script), *read.notes))
        read = replace(read, notes=(*notes, *wishes, *bulletins.unnamed(desk, bulletin)))
    pauses = sum(u.seconds for u in read.utterances if isinstance(u, PauseMark))
    recorded = sum(lengths.get(script.attachments[u.name], 0) for u in read.utterances if isinstance(u, RecordingMark))
    whole = _length(desk, programme, spoken) + pauses + recorded
    return Checked(
        name=script.name,
        problems=(*problems, *lost, *unheard, *music, *silent),
        bulletin=bulletin,
        reading=read,
        files=tuple(submission.files),
        voices=voices,
        paragraphs=numbers,
        takes=_takes(script),
        sounds=doubts,
        twins=tuple(bulletins.twins(desk, bulletin)) if bulletin else (),
        seconds=Seconds(lengths.get(script.recording, 0) if script.recording else whole),
    )


def _takes(script: Script) -> tuple[tuple[int, str], ...]:
    spoken = [p for p in script.body if isinstance(p, Paragraph) or (isinstance(p, RecordingMark) and p.transcript)]
    return tuple((number, p.name) for number, p in enumerate(spoken, start=1) if isinstance(p, RecordingMark))


def _sounds(
    desk: Desk, submission: drop.Submission
) -> tuple[tuple[str, ...], dict[Digest, Seconds], list[PipelineError]]:
    """What the studio hears in the recordings: doubts, how long each airs, and those that it would not let air."""
    doubts: list[str] = []
    lengths: dict[Digest, Seconds] = {}
    refused: list[PipelineError] = []
    sounds = {name: path for name, path in submission.files.items() if formats.is_sound(path)}
    if sounds:
        from pipeline.newsroom import mastering  # noqa: PLC0415 - numpy, only where there is sound

        words = _words(submission.script)
        with desk.store.scratch() as scratch:
            for name, path in sounds.items():
                digest = submission.digests[name]
                try:
                    lengths[digest], told = mastering.heard(desk, path, scratch, words.get(digest, Seconds(0)))
                except PipelineError as problem:
                    refused.append(problem)
                else:
                    doubts += (f"{name}: {doubt}" for doubt in told)
    return tuple(doubts), lengths, refused


def _music(desk: Desk, bulletin: Bulletin, script: Script) -> list[PipelineError]:
    from pipeline.newsroom import mastering  # noqa: PLC0415 - numpy, only where sound is asked about

    return [*mastering.faulty_music(desk, bulletin, script)]


def _words(script: Script) -> dict[Digest, Seconds]:
    """How long an announcer needs for the words of each recording that came with them."""
    if script.recording:
        texts = (p for p in script.body if isinstance(p, Paragraph))
        return {script.recording: Seconds(sum(pace.person(p.text, p.language) for p in texts))}
    takes = (p for p in script.body if isinstance(p, RecordingMark) and p.transcript)
    return {script.attachments[p.name]: pace.person(p.transcript, p.language or Language.VI) for p in takes}


def _read(desk: Desk, script: Script, programme: Programme) -> tuple[Reading, tuple[int, ...], list[PipelineError]]:
    """The reading, paragraph by paragraph, so that one that loses text does not hide the others, and their numbers."""
    announcer = announcers.announcer(desk, programme)
    utterances: list[Utterance] = []
    notes = [Note(script.name, notice) for notice in script.notices]
    lost: list[PipelineError] = []
    numbers: list[int] = []
    number = 0
    for passage in script.body:
        number += isinstance(passage, Paragraph) or bool(isinstance(passage, RecordingMark) and passage.transcript)
        try:
            found = reading.read(replace(script, body=(passage,), notices=()), announcer)
        except PipelineError as problem:
            lost.append(problem)
            continue
        utterances += found.utterances
        numbers += [number] * len(found.sentences)
        notes += found.notes
    places = (note for p in script.body if isinstance(p, Paragraph) for note in reading.doubtful_places(p.text))
    every = dict.fromkeys([*notes, *places, *announcers.faults(desk)])
    return Reading(utterances=tuple(utterances), notes=tuple(every)), tuple(numbers), lost


def _voices(
    desk: Desk, sentences: tuple[Sentence, ...], programme: Programme
) -> tuple[tuple[str, ...], list[PipelineError]]:
    """The voice of each language, and the languages that have none."""
    told: list[str] = []
    missing: list[PipelineError] = []
    for language in dict.fromkeys(s.language for s in sentences):
        try:
            told += sorted(set(_cast(desk, sentences, language, programme)))
        except PipelineError as problem:
            missing.append(problem)
    return tuple(told), missing


def _cast(desk: Desk, sentences: tuple[Sentence, ...], language: Language, programme: Programme) -> Iterator[str]:
    engine = voicing.first_engine(desk, programme, language)
    for sentence in sentences:
        if sentence.language is language:
            yield f"{engine.name} {voicing.cast(engine, language, sentence.voice).name}"


def _length(desk: Desk, programme: Programme, sentences: tuple[Sentence, ...]) -> float:
    """About how many seconds the voices that would speak them need for sentences, pauses included."""
    settings = desk.config.settings.voices
    rates = {Language.VI: settings.vietnamese_rate, Language.KM: settings.khmer_rate}
    engines = {s.language: next(voicing.engines_for(desk, programme, s.language), None) for s in sentences}

    def one(sentence: Sentence) -> float:
        engine = engines[sentence.language]
        if engine and engine.embedded:
            return pace.embedded(sentence.text, sentence.language, rates[sentence.language])
        return pace.person(sentence.text, sentence.language) / (1 + settings.online_rate / 100)

    return sum(one(s) + s.pause for s in sentences)
