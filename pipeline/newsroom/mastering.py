"""Mastering: takes and recordings become a rundown, a mix, and a measured master for each profile."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.core.errors import BadRecording, PipelineError, Says, UnknownName, figure
from pipeline.core.model import (
    Bulletin,
    Digest,
    Master,
    PauseMark,
    Profile,
    Reading,
    Recipe,
    RecordingMark,
    Script,
    Seconds,
    Sentence,
    StingMark,
    Take,
    Utterance,
)
from pipeline.core.rundown import Segment, SegmentKind, Timeline, lay
from pipeline.core.text import slug
from pipeline.newsroom import pace
from pipeline.newsroom.desk import Desk
from pipeline.newsroom.recipients import recipients
from pipeline.studio import chapters, jingle
from pipeline.studio.container import is_open_ended
from pipeline.studio.decode import LOOSE, TIGHT, Clip, probe
from pipeline.studio.master import Mastered, master
from pipeline.studio.mix import mix
from pipeline.studio.picture import Caption, draw, figures
from pipeline.studio.repair import Repaired, repair
from pipeline.studio.tag import Tags, tag

_NONE = frozenset({"", "không", "khong", "none"})
_NO_PAUSE = Seconds(0)
_WORTH_TELLING = Seconds(1)
"""Silence cut off a recording that its editor should know of."""
_NEAR = 0.5
"""Seconds by which the edge of a silence may move when a recording is made fit."""
Stretch = tuple[Seconds, Seconds]
"""From when in a file, and for how long."""
_HEARD_CLIPPING = 0.001
"""Share of a recording's samples that stand at the rail."""
_DULL = 16_000
"""Hz. Half of it is the highest frequency there is; a telephone has 8,000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """What voices say in one bulletin, in order."""

    opening: tuple[Sentence, ...]
    body: Reading
    closing: tuple[Sentence, ...]

    @property
    def all(self) -> tuple[Sentence, ...]:
        """Every sentence, as it comes."""
        return (*self.opening, *self.body.sentences, *self.closing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What the studio made of a bulletin."""

    masters: list[Master]
    """One for each profile; the first is what people find in bulletins/."""
    papers: Mapping[str, str]
    """What goes with it, by suffix: the text that is heard, captions with the times of its sentences, figures."""
    picture: Path
    """Of the first master; it goes with the scratch folder."""
    notes: tuple[str, ...] = ()
    """What an editor should know of its sounds, in Vietnamese."""


def doubts(clip: Clip, path: Path) -> Iterator[str]:
    """What an editor should know of a recording that may air all the same, in Vietnamese."""
    if is_open_ended(path):
        yield "tệp không ghi dấu kết thúc, có thể bị cụt; nghe kỹ đoạn cuối"
    yield from _trimmed(clip)
    if clip.clipped > _HEARD_CLIPPING:
        places = ", ".join(map(_clock, clip.clipped_at))
        share = figure(clip.clipped * 100).vi
        yield f"vỡ tiếng ở {share}% bản ghi (phút {places}): ghi lại với mức nhỏ hơn nếu được"
    if clip.dead:
        yield "một bên kênh không có tiếng; chỉ dùng bên còn lại"
    if clip.opposed:
        yield "các kênh ngược pha, trộn lại sẽ mất tiếng; chỉ dùng một kênh"
    if clip.sample_rate < _DULL:
        yield f"ghi ở {clip.sample_rate} Hz, nghe đục như qua điện thoại"
    yield from _silent(clip.gaps)


def _trimmed(clip: Clip) -> Iterator[str]:
    if clip.cut > _WORTH_TELLING:
        yield f"đã cắt {figure(clip.cut).vi} giây im lặng ở đầu và cuối"


def _silent(gaps: Iterable[Stretch]) -> Iterator[str]:
    for start, seconds in gaps:
        yield f"im lặng {figure(seconds).vi} giây ở phút {_clock(start)}; kiểm tra có mất tiếng không"


def heard(desk: Desk, path: Path, scratch: Path, words: Seconds = _NO_PAUSE) -> tuple[Seconds, list[str]]:
    """How long a recording that lies outside the store airs, and the doubts about it; `words` is what its text needs.

    Raises:
        BadRecording: it must not air as it is.
    """
    clip = probe(path, desk.ffmpeg(), scratch, margin=LOOSE)
    return clip.seconds, [*doubts(clip, path), *_other_words(clip.seconds, words)]


def _other_words(seconds: Seconds, words: Seconds) -> Iterator[str]:
    """That a recording can hardly be of its text, where it came with one."""
    if words and pace.is_unlikely(seconds, words):
        told, need = figure(seconds).vi, figure(words, 0).vi
        yield f"dài {told} giây mà lời đi kèm cần khoảng {need} giây: có đúng tệp không, có bị cụt không?"


