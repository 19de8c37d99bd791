"""One line of writing to one line of speech."""

import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.core.model import Language, Note
from pipeline.core.text import runs
from pipeline.reading.announcer import Announcer
from pipeline.reading.clean import WORD_MARK, clean
from pipeline.reading.grammar import Piece
from pipeline.reading.km import OWN_LATIN
from pipeline.reading.lexicon import KHMER, LATIN

_OTHER = re.compile(rf"[^\W\d_{LATIN}{KHMER}]")
_SPELLED = "chữ viết tắt chưa có trong bảng, đọc từng chữ: “{}”"
_NOT_SAID = {
    "document": "phần ký hiệu văn bản này không đọc (mục document_codes trong config.toml)",
    "address": "phần đầu địa chỉ mạng này không đọc",
}
_LATIN = re.compile(f"[{LATIN}]")
_KHMER_LETTER = re.compile(r"[\u1780-\u17ff\u19e0-\u19ff]")
_FIGURES = re.compile(rf"(?<!\d)(?<!\d[.,/:-])\d++(?:[.,/:-]\d++)*+(?=[{LATIN}])")
_NUMBERS = re.compile(rf"(?<![{LATIN}\d./-])(?<!\d,)\d+(?:[.,/:-]\d+)*+(?![{LATIN}\d]|[/-][{LATIN}])")
_INK = re.compile(r"\S")
_NEAR = 24
_LATIN_BEFORE = re.compile(rf"[{LATIN}][ (]*$")
_LATIN_AFTER = re.compile(rf" ?[{LATIN}]")
_NUMBERED = re.compile(
    r"(?<!\w)(?:số|ngày|tháng|năm|ấp|khóm|khu phố|khu vực|tổ|lớp|điều|khoản|quý|đợt|lần|thứ|phường|quận|cấp|kênh|đường"
    r"|(?:quốc|tỉnh|hương) lộ|BĐ|QL|ĐT|TL|HL|NĐ|NQ|QĐ|KH|CV|CT|TT)[. ]$",
    re.IGNORECASE,
)
"""Vietnamese words whose number is said with them."""
_CAPITALS = re.compile(rf"[{LATIN}]{{2,}}")
_ASIDE = re.compile(r"[()\[\]{}]|(?<= )-(?= )|…|\.{2,}")
_CLOSED = ")]} …"
"""What ends an aside at the end of a text makes no pause."""
_END = re.compile(r"[.?!។៕៚]")
_STOPS = re.compile(r"[,;:.?!។៕៚](?:[ \u200b]*[,;:.?!។៕៚])+")
_SHORTENED = re.compile(r"\.[,;:]")
_SIGNS = frozenset({"So", "Sk", "Sm", "Sc", "Co", "Cn"})
_SAID_SIGNS = frozenset(",.;:?!។៕៚ " + WORD_MARK)


@dataclass(frozen=True, slots=True)
class Spoken:
    """A line as it will be spoken, and what its editor should know."""

    text: str
    notes: tuple[Note, ...] = ()
    left_out: tuple[str, ...] = ()
    """What was not said on purpose, each with a note."""


def spoken(line: str, language: Language, announcer: Announcer) -> Spoken:
    """A line as it will be spoken, on one line; empty where nothing in it can be said. Any text is accepted.

    Words of the other language's script are read by that language's rules, in place.
    """
    said = [voiced(part, spoken_in, announcer) for spoken_in, part in by_language(clean(line), language, announcer)]
    if len(said) == 1:
        return said[0]
    return Spoken(
        _punctuated(" ".join(s.text for s in said)),
        tuple(n for s in said for n in s.notes),
        tuple(out for s in said for out in s.left_out),
    )


def explain(line: str, language: Language, announcer: Announcer) -> list[Piece]:
    """The pieces of a line, each with the rule or table row that says it; their sources join to the clean line."""
    parts = by_language(clean(line), language, announcer)
    return [piece for spoken_in, part in parts for piece in announcer.tongue(spoken_in).pieces(part)]


def by_language(line: str, language: Language, announcer: Announcer) -> Iterator[tuple[Language, str]]:
    """A clean line cut where another language's words stand; the parts join to the line.

    In Khmer, units and names that Khmer has its own word for (`5 kg`, `COVID-19`) stay Khmer.
    """
    if language is Language.VI:
        yield from _cut(line, line, language) if _KHMER_LETTER.search(line) else [(language, line)]
        return
    if not _LATIN.search(line):
        yield language, line
        return
    for run_language, run in _cut(line, _masked(line, announcer), language):
        # A unit cut off from what made it one is no longer Khmer.
        whole = run_language is Language.VI or not _LATIN.search(run) or not _LATIN.search(_masked(run, announcer))
        yield from [(run_language, run)] if whole else _cut(run, run, language)


