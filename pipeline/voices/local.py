"""Neural voices on this machine: VITS models (Piper, MMS and their like) that a newsroom put into a folder.

Nothing is ever downloaded. The runtime, sherpa-onnx, is an optional extra: `pip install bantin[local]`.
"""

import json
import re
import threading
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path

from pipeline.core.errors import EngineUnavailable, Says, TakeRejected
from pipeline.core.model import Language, Seconds, Voice
from pipeline.voices import wav
from pipeline.voices.local_worker import UNTAUGHT, request, tokens_of
from pipeline.voices.orthography import pronounceable
from pipeline.voices.roster import voice_named
from pipeline.voices.speaker import Speaker

ABOUT = "giong.toml"
"""In a model's folder, what its files do not say: name, language (vi, km), sex (nữ, nam), region, licence, speaker."""

_DEADLINE = Seconds(180)
"""For one sentence, and for loading the model: a slow machine makes a second of speech in a second or two."""
_LANGUAGES = (
    (Language.VI, re.compile(r"(?<![a-z])(?:vi|vie|vi_vn|vi-vn)(?![a-z])")),
    (Language.KM, re.compile(r"(?<![a-z])(?:km|khm|km_kh|km-kh)(?![a-z])")),
)
_LICENCE = re.compile(r"licen[cs]e\W{1,4}(\S[^\n]{0,60})", re.IGNORECASE)
_CARDS = ("MODEL_CARD", "LICENSE", "LICENCE", "README.md")
_UNSTATED = "?"
_FASTEST, _SLOWEST, _AIR = 40.0, 3.0, Seconds(6)
"""Letters a second between which a take can be right, and silence it may hold besides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One folder with one model, and the voice that speaks from it."""

    voice: Voice
    model: Path
    tokens: Path
    lexicon: str
    phonemes: str
    """The voice of eSpeak NG whose phonemes the model was taught; empty where it reads letters, or has a lexicon."""
    speaker: int


class LocalNeural:
    """The VITS models in the folders below `folder`, at `speed` times their own pace.

    Every model speaks in a process of its own, one for all threads, started when first needed. The same text need not
    give the same bytes: these models draw their rhythm by chance. A folder that cannot be used is named by `check`.
    """

    name = "local"
    embedded = False
    at_once = 1

    def __init__(self, folder: Path, speed: float = 1.0) -> None:
        self._folder = folder
        self._speed = speed
        self._speakers: dict[str, tuple[str, Speaker]] = {}
        self._lock = threading.Lock()

    @property
    def version(self) -> str:
        """Of the runtime; a model's own digest is among its settings."""
        return f"sherpa-onnx {_runtime()}"

    @property
    def voices(self) -> Sequence[Voice]:
        """A voice for each folder with a model of a language we speak, by name."""
        return tuple(model.voice for model in self._models.values())

    def settings(self, voice: str) -> Mapping[str, str | float]:
        """The pace, and the model by the digest of its file."""
        return {"speed": self._speed, "model": _digest(self._model(voice).model)}

    def check(self) -> None:
        """Load every model. Raises EngineUnavailable with the folder that cannot be used and why."""
        if faults := [fault for _, fault in self._found if fault]:
            raise self._unavailable(faults[0], Says(f"xem {ABOUT} và các tệp của mẫu", f"see {ABOUT} and its files"))
        for name in self._models:
            self._speaker(name).version  # noqa: B018 - asking loads it, which is the check

    def speak(self, text: str, voice: str, out: Path) -> None:
        """Write a WAV (mono, 16 bit, the model's rate): whole, or not at all.

        Raises:
            NothingToSay: the text has no letter or digit.
            TextLost: it has letters of another script.
            EngineUnavailable: the runtime is not there, the model does not load, or it crashed or hung.
            TakeRejected: the model was not taught some of its letters or sounds and would skip them in silence; or what
                it said cannot be the text: silent, too short or too long.
            UnknownName: no voice has that name.
        """
        model = self._model(voice)
        line = pronounceable(text, model.voice.language)
        if lost := _untaught(line, model):
            raise self._rejected(text, f"mẫu chưa được dạy {lost}", f"the model was not taught {lost}")
        try:
            sound = self._speaker(voice).ask(request(line, self._speed))
        except EngineUnavailable as problem:
            if UNTAUGHT not in problem.message.en:
                raise
            raise self._rejected(text, "mẫu thiếu âm", problem.message.en.partition(UNTAUGHT)[2]) from problem
        letters = sum(c.isalnum() for c in line) / self._speed
        if not letters / _FASTEST <= sound.seconds <= letters / _SLOWEST + _AIR:
            seconds = f"{sound.seconds:.1f}"
            raise self._rejected(text, f"dài {seconds} giây là không hợp lý", f"{seconds} s cannot be right")
        if not any(sound.samples):
            raise self._rejected(text, "chỉ có im lặng", "only silence")
        wav.write(sound, out)

    def close(self) -> None:
        """End the workers for good."""
        for _, speaker in self._speakers.values():
            speaker.close()

    @cached_property
    def _found(self) -> list[tuple[Model | None, Says | None]]:
        """What each folder holds, or why it is no voice."""
        if not self._folder.is_dir():
            where = self._folder
            return [(None, Says(f"không có thư mục mẫu giọng {where}", f"there is no folder of models {where}"))]
        where = self._folder
        found = [_look(folder) for folder in sorted(where.iterdir()) if folder.is_dir()]
        return found or [(None, Says(f"thư mục {where} không có mẫu giọng nào", f"there is no model in {where}"))]

    @cached_property
    def _models(self) -> Mapping[str, Model]:
        return {model.voice.name: model for model, _ in self._found if model}

    def _model(self, voice: str) -> Model:
        return self._models[voice_named(voice, self.voices).name]

    def _speaker(self, voice: str) -> Speaker:
        """What speaks with a voice's model: one for all threads, as a model may fill half the memory."""
        with self._lock:
            digest = _digest(self._models[voice].model)
            loaded, speaker = self._speakers.get(voice, ("", None))
            if speaker is None or loaded != digest:  # a model replaced meanwhile is loaded anew
                if speaker:
                    speaker.close()
                speaker = self._loaded(self._models[voice])
                self._speakers[voice] = digest, speaker
            return speaker

    def _loaded(self, model: Model) -> Speaker:
        run = ("-P", "-m", "pipeline.voices.local_worker")
        files = (model.model, model.tokens, model.lexicon, model.phonemes, model.speaker)
        return Speaker(
            self.name, _DEADLINE, lambda: [*run, *map(str, files)], library="sherpa-onnx", package="bantin[local]"
        )

    def _rejected(self, text: str, vi: str, en: str) -> TakeRejected:
        return TakeRejected(engine=self.name, text=text, reason=Says(vi, en))

    def _unavailable(self, reason: Says, how: Says) -> EngineUnavailable:
        return EngineUnavailable(engine=self.name, reason=reason, how=how)