class Rack:
    """The sounds of one bulletin, probed once each, and its rundown as it grows."""

    def __init__(self, desk: Desk, bulletin: Bulletin, scratch: Path) -> None:
        self.desk = desk
        self.scratch = scratch
        self.bulletin = bulletin
        self.template = desk.programme(bulletin).template
        self.clips: dict[str, Clip] = {}
        self.rundown: list[Segment] = []
        self.notes: list[str] = []
        self.music(SegmentKind.IDENT, bulletin.ident or self.template.ident, pause=self.template.after_ident)

    def play(self, kind: SegmentKind, sound: Digest, *, text: str = "", pause: Seconds = _NO_PAUSE) -> None:
        """Add a sound of the store to the rundown; a recording is made fit first.

        Raises:
            BadRecording: it must not air as it is.
        """
        if sound not in self.clips:
            if kind is SegmentKind.RECORDING:
                self.clips[sound] = self._recording(sound, text)
            else:
                self.clips[sound] = self._probe(sound, text or kind.value)
        seconds = self.clips[sound].seconds
        self.rundown.append(Segment(kind=kind, seconds=seconds, source=sound, text=text, pause=pause))

    def music(self, kind: SegmentKind, name: str, *, pause: Seconds = _NO_PAUSE) -> None:
        """Add an ident, a sting or an outro, by the name of one of ours or of the newsroom's own; `không` adds none."""
        if not _is_none(name):
            self.play(kind, self._sound(kind, name), text=name, pause=pause)

    def pause(self, seconds: Seconds) -> None:
        """Add silence."""
        self.rundown.append(Segment(kind=SegmentKind.PAUSE, seconds=seconds))

    def compare(self, sound: Digest, name: str, words: Seconds) -> None:
        """Note where a recording that was played can hardly be of its text, which needs so long to say."""
        self.notes += (f"{name}: {doubt}" for doubt in _other_words(self.clips[sound].seconds, words))

    def bed(self) -> Clip | None:
        """The music that lies under the speech, if the bulletin has any."""
        name = self.bulletin.bed or self.template.bed
        return None if _is_none(name) else self._probe(self._sound(None, name), name)

    def _recording(self, sound: Digest, name: str) -> Clip:
        """A recording as it airs: what is wrong with it noted, what can be mended mended."""
        clip = self._probe(sound, name, LOOSE)
        self.notes += (f"{name}: {doubt}" for doubt in doubts(clip, self.desk.store.get(sound)))
        done = repair(clip, self.desk.config.treatment, self.scratch / f"{sound}.rf64", self.desk.progress)
        self.notes += (f"{name}: {mended}" for mended in _mended(done))
        fit = self._look(done.path, name, LOOSE)
        # An offset, rumble or hum may have filled its silences: they are found, and shortened, only now.
        found = _uncovered(clip, done, fit, self.desk.config.treatment.longest_gap)
        self.notes += (f"{name}: {doubt}" for doubt in (*_trimmed(fit), *_silent(found)))
        if not found:
            return fit
        rest = replace(self.desk.config.treatment, highpass=0, hum=False, gate=False, denoise=False, even=0)
        again = repair(fit, rest, self.scratch / f"{sound}-2.rf64", self.desk.progress)
        longest = self.desk.config.treatment.longest_gap
        self.notes += (f"{name}: {cut}" for cut in _shortened(gap for gap in found if gap[1] > longest > 0))
        return self._look(again.path, name, LOOSE)

    def _probe(self, sound: Digest, name: str, margin: Seconds = TIGHT) -> Clip:
        return self._look(self.desk.store.get(sound), name, margin)

    def _look(self, file: Path, name: str, margin: Seconds) -> Clip:
        """Look through a sound; people know it by a name, not by its digest."""
        try:
            return probe(file, self.desk.ffmpeg(), self.scratch, margin=margin)
        except BadRecording as problem:
            raise BadRecording(name=f"“{name}”", reason=problem.fields["reason"]) from problem

    def _sound(self, kind: SegmentKind | None, name: str) -> Digest:
        """The newsroom's own in scripts/am-thanh; else ours, made once for a workspace and found again by recipe."""
        desk, word = self.desk, kind.value if kind else "bed"
        if own := _own_music(desk, name):
            return desk.store.put(own)
        name = ours(desk, kind, name)
        recipe = Recipe(text=word, engine="jingle", version=jingle.VERSION, voice=name).digest
        known = desk.ledger.take(recipe)
        if known and known.audio in desk.store:
            return known.audio
        file = self.scratch / f"{word}-{name}.wav"
        jingle.make(kind, name, file)
        audio = desk.store.adopt(file)
        seconds = self._probe(audio, name).seconds
        desk.ledger.keep_take(Take(recipe=recipe, audio=audio, seconds=seconds, engine="jingle", voice=name))
        return audio


