"""Announcers: how a programme's texts are read, with the editor's dictionary as it stands now."""

import os
import re
from functools import lru_cache

from pipeline import reading
from pipeline.core.errors import BadWord, Says, WordTaught
from pipeline.core.facts import Happened
from pipeline.core.model import Bulletin, Language, Note, Programme, Seconds
from pipeline.ledger.lock import alone
from pipeline.newsroom.desk import Desk
from pipeline.reading.clean import clean
from pipeline.reading.dictionary import Dictionary, load, with_row
from pipeline.reading.lexicon import KHMER, LONGEST_KEY
from pipeline.voices import wav

DICTIONARY_WAIT = Seconds(10)
"""How long one waits for another who writes into the dictionary."""


def announcer(desk: Desk, programme: Programme | None = None) -> reading.Announcer:
    """The announcer of a programme; without one, document numbers are said in full."""
    codes = reading.Codes(programme.document_codes) if programme else reading.Codes.FULL
    return _built(reading.Register(desk.config.settings.reading.register_), dictionary(desk), codes)


def dictionary(desk: Desk) -> Dictionary:
    """The editor's dictionary, read anew: a name mended in it is heard in the next bulletin."""
    return load(desk.config.dictionary)


def faults(desk: Desk) -> tuple[Note, ...]:
    """The rows of the dictionary that cannot be used, for the editor who wrote them."""
    found = dictionary(desk)
    return tuple(Note(found.name, f"dòng {fault.line} không dùng được: {fault.reason}") for fault in found.faults)


def teach(desk: Desk, key: str, spoken: str, by: str, bulletin: Bulletin | None = None, *, replaces: str = "") -> None:
    """Write into the editor's dictionary how a word is said from now on; what stood there for it gives way.

    What somebody else wrote gives way only to who has seen it: `replaces` is how it says the word.
    Whoever mends a word of a bulletin has a hand in its text.

    Raises:
        BadWord: it cannot be said so.
        WordTaught: somebody else wrote that it is said otherwise.
        BadRows: the dictionary is not one that we can write.
    """
    file, day = desk.config.dictionary, f"{desk.now().astimezone(desk.config.zone):%d/%m/%Y}"
    word, said = _plain(key), _plain(spoken)
    _must_be_sayable(desk, word, said)
    with alone(desk.config.state, "dictionary", DICTIONARY_WAIT):
        _must_give_way(desk, word, by, {clean(said), clean(replaces)})
        before = file.read_bytes() if file.is_file() else b""
        after = with_row(before, file.name, [word, said, "", "", f"{by}, {day}"])
        with wav.whole(file) as part, part.open("wb") as stream:
            stream.write(after)
            stream.flush()
            os.fsync(stream.fileno())  # before it takes the name: a power cut must not leave an empty dictionary
            stream.close()
            # And told before: a word that is said otherwise without a name behind it could be signed by who changed it.
            desk.ledger.record(desk.fact(Happened.TAUGHT, bulletin=bulletin, who=by, key=word, spoken=said))


def _must_give_way(desk: Desk, word: str, by: str, known: set[str]) -> None:
    """Raise WordTaught where the dictionary has another's row for a word, and says it in no way that is known."""
    row = next((row for row in dictionary(desk).rows if row.key == clean(word) and not row.context), None)
    if row and row.spoken not in known and row.note.rpartition(", ")[0] != by:
        raise WordTaught(word=word, spoken=row.spoken, by=f" ({row.note})" if row.note else "")


def _must_be_sayable(desk: Desk, word: str, said: str) -> None:
    """Raise BadWord where a row of the dictionary cannot be so, in words for who typed it."""
    if not clean(word) or not clean(said):
        reason = Says("thiếu chữ hoặc cách đọc", "the word is missing, or how it is said")
        how = Says("điền cả hai", "give both")
    elif word.startswith("#"):  # in a table it would be a remark
        reason = Says(f"chữ không bắt đầu bằng dấu #: {word}", f"a word does not begin with #: {word}")
        how = Says("bỏ dấu #", "leave it out")
    elif len(clean(word)) > LONGEST_KEY:
        reason = Says(f"chữ dài quá {LONGEST_KEY} ký tự", f"the word has more than {LONGEST_KEY} characters")
        how = Says("chỉ ghi chữ đọc sai, không ghi cả câu", "give the word alone, not its sentence")
    elif number := re.search(r"\d+", clean(said)):
        language = Language.KM if re.search(f"[{KHMER}]", said) else Language.VI
        spelled = reading.spoken(number[0], language, announcer(desk)).text
        reason = Says("cách đọc phải viết bằng chữ", "how it is said has to be written in words")
        how = Says(f"viết số {number[0]} thành {spelled}", f"write {number[0]} as {spelled}")
    elif not any(c.isalpha() for c in clean(said)):
        reason = Says("cách đọc phải viết bằng chữ", "how it is said has to be written in words")
        how = Says("viết ra như khi đọc", "write it as it is spoken")
    else:
        return
    raise BadWord(reason=reason, how=how)


def _plain(text: str) -> str:
    """Words with one space between them, without what nobody can see; but Khmer words keep the marks between them."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable() or c in "\u200b\u200c\u200d")


@lru_cache(maxsize=8)
def _built(register: reading.Register, own: Dictionary, codes: reading.Codes) -> reading.Announcer:
    return reading.Announcer(register, own.rows, codes)
