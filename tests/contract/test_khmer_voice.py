"""The Khmer voice measured: what eSpeak says it plays, lengths and formants of vowels, the melody of a sentence."""

import ctypes
import os
import re
import statistics
from pathlib import Path

import parselmouth
import pytest

from pipeline.core.model import Language
from pipeline.report import listening
from pipeline.voices import pronunciation, wav
from pipeline.voices.espeak_km import DATA
from pipeline.voices.khmer import EmbeddedKhmer
from pipeline.voices.khmer_text import phoneme_text
from pipeline.voices.phonemes import CONSONANTS, DIPHTHONGS, UNRELEASED, VOWELS, mnemonics
from pipeline.voices.worker import request

WORDS = (Path(__file__).parent / "khmer_words.txt").read_text("utf-8").split()
"""The two hundred words that our Khmer bulletins, tables and cases use most, of those that the lexicon has."""
CASES = Path(__file__).parents[1] / "core" / "spoken_cases.tsv"
FOLDED = {"ʋ": "w", "ĕ": "ɛ", "ŏ": "ɔ", "ŭ": "u"}
"""Symbols of the lexicon that are one sound of ours when they stand alone."""
LONG_AND_SHORT = [(f"{vowel}ː", vowel) for vowel in "ieɛaɑɔouɨə"]
FORMANTS = {
    "iː": (300, 2250), "eː": (410, 2120), "ɛː": (590, 1700), "aː": (830, 1310), "ɑː": (670, 1040), "ɔː": (560, 870),
    "oː": (450, 800), "uː": (340, 740), "ɨː": (345, 1440), "əː": (540, 1440),
}  # fmt: skip
"""First and second formant in Hz, from the spectra that the table chose for them."""


@pytest.fixture(scope="module")
def khmer():
    engine = EmbeddedKhmer()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def lexicon():
    return pronunciation.in_own_thread(pronunciation._khmerphonemizer)._lexicon_dict


def played(texts):
    """The phonemes that eSpeak itself says it plays, from its own trace: a list of words of mnemonics for each text."""
    import espeakng_loader

    library, libc = ctypes.CDLL(espeakng_loader.get_library_path()), ctypes.CDLL(None)
    libc.fdopen.restype = ctypes.c_void_p
    library.espeak_Initialize(2, 0, os.fsencode(DATA), 0x8000)
    far, near = os.pipe()
    trace = ctypes.c_void_p(libc.fdopen(near, b"w"))
    library.espeak_SetPhonemeTrace(1 | ord("/") << 8, trace)
    hear = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)(lambda *_: 0)
    library.espeak_SetSynthCallback(hear)
    library.espeak_SetVoiceByName(b"km")
    for text in texts:
        library.espeak_Synth(text.encode(), len(text) + 1, 0, 0, 0, 0x101, None, None)
        libc.fflush(trace)
        heard = os.read(far, 65536).decode()
        words = [[sound.strip("',") for sound in word.split("/")] for word in heard.split()]
        said = [[sound for sound in word if sound and sound[0] != "_"] for word in words]
        yield [word for word in said if word]
    library.espeak_Terminate()
    libc.fclose(trace)
    os.close(far)


def test_every_sound_is_one_that_espeak_plays():
    nuclei = sorted({*VOWELS.values(), *DIPHTHONGS.values()})
    consonants = sorted({*CONSONANTS.values(), *UNRELEASED.values()})
    asked = [f"[[m|'|{nucleus}|m|a:]]" for nucleus in nuclei] + [f"[[m|{sound}|m|a:]]" for sound in consonants]
    for sound, heard in zip(nuclei + consonants, played(asked), strict=True):
        assert heard == [["m", *sound.split("|"), "m", "a:"]], sound


def test_two_hundred_common_words_are_played_as_the_lexicon_spells_them(lexicon):
    sound_of = {m: FOLDED.get(s, s) for s, m in (*UNRELEASED.items(), *CONSONANTS.items())}
    sound_of |= {m: FOLDED.get(s, s) for s, m in VOWELS.items() if s not in FOLDED}
    pairs = {}
    for pair, mnemonic in DIPHTHONGS.items():
        pairs.setdefault(mnemonic, set()).add(pair)
    assert len(set(WORDS)) == 200
    texts = [f"[[{'|'.join(mnemonics(lexicon[word]))}]]" for word in WORDS]
    for word, heard in zip(WORDS, played(texts), strict=True):
        assert len(heard) == 1, (word, heard)
        said = "|".join(heard[0]).replace("a@|@-", "a@+").split("|")
        rest = [FOLDED.get(s, s) if s == "ʋ" else s for s in lexicon[word]]
        for mnemonic in (m.replace("a@+", "a@|@-") for m in said):
            if mnemonic in pairs:
                assert tuple(rest[:2]) in pairs[mnemonic], (word, heard)
                rest = rest[2:]
            else:
                assert FOLDED.get(rest[0], rest[0]) == sound_of[mnemonic], (word, heard)
                rest = rest[1:]
        assert rest == [], (word, heard)