def spoken(rack: Rack, lines: Lines, takes: Sequence[Take], attachments: Mapping[str, Digest]) -> Product:
    """Master a bulletin that voices speak; `takes` are those of `lines.all`, `attachments` the recordings it names."""
    template = rack.template
    voiced = iter(takes)
    for sentence in lines.opening:
        rack.play(SegmentKind.OPENING, next(voiced).audio, text=sentence.text, pause=sentence.pause)
    utterances = lines.body.utterances
    for number, utterance in enumerate(utterances):
        match utterance:
            case Sentence():
                rack.play(SegmentKind.SPEECH, next(voiced).audio, text=utterance.text, pause=utterance.pause)
            case RecordingMark(name, transcript, language):
                rack.play(SegmentKind.RECORDING, attachments[name], text=name, pause=template.after_recording)
                rack.compare(attachments[name], name, pace.person(transcript, language or rack.bulletin.languages[0]))
            case PauseMark(seconds):
                rack.pause(seconds)
            case StingMark(sting) if _parts_items(utterances, number):
                rack.pause(template.around_sting)
                rack.music(SegmentKind.STING, sting or template.sting)
                rack.pause(template.around_sting)  # a pause of its own: no word begins while a sting still rings
    for sentence in lines.closing:
        rack.play(SegmentKind.CLOSING, next(voiced).audio, text=sentence.text, pause=sentence.pause)
    rack.music(SegmentKind.OUTRO, template.outro)
    opening, closing = ("\n".join(s.text for s in said) for said in (lines.opening, lines.closing))
    return _produce(rack, "\n".join(filter(None, (opening, lines.body.text, closing))))


def recorded(rack: Rack, recording: Digest, transcript: Reading) -> Product:
    """Master a bulletin that an announcer recorded; its text, if any, is only its transcript."""
    rack.play(SegmentKind.RECORDING, recording, text=rack.bulletin.title)
    words = sum(pace.person(sentence.text, sentence.language) for sentence in transcript.sentences)
    rack.compare(recording, rack.bulletin.title, Seconds(words))
    rack.music(SegmentKind.OUTRO, rack.template.outro)
    return _produce(rack, transcript.text or rack.bulletin.title)


def _parts_items(utterances: Sequence[Utterance], number: int) -> bool:
    """Whether something is heard on both sides of a mark: stars above the first item, or two rows of them, are one."""
    heard = (Sentence, RecordingMark)
    before, after = utterances[:number], utterances[number + 1 :]
    follows = bool(after) and not isinstance(after[0], StingMark)
    return follows and any(isinstance(u, heard) for u in before) and any(isinstance(u, heard) for u in after)


def _produce(rack: Rack, text: str) -> Product:
    """One mix, one master for each profile."""
    desk, bulletin = rack.desk, rack.bulletin
    bed = rack.bed()
    timeline = lay(rack.rundown, bed=bed is not None, crossfade=rack.template.crossfade)
    profiles = _profiles(desk, bulletin)
    mixes = mix(
        timeline, rack.clips, rack.scratch, bed,
        ducking=rack.template.ducking, channels=sorted({p.channels for p in profiles}), progress=desk.progress,
    )  # fmt: skip
    made: list[Master] = []
    papers: Mapping[str, str] = {}
    picture = rack.scratch / "picture.png"
    for number, profile in enumerate(profiles):
        file = rack.scratch / f"{profile.name}{profile.suffix}"
        mastered = master(mixes[profile.channels], profile, file, desk.ffmpeg(), desk.progress)
        made.append(_keep(rack, timeline, profile, mastered, file, text))
        if not number:
            draw(mastered.heard, timeline, profile, _caption(desk, bulletin, made[0]), picture)
            papers = _papers(text, mastered, timeline, profile, bulletin)
    return Product(masters=made, papers=papers, picture=picture, notes=tuple(rack.notes))


def _papers(
    text: str, mastered: Mastered, timeline: Timeline, profile: Profile, bulletin: Bulletin
) -> Mapping[str, str]:
    said = chapters.cues(timeline)
    drawn = figures(mastered.heard, timeline, profile, bulletin.languages[0])
    drawn["reduction_db"] = round(mastered.reduction, 1)
    papers = {".txt": text, ".json": json.dumps(drawn, ensure_ascii=False) + "\n"}
    return {**papers, ".vtt": chapters.vtt(said), ".srt": chapters.srt(said)} if said else papers


def _profiles(desk: Desk, bulletin: Bulletin) -> list[Profile]:
    """The profiles its stations want; the first one of the settings where it has no station yet."""
    names = {s.profile for s in recipients(desk, bulletin)}
    profiles = desk.config.profiles
    return [profiles[name] for name in sorted(names)] or [next(iter(profiles.values()))]


