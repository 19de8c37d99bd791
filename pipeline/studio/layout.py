"""Where each channel of a file with more than two of them stands, how it folds into two, and how much it counts."""

from collections.abc import Iterator

_SIDES = {
    "L": (1.0, 0.0), "R": (0.0, 1.0), "C": (0.707, 0.707), "Ls": (0.707, 0.0), "Rs": (0.0, 0.707), "Cs": (0.5, 0.5),
    "LFE": (0.0, 0.0),
}  # fmt: skip
"""How much of each goes left and right (ITU-R BS.775-3); the loudness is set later."""
_WEIGHTS = {"Ls": 1.41, "Rs": 1.41, "Cs": 1.41, "LFE": 0.0}
"""How much each counts in loudness (ITU-R BS.1770-4, table 3); 1 where nothing else is said."""
_WAVE = {5: "L R C Ls Rs", 6: "L R C LFE Ls Rs", 7: "L R C LFE Cs Ls Rs", 8: "L R C LFE Ls Rs Ls Rs"}
_VORBIS = {5: "L C R Ls Rs", 6: "L C R Ls Rs LFE", 7: "L C R Ls Rs Cs LFE", 8: "L C R Ls Rs Ls Rs LFE"}
"""Orders of WAV, FLAC and most others; and of Vorbis and Opus. Of fewer channels nobody can tell what they are."""


def layout(channels: int, subtype: str) -> tuple[str, ...]:
    """The places of a file's channels in order, by its coding as libsndfile calls it; none where nobody can tell."""
    return tuple((_VORBIS if subtype in {"VORBIS", "OPUS"} else _WAVE).get(channels, "").split())


def sides(places: tuple[str, ...]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """How much of each channel is on the left, and on the right."""
    return tuple(_SIDES[place][0] for place in places), tuple(_SIDES[place][1] for place in places)


def weights(channels: int, subtype: str) -> tuple[float, ...]:
    """How much each channel of a file counts in its loudness."""
    places: Iterator[str] = iter(layout(channels, subtype) or ("",) * channels)
    return tuple(_WEIGHTS.get(place, 1.0) for place in places)
