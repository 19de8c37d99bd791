"""Every sound of the Khmer lexicon has its place in eSpeak's letters, and nothing written goes unheard in silence."""

import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.core.errors import NothingToSay, TextLost
from pipeline.voices import pronunciation
from pipeline.voices.espeak_km import compile as table
from pipeline.voices.khmer_text import phoneme_text
from pipeline.voices.phonemes import CONSONANTS, DIPHTHONGS, MOST, UNRELEASED, VOWELS, mnemonics, spoken_words
from pipeline.voices.pronunciation import SPELLING, pronounce

PACKAGE = pronunciation.in_own_thread(pronunciation._khmerphonemizer)
LEXICON = {word: sounds for word, sounds in PACKAGE._lexicon_dict.items() if "\u1780" <= word[0] <= "\u17ff"}


def test_every_symbol_of_the_lexicon_can_be_spoken():
    symbols = {symbol for sounds in LEXICON.values() for symbol in sounds}
    assert len(LEXICON) > 6_000
    assert symbols <= CONSONANTS.keys() | VOWELS.keys()


def test_every_symbol_that_the_model_can_give_for_khmer_letters_can_be_spoken():
    given = {symbol for said in model_outputs() for symbol in said.split("|")} - {"<eps>", "_"}
    assert len(given) > 40
    assert given <= CONSONANTS.keys() | VOWELS.keys()


def model_outputs():
    """What the model's arcs say for Khmer letters, read from its file (OpenFst's vector format, with symbol tables)."""
    data = (Path(PACKAGE.__file__).parent / "g2p.fst").read_bytes()
    at = 0

    def take(form):
        nonlocal at
        values = struct.unpack_from(form, data, at)
        at += struct.calcsize(form)
        return values

    def text():
        return take(f"{take('<i')[0]}s")[0].decode()

    def symbols():
        take("<i"), text(), take("<q")
        named = {}
        for _ in range(take("<q")[0]):
            name = text()
            named[take("<q")[0]] = name
        return named

    take("<i"), text(), text()
    _version, _flags, _properties, _start, states, _arcs = take("<iiQqqq")
    letters, sounds = symbols(), symbols()
    for _ in range(states):
        _final, arcs = take("<fq")
        for letter, sound, _weight, _next in struct.iter_unpack("<iifi", data[at : at + arcs * 16]):
            if any("\u1780" <= c <= "\u17ff" for c in letters.get(letter, "")):
                yield sounds[sound]
        at += arcs * 16
    assert at == len(data)


def test_every_word_of_the_lexicon_keeps_all_its_sounds():
    back = {m: s for s, m in CONSONANTS.items()} | {m: s for s, m in UNRELEASED.items()}
    for word, sounds in LEXICON.items():
        said = [m for m in mnemonics(sounds) if m not in {"'", ","}]
        assert [m for m in said if m in VOWEL_MNEMONICS or m in DIPHTHONG_MNEMONICS], word
        kept = [back[m] for m in said if m in back and m != "w"]
        folded = [sounds[i] for i in range(len(sounds)) if sounds[i] in CONSONANTS and sounds[i] not in {"ʋ", "w", "j"}]
        assert [s for s in kept if s != "j"] == folded, word


VOWEL_MNEMONICS, DIPHTHONG_MNEMONICS = set(VOWELS.values()), set(DIPHTHONGS.values())


def test_every_mnemonic_is_one_of_our_table_and_every_sound_of_the_table_is_used():
    ours = set(re.findall(r"^phoneme (\S+)", (table.SOURCE / "ph_khmer").read_text("utf-8"), re.MULTILINE))
    base = {"b", "d", "g", "m", "n", "n^", "N", "?", "s", "h", "f", "z", "*", "l", "j", "w", "@-"}
    used = {*CONSONANTS.values(), *UNRELEASED.values(), *VOWELS.values(), *DIPHTHONGS.values()}
    assert {part for m in used for part in m.split("|")} - base == ours


def test_the_compiled_table_is_made_of_the_source_that_is_here():
    assert table.MADE_OF.read_text("utf-8") == table.digests()


def test_diphthongs_are_made_of_known_sounds():
    assert {part for pair in DIPHTHONGS for part in pair} <= CONSONANTS.keys() | VOWELS.keys()


def test_a_glide_between_vowels_begins_the_next_syllable():
    assert mnemonics(["m", "aː", "j", "aː"]) == ["m", ",", "a:", "j", "'", "a:"]
    assert mnemonics(["m", "aː", "j"]) == ["m", "'", "aI:"]


def test_the_last_syllable_is_stressed_and_a_short_open_one_before_it_is_weak():
    said = mnemonics(["p", "r", "ɑ", "c", "i", "ə", "c", "ŭ", "ə", "n"])
    assert said == ["p", "*", "A", "c", ",", "i@", "c", "'", "U@", "n"]


@pytest.mark.parametrize(
    ("sounds", "said"),
    [
        ("p a k", "p ' a k-"),
        ("k a p p a", "k , a p- p ' a"),
        ("t a t aː", "t a t ' a:"),
        ("s a t r o ʋ", "s a t * ' o w"),
        ("pʰ t ĕ ə h", "p_h t ' E@ h"),
    ],
)
def test_a_stop_is_not_released_where_it_ends_a_syllable(sounds, said):
    assert mnemonics(sounds.split()) == said.split()


