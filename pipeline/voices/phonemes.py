"""Khmer phonemes in the letters of our own eSpeak NG phoneme table (`espeak_km/source/ph_khmer`).

The left columns are the symbols of khmerphonemizer's lexicon (IPA, a symbol a token); the right ones are the table's
mnemonics. Khmer stresses a word's last syllable; the short open syllables before it are weak, and the others keep some
weight. A stop that ends a syllable is not released. eSpeak drops the rest of a word after a mnemonic that it does not
know, and crashes on a word of more than about two hundred codes: hence the test that plays every entry, and `MOST`.
"""

from collections.abc import Sequence

from pipeline.core.errors import TextLost

MOST = 60
"""Mnemonics and stress marks in one spoken word, one code each."""

# fmt: off
CONSONANTS = {
    "p": "p", "pʰ": "p_h", "t": "t", "tʰ": "t_h", "k": "k", "kʰ": "k_h", "c": "c", "cʰ": "c_h",
    "ɓ": "b", "ɗ": "d", "ɡ": "g", "m": "m", "n": "n", "ɲ": "n^", "ŋ": "N", "ʔ": "?",
    "s": "s", "h": "h", "f": "f", "z": "z", "r": "*", "l": "l", "j": "j", "ʋ": "w", "w": "w",
}
UNRELEASED = {"p": "p-", "t": "t-", "c": "c-", "k": "k-"}
VOWELS = {
    "i": "i", "iː": "i:", "e": "e", "eː": "e:", "ɛ": "E", "ɛː": "E:", "a": "a", "aː": "a:",
    "ɨ": "y", "ɨː": "y:", "ə": "@", "əː": "@:", "ɑ": "A", "ɑː": "A:", "ɔ": "O", "ɔː": "O:",
    "o": "o", "oː": "o:", "u": "u", "uː": "u:", "ĕ": "E", "ŏ": "O", "ŭ": "u",
}
DIPHTHONGS = {
    ("i", "ə"): "i@", ("u", "ə"): "u@", ("ɨ", "ə"): "y@", ("a", "ə"): "a@|@-",
    ("ĕ", "ə"): "E@", ("ŏ", "ə"): "O@", ("ɔ", "ə"): "O@", ("ŭ", "ə"): "U@",
    ("a", "e"): "ae", ("a", "o"): "ao", ("e", "i"): "ei", ("o", "u"): "ou", ("ə", "ɨ"): "@y",
    ("a", "j"): "aI", ("aː", "j"): "aI:", ("ɑ", "j"): "AI:", ("ɑː", "j"): "AI:", ("ə", "j"): "@I", ("əː", "j"): "@I",
    ("ɨ", "j"): "yI", ("u", "j"): "uI", ("uː", "j"): "uI:", ("o", "j"): "oI", ("oː", "j"): "oI", ("ɔ", "j"): "OI:",
    ("ɔː", "j"): "OI:", ("e", "j"): "ei",
    ("a", "w"): "aU", ("aː", "w"): "aU:", ("ə", "w"): "@U", ("ɨ", "w"): "yU", ("i", "w"): "iU", ("iː", "w"): "iU:",
    ("e", "w"): "eU:", ("eː", "w"): "eU:", ("o", "w"): "ou",
}
# fmt: on
_GLIDES = {"j", "w"}
_LIQUIDS = {"r", "l"}
_SHORT = {"i", "e", "ɛ", "a", "ɨ", "ə", "ɑ", "ɔ", "o", "u"}
_STRESSED, _HALF_STRESSED = "'", ","


def mnemonics(ipa: Sequence[str]) -> list[str]:
    """The sounds of one word, with a stress mark before every nucleus that bears one.

    Raises:
        TextLost: a symbol has no mnemonic; it would otherwise go unheard.
    """
    sounds = _joined(ipa)
    nuclei = [i for i, sound in enumerate(sounds) if _is_nucleus(sound)]
    said: list[str] = []
    for i in range(len(sounds)):
        if i in nuclei:
            said += _stress(sounds, i, last=i == nuclei[-1])
        said.append(_mnemonic(sounds, i))
    return said


def spoken_words(sounds: Sequence[str]) -> list[str]:
    """Mnemonics joined into words that eSpeak can hold; one, but for words that no dictionary has."""
    return ["|".join(sounds[start : start + MOST]) for start in range(0, len(sounds), MOST)]


_Sound = tuple[str, ...]
"""One symbol, or the two of a diphthong."""


def _joined(ipa: Sequence[str]) -> list[_Sound]:
    """The symbols, two as one where they make one nucleus. A glide before a vowel begins the next syllable instead."""
    sounds: list[_Sound] = []
    at = 0
    while at < len(ipa):
        pair, after = tuple(ipa[at : at + 2]), ipa[at + 2 : at + 3]
        if pair in DIPHTHONGS and not (pair[1] in _GLIDES and after and after[0] in VOWELS):
            sounds.append(pair)
        elif ipa[at] in VOWELS or ipa[at] in CONSONANTS:
            sounds.append((ipa[at],))
        else:
            raise TextLost(lost=ipa[at], written=" ".join(ipa))
        at += len(sounds[-1])
    return sounds


def _is_nucleus(sound: _Sound) -> bool:
    return sound[0] in VOWELS


def _mnemonic(sounds: Sequence[_Sound], at: int) -> str:
    sound = sounds[at]
    if len(sound) == 2:
        return DIPHTHONGS[sound[0], sound[1]]
    if sound[0] in VOWELS:
        return VOWELS[sound[0]]
    if sound[0] in UNRELEASED and at and _is_nucleus(sounds[at - 1]) and _closes(sounds, at):
        return UNRELEASED[sound[0]]
    return CONSONANTS[sound[0]]


def _closes(sounds: Sequence[_Sound], at: int) -> bool:
    """Whether the consonant there ends its syllable: at the word's end, or before one that begins the next."""
    after = sounds[at + 1 : at + 2]
    return not after or not (_is_nucleus(after[0]) or after[0][0] in _LIQUIDS)


def _stress(sounds: Sequence[_Sound], at: int, *, last: bool) -> list[str]:
    if last:
        return [_STRESSED]
    closed = len(sounds) > at + 1 and not _is_nucleus(sounds[at + 1]) and _closes(sounds, at + 1)
    weak = sounds[at][0] in _SHORT and len(sounds[at]) == 1 and not closed
    return [] if weak else [_HALF_STRESSED]
