"""The voices there are: which engine, what language, whether they answer now; and how they sound."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline import reading
from pipeline.core.errors import PipelineError, Says, UnknownName
from pipeline.core.facts import Json
from pipeline.core.model import Language, Voice
from pipeline.core.ports import Engine
from pipeline.newsroom.announcers import announcer
from pipeline.newsroom.desk import Desk
from pipeline.report import listening
from pipeline.voices import wav

_SAMPLE = {
    Language.VI: "Kính chào bà con và các bạn. Hôm nay, ngày 20/11, xã Đất Mũi tiêm vắc xin cho 125 trẻ em.",
    Language.KM: "សូមជម្រាបសួរបងប្អូន។ ថ្ងៃនេះ កុមារ ១២៥ នាក់ ទទួលបានវ៉ាក់សាំង។",
}


@dataclass(frozen=True, slots=True)
class Listed:
    """A voice, who speaks with it, and why it cannot speak here and now, if so."""

    engine: Engine
    voice: Voice
    problem: PipelineError | None

    def as_json(self) -> dict[str, Json]:
        """For other programs."""
        return {
            "engine": self.engine.name,
            "voice": self.voice.name,
            "language": self.voice.language.value,
            "sex": self.voice.sex,
            "region": self.voice.region,
            "online": self.voice.online,
            "draft": self.voice.draft,
            "licence": self.voice.licence,
            "problem": self.problem.code if self.problem else None,
        }


def roster(desk: Desk) -> Iterator[Listed]:
    """Every voice of every engine; each engine is asked once whether it can speak."""
    for engines in desk.engines.values():
        for engine in engines:
            problem = _problem(engine)
            yield from (Listed(engine, voice, problem) for voice in engine.voices)


def silent(desk: Desk) -> Iterator[PipelineError]:
    """What is wrong with each engine that offers no voice at all, and so has no row among the voices."""
    for engines in desk.engines.values():
        for engine in engines:
            if not engine.voices and (problem := _problem(engine)):
                yield problem


def drafts(desk: Desk) -> frozenset[str]:
    """Engine and voice, with a space between, of every draft voice: no native listener has rated it yet."""
    every = (engine for engines in desk.engines.values() for engine in engines)
    return frozenset(f"{engine.name} {voice.name}" for engine in every for voice in engine.voices if voice.draft)


def sample(desk: Desk, name: str, out: Path) -> None:
    """Speak the sample text with one voice into a WAV; its folder is made where it is not there.

    Raises:
        UnknownName, EngineUnavailable, TakeRejected.
    """
    listed = _named(desk, name)
    out.parent.mkdir(parents=True, exist_ok=True)
    _speak(desk, listed, _SAMPLE[listed.voice.language], out)


def sheet(desk: Desk, name: str, folder: Path) -> Path:
    """Write a listening sheet for one voice: twenty sentences as sound, with their text and a form for scores.

    The page needs no network and no program but a browser; it gives its scores back as a CSV file. Its path is
    returned; the folder is made where it is not there. Raises UnknownName, EngineUnavailable, TakeRejected.
    """
    listed = _named(desk, name)
    folder.mkdir(parents=True, exist_ok=True)
    sentences = listening.sentences(listed.voice.language)
    for number, text in enumerate(sentences, start=1):
        desk.progress("voice", number, len(sentences))
        _speak(desk, listed, text, folder / listening.sound_of(name, number))
    page = folder / f"{name}.html"
    with wav.whole(page) as part:
        part.write_text(listening.page(listed.voice, sentences), "utf-8")
    return page


def _speak(desk: Desk, listed: Listed, text: str, out: Path) -> None:
    line = reading.spoken(text, listed.voice.language, announcer(desk)).text
    listed.engine.speak(line, listed.voice.name, out)


def _named(desk: Desk, name: str) -> Listed:
    every = [Listed(engine, v, None) for engines in desk.engines.values() for engine in engines for v in engine.voices]
    for listed in every:
        if listed.voice.name == name:
            return listed
    near = difflib.get_close_matches(name, _names(every), n=1, cutoff=0)
    raise UnknownName(what=Says("giọng đọc", "voice"), name=name, nearest=near[0])


def _names(every: Sequence[Listed]) -> list[str]:
    return [listed.voice.name for listed in every]


def _problem(engine: Engine) -> PipelineError | None:
    try:
        engine.check()
    except PipelineError as problem:
        return problem
    return None
