"""Mastering: takes and recordings become a rundown, a mix, and a measured master for each profile."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.core.errors import BadRecording, Says, UnknownName, figure
from pipeline.core.model import (
    Bulletin,
    Digest,
    Master,
    PauseMark,
    Profile,
    Reading,
    Recipe,
    RecordingMark,
    Seconds,
    Sentence,
    Take,
)
from pipeline.core.rundown import Segment, SegmentKind, lay
from pipeline.newsroom import pace
from pipeline.newsroom.desk import Desk
from pipeline.newsroom.recipients import recipients
from pipeline.studio import jingle
from pipeline.studio.container import is_open_ended
from pipeline.studio.decode import LOOSE, TIGHT, Clip, probe
from pipeline.studio.master import Mastered, master
from pipeline.studio.mix import Mix, mix
from pipeline.studio.picture import Caption, draw
from pipeline.studio.tag import Tags, tag

_OWN = "mac-dinh"
_NONE = frozenset({"", "không", "khong", "none"})
_NO_PAUSE = Seconds(0)
_AFTER_IDENT = Seconds(0.3)
_AFTER_RECORDING = Seconds(0.5)
_WORTH_TELLING = Seconds(1)
"""Silence cut off a recording that its editor should know of."""
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
    text: str
    """What is heard in it."""
    picture: Path
    """Of the first master; it goes with the scratch folder."""
    notes: tuple[str, ...] = ()
    """What an editor should know of its sounds, in Vietnamese."""


def doubts(clip: Clip, path: Path) -> Iterator[str]:
    """What an editor should know of a recording that may air all the same, in Vietnamese."""
    if is_open_ended(path):
        yield "tệp không ghi dấu kết thúc, có thể bị cụt; nghe kỹ đoạn cuối"
    if clip.cut > _WORTH_TELLING:
        yield f"đã cắt {figure(clip.cut).vi} giây im lặng ở đầu và cuối"
    if clip.clipped > _HEARD_CLIPPING:
        yield f"vỡ tiếng ở {figure(clip.clipped * 100).vi}% bản ghi: ghi lại với mức nhỏ hơn nếu được"
    if clip.sample_rate < _DULL:
        yield f"ghi ở {clip.sample_rate} Hz, nghe đục như qua điện thoại"
    for start, seconds in clip.gaps:
        minutes, rest = divmod(round(start), 60)
        yield f"im lặng {figure(seconds).vi} giây ở phút {minutes}:{rest:02}; kiểm tra có mất tiếng không"


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
        self.clips: dict[str, Clip] = {}
        self.rundown: list[Segment] = []
        self.notes: list[str] = []
        programme = desk.programme(bulletin)
        self._bed = bulletin.bed or programme.bed
        ident = bulletin.ident or programme.ident
        if not _is_none(ident):
            self.play(SegmentKind.IDENT, self._music(ident, jingle.ident), pause=_AFTER_IDENT)

    def play(self, kind: SegmentKind, sound: Digest, *, text: str = "", pause: Seconds = _NO_PAUSE) -> None:
        """Add a sound of the store to the rundown.

        Raises:
            BadRecording: it must not air as it is.
        """
        if sound not in self.clips:
            margin = LOOSE if kind is SegmentKind.RECORDING else TIGHT
            self.clips[sound] = self._probe(sound, text or kind.value, margin)
            if kind is SegmentKind.RECORDING:
                self.notes += (f"{text}: {doubt}" for doubt in doubts(self.clips[sound], self.desk.store.get(sound)))
        seconds = self.clips[sound].seconds
        self.rundown.append(Segment(kind=kind, seconds=seconds, source=sound, text=text, pause=pause))

    def compare(self, sound: Digest, name: str, words: Seconds) -> None:
        """Note where a recording that was played can hardly be of its text, which needs so long to say."""
        self.notes += (f"{name}: {doubt}" for doubt in _other_words(self.clips[sound].seconds, words))

    def bed(self) -> Clip | None:
        """The music that lies under the speech, if the bulletin has any."""
        return None if _is_none(self._bed) else self._probe(self._music(self._bed, jingle.bed), self._bed)

    def _probe(self, sound: Digest, name: str, margin: Seconds = TIGHT) -> Clip:
        """Look through a sound of the store; people know it by a name, not by its digest."""
        try:
            return probe(self.desk.store.get(sound), self.desk.ffmpeg(), self.scratch, margin=margin)
        except BadRecording as problem:
            raise BadRecording(name=f"“{name}”", reason=problem.fields["reason"]) from problem

    def _music(self, name: str, make: Callable[[Path], object]) -> Digest:
        """Ours, made once for a workspace and found again by recipe, or the newsroom's own in scripts/am-thanh."""
        desk = self.desk
        if name != _OWN:
            return desk.store.put(_own_music(desk, name))
        recipe = Recipe(text=make.__name__, engine="jingle", version=jingle.VERSION, voice=name).digest
        known = desk.ledger.take(recipe)
        if known and known.audio in desk.store:
            return known.audio
        file = self.scratch / f"{make.__name__}.wav"
        make(file)
        audio = desk.store.adopt(file)
        seconds = self._probe(audio, make.__name__).seconds
        desk.ledger.keep_take(Take(recipe=recipe, audio=audio, seconds=seconds, engine="jingle", voice=name))
        return audio