def test_an_unknown_sound_is_an_error_never_a_gap():
    with pytest.raises(TextLost, match="θ"):
        mnemonics(["m", "aː", "θ"])


def test_a_word_too_long_for_espeak_is_spoken_in_parts_that_lose_nothing():
    sounds = ["m", "'", "a:"] * 100
    words = spoken_words(sounds)
    assert "|".join(words).split("|") == sounds
    assert max(word.count("|") + 1 for word in words) <= MOST


@pytest.mark.parametrize(
    ("typed", "meant"), [("ផ្តល់", "ផ្ដល់"), ("ក្តៅ", "ក្ដៅ"), ("ម្តង", "ម្ដង"), ("សម្តេច", "សម្ដេច"), ("ខេត្ដ", "ខេត្ត")]
)
def test_subscript_ta_and_da_look_alike_and_either_finds_the_word(typed, meant):
    assert pronounce(typed) == pronounce(meant)


@pytest.mark.parametrize(
    ("compound", "parts"),
    [("លេខរៀង", ("លេខ", "រៀង")), ("ខែមករា", ("ខែ", "មករា")), ("ក្រោយឆ្នាំ", ("ក្រោយ", "ឆ្នាំ"))],
)
def test_a_compound_that_the_lexicon_lacks_is_said_as_its_parts(compound, parts):
    said = ["".join(said) for said in pronounce(compound)]
    assert "".join(said) == "".join("".join(*pronounce(part)) for part in parts)


def test_every_character_we_accept_is_one_the_pronunciation_model_knows():
    unknown = pronunciation.in_own_thread(lambda: [c for c in SPELLING if PACKAGE._model.find_isym(c) is None])
    assert unknown == []


@pytest.mark.parametrize(
    ("word", "sounds"),
    [
        ("អ្នក", "n ĕ ə ʔ"),
        ("អ្នកនាង", "n ĕ ə ʔ n i ə ŋ"),
        ("ព័ត៌មាន", "p ɔ ə ɗ ɑː m i ə n"),
        ("កម្ពុជា", "k a m p u c i ə"),
        ("ខេត្ត", "kʰ a e t"),
    ],
)
def test_words_of_every_bulletin_are_pronounced_as_khmers_say_them(word, sounds):
    assert " ".join(" ".join(said) for said in pronounce(word)) == sounds


def test_the_repetition_sign_says_the_word_again():
    assert pronounce("ផ្សេងៗ") == pronounce("ផ្សេង") * 2


def test_a_word_boundary_set_by_hand_is_kept():
    assert pronounce("កា\u200bកា") == pronounce("កា") * 2


@pytest.mark.parametrize(("typed", "usual"), [("េី", "ើ"), ("េា", "ោ"), ("\u17c6\u17b6", "\u17b6\u17c6")])
def test_vowels_typed_in_parts_sound_like_the_whole_vowel(typed, usual):
    assert pronounce(f"ក{typed}") == pronounce(f"ក{usual}")


def test_a_sentence_has_a_pause_where_it_has_punctuation():
    assert phoneme_text("ទេ។ ទេ, ទេ៖ ទេ ទេ") == "[[t|'|e:]]. [[t|'|e:]], [[t|'|e:]]; [[t|'|e: _: t|'|e:]]."


def test_a_question_and_an_exclamation_keep_their_mark_for_the_melody():
    assert phoneme_text("ទេ? ទេ!") == "[[t|'|e:]]? [[t|'|e:]]!"


def test_a_space_after_many_words_ends_a_phrase_and_after_few_is_a_breath():
    few, many = "\u200b".join(["ទេ"] * 3), "\u200b".join(["ទេ"] * 7)
    assert "]]," not in phoneme_text(f"{few} ទេ")
    assert phoneme_text(f"{many} ទេ").count("]],") == 1


def test_long_text_is_cut_into_clauses_that_espeak_can_hold():
    clauses = phoneme_text("កម្ពុជារដ្ឋាភិបាល" * 100).split(" [[")
    assert max(map(len, clauses)) < 700
    assert all(clause.endswith(("]],", "]].")) for clause in clauses)


@pytest.mark.parametrize("text", ["", "។ ៕ …", "Cà Mau", "45", "\u200b"])
def test_text_without_a_khmer_letter_is_nothing_to_say(text):
    with pytest.raises(NothingToSay):
        phoneme_text(text)


@pytest.mark.parametrize(
    ("text", "lost"),
    [("ឃុំ Đất Mũi", "ĐấtMũi"), ("មាន ១២ នាក់", "១២"), ("មាន 45%", "45%"), ("៥០០៛ ទេ", "៥០០៛"), ("ឞ", "ឞ")],
)
def test_what_the_khmer_voice_cannot_say_is_named_never_dropped(text, lost):
    with pytest.raises(TextLost) as caught:
        phoneme_text(text)
    assert caught.value.fields["lost"] == lost


def test_any_thread_may_ask_and_the_end_is_quiet():
    code = (
        "import threading; from pipeline.voices.pronunciation import pronounce\n"
        "said = []\n"
        "for _ in range(3):\n"
        "    asking = threading.Thread(target=lambda: said.append(pronounce('ឡូកូម៉ូ')))\n"
        "    asking.start(); asking.join()\n"
        "said.append(pronounce('ឡូកូម៉ូ'))\n"
        "print(len(said), all(one == said[0] for one in said))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("4 True\n", "")
