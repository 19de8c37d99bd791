"""A finished bulletin at a glance: its waveform with the rundown beneath, its loudness against target and ceiling."""

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import fontpkg_noto_sans_khmer
import numpy as np

from pipeline.core.errors import figure
from pipeline.core.model import Language, Profile
from pipeline.core.rundown import SPOKEN, Timeline
from pipeline.studio.chapters import Chapter, chapters, cues, shortened
from pipeline.studio.meter import Metered, short_term

if TYPE_CHECKING:  # matplotlib takes as much memory as an hour of sound in the making: loaded when there is one to draw
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

_INK, _WAVE, _MUSIC, _LINE, _TARGET = "#1f2933", "#2f6f8f", "#d9a441", "#7a1f3d", "#3c8d40"
_DEEP = "#1d5672"
"""The colour of the pages' head."""
_COVER_WIDTH = 1140
"""Pixels of a cover that words may fill."""
_WORDS = re.compile("\\s+|[\u1780-\u17b3](?:\u17d2[\u1780-\u17b3]|[\u17b4-\u17d1])*|[^\\s\u1780-\u17b3]+")
"""Words, blanks, and in Khmer, which has no blanks between words, letters with all that stands on them."""
_FLOOR = -50.0
_LETTERS, _FEWEST = 190, 8
"""Letters that fit the whole width under the wave, and how many make a name worth writing."""
_POINTS = 4000
"""That a curve has at most; the picture is 1400 pixels wide."""
_BETWEEN = 30
"""Pixels at least between title and subtitle."""
_one_at_a_time = threading.Lock()
"""matplotlib's settings and fonts are everyone's."""
Drawn = dict[str, object]
"""What JSON can say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """What stands above the picture."""

    title: str
    subtitle: str
    language: Language = Language.VI
    """Of the names of its parts."""


def figures(heard: Metered, timeline: Timeline, profile: Profile, language: Language = Language.VI) -> Drawn:
    """The same as data, for a page that draws it itself: every tenth of a second, the parts, the sentences."""
    level = np.maximum(_FLOOR, short_term(heard.energy))
    return {
        "profile": profile.name,
        "seconds": round(timeline.seconds, 3),
        "target_lufs": profile.target,
        "ceiling_dbtp": profile.ceiling,
        "integrated_lufs": round(heard.loudness.integrated, 2),
        "range_lu": round(heard.loudness.range, 2),
        "true_peak_dbtp": round(heard.loudness.true_peak, 2),
        "momentary_lufs": round(heard.momentary, 2),
        "short_term_lufs": round(heard.short_term, 2),
        "peaks": [round(float(peak), 3) for peak in heard.peaks],
        "levels_lufs": [round(float(value), 1) for value in level],
        "parts": [
            {"kind": c.kind.value, "name": c.name, "start": round(c.start, 3), "end": round(c.end, 3)}
            for c in chapters(timeline, language)
        ],
        "sentences": [{"text": c.text, "start": round(c.start, 3), "end": round(c.end, 3)} for c in cues(timeline)],
    }


def draw(heard: Metered, timeline: Timeline, profile: Profile, caption: Caption, out: Path) -> None:
    """Write a PNG of 1400 × 420 pixels; equal input gives equal bytes. Khmer stands in a font that shapes it."""
    with _one_at_a_time:
        _draw(heard, timeline, profile, caption, out)


def _draw(heard: Metered, timeline: Timeline, profile: Profile, caption: Caption, out: Path) -> None:
    import matplotlib as mpl  # noqa: PLC0415 - heavy, and only where a picture is drawn
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - as above
    from matplotlib.figure import Figure  # noqa: PLC0415 - as above

    fonts = _fonts()
    caption = replace(caption, title=_drawable(caption.title), subtitle=_drawable(caption.subtitle))
    # No mathematics: a price in dollars is no formula.
    with mpl.rc_context({"font.family": fonts, "font.size": 10, "path.simplify": True, "text.parse_math": False}):
        figure = Figure(figsize=(14, 4.2), dpi=100, facecolor="white")
        wave, level = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        figure.subplots_adjust(left=0.055, right=0.985, top=0.88, bottom=0.12, hspace=0.08)
        canvas = FigureCanvasAgg(figure)
        _draw_caption(figure, caption)
        _draw_wave(wave, heard, timeline, profile, caption.language)
        _draw_level(level, heard, profile)
        level.set_xlim(0, max(heard.tick, len(heard.peaks) * heard.tick))
        level.set_xlabel("giây")
        part = out.with_name(f".{out.name}.part")
        canvas.print_png(str(part), metadata={"Software": None})
    part.replace(out)


def cover(title: str, about: str, owner: str, out: Path) -> None:
    """Write the picture of a podcast, a square JPEG of 1400 pixels; equal input gives equal bytes.

    The title stands as large as there is room for; below it what it is about, and at the foot whose it is.
    """
    with _one_at_a_time:
        _cover(title, about, owner, out)


def _cover(title: str, about: str, owner: str, out: Path) -> None:
    import matplotlib as mpl  # noqa: PLC0415 - heavy, and only where a picture is drawn
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - as above
    from matplotlib.figure import Figure  # noqa: PLC0415 - as above
    from matplotlib.patches import Arc, Polygon  # noqa: PLC0415 - as above

    fonts = _fonts()
    title, about, owner = map(_drawable, (title, about, owner))
    with mpl.rc_context({"font.family": fonts, "text.parse_math": False}):
        figure = Figure(figsize=(14, 14), dpi=100, facecolor=_DEEP)
        canvas = FigureCanvasAgg(figure)
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, 14), ylim=(0, 14))
        axes.set_axis_off()
        horn = [(1.3, 11.6), (2.2, 11.6), (3.7, 12.7), (3.7, 9.3), (2.2, 10.4), (1.3, 10.4)]
        axes.add_patch(Polygon(horn, closed=True, color="white"))
        for size in (1.8, 3.4, 5.0):
            axes.add_patch(Arc((3.9, 11), size, size, theta1=-42, theta2=42, color=_MUSIC, linewidth=16))
        axes.plot([1.3, 12.7], [2.3, 2.3], color=_MUSIC, linewidth=5)
        _fit(axes, title, (1.3, 8.3), 4.6, (84, 72, 62, 54, 46, 38, 30), "white")
        _fit(axes, about, (1.3, 3.4), 0.9, (44, 36, 28, 20), _MUSIC)
        _fit(axes, owner, (1.3, 1.8), 1.2, (34, 28, 24, 20), "white")
        part = out.with_name(f".{out.name}.part")
        canvas.print_jpg(str(part), pil_kwargs={"quality": 88})
    part.replace(out)


def _fit(  # noqa: PLR0917 - a text and where it goes
    axes: "Axes", text: str, at: tuple[float, float], high: float, sizes: Sequence[int], color: str
) -> None:
    """A text in lines, from a place downward, in the largest size in which it is not higher than there is room for."""
    shown = axes.text(*at, "", color=color, va="top", linespacing=1.35)
    for size in sizes:
        shown.set_fontsize(size)
        _wrap(shown, text)
        if shown.get_window_extent().height <= high * 100:
            return


def _wrap(shown: "Text", text: str) -> None:
    """Break a text into lines that the square has room for: between words, or between letters of Khmer."""
    lines = [""]
    for word in _WORDS.findall(text):
        shown.set_text(lines[-1] + word)
        if lines[-1] and not word.isspace() and shown.get_window_extent().width > _COVER_WIDTH:
            lines.append("")
        lines[-1] += word
    shown.set_text("\n".join(line.strip() for line in lines))


def _draw_caption(figure: "Figure", caption: Caption) -> None:
    """The subtitle on the right, and as much of the title as there is room for on its left."""
    told = figure.text(0.985, 0.93, caption.subtitle, fontsize=10, color=_INK, ha="right")
    title = figure.text(0.055, 0.93, caption.title, fontsize=15, color=_INK)
    room = told.get_window_extent().x0 - title.get_window_extent().x0 - _BETWEEN
    letters = len(caption.title)
    while letters > 1 and (width := title.get_window_extent().width) > room:
        letters = max(1, min(letters - 1, int(letters * room / width)))
        title.set_text(shortened(caption.title, letters))


def _draw_wave(axes: "Axes", heard: Metered, timeline: Timeline, profile: Profile, language: Language) -> None:
    step = _step(len(heard.peaks))
    peaks = np.maximum.reduceat(heard.peaks, np.arange(0, len(heard.peaks), step))
    axes.fill_between(np.arange(len(peaks)) * step * heard.tick, -peaks, peaks, color=_WAVE, linewidth=0)
    ceiling = 10 ** (profile.ceiling / 20)
    for side in (-ceiling, ceiling):
        axes.axhline(side, color=_LINE, linewidth=0.8, linestyle="--")
    goal = f"trần {figure(profile.ceiling).vi} dBTP"
    axes.text(0.995, ceiling + 0.04, goal, fontsize=8, color=_LINE, ha="right", transform=axes.get_yaxis_transform())
    _draw_parts(axes, chapters(timeline, language), timeline.seconds)
    axes.set_ylim(-1.5, 1.2)
    axes.set_yticks([-1, 0, 1])
    axes.set_ylabel("sóng âm")
    axes.spines[["top", "right"]].set_visible(False)


def _step(ticks: int) -> int:
    """How many ticks one point stands for: more points than pixels would only take memory."""
    return max(1, -(-ticks // _POINTS))


def _draw_parts(axes: "Axes", parts: Sequence[Chapter], seconds: float) -> None:
    """A strip under the wave, each part in its colour, named where there is room for its name."""
    for number, part in enumerate(parts):
        shade = 0.75 if number % 2 else 1.0
        color = _WAVE if part.kind in SPOKEN else _MUSIC
        axes.fill_between([part.start, part.end], -1.18, -1.08, color=color, alpha=shade, linewidth=0)
        until = parts[number + 1].start if number + 1 < len(parts) else part.end
        letters = int((until - part.start) / max(seconds, 1e-3) * _LETTERS)
        if letters >= _FEWEST:
            axes.text(part.start, -1.24, shortened(_drawable(part.name), letters), fontsize=8, color=_INK, va="top")


def _draw_level(axes: "Axes", heard: Metered, profile: Profile) -> None:
    step = _step(len(heard.energy))
    level = np.maximum(_FLOOR, short_term(heard.energy))[::step]
    axes.plot(np.arange(len(level)) * step * heard.tick, level, color=_LINE, linewidth=1.2)
    axes.axhline(profile.target, color=_TARGET, linewidth=1, linestyle="--")
    goal = f"mục tiêu {figure(profile.target).vi} LUFS"
    axes.text(0.995, 0.06, goal, fontsize=8, color=_TARGET, ha="right", transform=axes.transAxes)
    axes.set_ylim(_FLOOR, 0)
    axes.set_ylabel("LUFS (3 s)")
    axes.grid(axis="y", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def _fonts() -> list[str]:
    """The family names of the fonts of a picture, the packaged Khmer one made known to matplotlib."""
    from matplotlib.font_manager import fontManager  # noqa: PLC0415

    folder = Path(fontpkg_noto_sans_khmer.__file__).parent / "files"
    for file in sorted(folder.glob("*.ttf")):
        if not any(known.fname == str(file) for known in fontManager.ttflist):
            fontManager.addfont(str(file))
    return ["DejaVu Sans", "Noto Sans Khmer"]


@cache
def _letters() -> frozenset[int]:
    """All that these fonts have."""
    from matplotlib.font_manager import findfont, get_font  # noqa: PLC0415

    return frozenset(code for name in _fonts() for code in get_font(findfont(name)).get_charmap())


def _drawable(text: str) -> str:
    """A text without what no font has, such as little pictures: they would be empty boxes, and warnings."""
    known = _letters()
    return " ".join("".join(c for c in text if c.isspace() or ord(c) in known).split())
