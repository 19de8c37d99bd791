"""Khmer phonemes in the letters of eSpeak NG's Vietnamese phoneme table, which has every sound but a true ɑ.

The left columns are the symbols of khmerphonemizer's lexicon (IPA, a symbol a token); the right ones are eSpeak's
mnemonics, joined by `|` where one sound needs several. Vietnamese syllables carry a tone, so every nucleus is given
tone 1, the level one. eSpeak drops the rest of a word after a mnemonic that it does not know, and crashes on a word of
more than about two hundred codes: hence the test that plays every entry, and `MOST`.
"""

from collections.abc import Iterator, Sequence

from pipeline.core.errors import TextLost

MOST = 40
"""Mnemonics in one spoken word, three codes each at most."""

# fmt: off
CONSONANTS = {
    "p": "p", "pʰ": "p|h", "t": "t[", "tʰ": "t|h", "k": "k", "kʰ": "k|h", "c": "c", "cʰ": "c|h",
    "ɓ": "b", "ɗ": "d", "ɡ": "g", "m": "m", "n": "n", "ɲ": "n^", "ŋ": "N", "ʔ": "?",
    "s": "s", "h": "h", "f": "f", "z": "z", "r": "r", "l": "l", "j": "j", "ʋ": "w", "w": "w",
}
VOWELS = {
    "i": "i", "iː": "i:", "e": "e", "eː": "e:", "ɛ": "E", "ɛː": "E:", "a": "a", "aː": "a:",
    "ɨ": "y", "ɨː": "y:", "ə": "@", "əː": "@:", "ɑ": "O", "ɑː": "O:", "ɔ": "O+", "ɔː": "O+",
    "o": "o", "oː": "o:", "u": "u", "uː": "u:", "ĕ": "E", "ŏ": "O", "ŭ": "u",
}
DIPHTHONGS = {
    ("i", "ə"): "i@", ("u", "ə"): "u@", ("ɨ", "ə"): "y@", ("ŭ", "ə"): "u@",
    ("ĕ", "ə"): "E|@-", ("ŏ", "ə"): "O|@-", ("ɔ", "ə"): "O|@-", ("a", "ə"): "a:|@-",
    ("a", "e"): "a:I", ("a", "o"): "a:U", ("e", "i"): "eI", ("o", "u"): "@U", ("ə", "ɨ"): "@:I",
    ("a", "j"): "aI", ("aː", "j"): "a:I", ("ə", "j"): "@I", ("ɨ", "j"): "yI", ("u", "j"): "uI", ("uː", "j"): "uI",
    ("o", "j"): "oI", ("ɔː", "j"): "OI", ("ɑː", "j"): "OI",
    ("a", "w"): "aU", ("aː", "w"): "a:U", ("ə", "w"): "@U", ("ɨ", "w"): "y|u-", ("i", "w"): "iU", ("iː", "w"): "iU",
    ("eː", "w"): "eU",
}
# fmt: on
_GLIDES = {"j", "w"}
_TONE = "1"


def mnemonics(ipa: Sequence[str]) -> list[str]:
    """One mnemonic for each sound, in order.

    Raises:
        TextLost: a symbol has no mnemonic; it would otherwise go unheard.
    """
    return list(_spell(ipa))


def spoken_words(sounds: Sequence[str]) -> list[str]:
    """Mnemonics joined into words that eSpeak can hold; one, but for words that no dictionary has."""
    return ["|".join(sounds[start : start + MOST]) for start in range(0, len(sounds), MOST)]


def _spell(ipa: Sequence[str]) -> Iterator[str]:
    at = 0
    while at < len(ipa):
        if _is_diphthong(ipa, at):
            yield DIPHTHONGS[ipa[at], ipa[at + 1]] + _TONE
            at += 2
            continue
        if ipa[at] in VOWELS:
            yield VOWELS[ipa[at]] + _TONE
        elif ipa[at] in CONSONANTS:
            yield CONSONANTS[ipa[at]]
        else:
            raise TextLost(lost=ipa[at], written=" ".join(ipa))
        at += 1


def _is_diphthong(ipa: Sequence[str], at: int) -> bool:
    """Whether two symbols are one nucleus. A glide before a vowel begins the next syllable instead."""
    pair, after = tuple(ipa[at : at + 2]), ipa[at + 2 : at + 3]
    if pair not in DIPHTHONGS:
        return False
    return not (pair[1] in _GLIDES and after and after[0] in VOWELS)
