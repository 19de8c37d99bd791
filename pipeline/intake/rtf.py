"""Rich Text Format: paragraphs and tables in order → lines (Microsoft RTF specification 1.9.1).

Our own reader, because old Vietnamese text is known only by the font it is shown in, which no library tells.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from pipeline.core.errors import Says, UnreadableScript
from pipeline.intake import table
from pipeline.intake.legacy import Fonts, is_old_khmer, of_font
from pipeline.intake.manuscript import Line, nfc

_KIND = Says("tệp .rtf", ".rtf file")
_TOKEN = re.compile(
    r"\\(?P<word>[a-zA-Z]{1,32})(?P<n>-?\d{1,10})? ?|\\'(?P<hex>[0-9a-fA-F]{2})|\\(?P<sign>[^a-zA-Z])"
    r"|(?P<brace>[{}])|(?P<text>[^\\{}\r\n]+)|(?P<end>[\r\n]+)"
)
_UNSEEN = frozenset(
    [
        "fonttbl",
        "colortbl",
        "stylesheet",
        "info",
        "pict",
        "object",
        "header",
        "headerf",
        "headerl",
        "headerr",
        "footer",
        "footerf",
        "footerl",
        "footerr",
        "footnote",
        "annotation",
        "atnid",
        "atnauthor",
        "fldinst",
        "listtable",
        "listoverridetable",
        "revtbl",
        "rsidtbl",
        "generator",
        "xe",
        "tc",
        "bkmkstart",
        "bkmkend",
        "themedata",
        "colorschememapping",
        "latentstyles",
        "datastore",
        "private",
        "nonshppict",
        "mmathPr",
        "xmlnstbl",
        "pgptbl",
        "filetbl",
    ]
)
_SPACES = {"tab": " ", "line": "\n", "lbr": "\n", "emspace": " ", "enspace": " ", "qmspace": " ", "~": "\u00a0"}
_SIGNS = {"emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "bullet": "•"}
_CHARSETS = {163: "cp1258", 162: "cp1254", 238: "cp1250", 204: "cp1251", 222: "cp874"}
_MOST_DEEP = 2_000
"""Groups inside each other; Word makes a few dozen."""


@dataclass(frozen=True, slots=True)
class _State:
    unseen: bool = False
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
        UnreadableScript: it is no RTF, or groups nest without end.
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

    def read(self, written: str) -> list[Line]:
        at = 0
        while token := _TOKEN.match(written, at):
            at = token.end()
            if token["word"] == "bin":
                at += max(0, int(token["n"] or 0))
            self._take(token)
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
            self._add({"~": " ", "_": "-", "\n": "\n", "\r": "\n"}.get(token["sign"], token["sign"].strip("-|:")))
        elif token["text"]:
            self._text(token["text"])

    def _group(self, brace: str) -> None:
        self._to_skip = 0
        if brace == "{":
            self._stack.append(self._state)
        elif self._stack:
            self._state = self._stack.pop()
        if len(self._stack) > _MOST_DEEP:
            raise UnreadableScript(name=self._name, format=_KIND, reason=Says("tệp hỏng", "the file is damaged"))

    # --- control words ------------------------------------------------------------------------------------------------

    def _control(self, word: str, number: str | None, *, starred: bool) -> None:
        n = int(number) if number else None
        if word == "shptxt":
            self._state = replace(self._state, unseen=False)
        elif starred or word in _UNSEEN:
            self._state = replace(self._state, unseen=True, fonts=word == "fonttbl")
        elif word in _SPACES or word in _SIGNS:
            self._add(_SPACES.get(word) or _SIGNS[word])
        elif word == "u" and n is not None:
            self._add(chr(n & 0xFFFF))
            self._to_skip = self._state.fallback
        elif action := _ACTIONS.get(word):
            action(self, n)

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
        self._state = replace(self._state, in_table=False)

    def _in_table(self, _: int | None) -> None:
        self._state = replace(self._state, in_table=True)

    def _end_paragraph(self, _: int | None = None) -> None:
        if self._state.unseen:
            return
        if self._state.in_table:
            self._add(", " if self._paragraph else "")
            return
        self._end_table()
        self._found += [Line(text, alone=True) for text in self._told().split("\n")]

    def _end_cell(self, _: int | None) -> None:
        self._cells.append(self._told().rstrip(", "))

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
        byte = bytes.fromhex(code)
        font = self._names.get(self._number(), "")
        old = of_font(font) or is_old_khmer(font)
        codepage = "latin-1" if old else self._codepages.get(self._number(), self._codepage)
        try:
            self._add(byte.decode(codepage))
        except (UnicodeDecodeError, LookupError):
            self._add(byte.decode("latin-1"))

    def _text(self, text: str) -> None:
        skipped = min(self._to_skip, len(text))
        self._to_skip -= skipped
        text = text[skipped:]
        if self._state.fonts:
            self._names[self._state.font] = (self._names.get(self._state.font, "") + text).strip(" ;")
            return
        self._add(text)

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