def _keep(  # noqa: PLR0917 - a file and what is to be said of it
    rack: Rack, timeline: Timeline, profile: Profile, mastered: Mastered, file: Path, text: str
) -> Master:
    """Tag a finished file and put it into the store; from here on it has its digest."""
    desk, bulletin = rack.desk, rack.bulletin
    tags = Tags(
        title=bulletin.title,
        artist=desk.config.settings.newsroom.name,
        album=desk.programme(bulletin).title,
        languages=bulletin.languages,
        date=min(bulletin.air).astimezone(desk.config.zone),
        lyrics=text,
        chapters=tuple(chapters.chapters(timeline, bulletin.languages[0])),
    )
    tag(file, tags, profile.codec)
    size = file.stat().st_size
    return Master(
        digest=desk.store.adopt(file),
        profile=profile.name,
        size=size,
        seconds=timeline.seconds,
        loudness=mastered.loudness,
        reduction=mastered.reduction,
        suffix=profile.suffix,
    )


def _mended(done: Repaired) -> Iterator[str]:
    """What was done to a recording that its editor should know of, in Vietnamese."""
    if done.hum:
        yield f"đã lọc tiếng ù {done.hum:.0f} Hz của điện lưới"
    yield from _shortened(done.shortened)


def _shortened(gaps: Iterable[Stretch]) -> Iterator[str]:
    for start, seconds in gaps:
        yield f"đã rút ngắn khoảng lặng {figure(seconds).vi} giây ở phút {_clock(start)}"


def _uncovered(clip: Clip, done: Repaired, fit: Clip, longest: Seconds) -> list[Stretch]:
    """The silences of a repaired recording that were none before, by their times in its file."""
    found: list[Stretch] = []
    for at, seconds in fit.gaps:
        start = at + clip.start / clip.sample_rate
        for gap, width in done.shortened:  # what was cut out lies before all that follows it
            start += max(0.0, width - longest) if start > gap + longest / 2 else 0.0
        if not any(gap - _NEAR <= start <= gap + width + _NEAR for gap, width in clip.gaps):
            found.append((Seconds(start), seconds))
    return found


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"


def _caption(desk: Desk, bulletin: Bulletin, made: Master) -> Caption:
    first = min(bulletin.air).astimezone(desk.config.zone)
    minutes, seconds = divmod(round(made.seconds), 60)
    level = made.loudness
    return Caption(
        title=bulletin.title,
        subtitle=f"phát {first:%d/%m/%Y %H:%M} · dài {minutes}:{seconds:02} · "
        f"{figure(level.integrated).vi} LUFS · {figure(level.true_peak).vi} dBTP",
        language=bulletin.languages[0],
    )


def ours(desk: Desk, kind: SegmentKind | None, name: str) -> str:
    """The name of one of our own pieces, however it is written: `sông nước` is `song-nuoc`.

    Raises:
        UnknownName: there is none, and the newsroom has no file of that name either; tells which there are.
    """
    if slug(name) in jingle.names(kind):
        return slug(name)
    near = [*_own_names(desk), *jingle.names(kind)]
    raise UnknownName(what=Says("âm thanh", "sound"), name=name, nearest=", ".join(near))


def faulty_music(desk: Desk, bulletin: Bulletin, script: Script) -> Iterator[PipelineError]:
    """What a bulletin's music would be refused for, named in its head, its marks and its programme's template.

    A name that is none, and a file of the newsroom's own that must not air.
    """
    template = desk.programme(bulletin).template
    stings = {mark.sting or template.sting for mark in script.body if isinstance(mark, StingMark)}
    wanted = [
        (SegmentKind.IDENT, bulletin.ident or template.ident),
        (None, bulletin.bed or template.bed),
        (SegmentKind.OUTRO, template.outro),
        *((SegmentKind.STING, sting) for sting in sorted(stings)),
    ]
    with desk.store.scratch() as scratch:
        for kind, name in dict.fromkeys(wanted):
            try:
                if own := None if _is_none(name) else _own_music(desk, name):
                    probe(own, desk.ffmpeg(), scratch)
                elif not _is_none(name):
                    ours(desk, kind, name)
            except (UnknownName, BadRecording) as problem:
                yield problem


def _is_none(name: str) -> bool:
    return name.strip().lower() in _NONE


def _own_names(desk: Desk) -> list[str]:
    folder = desk.config.scripts / "am-thanh"
    return sorted(file.name for file in folder.iterdir() if file.is_file()) if folder.is_dir() else []


def _own_music(desk: Desk, name: str) -> Path | None:
    """A file of that name in scripts/am-thanh."""
    return desk.config.scripts / "am-thanh" / name if name in _own_names(desk) else None
