"""The online voices: Microsoft's read-aloud service through edge-tts. Tried with edge-tts 7.3.1."""

import asyncio
import difflib
import html
import io
import threading
import time
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.core.errors import EngineUnavailable, PipelineError, Says, TakeRejected
from pipeline.core.model import Language, Seconds, Voice
from pipeline.core.reasons import vietnamese
from pipeline.voices import wav
from pipeline.voices.breaker import Breaker
from pipeline.voices.net import Unreachable, reach
from pipeline.voices.orthography import pronounceable
from pipeline.voices.roster import voice_named
from pipeline.voices.wav import Sound

if TYPE_CHECKING:
    from tenacity.wait import WaitBaseT

_SERVICE = "readaloud 1"
"""The service states no version. Raise the number when what is asked of it changes."""
_LICENCE = "Microsoft"
"""A service, under its operator's terms."""
_AT_ONCE = 3
"""Requests at once, over all threads: more brings dropped sentences and blocks."""
_TRIES = 3
_PATIENCE = Seconds(60)
_PROBE = Seconds(3)
_REACHED_LATELY = Seconds(60)
_TICKS = 10_000_000
"""The service's clock: 100 ns."""
_MP3_BYTES_A_SECOND = 6_000
_SILENT_PEAK = 100
"""Of 32,767: 50 dB below full scale."""

_LONGEST_SILENCE = Seconds(2)
_SAME = 0.85
"""Of the letters asked for: the service writes some signs its own way."""

_LATER = Says("thử lại sau, hoặc cho phép giọng có sẵn", "try again later, or allow the embedded voice")
_ONLINE = Says(
    "kiểm tra mạng; không có mạng thì dùng giọng có sẵn (embedded)",
    "check the network; without one use the embedded voice",
)
_CLIENT = Says("nâng gói edge-tts; trong lúc chờ dùng giọng khác", "upgrade edge-tts; meanwhile use another voice")
_CLOCK = Says(
    "chỉnh đúng giờ của máy; nếu vẫn bị từ chối, nâng gói edge-tts", "set this machine's clock; then upgrade edge-tts"
)


@dataclass(frozen=True, slots=True)
class _Stream:
    """What the service sent for one text."""

    mp3: bytes
    spoken: Seconds
    """The end of the last sentence it announced; 0 where it announced none."""
    whole: bool
    """Whether it said that it had finished."""
    announced: str
    """The text of the sentences it announced."""


