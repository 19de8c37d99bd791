"""Voicing: every sentence becomes a take, found again by its recipe or spoken now. One engine speaks a language."""

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline import reading
from pipeline.core.errors import EngineUnavailable, NoVoiceForLanguage, Says, TakeRejected, UnknownName
from pipeline.core.model import Language, Programme, Recipe, Seconds, Sentence, Take, Voice
from pipeline.core.ports import Engine
from pipeline.newsroom.announcers import announcer
from pipeline.newsroom.desk import Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Voiced:
    """The takes of a bulletin's sentences, in their order."""

    takes: tuple[Take, ...]
    spoken_now: int
    """How many had to be voiced; the rest were found by recipe."""
    embedded: bool
    """Whether an embedded voice speaks any of it."""

    @property
    def engines(self) -> dict[str, int]:
        """How many sentences each engine spoke."""
        return dict(Counter(take.engine for take in self.takes))


def voice(desk: Desk, sentences: Sequence[Sentence], programme: Programme) -> Voiced:
    """Voice sentences by the programme's order of engines.

    One engine speaks all sentences of a language: where it fails on one, the next engine starts that language again,
    so that no listener hears the voice change between two sentences.

    Raises:
        NoVoiceForLanguage: no engine has a voice for a language; it is never read by a voice of another.
        EngineUnavailable, TakeRejected: the last engine failed too; says why.
        NothingToSay: a sentence has nothing to pronounce.
    """
    takes: dict[int, Take] = {}
    spoken_now, embedded = 0, False
    for language in dict.fromkeys(s.language for s in sentences):
        engine, found, fresh = _voice_language(desk, sentences, language, programme)
        takes.update(found)
        spoken_now += fresh
        embedded = embedded or engine.embedded
    return Voiced(takes=tuple(takes[i] for i in range(len(sentences))), spoken_now=spoken_now, embedded=embedded)


def say(desk: Desk, text: str, language: Language, out: Path, *, engine: str = "embedded", wish: str = "") -> None:
    """Speak one text, as it is written, into a sound file, outside of any bulletin.

    Raises:
        NoVoiceForLanguage: none of the engines behind the word speaks the language.
        UnknownName: they have no voice of the wished name or sex.
    """
    line = reading.spoken(text, language, announcer(desk)).text
    speaking = [e for e in desk.engines[engine] if any(v.language is language for v in e.voices)]
    if not speaking:
        raise NoVoiceForLanguage(language=language.value)
    names = [name for v in speaking[0].voices if v.language is language for name in (v.name, v.sex)]
    if wish and wish not in names:
        near = difflib.get_close_matches(wish, names, n=1, cutoff=0)
        raise UnknownName(what=Says("giọng", "voice"), name=wish, nearest=near[0])
    speaking[0].speak(line, cast(speaking[0], language, wish).name, out)


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


def cast(engine: Engine, language: Language, wish: str) -> Voice:
    """The voice for a wish: one of that name, else of that sex, else the engine's usual one for the language."""
    voices = [v for v in engine.voices if v.language is language]
    named = [v for v in voices if wish in {v.name, v.sex}]
    return (named or voices)[0]


def _voice_language(
    desk: Desk, sentences: Sequence[Sentence], language: Language, programme: Programme
) -> tuple[Engine, Mapping[int, Take], int]:
    wanted = [(i, s) for i, s in enumerate(sentences) if s.language is language]
    problem: EngineUnavailable | TakeRejected | None = None
    for engine in engines_for(desk, programme, language):
        takes: dict[int, Take] = {}
        fresh = 0
        try:
            for done, (i, sentence) in enumerate(wanted):
                desk.progress("voice", done, len(wanted))
                takes[i], is_new = _take(desk, engine, sentence)
                fresh += is_new
        except (EngineUnavailable, TakeRejected) as failed:
            problem = failed
            continue
        return engine, takes, fresh
    raise problem or NoVoiceForLanguage(language=language.value)


def _take(desk: Desk, engine: Engine, sentence: Sentence) -> tuple[Take, bool]:
    chosen = cast(engine, sentence.language, sentence.voice)
    recipe = Recipe(
        text=sentence.text,
        engine=engine.name,
        version=engine.version,
        voice=chosen.name,
        settings=engine.settings(chosen.name),
    )
    known = desk.ledger.take(recipe.digest)
    if known and known.audio in desk.store:
        return known, False
    with desk.store.scratch() as folder:
        file = folder / "take.wav"
        engine.speak(sentence.text, chosen.name, file)
        seconds = _length(file)
        audio = desk.store.adopt(file)
    take = Take(recipe=recipe.digest, audio=audio, seconds=seconds, engine=engine.name, voice=chosen.name)
    desk.ledger.keep_take(take)
    return take, True


def _length(file: Path) -> Seconds:
    import soundfile  # noqa: PLC0415 - numpy, only where something is voiced

    return Seconds(soundfile.info(file).duration)
