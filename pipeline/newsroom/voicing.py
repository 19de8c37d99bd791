"""Voicing: every sentence becomes a take, found again by its recipe or spoken now. One engine speaks a language."""

import difflib
import wave
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from pipeline import reading
from pipeline.core.errors import EngineUnavailable, NothingToSay, NoVoiceForLanguage, Says, TakeRejected, UnknownName
from pipeline.core.model import Digest, Language, Note, Programme, Recipe, Seconds, Sentence, Take, Voice
from pipeline.core.ports import Engine
from pipeline.newsroom.announcers import announcer
from pipeline.newsroom.desk import Desk
from pipeline.newsroom.side import in_order
from pipeline.voices import wav

_BEFORE_AIR = timedelta(minutes=30)
"""What mixing, mastering, signing and sending may need."""
_TOO_LATE = Says("chờ quá lâu, hoặc sắp đến giờ phát", "waited too long, or air time is near")
_NEXT_ENGINE = Says(
    "giọng kế tiếp đọc thay; tăng online_minutes nếu muốn chờ", "the next voice reads; see online_minutes"
)
_ABSENT = {
    "edge": (
        Says("giọng trực tuyến đang tắt", "the online voices are switched off"),
        Says("đặt online = true trong config.toml", "set online = true in config.toml"),
    ),
    "local": (
        Says("chưa có thư mục mẫu giọng", "no folder of models is set"),
        Says("ghi thư mục ấy vào models trong config.toml", "name the folder as models in config.toml"),
    ),
}
"""Why there may be no engine behind a word."""
_TOO_LONG = Says("chờ quá lâu", "waited too long")
_NOBODY_ELSE = Says(
    "chạy lại (câu đã đọc được giữ nguyên), tăng online_minutes, hoặc thêm giọng vào engines của chương trình",
    "run again (what was spoken is kept), raise online_minutes, or add a voice to the programme's engines",
)


class _Failed(Exception):
    """A voice could not speak; why."""

    def __init__(self, voice: str, problem: EngineUnavailable | TakeRejected) -> None:
        super().__init__(voice)
        self.voice = voice
        self.problem = problem


@dataclass(frozen=True, slots=True)
class _Patience:
    """How long online voices are waited for."""

    ends: datetime
    sooner: datetime
    """Where another voice may air in their place."""


@dataclass(frozen=True, slots=True)
class _Turn:
    """An engine that speaks a language if it can."""

    engine: Engine
    until: datetime
    """When its online voices are not asked any more."""
    replaceable: bool
    """Whether an engine after it may air."""

    def check(self, voice: str, now: datetime) -> None:
        """Raise _Failed where a voice must not be waited for any longer."""
        if now < self.until or not any(v.online for v in self.engine.voices if v.name == voice):
            return
        reason, how = (_TOO_LATE, _NEXT_ENGINE) if self.replaceable else (_TOO_LONG, _NOBODY_ELSE)
        raise _Failed(voice, EngineUnavailable(engine=self.engine.name, reason=reason, how=how))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallback:
    """A voice that had to leave a language to another one, of its own engine or the next; why."""

    language: Language
    voice: str
    """Engine and name; the engine alone where it does not load."""
    instead: str
    """Engine and names of all that speak the language."""
    problem: EngineUnavailable | TakeRejected


@dataclass(frozen=True, slots=True, kw_only=True)
class Voiced:
    """The takes of a bulletin's sentences, in their order."""

    takes: tuple[Take, ...]
    spoken_now: int
    """How many had to be voiced; the rest were found by recipe."""
    embedded: bool
    """Whether a voice speaks any of it that is embedded, or that no native listener has rated yet."""
    fallbacks: tuple[Fallback, ...] = ()
    """Where not the voice speaks that was tried first."""

    @property
    def engines(self) -> dict[str, int]:
        """How many sentences each engine spoke."""
        return dict(Counter(take.engine for take in self.takes))

    @property
    def voices(self) -> dict[str, int]:
        """How many sentences each voice spoke, by engine and name."""
        return dict(Counter(f"{take.engine} {take.voice}" for take in self.takes))