class EdgeOnline:
    """Two Vietnamese and two Khmer neural voices, for a text of at most 3,000 bytes at a time.

    `rate` is the service's, such as `-10%`. `proxy` is an HTTP proxy's URL; without it the environment's is used. Safe
    for threads, of which three are served at once. A passing fault is tried again, three times in all, after `wait`
    (tenacity; a random second or more by default), none later than a minute after the first. No try may last longer
    than `patience` seconds. A voice that sent nothing usable for three sentences in a row is not asked again for ten
    minutes, and so the service where it refused or stalled: they may be gone for days, and each try costs up to a
    minute.
    """

    name = "edge"
    version = _SERVICE
    embedded = False
    at_once = _AT_ONCE

    def __init__(
        self,
        proxy: str | None = None,
        rate: str = "+0%",
        *,
        wait: "WaitBaseT | None" = None,
        patience: Seconds = _PATIENCE,
        probe: Seconds = _PROBE,
    ) -> None:
        self._proxy = proxy
        self._rate = rate
        self._wait = wait
        self._patience = patience
        self._probe = probe
        self._slots = threading.BoundedSemaphore(_AT_ONCE)
        self._reached = float("-inf")
        self._breakers = {name: Breaker() for name in (_SERVICE, *(v.name for v in self.voices))}

    @property
    def voices(self) -> Sequence[Voice]:
        """A woman's and a man's voice in each language."""
        return (
            Voice(
                name="vi-VN-HoaiMyNeural", language=Language.VI, sex="nữ", region="Nam", online=True, licence=_LICENCE
            ),
            Voice(
                name="vi-VN-NamMinhNeural", language=Language.VI, sex="nam", region="Bắc", online=True, licence=_LICENCE
            ),
            Voice(name="km-KH-SreymomNeural", language=Language.KM, sex="nữ", online=True, licence=_LICENCE),
            Voice(name="km-KH-PisethNeural", language=Language.KM, sex="nam", online=True, licence=_LICENCE),
        )

    def settings(self, voice: str) -> Mapping[str, str | int | float]:
        """The speed, relative to the voice's own."""
        voice_named(voice, self.voices)
        return {"rate": self._rate}

    def check(self) -> None:
        """Raise EngineUnavailable, within seconds, if the service's machine cannot be reached. Speaks nothing."""
        from edge_tts import communicate  # noqa: PLC0415 - brings aiohttp

        try:
            # The address as the client itself will read it.
            reach(communicate.WSS_URL, self._proxy, self._probe)  # type: ignore[attr-defined]  # re-exported by chance
        except Unreachable as why:
            raise self._unavailable(Says(f"không có mạng: {vietnamese(str(why))}", f"offline: {why}"), _ONLINE) from why
        self._reached = time.monotonic()

    def speak(self, text: str, voice: str, out: Path) -> None:
        """Write a WAV (mono, 16 bit, 24,000 Hz): whole, or not at all.

        Raises:
            NothingToSay: the text has no letter or digit.
            TextLost: it has letters that the voice's language is not written in.
            EngineUnavailable: the service cannot be reached, refuses, or stalls.
            TakeRejected: it sent sound that is cut short, silent or of an impossible length, three times.
            UnknownName: no voice has that name.
        """
        words = pronounceable(text, voice_named(voice, self.voices).language)
        self._rested(text, voice)
        if time.monotonic() - self._reached > _REACHED_LATELY:
            self.check()  # finds out in seconds what a name server may take a minute to admit
        with self._slots:
            self._rested(text, voice)  # others may have failed while this one waited
            try:
                sound = self._persist(words, voice)
            except TakeRejected as problem:
                self._breakers[voice].failed(problem)
                raise
            except EngineUnavailable as problem:
                self._breakers[_SERVICE].failed(problem)
                raise
        for name in (voice, _SERVICE):
            self._breakers[name].worked()
        wav.write(sound, out)

    def _rested(self, text: str, voice: str) -> None:
        """Raise what the service or the voice failed with while it rests, of this text."""
        try:
            for name in (_SERVICE, voice):
                self._breakers[name].check()
        except TakeRejected as last:
            raise TakeRejected(engine=self.name, text=text, reason=last.fields["reason"]) from last

    def _persist(self, text: str, voice: str) -> Sound:
        import tenacity  # noqa: PLC0415 - not needed for any other voice

        try:
            return tenacity.Retrying(
                stop=tenacity.stop_after_attempt(_TRIES) | tenacity.stop_after_delay(_PATIENCE),
                wait=self._wait or tenacity.wait_random_exponential(multiplier=1, min=1, max=8),
                retry=tenacity.retry_if_exception(_passes),
                reraise=True,
            )(self._take, text, voice)
        except _transport_faults() as fault:
            self._reached = float("-inf")
            raise self._explained(fault, text) from fault

    def _take(self, text: str, voice: str) -> Sound:
        try:
            stream = asyncio.run(self._listen(text, voice))
        except (KeyError, IndexError, TypeError, ValueError) as fault:
            # The client trusts the service's form of speech; whatever it stumbles over is the service's change.
            why = Says(f"trả lời không hiểu được ({fault!r})", f"its answer cannot be understood ({fault!r})")
            raise self._unavailable(why, _CLIENT) from fault
        return _accepted(stream, text, _speed(self._rate), self.name)

    async def _listen(self, text: str, voice: str) -> _Stream:
        import edge_tts  # noqa: PLC0415 - brings aiohttp

        speech = edge_tts.Communicate(text, voice, rate=self._rate, proxy=self._proxy)
        mp3, spoken, announced = bytearray(), 0.0, ""
        async with asyncio.timeout(self._patience):
            async for event in speech.stream():
                if event["type"] == "audio":
                    mp3 += event["data"]
                else:
                    spoken = (event["offset"] + event["duration"]) / _TICKS
                    announced += event["text"]
        # The client counts its bytes when the service ends a turn, and raises nothing where the line ends before it.
        whole = speech.state["cumulative_audio_bytes"] == len(mp3)
        return _Stream(bytes(mp3), Seconds(spoken), whole, announced)

    def _explained(self, fault: Exception, text: str) -> PipelineError:
        import edge_tts.exceptions  # noqa: PLC0415 - brings aiohttp

        if isinstance(fault, edge_tts.exceptions.NoAudioReceived):
            return TakeRejected(engine=self.name, text=text, reason=Says("không có tiếng", "no sound"))
        if isinstance(fault, TimeoutError):
            reason = Says(f"quá {self._patience:g} giây không xong", f"not done in {self._patience:g} s")
            return self._unavailable(reason, _LATER)
        status = getattr(fault, "status", None)
        if status == 403 or isinstance(fault, edge_tts.exceptions.SkewAdjustmentError):
            refused = Says(
                "bị từ chối (403): đồng hồ máy sai, hoặc gói edge-tts đã cũ",
                "refused (403): the clock is wrong, or edge-tts too old",
            )
            return self._unavailable(refused, _CLOCK)
        if status:
            return self._unavailable(Says(f"dịch vụ trả mã {status}", f"the service answered {status}"), _LATER)
        return self._unavailable(Says(f"đứt đường truyền ({fault})", f"the line broke ({fault})"), _ONLINE)

    def _unavailable(self, reason: Says, how: Says) -> EngineUnavailable:
        return EngineUnavailable(engine=self.name, reason=reason, how=how)