def test_nothing_is_unmapped_in_a_khmer_text_of_five_thousand_words():
    """Every Khmer case of ours as it is spoken, and the twenty sentences of the listening sheet."""
    lines = [line.split("\t")[2] for line in CASES.read_text("utf-8").splitlines() if line.count("\t") >= 2]
    runs = re.findall(r"[\u1780-\u17d3\u17d7\u200b]+", " ".join([*lines, *listening.sentences(Language.KM)]))
    words = sum(len(pronunciation.pronounce(run)) for run in runs if pronunciation.SPELLING & set(run))
    text = " ".join(runs)
    while words < 5_000:  # then the lexicon's words that our texts use most, strung in ever other orders
        strung = WORDS[words % 7 :: 1 + words % 3]
        words, text = words + len(strung), f"{text} {chr(0x200B).join(strung)}"
    assert phoneme_text(text).count("[[") > 100


def measured(khmer, sounds, tmp_path):
    """The sound of mnemonics between two t, where it is loud: parselmouth's Sound, start and end in seconds."""
    said = khmer._speaker.ask(request(f"[[t|'|{sounds}|t-]].", phonemes=True))
    wav.write(said, tmp_path / "v.wav")
    sound = parselmouth.Sound(str(tmp_path / "v.wav"))
    loud = sound.to_intensity(100, 0.005)
    level = loud.values[0]
    heard = [t for t, db in zip(loud.xs(), level, strict=True) if db > max(level) - 18]
    return sound, heard[0], heard[-1]


@pytest.mark.parametrize(("long", "short"), LONG_AND_SHORT)
def test_long_vowels_last_half_as_long_again_as_short_ones(khmer, long, short, tmp_path):
    lengths = [end - start for _, start, end in (measured(khmer, VOWELS[v], tmp_path) for v in (long, short))]
    assert 1.4 < lengths[0] / lengths[1] < 2.2


@pytest.mark.parametrize(("vowel", "expected"), FORMANTS.items())
def test_long_vowels_have_the_formants_that_the_table_says(khmer, vowel, expected, tmp_path):
    sound, start, end = measured(khmer, VOWELS[vowel], tmp_path)
    formants = sound.to_formant_burg(maximum_formant=5000)
    middle = [start + (end - start) * q for q in (0.4, 0.5, 0.6)]
    for number, hertz in enumerate(expected, start=1):
        assert statistics.median(formants.get_value_at_time(number, t) for t in middle) == pytest.approx(
            hertz, rel=0.12
        )


def test_no_two_long_vowels_sound_alike():
    """At least a semitone apart in the first formant, or two in the second."""
    spots = list(FORMANTS.values())
    for i, (f1, f2) in enumerate(spots):
        for g1, g2 in spots[i + 1 :]:
            assert max(f1, g1) / min(f1, g1) > 1.06 or max(f2, g2) / min(f2, g2) > 1.12


SENTENCE = "រដ្ឋាភិបាលបានផ្តល់ស្រូវដល់ប្រជាជននៅភូមិ"


def melody(khmer, text, tmp_path):
    """The pitch in Hz at the sentence's beginning and at its end."""
    khmer.speak(text, "km-thu", tmp_path / "s.wav")
    pitch = parselmouth.Sound(str(tmp_path / "s.wav")).to_pitch(0.01, 60, 300).selected_array["frequency"]
    voiced = [hertz for hertz in pitch if hertz]
    return statistics.median(voiced[: len(voiced) // 3]), statistics.median(voiced[-8:]), max(voiced) / min(voiced)


def test_a_statement_falls_a_phrase_that_goes_on_rises_and_a_question_rises_highest(khmer, tmp_path):
    begins, ends, span = melody(khmer, f"{SENTENCE}។", tmp_path)
    assert ends < 0.85 * begins
    assert span > 1.4
    _, goes_on, _ = melody(khmer, f"{SENTENCE},", tmp_path)
    _, asks, _ = melody(khmer, f"{SENTENCE}?", tmp_path)
    assert ends * 1.2 < goes_on < asks


def test_pitch_and_speed_are_settings(khmer, tmp_path):
    high, fast = EmbeddedKhmer(pitch=70), EmbeddedKhmer(rate=220)
    usual, raised = (melody(engine, f"{SENTENCE}។", tmp_path)[0] for engine in (khmer, high))
    assert raised > 1.08 * usual
    for name, engine in (("usual", khmer), ("fast", fast)):
        engine.speak(f"{SENTENCE}។", "km-thu", tmp_path / f"{name}.wav")
    high.close(), fast.close()
    lengths = [parselmouth.Sound(str(tmp_path / f"{name}.wav")).duration for name in ("usual", "fast")]
    assert lengths[1] < 0.85 * lengths[0]
