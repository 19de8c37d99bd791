"""Outputs: what people enter for the plan's other lines, each with its evidence; never changed, only struck out."""

import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

from pipeline.core.errors import BadOutput, Says
from pipeline.core.facts import Fact, Happened
from pipeline.core.model import Digest
from pipeline.core.outputs import BY_HAND, Output, PlanLine
from pipeline.newsroom.desk import Desk

MOST = 20_000_000
"""Bytes of a paper that proves an output."""
_MOST_LETTERS, _MOST_QUANTITY = 500, 1_000_000


def outputs(desk: Desk, year: int | None = None) -> list[Output]:
    """What was entered, by day: for one year, or ever; what was struck out among it."""
    struck = {int(str(f.detail["number"])): str(f.detail["why"]) for f in desk.ledger.facts(happened=Happened.STRUCK)}
    found = [_output(fact, struck.get(fact.number, "")) for fact in desk.ledger.facts(happened=Happened.ENTERED)]
    return sorted((o for o in found if year in {None, o.day.year}), key=lambda o: (o.day, o.number))


def enter(desk: Desk, output: Output, paper: Path | None = None) -> None:
    """Enter an output, with the paper that proves it where there is one.

    Raises:
        BadOutput: it is of a line that this program counts itself, of no quantity, without words or evidence, of a day
            to come, or its paper is too large or of a kind that nobody can open.
    """
    output = replace(output, what=_plain(output.what), evidence=_plain(output.evidence))
    today = desk.now().astimezone(desk.config.zone).date()
    wrong = [words for fits, words in _RULES if not fits(output, today)]
    if wrong:
        raise BadOutput(what=Says("; ".join(w.vi for w in wrong), "; ".join(w.en for w in wrong)))
    digest, name = (None, "") if paper is None else (_kept(desk, paper), _plain(paper.name)[-120:])
    detail = {
        "line": output.line.value, "quantity": output.quantity, "day": output.day.isoformat(), "what": output.what,
        "evidence": output.evidence, "file": name,
    }  # fmt: skip
    fact = desk.fact(Happened.ENTERED, digest=digest)
    desk.ledger.record(replace(fact, detail={**fact.detail, **detail}))


def strike(desk: Desk, number: int, why: str) -> None:
    """Strike out what was entered, by the number of its fact; it stays to be seen.

    Raises:
        BadOutput: there is none of that number, it was struck out before, or nobody says why.
    """
    found = next((one for one in outputs(desk) if one.number == number), None)
    if found is None or found.struck:
        raise BadOutput(
            what=Says(f"không có dòng số {number}, hoặc đã gạch rồi", f"there is no {number} to strike out")
        )
    if not _plain(why):
        raise BadOutput(what=Says("chưa ghi lý do gạch", "nobody says why"))
    desk.ledger.record(desk.fact(Happened.STRUCK, number=number, why=_plain(why)))


_RULES: tuple[tuple[Callable[[Output, date], bool], Says], ...] = (
    (
        lambda o, _: o.line in BY_HAND,
        Says("bản tin do chương trình tự tính, không ghi tay", "bulletins are counted, never entered"),
    ),
    (
        lambda o, _: 0 < o.quantity <= _MOST_QUANTITY,
        Says("số lượng phải từ 1 trở lên", "the quantity is at least 1"),
    ),
    (lambda o, today: o.day <= today, Says("ngày chưa tới", "the day is to come")),
    (lambda o, _: o.day.year >= 2000, Says("ngày trước năm 2000", "the day is before 2000")),
    (lambda o, _: bool(o.what), Says("chưa ghi nội dung", "it does not say what it was")),
    (lambda o, _: bool(o.evidence), Says("chưa ghi bằng chứng", "it does not say what proves it")),
)


def _plain(text: str) -> str:
    """One line of printable text."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())[:_MOST_LETTERS]


def _kept(desk: Desk, paper: Path) -> Digest:
    if paper.stat().st_size > MOST:
        raise BadOutput(what=Says(f"tệp lớn hơn {MOST // 1_000_000} MB", f"over {MOST // 1_000_000} MB"))
    if not _opens(paper):
        kinds = "PDF, PNG, JPEG, Word, Excel, OpenDocument"
        raise BadOutput(what=Says(f"tệp không phải {kinds}", f"the file is none of {kinds}"))
    return desk.store.put(paper)


_MAGIC = (b"%PDF-", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


def _opens(paper: Path) -> bool:
    """Whether it is a picture or a paper that people can look at, by what is in it."""
    with paper.open("rb") as stream:
        start = stream.read(8)
    if start.startswith(_MAGIC):
        return True
    if not start.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(paper) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error, OverflowError, EOFError):
        return False  # each of these is what zipfile raises of one kind of broken archive or another
    return bool(names & {"word/document.xml", "xl/workbook.xml", "content.xml"})


def _output(fact: Fact, struck: str) -> Output:
    d = fact.detail
    return Output(
        line=PlanLine(str(d["line"])), quantity=int(str(d["quantity"])), day=date.fromisoformat(str(d["day"])),
        what=str(d["what"]), evidence=str(d["evidence"]), file=fact.digest, file_name=str(d["file"]), who=fact.who,
        number=fact.number, struck=struck,
    )  # fmt: skip
