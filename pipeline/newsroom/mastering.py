"""Mastering: takes and recordings become a rundown, a mix, and a measured master for each profile."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.core.errors import UnknownName
from pipeline.core.model import (
    Bulletin,
    Digest,
    Master,
    PauseMark,
    Profile,
    Reading,
    RecordingMark,
    Seconds,
    Sentence,
    Take,
)
from pipeline.core.rundown import Segment, SegmentKind, Timeline, lay
from pipeline.newsroom import views
from pipeline.newsroom.desk import Desk
from pipeline.studio import jingle, picture
from pipeline.studio.decode import Clip, probe
from pipeline.studio.master import master
from pipeline.studio.mix import Mix, mix
from pipeline.studio.tag import Tags, tag

_OWN = "mac-dinh"
_NONE = frozenset({"", "không", "khong", "none"})
_AFTER_IDENT = Seconds(0.3)
_AFTER_RECORDING = Seconds(0.5)


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


def spoken(
    desk: Desk,
    bulletin: Bulletin,
    lines: Lines,
    takes: Sequence[Take],
    attachments: Mapping[str, Digest],
    profiles: Sequence[Profile],
) -> list[Master]:
    """Master a bulletin that voices speak; `takes` are those of `lines.all`."""
    rack = _Rack(desk)
    voiced = iter(takes)
    rundown = [
        *_ident(rack, bulletin),
        *(rack.said(SegmentKind.OPENING, s, next(voiced)) for s in lines.opening),
        *_body(rack, lines.body, voiced, attachments),
        *(rack.said(SegmentKind.CLOSING, s, next(voiced)) for s in lines.closing),
    ]
    return _produce(desk, bulletin, rundown, rack, profiles, "\n".join(s.text for s in lines.all))


def recorded(
    desk: Desk, bulletin: Bulletin, recording: Digest, profiles: Sequence[Profile], transcript: Reading
) -> list[Master]:
    """Master a bulletin that an announcer recorded; its text, if any, is only its transcript."""
    rack = _Rack(desk)
    rundown = [*_ident(rack, bulletin), rack.segment(SegmentKind.RECORDING, recording, bulletin.title)]
    return _produce(desk, bulletin, rundown, rack, profiles, transcript.text or bulletin.title)


class _Rack:
    """The sounds of one bulletin, probed once each."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.clips: dict[str, Clip] = {}

    def clip(self, source: str, file: Path) -> Clip:
        if source not in self.clips:
            self.clips[source] = probe(file, self._desk.ffmpeg())
        return self.clips[source]

    def segment(self, kind: SegmentKind, sound: Digest, text: str, pause: Seconds = Seconds(0)) -> Segment:
        clip = self.clip(sound, self._desk.store.get(sound))
        return Segment(kind=kind, seconds=clip.seconds, source=sound, text=text, pause=pause)

    def said(self, kind: SegmentKind, sentence: Sentence, take: Take) -> Segment:
        return self.segment(kind, take.audio, sentence.text, sentence.pause)


def _ident(rack: _Rack, bulletin: Bulletin) -> list[Segment]:
    if bulletin.ident.lower() in _NONE:
        return []
    digest = _music(rack, bulletin.ident, "ident")
    return [rack.segment(SegmentKind.IDENT, digest, "", _AFTER_IDENT)]


def _body(rack: _Rack, body: Reading, voiced: Iterable[Take], attachments: Mapping[str, Digest]) -> Iterable[Segment]:
    takes = iter(voiced)
    for utterance in body.utterances:
        match utterance:
            case Sentence():
                yield rack.said(SegmentKind.SPEECH, utterance, next(takes))
            case RecordingMark(name):
                yield rack.segment(SegmentKind.RECORDING, attachments[name], name, _AFTER_RECORDING)
            case PauseMark(seconds):
                yield Segment(kind=SegmentKind.PAUSE, seconds=seconds)


def _music(rack: _Rack, name: str, kind: str) -> Digest:
    """The digest of an ident or bed: ours, made when it is first needed, or a file of the station's own."""
    desk = rack._desk  # noqa: SLF001 - the rack is this module's own
    if name != _OWN:
        return desk.store.put(_own_music(desk, name))
    with desk.store.scratch() as folder:
        file = folder / f"{kind}.wav"
        {"ident": jingle.ident, "bed": jingle.bed}[kind](file)
        return desk.store.adopt(file)


def _own_music(desk: Desk, name: str) -> Path:
    folder = desk.config.scripts / "am-thanh"
    files = {file.name: file for file in folder.iterdir()} if folder.is_dir() else {}
    if name not in files:
        raise UnknownName(what="âm thanh / sound", name=name, nearest=", ".join(sorted(files)) or _OWN)
    return files[name]


def _produce(
    desk: Desk, bulletin: Bulletin, rundown: Sequence[Segment], rack: _Rack, profiles: Sequence[Profile], text: str
) -> list[Master]:
    has_bed = bulletin.bed.lower() not in _NONE
    timeline = lay(rundown, bed=has_bed)
    bed = probe(desk.store.get(_music(rack, bulletin.bed, "bed")), desk.ffmpeg()) if has_bed else None
    made: list[Master] = []
    with desk.store.scratch() as folder:
        mixes: dict[int, Mix] = {}
        for profile in profiles:
            if profile.sample_rate not in mixes:
                spool = folder / f"mix-{profile.sample_rate}.f32"
                mixes[profile.sample_rate] = mix(timeline, rack.clips, spool, bed, profile.sample_rate, desk.progress)
            made.append(_master(desk, bulletin, mixes[profile.sample_rate], profile, folder, timeline))
            if len(made) == 1:
                png = folder / "picture.png"
                picture.draw(...)
                views.show(desk, bulletin, desk.store.get(made[0].digest), text, png)
    return made