def spoken(rack: Rack, lines: Lines, takes: Sequence[Take], attachments: Mapping[str, Digest]) -> Product:
    """Master a bulletin that voices speak; `takes` are those of `lines.all`, `attachments` the recordings it names."""
    voiced = iter(takes)
    for sentence in lines.opening:
        rack.play(SegmentKind.OPENING, next(voiced).audio, text=sentence.text, pause=sentence.pause)
    for utterance in lines.body.utterances:
        match utterance:
            case Sentence():
                rack.play(SegmentKind.SPEECH, next(voiced).audio, text=utterance.text, pause=utterance.pause)
            case RecordingMark(name, transcript, language):
                rack.play(SegmentKind.RECORDING, attachments[name], text=name, pause=_AFTER_RECORDING)
                rack.compare(attachments[name], name, pace.person(transcript, language or rack.bulletin.languages[0]))
            case PauseMark(seconds):
                rack.rundown.append(Segment(kind=SegmentKind.PAUSE, seconds=seconds))
    for sentence in lines.closing:
        rack.play(SegmentKind.CLOSING, next(voiced).audio, text=sentence.text, pause=sentence.pause)
    opening, closing = ("\n".join(s.text for s in said) for said in (lines.opening, lines.closing))
    return _produce(rack, "\n".join(filter(None, (opening, lines.body.text, closing))))


def recorded(rack: Rack, recording: Digest, transcript: Reading) -> Product:
    """Master a bulletin that an announcer recorded; its text, if any, is only its transcript."""
    rack.play(SegmentKind.RECORDING, recording, text=rack.bulletin.title)
    words = sum(pace.person(sentence.text, sentence.language) for sentence in transcript.sentences)
    rack.compare(recording, rack.bulletin.title, Seconds(words))
    return _produce(rack, transcript.text or rack.bulletin.title)


def _produce(rack: Rack, text: str) -> Product:
    """One mix for each sample rate, one master for each profile."""
    desk, bulletin = rack.desk, rack.bulletin
    bed = rack.bed()
    timeline = lay(rack.rundown, bed=bed is not None)
    mixes: dict[int, Mix] = {}
    made: list[Master] = []
    picture = rack.scratch / "picture.png"
    for profile in _profiles(desk, bulletin):
        rate = profile.sample_rate
        if rate not in mixes:
            mixes[rate] = mix(timeline, rack.clips, rack.scratch / f"{rate}.f32", bed, rate, desk.progress)
        desk.progress("master", len(made), len(made) + 1)
        file = rack.scratch / f"{profile.name}.mp3"
        mastered = master(mixes[rate], profile, file, desk.ffmpeg())
        made.append(_keep(rack, mixes[rate], profile, mastered, file))
        if len(made) == 1:
            draw(mastered, timeline, profile, _caption(desk, bulletin, made[0]), picture)
    return Product(masters=made, text=text, picture=picture, notes=tuple(rack.notes))


def _profiles(desk: Desk, bulletin: Bulletin) -> list[Profile]:
    """The profiles its stations want; the first one of the settings where it has no station yet."""
    names = {s.profile for s in recipients(desk, bulletin)}
    profiles = desk.config.profiles
    return [profiles[name] for name in sorted(names)] or [next(iter(profiles.values()))]


def _keep(rack: Rack, mixed: Mix, profile: Profile, mastered: Mastered, file: Path) -> Master:
    """Tag a finished file and put it into the store; from here on it has its digest."""
    desk, bulletin = rack.desk, rack.bulletin
    tags = Tags(
        title=bulletin.title,
        artist=desk.config.settings.newsroom.name,
        album=desk.programme(bulletin).title,
        languages=bulletin.languages,
        date=min(bulletin.air).astimezone(desk.config.zone),
    )
    tag(file, tags)
    size = file.stat().st_size
    return Master(
        digest=desk.store.adopt(file),
        profile=profile.name,
        size=size,
        seconds=Seconds(mixed.frames / mixed.sample_rate),
        loudness=mastered.loudness,
    )


def _caption(desk: Desk, bulletin: Bulletin, made: Master) -> Caption:
    first = min(bulletin.air).astimezone(desk.config.zone)
    minutes, seconds = divmod(round(made.seconds), 60)
    level = made.loudness
    return Caption(
        title=bulletin.title,
        subtitle=f"phát {first:%d/%m/%Y %H:%M} · dài {minutes}:{seconds:02} · "
        f"{figure(level.integrated).vi} LUFS · {figure(level.true_peak).vi} dBTP",
    )


def _is_none(name: str) -> bool:
    return name.strip().lower() in _NONE


def _own_music(desk: Desk, name: str) -> Path:
    folder = desk.config.scripts / "am-thanh"
    files = {file.name: file for file in sorted(folder.iterdir()) if file.is_file()} if folder.is_dir() else {}
    if name not in files:
        raise UnknownName(what=Says("âm thanh", "sound"), name=name, nearest=", ".join(files) or _OWN)
    return files[name]