def _transport_faults() -> tuple[type[Exception], ...]:
    import aiohttp  # noqa: PLC0415 - 0.2 s
    import edge_tts.exceptions as edge  # noqa: PLC0415 - brings aiohttp

    return (edge.EdgeTTSException, aiohttp.ClientError, OSError)


def _passes(fault: BaseException) -> bool:
    """Whether the same request may do better in a moment: not where nothing answers, nor where we are refused."""
    import aiohttp  # noqa: PLC0415 - 0.2 s
    import edge_tts.exceptions as edge  # noqa: PLC0415 - brings aiohttp

    if isinstance(fault, aiohttp.ClientResponseError):
        return fault.status == 429 or fault.status >= 500
    if isinstance(fault, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, edge.SkewAdjustmentError)):
        return False
    return isinstance(fault, (TakeRejected, *_transport_faults()))


# --- whether a take can be what was asked for ------------------------------------------------------------------------

_FASTEST, _SLOWEST = 25.0, 3.0
"""Letters and digits a second that no voice exceeds, and none stays under; people and these voices speak twelve."""
_AIR = Seconds(6)
"""Silence that a take may hold besides."""


def _accepted(stream: _Stream, text: str, speed: float, engine: str) -> Sound:
    """The sound, once it is sure that it is the whole text's.

    Raises:
        TakeRejected: it is not.
    """
    sound, peak, silence = _decode(stream.mp3)
    if fault := _fault(stream, sound.seconds, peak, sum(c.isalnum() for c in text) / speed) or _elsewhere(stream, text):
        raise TakeRejected(engine=engine, text=text, reason=fault)
    if silence > _LONGEST_SILENCE:
        reason = Says(f"im lặng {silence:.1f} giây ở giữa hay cuối", f"{silence:.1f} s of silence within or at its end")
        raise TakeRejected(engine=engine, text=text, reason=reason)
    return sound


def _elsewhere(stream: _Stream, text: str) -> Says | None:
    """Whether the sentences that were announced are another text, or only a part of this one."""
    asked, told = map(_letters, (text, html.unescape(stream.announced)))
    if not told or told == asked:
        return None
    if len(told) < _SAME * len(asked) or difflib.SequenceMatcher(None, asked, told, autojunk=False).ratio() < _SAME:
        return Says("đọc không đúng câu đã gửi", "it announced another text")
    return None


def _letters(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFC", text).casefold() if c.isalnum())


def _fault(stream: _Stream, seconds: float, peak: int, letters: float) -> Says | None:
    if not stream.whole:
        return Says(f"bị cắt sau {seconds:.1f} giây", f"cut after {seconds:.1f} s")
    if seconds < 0.9 * len(stream.mp3) / _MP3_BYTES_A_SECOND - 0.2:
        return Says("âm thanh không giải mã hết được", "not all of it decodes")
    if peak < _SILENT_PEAK:
        return Says("chỉ có im lặng", "only silence")
    if seconds < 0.97 * stream.spoken - 0.15:
        return Says(f"chỉ {seconds:.1f} trong {stream.spoken:.1f} giây", f"only {seconds:.1f} of {stream.spoken:.1f} s")
    if not letters / _FASTEST <= seconds <= letters / _SLOWEST + _AIR:
        return Says(f"dài {seconds:.1f} giây là không hợp lý", f"{seconds:.1f} s cannot be right")
    return None


def _decode(mp3: bytes) -> tuple[Sound, int, Seconds]:
    """The sound of an MP3, its highest sample and its longest silence; nothing where it does not decode."""
    import soundfile  # noqa: PLC0415 - brings numpy

    try:
        samples, rate = soundfile.read(io.BytesIO(mp3), dtype="int16", always_2d=True)
    except soundfile.LibsndfileError:
        return Sound(b"", 24_000), 0, Seconds(0)
    mono = samples[:, 0]
    levels = abs(mono.astype("int32"))
    loud = (levels > _SILENT_PEAK).nonzero()[0]
    ends = [*loud[:1], *([len(mono) - loud[-1]] if len(loud) else [])]
    longest = max([0, *ends, int((loud[1:] - loud[:-1]).max(initial=0))])
    return Sound(mono.tobytes(), rate), int(levels.max(initial=0)), Seconds(float(longest) / rate)


def _speed(rate: str) -> float:
    """How much faster than usual: `+20%` is 1.2."""
    return 1 + int(rate.removesuffix("%")) / 100
