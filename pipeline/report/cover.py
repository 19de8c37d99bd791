"""The square picture that a podcast is known by."""

import io
from functools import lru_cache
from pathlib import Path

from pipeline.core.model import Language

_GROUND, _INK, _SOFT = "#1d5672", "#ffffff", "#cfe0e8"
_TONGUE = {Language.VI: "tiếng Việt", Language.KM: "ភាសាខ្មែរ"}
_LETTERS = 16
"""In a line."""


@lru_cache(maxsize=32)
def cover(title: str, newsroom: str, language: Language) -> bytes:
    """A PNG of 1400 × 1400 pixels (Apple asks for 1400 to 3000); Khmer stands in a font that shapes it."""
    import fontpkg_noto_sans_khmer  # noqa: PLC0415 - heavy, and only here
    from matplotlib import font_manager  # noqa: PLC0415 - as above
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - as above
    from matplotlib.figure import Figure  # noqa: PLC0415 - as above
    from matplotlib.patches import Wedge  # noqa: PLC0415 - as above

    (file,) = (Path(fontpkg_noto_sans_khmer.__file__).parent / "files").glob("*.ttf")
    khmer = font_manager.FontProperties(fname=str(file))
    figure = Figure(figsize=(7, 7), dpi=200, facecolor=_GROUND)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    for radius in (0.10, 0.17, 0.24, 0.31):
        axes.add_patch(Wedge((0.5, 0.68), radius, 25, 155, width=0.022, color=_SOFT))
    axes.add_patch(Wedge((0.5, 0.68), 0.035, 0, 360, color=_INK))
    for number, line in enumerate(_lines(title)):
        here = khmer if any("\u1780" <= c <= "\u17ff" for c in line) else None
        axes.text(0.5, 0.47 - number * 0.1, line, ha="center", va="center", fontsize=40, weight="bold", color=_INK,
                  fontproperties=here and _sized(here, 40), parse_math=False)  # fmt: skip
    tongue = _sized(khmer, 34) if language is Language.KM else None
    axes.text(0.5, 0.13, _TONGUE[language], ha="center", va="center", fontsize=34, color=_SOFT, fontproperties=tongue)
    axes.text(0.5, 0.05, newsroom, ha="center", va="center", fontsize=13, color=_SOFT, parse_math=False)
    out = io.BytesIO()
    figure.savefig(out, format="png", facecolor=_GROUND, metadata={"Software": None})
    return out.getvalue()


def _sized(font: object, size: int) -> object:
    made = font.copy()  # type: ignore[attr-defined]  # matplotlib's FontProperties
    made.set_size(size)
    return made


def _lines(title: str) -> list[str]:
    """The title in at most three lines."""
    lines = [""]
    for word in title.split():
        if lines[-1] and len(lines[-1]) + len(word) >= _LETTERS:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines[:3]
