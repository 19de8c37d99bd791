"""Rich Text Format: paragraphs and tables in order → lines (Microsoft RTF specification 1.9.1).

Our own reader, because old Vietnamese text is known only by the font it is shown in, which no library tells.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from pipeline.core.errors import Says, UnreadableScript
from pipeline.intake import table
from pipeline.intake.legacy import Encoding, Fonts, is_old_khmer, of_bytes, of_font
from pipeline.intake.manuscript import Line, nfc

_KIND = Says("tệp .rtf", ".rtf file")
_TOKEN = re.compile(
    r"\\(?P<word>[a-zA-Z]{1,32})(?P<n>-?\d{1,10})? ?|\\'(?P<hex>[0-9a-fA-F]{2})|\\(?P<sign>[^a-zA-Z])"
    r"|(?P<brace>[{}])|(?P<text>[^\\{}\r\n]+)|(?P<end>[\r\n]+)"
)
_UNSEEN = {
    "fonttbl", "colortbl", "stylesheet", "info", "pict", "object", "header", "headerf", "headerl", "headerr",
    "footer", "footerf", "footerl", "footerr", "footnote", "annotation", "atnid", "atnauthor", "fldinst",
    "listtable", "listoverridetable", "revtbl", "rsidtbl", "generator", "xe", "tc", "bkmkstart", "bkmkend",
    "themedata", "colorschememapping", "latentstyles", "datastore", "private", "nonshppict", "shprslt",
    "nonesttables", "mmathPr", "xmlnstbl", "pgptbl", "filetbl",
}  # fmt: skip
_BOXES = {"shptxt", "dptxbxtext"}
"""Text boxes, which stand inside groups that are otherwise not for reading."""
_SPACES = {"tab": " ", "line": "\n", "lbr": "\n", "emspace": " ", "enspace": " ", "qmspace": " ", "~": "\u00a0"}
_SIGNS = {"emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "bullet": "•"}
_CHARSETS = {163: "cp1258", 162: "cp1254", 238: "cp1250", 204: "cp1251", 222: "cp874"}
_MOST_DEEP = 2_000
"""Groups inside each other; Word makes a few dozen."""


@dataclass(frozen=True, slots=True)
class _State:
    unseen: bool = False
    apart: bool = False
    """Inside a page header, a footnote, a table of the file: not even its text boxes are read."""
    boxed: bool = False
    """Inside a text box of a table cell."""
    fonts: bool = False
    """Inside the font table."""
    font: int = -1
    hidden: bool = False
    fallback: int = 1
    """Characters after a Unicode one that stand in for it."""
    in_table: bool = False


def lines(data: bytes, name: str, fonts: Fonts) -> list[Line]:
    """The lines of an RTF file: each paragraph alone, tables as `table.lines` tells them.

    Page headers, footnotes, comments, pictures and hidden or deleted text are not part of what is read aloud.

    Raises:
        UnreadableScript: it is no RTF, it is cut short, or groups nest without end.
        OldKhmerFont: some of it is Khmer in an old font.
    """
    if not data.lstrip().startswith(b"{\\rtf"):
        raise UnreadableScript(name=name, format=_KIND, reason=Says("bên trong không phải RTF", "it is no RTF inside"))
    return _Reader(name, fonts).read(data.decode("latin-1"))


class _Reader:
    def __init__(self, name: str, fonts: Fonts) -> None:
        self._name, self._fonts = name, fonts
        self._state, self._stack = _State(), list[_State]()
        self._names: dict[int, str] = {}
        self._codepages: dict[int, str] = {}
        self._codepage, self._usual, self._to_skip = "cp1252", 0, 0
        self._paragraph, self._cells = list[tuple[str, str]](), list[str]()
        self._rows: list[list[str]] = []
        self._found: list[Line] = []
        self._starred = False
        self._anchors: list[tuple[int, list[tuple[str, str]]]] = []
        """The paragraphs around open text boxes, and how deep each box stands."""

    def read(self, written: str) -> list[Line]:
        at = 0
        while token := _TOKEN.match(written, at):
            at = token.end()
            if token["word"] == "bin":
                at += max(0, int(token["n"] or 0))
            self._take(token)
            if token["brace"] and not self._stack:
                break
        if self._stack:
            raise self._refused(Says("tệp bị cắt cụt", "it is cut short"))
        self._end_paragraph()
        self._end_table()
        return self._found

    def _take(self, token: re.Match[str]) -> None:
        starred, self._starred = self._starred, False
        if token["brace"]:
            self._group(token["brace"])
        elif token["word"]:
            self._control(token["word"], token["n"], starred=starred)
        elif token["sign"] == "*":
            self._starred = True
        elif token["hex"]:
            self._byte(token["hex"])
        elif token["sign"]:
            self._sign(token["sign"])
        elif token["text"]:
            self._text(token["text"])

    def _group(self, brace: str) -> None:
        self._to_skip = 0
        if brace == "{":
            self._stack.append(self._state)
        elif self._stack:
            if self._anchors and self._anchors[-1][0] == len(self._stack):
                self._end_paragraph()
                _, self._paragraph = self._anchors.pop()
            self._state = self._stack.pop()
        if len(self._stack) > _MOST_DEEP:
            raise self._refused(Says("tệp hỏng", "the file is damaged"))

    def _refused(self, reason: Says) -> UnreadableScript:
        return UnreadableScript(name=self._name, format=_KIND, reason=reason)

    # --- control words ------------------------------------------------------------------------------------------------

    def _control(self, word: str, number: str | None, *, starred: bool) -> None:
        n = int(number) if number else None
        if word in _BOXES:
            self._box()
        elif word == "ud":
            self._state = replace(self._state, unseen=self._state.apart)
        elif starred or word in _UNSEEN or word == "upr":
            apart = self._state.apart or word in _UNSEEN
            self._state = replace(self._state, unseen=True, apart=apart, fonts=word == "fonttbl")
        elif word in _SPACES or word in _SIGNS:
            self._add(_SPACES.get(word) or _SIGNS[word])
        elif word == "u" and n is not None:
            self._add(chr(n & 0xFFFF))
            self._to_skip = self._state.fallback
        elif action := _ACTIONS.get(word):
            action(self, n)

    def _box(self) -> None:
        """A text box is read before the paragraph it hangs on; in a table it is part of its cell."""
        self._state = replace(self._state, unseen=self._state.apart, boxed=self._state.in_table)
        if self._state.in_table:
            self._add("\n" if self._paragraph else "")
        elif not self._state.apart:
            self._anchors.append((len(self._stack), self._paragraph))
            self._paragraph = []

    def _font(self, n: int | None) -> None:
        self._state = replace(self._state, font=n if n is not None else self._usual)

    def _charset(self, n: int | None) -> None:
        if self._state.fonts and n in _CHARSETS:
            self._codepages[self._state.font] = _CHARSETS[n]

    def _ansi(self, n: int | None) -> None:
        self._codepage = f"cp{n}"

    def _default(self, n: int | None) -> None:
        self._usual = n or 0

    def _hide(self, n: int | None) -> None:
        self._state = replace(self._state, hidden=n != 0)

    def _plain(self, _: int | None) -> None:
        self._state = replace(self._state, font=self._usual, hidden=False)

    def _fallback(self, n: int | None) -> None:
        self._state = replace(self._state, fallback=min(max(n or 0, 0), 8))

    def _new_paragraph(self, _: int | None) -> None:
        self._state = replace(self._state, in_table=self._state.boxed)

    def _in_table(self, _: int | None) -> None:
        self._state = replace(self._state, in_table=True)

    def _end_paragraph(self, _: int | None = None) -> None:
        if self._state.unseen:
            return
        if self._state.in_table:
            self._add("\n" if self._paragraph else "")
            return
        self._end_table()
        self._found += [Line(text, alone=True) for text in self._told().split("\n")]

    def _end_cell(self, _: int | None) -> None:
        self._cells.append(table.cell(self._told().split("\n")))

    def _end_row(self, _: int | None) -> None:
        self._rows.append(self._cells)
        self._cells = []

    def _end_table(self) -> None:
        self._found += table.lines([*self._rows, *([self._cells] if self._cells else [])])
        self._rows, self._cells = [], []

    # --- text ---------------------------------------------------------------------------------------------------------

    def _byte(self, code: str) -> None:
        if self._to_skip:
            self._to_skip -= 1
            return
        self._add(self._read(bytes.fromhex(code)))

    def _sign(self, sign: str) -> None:
        """A control symbol. TCVN3 has its ư where others have the hyphen that is not seen."""
        if sign == "-" and of_font(self._names.get(self._number(), "")) is Encoding.TCVN3:
            self._add("\xad")
        else:
            self._add({"~": " ", "_": "-", "\n": "\n", "\r": "\n"}.get(sign, sign.strip("-|:")))

    def _read(self, data: bytes) -> str:
        """Bytes as the characters that the current font gives them."""
        font = self._names.get(self._number(), "")
        if of_font(font) or is_old_khmer(font):
            return of_bytes(data)
        try:
            return data.decode(self._codepages.get(self._number(), self._codepage))
        except (UnicodeDecodeError, LookupError):
            return of_bytes(data)

    def _text(self, text: str) -> None:
        skipped = min(self._to_skip, len(text))
        self._to_skip -= skipped
        text = text[skipped:]
        if self._state.fonts:
            self._names[self._state.font] = (self._names.get(self._state.font, "") + text).strip(" ;")
            return
        self._add(text if text.isascii() else self._raw(text.encode("latin-1")))

    def _raw(self, data: bytes) -> str:
        """Bytes that should have been escaped; some programs write them as UTF-8."""
        try:
            return data.decode()
        except UnicodeDecodeError:
            return self._read(data)

    def _number(self) -> int:
        return self._state.font if self._state.font >= 0 else self._usual

    def _add(self, text: str) -> None:
        if text and not (self._state.unseen or self._state.hidden):
            self._paragraph.append((text, self._names.get(self._number(), "")))

    def _told(self) -> str:
        """The paragraph so far, as its fonts show it. Two halves of a character beyond the first plane become one."""
        text, self._paragraph = self._fonts.joined(self._paragraph), []
        return nfc(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore"))


_ACTIONS: dict[str, Callable[[_Reader, int | None], None]] = {
    "f": _Reader._font,  # noqa: SLF001 - one table of what each word does, beside the class
    "fcharset": _Reader._charset,  # noqa: SLF001
    "ansicpg": _Reader._ansi,  # noqa: SLF001
    "deff": _Reader._default,  # noqa: SLF001
    "v": _Reader._hide,  # noqa: SLF001
    "deleted": _Reader._hide,  # noqa: SLF001
    "plain": _Reader._plain,  # noqa: SLF001
    "uc": _Reader._fallback,  # noqa: SLF001
    "pard": _Reader._new_paragraph,  # noqa: SLF001
    "intbl": _Reader._in_table,  # noqa: SLF001
    "par": _Reader._end_paragraph,  # noqa: SLF001
    "sect": _Reader._end_paragraph,  # noqa: SLF001
    "page": _Reader._end_paragraph,  # noqa: SLF001
    "cell": _Reader._end_cell,  # noqa: SLF001
    "nestcell": _Reader._end_paragraph,  # noqa: SLF001
    "row": _Reader._end_row,  # noqa: SLF001
}
