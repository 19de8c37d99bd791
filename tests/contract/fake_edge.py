"""A read-aloud service on loopback that speaks enough of the online voice's protocol for its real client.

It answers a text with a tone as long as the text would take to read. `plan` says how the next connections end instead;
when it is empty they end well.
"""

import asyncio
import gc
import html
import io
import json
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache

from aiohttp import WSMsgType, web

LETTERS_A_SECOND = 12
_AUDIO = b"X-RequestId:1\r\nContent-Type:audio/mpeg\r\nPath:audio\r\n"
_AUDIO_END = b"X-RequestId:1\r\nPath:audio\r\n"


@dataclass
class Service:
    """What the service is told to do, and what it was asked."""

    url: str = ""
    plan: list[str] = field(default_factory=list)
    """Next endings: a status such as `503`, or a word of `_sound` and `_answer`."""
    asked: list[str] = field(default_factory=list)
    voices: list[str] = field(default_factory=list)
    connections: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when it ends: a stall lasts until then."""

    async def connect(self, request):
        self.connections += 1
        ending = self.plan.pop(0) if self.plan else "well"
        if ending.isdigit():
            return web.Response(status=int(ending))
        socket = web.WebSocketResponse(compress=True)
        await socket.prepare(request)
        async for message in socket:
            if message.type is WSMsgType.TEXT and "Path:ssml" in message.data:
                await self._answer(socket, request, message.data, ending)
        return socket

    async def _answer(self, socket, request, message, ending):
        text = html.unescape(re.sub(r"<[^>]*>", "", message.split("\r\n\r\n", 1)[1]))
        self.asked.append(text)
        self.voices.append(re.search(r"name='([^']*)'", message)[1])
        await socket.send_str(_said("turn.start", {}))
        seconds = max(0.6, sum(c.isalnum() for c in text) / LETTERS_A_SECOND)
        if ending != "no audio":
            await self._sound(socket, text, seconds, ending)
        if ending == "stall":
            await self.over.wait()
            return
        if ending == "reset":
            request.transport.abort()
        if ending in {"cut", "reset"}:
            await socket.close()
            return
        await socket.send_bytes(len(_AUDIO_END).to_bytes(2, "big") + _AUDIO_END)
        await socket.send_str(_said("turn.end", {}))

    async def _sound(self, socket, text, seconds, ending):
        # Real boundaries are announced in the service's ticks of 100 ns.
        said = {"other text": "Một câu khác hẳn, không phải câu đã gửi.", "half": text[: len(text) // 2]}.get(
            ending, text
        )
        heard = seconds / 2 if ending == "half" else seconds
        told = {"Offset": 1_000_000, "Duration": int(heard * 9_000_000), "text": {"Text": said, "Length": len(said)}}
        if ending == "odd answer":
            del told["Offset"]
        await socket.send_str(_said("audio.metadata", {"Metadata": [{"Type": "SentenceBoundary", "Data": told}]}))
        mp3 = tone(round(heard, 1), loud=ending != "silence")
        if ending == "tail":
            mp3 = tone(round(seconds * 0.85, 1))
        if ending == "half silent":
            mp3 = tone(round(seconds / 2, 1)) + tone(round(seconds / 2, 1), loud=False)
        mp3 = {"noise": b"\x00" * len(mp3), "short": mp3[: len(mp3) // 2]}.get(ending, mp3)
        blocks = [mp3[at : at + 2000] for at in range(0, len(mp3), 2000)]
        for block in blocks[: max(1, len(blocks) // 2)] if ending in {"cut", "stall", "reset"} else blocks:
            await socket.send_bytes(len(_AUDIO).to_bytes(2, "big") + _AUDIO + block)


def _said(path, body):
    return f"X-RequestId:1\r\nContent-Type:application/json; charset=utf-8\r\nPath:{path}\r\n\r\n{json.dumps(body)}"


@cache
def tone(seconds, *, loud=True):
    """A sine at 220 Hz as the service sends sound: MP3, 24 kHz, mono, 48 kbit/s."""
    import lameenc
    import numpy as np

    wave = np.sin(2 * np.pi * 220 * np.arange(int(24_000 * seconds)) / 24_000) * (8_000 if loud else 0)
    encoder = lameenc.Encoder()
    encoder.set_bit_rate(48)
    encoder.set_in_sample_rate(24_000)
    encoder.set_channels(1)
    encoder.set_quality(7)
    encoder.silence()
    stream = io.BytesIO()
    stream.write(encoder.encode(wave.astype("<i2").tobytes()))
    stream.write(encoder.flush())
    return stream.getvalue()


@contextmanager
def service() -> Iterator[Service]:
    """The service, running until the block ends."""
    running = Service()
    loop = asyncio.new_event_loop()
    runner = loop.run_until_complete(_start(running))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield running
    finally:
        loop.call_soon_threadsafe(running.over.set)
        asyncio.run_coroutine_threadsafe(_end(runner), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(_end(runner))  # what was on its way in when the loop stopped
        loop.run_until_complete(_nothing_left())
        loop.close()
        with warnings.catch_warnings():
            # The server forgets a line whose caller went away while it was taken up.
            # Collected later, it would complain in the middle of another test.
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()


async def _nothing_left():
    """End whatever still runs: collected later, it would complain in the middle of another test."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()


async def _end(runner):
    await runner.cleanup()
    for _ in range(3):  # one may have been accepted while the service closed, and become a line a few turns later
        await asyncio.sleep(0.05)
        begun = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.wait(begun, timeout=1) if begun else None
        while lines := _open_lines():
            for line in lines:
                line.abort()  # its caller may read no more
            await asyncio.sleep(0.01)


def _open_lines():
    lines = list(asyncio.get_running_loop()._transports.values())
    return [line for line in lines if line.get_extra_info("socket").fileno() >= 0]


async def _start(running):
    app = web.Application()
    app.router.add_get("/edge/v1", running.connect)
    runner = web.AppRunner(app, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    running.url = f"ws://127.0.0.1:{runner.addresses[0][1]}/edge/v1?TrustedClientToken=x"
    return runner
