"""Numbers of documents, such as 207/KH-UBND or 52/2016/QĐ-TTg, by the rules of decree 30/2020/NĐ-CP, appendix I."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pipeline.reading.figures import YEAR
from pipeline.reading.grammar import Piece, Rule, TokenClass, left_of
from pipeline.reading.lexicon import LATIN, Lexicon
from pipeline.reading.manner import Codes
from pipeline.reading.slashes import DOCUMENT_HEADS, after

_PART = r"[A-ZĐ][A-Za-zĐđ]{0,10}\d{0,3}"
_CODE = rf"(?:{_PART})(?:[-/&.]{_PART}){{0,5}}(?![{LATIN}\d])"
_NUMBER = rf"(?<![\d/.,-])(?P<n>\d{{1,6}})(?P<a>[a-zA-Z])?(?:/(?P<y>{YEAR}))?(?P<s>-| ?/) ?(?P<c>{_CODE})"
_COMMITTEES = {"TU": "tỉnh ủy", "HU": "huyện ủy", "ĐU": "đảng ủy"}
_OFFICES = {"S": "sở", "B": "bộ"}
_NAMES_OFFICE = re.compile(r"(?:,? (?:ngày|tháng|năm)[^.;()]{0,40}?)? của ")
_RIGHT = 64
"""Characters after a number in which the text may name the office itself."""


@dataclass(frozen=True, slots=True)
class DocumentNumbers:
    """How document numbers are said, in one manner."""

    lexicon: Lexicon
    codes: Codes
    whole: Callable[[str], str]
    """Figures as a number, or one by one."""
    digits: Callable[[str], str]
    spell: Callable[[str], str]

    def rules(self) -> list[TokenClass]:
        """A whole number; and the letters alone, where another language says the figures."""
        return [
            Rule("document", _NUMBER, self._number),
            Rule("document", rf"^[-/]? ?(?P<c>{_CODE})", self._letters),
        ]

    def unknown(self, written: str) -> Iterator[str]:
        """The parts of a number's letters that no table knows."""
        code = re.search(rf"(?<=[-/])(?:{_CODE})$", written.replace(" ", "")) or re.search(rf"{_CODE}$", written)
        yield from (part for part in parts_of(code[0]) if not self.part(part)) if code else ()

    def _number(self, m: re.Match[str]) -> Piece | None:
        """A dash before the code is common (26-NQ/TW), but then the code must be one of several parts or known."""
        parts = parts_of(m["c"])
        if len(parts) == 1 and self.part(parts[0]) is None and (m["s"] == "-" or not re.search("[A-ZĐ]{2}", m["c"])):
            return None
        number = self.digits(m["n"]) if len(m["n"]) > 1 and int(m["n"][0]) == 0 else self.whole(m["n"])
        year = f"năm {self.whole(m['y'])}" if m["y"] else ""
        code, left_out = self._code(m, parts)
        said = " ".join(filter(None, [number, self.spell((m["a"] or "").upper()), year, code]))
        return Piece(m[0], said, "document", left_out=left_out)

    def _letters(self, m: re.Match[str]) -> Piece | None:
        parts = parts_of(m["c"])
        if self.part(parts[0]) is None or (len(parts) == 1 and not m["c"][-1].isdecimal()):
            return None
        said = self._full(parts) if self.codes is not Codes.NONE else ""
        return Piece(m[0], said, "document", left_out="" if said else m["c"])

    def _code(self, m: re.Match[str], parts: Sequence[str]) -> tuple[str, str]:
        """What is said of the letters, and what is left out of them."""
        if self.codes is Codes.NONE:
            return "", m["c"]
        left = left_of(m)
        kind = "quy định" if parts[0] == "QĐ" and after("quy định(?: số)?", left) else self.part(parts[0])
        told = bool(kind and after(rf"{re.escape(kind)}(?: số)?", left))
        if self.codes is Codes.FULL or not (told or after(DOCUMENT_HEADS, left)):
            return " ".join(filter(None, [kind or self.spell(parts[0]), self._full(parts[1:])])), ""
        offices = parts[1:] if told else parts
        if not offices:
            return "", ""
        if _NAMES_OFFICE.match(m.string[m.end() : m.end() + _RIGHT]):
            return "", m["c"][len(parts[0]) + 1 :] if told else m["c"]
        return f"của {self._full(offices)}", ""

    def _full(self, parts: Sequence[str]) -> str:
        return " ".join(self.part(part) or self.spell(part) for part in parts)

    def part(self, part: str) -> str | None:
        """A part that is known: whole, with a number (QH15), with a committee (BTGTU), or an office's name."""
        if said := self.lexicon.say_in_document(part):
            return said
        numbered = re.fullmatch(r"([^\W\d]+)(\d+)", part)
        if numbered and (said := self.lexicon.say_in_document(numbered[1])):
            term = " khóa" if numbered[1] in {"QH", "UBTVQH"} else ""
            return f"{said}{term} {self.whole(numbered[2])}"
        ends = _COMMITTEES.get(part[-2:])
        if ends and (said := self.lexicon.say(part[:-2])):
            return f"{said} {ends}"
        office = _OFFICES.get(part[0])
        field = self.lexicon.say(part[1:]) if office and len(part) > 2 else None
        return f"{office} {field}" if field else None


def parts_of(code: str) -> list[str]:
    """The parts of a number's letters; what `&` joins is one part."""
    return re.split(r"[-/.]", code)