def _look(folder: Path) -> tuple[Model | None, Says | None]:
    """The model in a folder as sherpa-onnx's makers lay it out, or what it lacks."""
    name = folder.name
    try:
        about = tomllib.loads((folder / ABOUT).read_text("utf-8")) if (folder / ABOUT).is_file() else {}
    except (tomllib.TOMLDecodeError, OSError, UnicodeDecodeError) as fault:
        return None, Says(f"{name}/{ABOUT} không đọc được: {fault}", f"{name}/{ABOUT} cannot be read: {fault}")
    models = sorted(folder.glob("*.onnx"))
    if len(models) != 1 or not (folder / "tokens.txt").is_file():
        return None, Says(f"{name}: cần đúng một tệp .onnx và tokens.txt", f"{name}: needs one .onnx and tokens.txt")
    language = _language(str(about.get("language", "")) or f"{name} {models[0].stem}")
    if language is None:
        what = f"{name}: thêm {ABOUT} với language = “vi” hoặc “km”"
        return None, Says(what, f"{name}: add {ABOUT} with language = “vi” or “km”")
    speaker = about.get("speaker", 0)
    if not isinstance(speaker, int):
        return None, Says(f"{name}/{ABOUT}: speaker phải là số", f"{name}/{ABOUT}: speaker must be a number")
    try:
        tokens_of(folder / "tokens.txt")
    except (OSError, UnicodeDecodeError) as fault:
        return None, Says(f"{name}/tokens.txt không đọc được: {fault}", f"{name}/tokens.txt cannot be read: {fault}")
    voice = Voice(
        name=str(about.get("name") or name),
        language=language,
        sex=str(about.get("sex", "")),
        region=str(about.get("region", "")),
        draft=bool(about.get("draft", language is Language.KM)),
        licence=str(about.get("licence", "")) or _stated_licence(folder),
    )
    lexicon = folder / "lexicon.txt"
    return Model(
        voice=voice,
        model=models[0],
        tokens=folder / "tokens.txt",
        lexicon=str(lexicon) if lexicon.is_file() else "",
        phonemes=_phonemes(folder, models[0]),
        speaker=speaker,
    ), None


def _phonemes(folder: Path, model: Path) -> str:
    """The voice of eSpeak NG that Piper's description beside a model names."""
    described = model.with_name(f"{model.name}.json")
    if described.is_file():
        try:
            about = json.loads(described.read_text("utf-8"))
            return str(about["espeak"]["voice"])
        except (ValueError, KeyError, TypeError):
            return ""
    return "vi" if (folder / "espeak-ng-data").is_dir() else ""


def _language(told: str) -> Language | None:
    return next((language for language, names in _LANGUAGES if names.search(told.lower())), None)


def _stated_licence(folder: Path) -> str:
    """The licence as a model's own card says it; `?` where it says none."""
    for card in _CARDS:
        if (folder / card).is_file():
            said = _LICENCE.search((folder / card).read_text("utf-8", errors="replace")[:20_000])
            if said:
                return said[1].strip(" *`")
    return _UNSTATED


def _untaught(text: str, model: Model) -> str:
    """What a model was never taught and would skip: letters and signs, or words where it knows words by a lexicon."""
    if model.phonemes:
        return ""  # its worker compares the phonemes
    if model.lexicon:
        known = _words_of(Path(model.lexicon))
        return " ".join(dict.fromkeys(w for w in re.findall(r"[^\W\d_]+", text.lower()) if w not in known))
    taught = _taught(model.tokens)
    spoken = (c for c in text if unicodedata.category(c)[0] in "LMN")
    return "".join(dict.fromkeys(c for c in spoken if not {c, c.lower(), c.upper()} & taught))


@cache
def _words_of(lexicon: Path) -> frozenset[str]:
    lines = lexicon.read_text("utf-8", errors="replace").splitlines()
    return frozenset(line.split(maxsplit=1)[0].lower() for line in lines if line.strip())


@cache
def _taught(tokens: Path) -> frozenset[str]:
    return tokens_of(tokens)


def _digest(file: Path) -> str:
    """Of a file as it is now."""
    stat = file.stat()
    return _digest_once(file, stat.st_mtime_ns, stat.st_size)


@cache
def _digest_once(file: Path, _changed: int, _size: int) -> str:
    with file.open("rb") as stream:
        digest = sha256()
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()[:16]


@cache
def _runtime() -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    try:
        return version("sherpa-onnx")
    except PackageNotFoundError:
        return _UNSTATED
