"""Pace: about how long words take to say, by the letters in them."""

from pipeline.core.model import Language, Seconds

_LETTERS_A_SECOND = {Language.VI: 13.7, Language.KM: 11.6}
"""Letters and marks, without spaces, that the online voices say at their own speed; an announcer is near it."""
_LETTERS_BY_RATE = {Language.VI: 0.086, Language.KM: 0.083}
"""The same of the embedded voices, for each word a minute of their rate."""
_SLACK = Seconds(5)
"""What may lie around the words of a recording: a breath, a signature tune."""


def person(text: str, language: Language) -> Seconds:
    """About how long a person, or a voice that was learned from one, needs for a text, pauses not included."""
    return Seconds(_letters(text) / _LETTERS_A_SECOND[language])


def embedded(text: str, language: Language, rate: float) -> Seconds:
    """About how long the embedded voice needs at a rate in words a minute, pauses not included."""
    return Seconds(_letters(text) / (_LETTERS_BY_RATE[language] * rate))


def is_unlikely(seconds: Seconds, words: Seconds) -> bool:
    """Whether a recording can hardly be of words that need so long: twice too fast, or more than three times as long.

    Written figures are shorter than spoken ones, so that too long is said later than too short.
    """
    return seconds < words / 2 - 0.5 or seconds > 3 * words + _SLACK


def _letters(text: str) -> int:
    return sum(not c.isspace() and c != "\u200b" for c in text)