def voice(desk: Desk, sentences: Sequence[Sentence], programme: Programme, next_air: datetime | None = None) -> Voiced:
    """Voice sentences by the programme's order of engines.

    One engine speaks all sentences of a language: where it fails on one, the next engine starts that language again,
    so that no listener hears the voice change between two sentences. Of an engine that answers without usable sound,
    its other voice of that language is tried first. What was spoken is kept, and found again by the next run.

    Online voices are waited for no longer than `online_minutes`, and not into the half hour before `next_air` where
    another engine comes after them that may air. Voices on this machine are never kept from speaking.

    Raises:
        NoVoiceForLanguage: no engine has a voice for a language; it is never read by a voice of another.
        EngineUnavailable, TakeRejected: the last engine failed too; says why.
        NothingToSay: a sentence has nothing to pronounce.
        GivenUp: the work was given up meanwhile.
    """
    takes: dict[int, Take] = {}
    spoken_now, embedded = 0, False
    fallbacks: list[Fallback] = []
    patience = _patience(desk, next_air)
    for language in dict.fromkeys(s.language for s in sentences):
        engine, found, fresh, failed = _voice_language(desk, sentences, language, programme, patience)
        takes.update(found)
        spoken_now += fresh
        draft = {v.name for v in engine.voices if v.draft}
        embedded = embedded or engine.embedded or any(take.voice in draft for take in found.values())
        instead = " ".join([engine.name, *dict.fromkeys(take.voice for take in found.values())])
        fallbacks += (
            Fallback(language=language, voice=voice, instead=instead, problem=problem)
            for voice, problem in failed.items()
        )
    return Voiced(
        takes=tuple(takes[i] for i in range(len(sentences))),
        spoken_now=spoken_now,
        embedded=embedded,
        fallbacks=tuple(fallbacks),
    )


def say(desk: Desk, text: str, language: Language, out: Path, *, engine: str = "embedded", wish: str = "") -> None:
    """Speak one text, as it is written, into a sound file, outside of any bulletin: sentence by sentence, as there.

    A name in another script is said by a voice of its own language, as there.

    Raises:
        NothingToSay: it has nothing to pronounce.
        TextLost: it has letters that the language is not written in.
        NoVoiceForLanguage: none of the engines behind the word speaks the language, or that of a name inside the text.
        EngineUnavailable: there is no engine behind the word, or it cannot speak now.
        UnknownName: they have no voice of the wished name or sex in the text's language.
    """
    said = reading.utter(text, language, announcer(desk)).sentences
    if not said:
        raise NothingToSay(text=text)
    usual = _speaker(desk, engine, language)
    if wish and not _has(usual, language, wish):
        raise UnknownName(what=Says("giọng", "voice"), name=wish, nearest=_nearest(usual, language, wish))
    speakers = {language: usual}
    with desk.store.scratch() as folder:
        takes: list[tuple[Path, Seconds]] = []
        for number, sentence in enumerate(said, start=1):
            spoken = sentence.language
            speaker = speakers[spoken] = speakers.get(spoken) or _speaker(desk, engine, spoken)
            takes.append((folder / f"{number}.wav", sentence.pause))
            speaker.speak(sentence.text, cast(speaker, spoken, wish).name, takes[-1][0])
            desk.progress("voice", number, len(said))
        wav.join([*takes[:-1], (takes[-1][0], Seconds(0))], out)


def _speaker(desk: Desk, word: str, language: Language) -> Engine:
    """The engine behind a word that speaks a language."""
    if not desk.engines[word]:
        reason, how = _ABSENT[word]
        raise EngineUnavailable(engine=word, reason=reason, how=how)
    for engine in desk.engines[word]:
        if any(v.language is language for v in engine.voices):
            return engine
    raise NoVoiceForLanguage(language=language.value)


def _has(engine: Engine, language: Language, wish: str) -> bool:
    return any(wish in {v.name, v.sex} for v in engine.voices if v.language is language)


def _nearest(engine: Engine, language: Language, wish: str) -> str:
    """The voice or sex of an engine and language most like a wish; its usual voice where none is like it."""
    names = [name for v in engine.voices if v.language is language for name in (v.name, v.sex)]
    near = difflib.get_close_matches(wish, names, n=1, cutoff=0.5)
    return near[0] if near else names[0]


def engines_for(desk: Desk, programme: Programme, language: Language) -> Iterator[Engine]:
    """The engines that have a voice for a language, in the programme's order."""
    for word in programme.engines:
        for engine in desk.engines.get(word, ()):
            if any(v.language is language for v in engine.voices):
                yield engine


def first_engine(desk: Desk, programme: Programme, language: Language) -> Engine:
    """The engine that is tried first for a language. Raises NoVoiceForLanguage where none speaks it."""
    for engine in engines_for(desk, programme, language):
        return engine
    raise NoVoiceForLanguage(language=language.value)


def unheeded(desk: Desk, sentences: Sequence[Sentence], programme: Programme) -> tuple[Note, ...]:
    """The voices that a script wishes for by name and that will read none of it, for its editor.

    A wish for a woman's or a man's voice is no name: where there is none, the usual voice speaks.
    """
    readers: dict[str, list[Voice]] = {}
    for sentence in sentences:
        for engine in islice(engines_for(desk, programme, sentence.language), 1):
            readers.setdefault(sentence.voice, []).append(cast(engine, sentence.language, sentence.voice))
    return tuple(
        Note(wish, f"giọng này không đọc bài: bài do {', '.join(dict.fromkeys(v.name for v in voices))} đọc")
        for wish, voices in readers.items()
        if wish not in {"", "nữ", "nam"} and all(v.name != wish for v in voices)
    )


def cast(engine: Engine, language: Language, wish: str) -> Voice:
    """The voice for a wish: one of that name, else of that sex, else the engine's usual one for the language."""
    voices = [v for v in engine.voices if v.language is language]
    named = [v for v in voices if wish in {v.name, v.sex}]
    return (named or voices)[0]


