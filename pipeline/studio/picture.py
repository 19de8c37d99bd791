"""A finished bulletin at a glance: its waveform with the rundown beneath, its loudness against target and ceiling."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import fontpkg_noto_sans_khmer
import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager

from pipeline.core.errors import figure
from pipeline.core.model import Profile
from pipeline.core.rundown import SPOKEN, SegmentKind, Timeline
from pipeline.studio.master import Mastered
from pipeline.studio.meter import Levels

_INK, _WAVE, _MUSIC, _LINE, _TARGET = "#1f2933", "#2f6f8f", "#d9a441", "#7a1f3d", "#3c8d40"
_SHORT_TERM = 30
"""Hops of 100 ms in a short-term loudness (EBU Tech 3341: 3 s)."""
_FLOOR = -50.0
_NAMES = {
    SegmentKind.IDENT: "nhạc hiệu",
    SegmentKind.OPENING: "mở đầu",
    SegmentKind.SPEECH: "lời đọc",
    SegmentKind.RECORDING: "ghi âm",
    SegmentKind.STING: "nhạc cắt",
    SegmentKind.CLOSING: "kết thúc",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """What stands above the picture."""

    title: str
    subtitle: str


def draw(mastered: Mastered, timeline: Timeline, profile: Profile, caption: Caption, out: Path) -> None:
    """Write a PNG of 1400 × 420 pixels; equal input gives equal bytes. Khmer stands in a font that shapes it."""
    fonts = ["DejaVu Sans", *_khmer_fonts()]
    with mpl.rc_context({"font.family": fonts, "font.size": 10, "path.simplify": True}):
        figure = Figure(figsize=(14, 4.2), dpi=100, facecolor="white")
        wave, level = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        figure.subplots_adjust(left=0.055, right=0.985, top=0.88, bottom=0.12, hspace=0.08)
        figure.text(0.055, 0.93, caption.title, fontsize=15, color=_INK)
        figure.text(0.985, 0.93, caption.subtitle, fontsize=10, color=_INK, ha="right")
        _draw_wave(wave, mastered, timeline, profile)
        _draw_level(level, mastered, profile)
        level.set_xlim(0, max(0.1, len(mastered.peaks) / 10))
        level.set_xlabel("giây")
        part = out.with_name(f".{out.name}.part")
        FigureCanvasAgg(figure).print_png(str(part), metadata={"Software": None})
    part.replace(out)


def _draw_wave(axes: Axes, mastered: Mastered, timeline: Timeline, profile: Profile) -> None:
    at = np.arange(len(mastered.peaks)) / 10
    axes.fill_between(at, -mastered.peaks, mastered.peaks, color=_WAVE, linewidth=0)
    ceiling = 10 ** (profile.ceiling / 20)
    for side in (-ceiling, ceiling):
        axes.axhline(side, color=_LINE, linewidth=0.8, linestyle="--")
    goal = f"trần {figure(profile.ceiling).vi} dBTP"
    axes.text(0.995, ceiling + 0.04, goal, fontsize=8, color=_LINE, ha="right", transform=axes.get_yaxis_transform())
    for kind, start, end in _stretches(timeline):
        color = _WAVE if kind in SPOKEN else _MUSIC
        axes.fill_between([start, end], -1.18, -1.08, color=color, linewidth=0)
        if end - start > timeline.seconds * 0.05:
            axes.text(start, -1.24, _NAMES[kind], fontsize=8, color=_INK, va="top")
    axes.set_ylim(-1.5, 1.2)
    axes.set_yticks([-1, 0, 1])
    axes.set_ylabel("sóng âm")
    axes.spines[["top", "right"]].set_visible(False)


def _stretches(timeline: Timeline) -> Sequence[tuple[SegmentKind, float, float]]:
    """Segments of one kind in a row as one, so that a hundred sentences are one name."""
    found: list[tuple[SegmentKind, float, float]] = []
    for placed in timeline.placed:
        kind = placed.segment.kind
        if kind is SegmentKind.PAUSE:
            continue
        if found and found[-1][0] is kind:
            found[-1] = (kind, found[-1][1], placed.end)
        else:
            found.append((kind, placed.start, placed.end))
    return found


def _draw_level(axes: Axes, mastered: Mastered, profile: Profile) -> None:
    level = _short_term(mastered.energy)
    axes.plot(np.arange(len(level)) / 10, level, color=_LINE, linewidth=1.2)
    axes.axhline(profile.target, color=_TARGET, linewidth=1, linestyle="--")
    goal = f"mục tiêu {figure(profile.target).vi} LUFS"
    axes.text(0.995, 0.06, goal, fontsize=8, color=_TARGET, ha="right", transform=axes.transAxes)
    axes.set_ylim(_FLOOR, 0)
    axes.set_ylabel("LUFS (3 s)")
    axes.grid(axis="y", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def _short_term(energy: Levels) -> Levels:
    width = min(_SHORT_TERM, max(1, len(energy)))
    mean = np.convolve(energy, np.full(width, 1 / width), "same")
    level: Levels = np.maximum(_FLOOR, -0.691 + 10 * np.log10(np.maximum(mean, 1e-12)))
    return level


def _khmer_fonts() -> list[str]:
    """The family names of the packaged Khmer font, made known to matplotlib."""
    folder = Path(fontpkg_noto_sans_khmer.__file__).parent / "files"
    for file in sorted(folder.glob("*.ttf")):
        if not any(known.fname == str(file) for known in fontManager.ttflist):
            fontManager.addfont(str(file))
    return ["Noto Sans Khmer"]