def _cut(line: str, masked: str, language: Language) -> Iterator[tuple[Language, str]]:
    """The line in runs of one language as its mask tells them; figures that begin a Latin word (`24/24h`) are of it."""
    at = 0
    for run_language, run in runs(_FIGURES.sub(lambda m: "a" * len(m[0]), masked), language):
        yield run_language, line[at : at + len(run)]
        at += len(run)


def _masked(line: str, announcer: Announcer) -> str:
    """The line with all that Khmer says itself as Khmer letters, at the same length.

    That is every token of Latin letters that it has its own word for, and every number that does not stand among words
    of Vietnamese (`ấp 5 xã Đất Mũi`) or right after one that counts (`quốc lộ 63`).
    """
    pieces = announcer.khmer.pieces(line)
    own = "".join(_INK.sub("ក", p.source) if p.rule in OWN_LATIN else p.source for p in pieces)
    return _NUMBERS.sub(lambda m: m[0] if _is_vietnamese(m) else _INK.sub("ក", m[0]), own)


def _is_vietnamese(number: re.Match[str]) -> bool:
    """Whether a number in Khmer text belongs to Vietnamese words before it."""
    line, start, end = number.string, number.start(), number.end()
    before, after = line[max(0, start - _NEAR) : start], line[end : end + _NEAR]
    among = _LATIN_BEFORE.search(before) and _LATIN_AFTER.match(after)
    return bool(among or _NUMBERED.search(before))


def voiced(part: str, language: Language, announcer: Announcer) -> Spoken:
    """A clean text of one language as it will be spoken. Piece by piece, so that a line of megabytes costs no more."""
    tongue = announcer.tongue(language)
    text, unknown, doubts = io.StringIO(), dict[str, None](), dict[Note, None]()
    letters, left_out, not_said = set[str](), list[str](), dict[Note, None]()
    for piece in tongue.grammar.pieces(part):
        if piece.rule:
            text.write(f"{tongue.glue}{piece.said}{tongue.glue}")
            unknown |= dict.fromkeys(tongue.unknown(piece))
            doubts |= dict.fromkeys(_doubtful(piece))
            if piece.left_out:
                left_out.append(piece.left_out)
                not_said[Note(piece.left_out, _NOT_SAID[piece.rule])] = None
        else:
            text.write(_CAPITALS.sub(_lowered, piece.said))
            letters.update(piece.said)
    spelled = (Note(short, _SPELLED.format(announcer.vietnamese.spell(short))) for short in unknown)
    return Spoken(
        _punctuated(text.getvalue()), (*spelled, *_unsayable(letters, part), *doubts, *not_said), tuple(left_out)
    )


def _lowered(word: re.Match[str]) -> str:
    """A word of a headline in small letters: some voices spell capitals."""
    return word[0].lower() if word[0].isupper() else word[0]


def _doubtful(piece: Piece) -> Iterator[Note]:
    if piece.doubts:
        others = ", ".join(f"“{other}”" for other in piece.doubts)
        yield Note(piece.source, f"đọc là “{piece.said}”, cũng có thể là {others}: viết ra bằng chữ nếu chưa đúng")


def _unsayable(letters: set[str], part: str) -> Iterator[Note]:
    """Signs that are passed over, and writing of other scripts."""
    for sign in sorted(c for c in letters if unicodedata.category(c) in _SIGNS):
        yield Note(sign, "ký hiệu này không đọc được nên bỏ qua")
    if any(_OTHER.match(c) for c in letters):
        for run in dict.fromkeys(re.findall(f"(?:{_OTHER.pattern}){{2,}}", part)):
            yield Note(run, "chữ này không phải chữ Việt hay Khmer, giọng đọc có thể không đọc được")


def _punctuated(text: str) -> str:
    """Only letters, and the signs a voice makes pauses of: one sign at a place, none at the start."""
    text = _ASIDE.sub(", ", text.rstrip(_CLOSED))
    text = text.translate(_SAID)
    text = re.sub(rf" *{WORD_MARK}*(?: +{WORD_MARK}*)+", " ", text)
    text = re.sub(rf"[ {WORD_MARK}]+([,;:.?!])", r"\1", text)
    text = _STOPS.sub(_strongest, text)
    text = re.sub(rf"{WORD_MARK}+", WORD_MARK, text).strip(" " + WORD_MARK).lstrip(",;:.?!។៕៚ " + WORD_MARK)
    return text if any(unicodedata.category(c)[0] == "L" for c in text) else ""


class _Said(dict[int, str]):
    """What each character is when it is spoken: itself, or a space; learnt as characters come."""

    def __missing__(self, code: int) -> str:
        c = chr(code)
        self[code] = c if c in _SAID_SIGNS or unicodedata.category(c)[0] in "LM" else " "
        return self[code]


_SAID = _Said()


def _strongest(stops: re.Match[str]) -> str:
    """One stop of several; a dot right before a comma only shortened a word (`chị H., bà T.`)."""
    if _SHORTENED.fullmatch(stops[0]):
        return stops[0][1]
    end = _END.search(stops[0])
    return end[0] if end else stops[0][0]