def _patience(desk: Desk, next_air: datetime | None) -> _Patience:
    now = desk.now()
    ends = now + timedelta(minutes=desk.config.settings.voices.online_minutes)
    return _Patience(ends, min(ends, next_air - _BEFORE_AIR) if next_air else ends)


def _may_air(engine: Engine, language: Language, programme: Programme) -> bool:
    """Whether what an engine speaks may be signed for air: a draft only holds a place, unless the programme says so."""
    rated = any(not v.draft for v in engine.voices if v.language is language)
    return programme.embedded_may_air or (rated and not engine.embedded)


def _turns(desk: Desk, programme: Programme, language: Language, patience: _Patience) -> Iterator[_Turn]:
    engines = [*engines_for(desk, programme, language)]
    for place, engine in enumerate(engines, start=1):
        replaceable = any(_may_air(other, language, programme) for other in engines[place:])
        yield _Turn(engine, patience.sooner if replaceable else patience.ends, replaceable)


def _voice_language(
    desk: Desk, sentences: Sequence[Sentence], language: Language, programme: Programme, patience: _Patience
) -> tuple[Engine, Mapping[int, Take], int, Mapping[str, EngineUnavailable | TakeRejected]]:
    """The engine that speaks a language, its takes, how many were spoken now, and the voices that failed before."""
    wanted = [(i, s) for i, s in enumerate(sentences) if s.language is language]
    failures: dict[str, EngineUnavailable | TakeRejected] = {}
    for turn in _turns(desk, programme, language, patience):
        engine = turn.engine
        instead: dict[str, str] = {}
        while True:
            try:
                return engine, *_speak_all(desk, turn, wanted, instead), failures
            except _Failed as failed:
                problem = failures[f"{engine.name} {failed.voice}".strip()] = failed.problem
                other = _other_voice(engine, language, failed.voice, instead)
                if not other or not isinstance(problem, TakeRejected):
                    break
                instead[failed.voice] = other
    raise next(reversed(failures.values()), None) or NoVoiceForLanguage(language=language.value)


def _other_voice(engine: Engine, language: Language, failed: str, instead: Mapping[str, str]) -> str | None:
    """A voice of the same engine and language that has not failed yet."""
    tried = {failed, *instead, *instead.values()}
    return next((v.name for v in engine.voices if v.language is language and v.name not in tried), None)


def _speak_all(
    desk: Desk, turn: _Turn, wanted: Sequence[tuple[int, Sentence]], instead: Mapping[str, str]
) -> tuple[Mapping[int, Take], int]:
    """The takes of one language by one engine, and how many of them were spoken now."""
    engine = turn.engine
    try:
        recipes = {i: _recipe(engine, sentence, instead) for i, sentence in wanted}
    except EngineUnavailable as problem:  # it does not load, and so cannot say its version
        raise _Failed("", problem) from problem
    takes: dict[Digest, Take] = {}

    def missing() -> Iterator[Recipe]:
        wanted = {recipe.digest: recipe for recipe in recipes.values()}
        voiced = desk.ledger.takes(wanted)
        for recipe in wanted.values():
            known = voiced.get(recipe.digest)
            if known and known.audio in desk.store:
                takes[recipe.digest] = known
            else:
                turn.check(recipe.voice, desk.now())
                yield recipe

    with desk.store.scratch() as folder:

        def speak(recipe: Recipe) -> Recipe:
            try:
                engine.speak(recipe.text, recipe.voice, folder / f"{recipe.digest}.wav")
            except (EngineUnavailable, TakeRejected) as problem:
                raise _Failed(recipe.voice, problem) from problem
            return recipe

        fresh = 0
        for recipe in in_order(speak, missing(), engine.at_once):
            desk.check_stop()
            takes[recipe.digest] = _kept(desk, recipe, folder / f"{recipe.digest}.wav")
            fresh += 1
            desk.progress("voice", len(takes), len(recipes))
    return {i: takes[recipe.digest] for i, recipe in recipes.items()}, fresh


def _recipe(engine: Engine, sentence: Sentence, instead: Mapping[str, str]) -> Recipe:
    chosen = cast(engine, sentence.language, sentence.voice).name
    chosen = instead.get(chosen, chosen)
    return Recipe(
        text=sentence.text,
        engine=engine.name,
        version=engine.version,
        voice=chosen,
        settings=engine.settings(chosen),
    )


def _kept(desk: Desk, recipe: Recipe, file: Path) -> Take:
    seconds = _length(file)
    audio = desk.store.adopt(file)
    take = Take(recipe=recipe.digest, audio=audio, seconds=seconds, engine=recipe.engine, voice=recipe.voice)
    desk.ledger.keep_take(take)
    return take


def _length(file: Path) -> Seconds:
    with wave.open(str(file)) as take:
        return Seconds(take.getnframes() / take.getframerate())
