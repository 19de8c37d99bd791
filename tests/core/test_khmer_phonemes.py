"""Every sound of the Khmer lexicon has its place in eSpeak's letters, and nothing written goes unheard in silence."""

import subprocess
import sys

import pytest

from pipeline.core.errors import NothingToSay, TextLost
from pipeline.voices import pronunciation
from pipeline.voices.khmer import phoneme_text
from pipeline.voices.phonemes import CONSONANTS, DIPHTHONGS, MOST, VOWELS, mnemonics, spoken_words
from pipeline.voices.pronunciation import SPELLING, pronounce

PACKAGE = pronunciation.in_own_thread(pronunciation._khmerphonemizer)
LEXICON = {word: sounds for word, sounds in PACKAGE._lexicon_dict.items() if "\u1780" <= word[0] <= "\u17ff"}


def test_every_symbol_of_the_lexicon_can_be_spoken():
    symbols = {symbol for sounds in LEXICON.values() for symbol in sounds}
    assert len(LEXICON) > 6_000
    assert symbols <= CONSONANTS.keys() | VOWELS.keys()


def test_every_word_of_the_lexicon_keeps_all_its_sounds():
    consonants = {symbol for symbol in CONSONANTS if symbol not in {"j", "w", "ʋ"}}  # what may fold
    for word, sounds in LEXICON.items():
        spoken = mnemonics(sounds)
        kept = [CONSONANTS[s] for s in sounds if s in consonants]
        assert [s for s in spoken if s in {CONSONANTS[c] for c in consonants}] == kept, word
        assert sum(s.endswith("1") for s in spoken) >= sum(s in VOWELS for s in sounds) / 2, word


def test_diphthongs_are_made_of_known_sounds():
    assert {part for pair in DIPHTHONGS for part in pair} <= CONSONANTS.keys() | VOWELS.keys()


def test_a_glide_between_vowels_begins_the_next_syllable():
    assert mnemonics(["m", "aː", "j", "aː"]) == ["m", "a:1", "j", "a:1"]
    assert mnemonics(["m", "aː", "j"]) == ["m", "a:I1"]


def test_an_unknown_sound_is_an_error_never_a_gap():
    with pytest.raises(TextLost, match="θ"):
        mnemonics(["m", "aː", "θ"])


def test_a_word_too_long_for_espeak_is_spoken_in_parts_that_lose_nothing():
    sounds = ["m", "a:1"] * 100
    words = spoken_words(sounds)
    assert "|".join(words).split("|") == sounds
    assert max(word.count("|") + 1 for word in words) <= MOST


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
    assert phoneme_text("ទេ។ ទេ, ទេ៖ ទេ ទេ") == "[[t[|e:1]]. [[t[|e:1]], [[t[|e:1]]; [[t[|e:1 _: t[|e:1]]."


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
