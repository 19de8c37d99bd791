"""Tables for a terminal, in the newsroom's language. Nothing here decides anything."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, tzinfo

from rich.console import Console
from rich.table import Table

from pipeline.core.coverage import Line
from pipeline.core.day import Airing, Concern, Day, Wanted
from pipeline.core.errors import PipelineError, Says
from pipeline.core.facts import Fact
from pipeline.core.model import Bulletin, BulletinId, Reading, Station, StationCode, Voice
from pipeline.core.report import Period
from pipeline.core.tally import Tally
from pipeline.report.details import detail
from pipeline.report.words import (
    DRAFT,
    HALF_SIGNED,
    HAPPENED,
    LOCAL,
    MISSED,
    ONLINE,
    PRIORITY,
    STAGE,
    UNAIRED,
    WHY,
    language,
)

_ID = Says("Mã", "Id")
_GRID = 40
"""Stations that a grid shows."""
_MARKS = {True: "✓", False: "✗", None: "·"}
"""Holds it; lacks it; is not to air it."""
_SHOWN = 6
"""Stations that a cell names before it only counts them."""
_PIPED = 160
"""Columns of a table that no terminal shows."""
_ANY = 10_000
"""More columns than any table has."""


def printer() -> Console:
    """Standard output: as wide as the terminal, or wide enough for a file."""
    console = Console()
    return console if console.is_terminal else Console(width=_PIPED)


def show(table: Table) -> None:
    """Print a table on standard output. Ids stay on one line, to be copied, unless that would break words elsewhere."""
    console = printer()
    room = console.options.update(width=_ANY)
    if console.measure(table, options=room).minimum > console.width:
        for column in table.columns:
            column.no_wrap = False
    console.print(table)


class Faces:
    """Says things in one language; times in one zone."""

    def __init__(self, lang: str, zone: tzinfo) -> None:
        self._lang = lang
        self._zone = zone

    def say(self, words: Says) -> str:
        """One of two languages."""
        return words.vi if self._lang == "vi" else words.en

    def bulletins(self, lines: Iterable[Line], missed: Mapping[BulletinId, int]) -> Table:
        """Bulletins with their stage and their stations, and at how many of them each was missed."""
        table = self._table(
            _ID, Says("Tiêu đề", "Title"), Says("Tiếng", "Language"), Says("Phát", "Airs"),
            Says("Tình trạng", "Stage"), Says("Trạm", "Stations"),
        )  # fmt: skip
        for line in lines:
            bulletin = line.bulletin
            table.add_row(
                bulletin.id,
                bulletin.title,
                self.say(language(bulletin.language)),
                f"{min(bulletin.air).astimezone(self._zone):%d/%m/%Y %H:%M}",
                self._stage(line, missed.get(bulletin.id, 0)),
                f"{line.arrived}/{line.coverage.stations}" if line.coverage.stations else "-",
            )
        return table

    def airings(self, airings: Iterable[Airing]) -> Table:
        """What airs when, and at how many stations."""
        table = self._table(
            Says("Phát lúc", "Airs"), _ID, Says("Tiêu đề", "Title"), Says("Tiếng", "Language"),
            Says("Ưu tiên", "Priority"), Says("Trạm", "Stations"),
        )  # fmt: skip
        for airing in airings:
            bulletin = airing.bulletin
            table.add_row(
                f"{airing.at.astimezone(self._zone):%d/%m/%Y %H:%M}",
                bulletin.id,
                bulletin.title,
                self.say(language(bulletin.language)),
                self.say(PRIORITY[bulletin.priority]),
                self._several(airing.stations),
            )
        return table

    def wanted(self, wanted: Iterable[Wanted], now: datetime) -> Table:
        """What each station lacks, and when it airs next."""
        table = self._table(Says("Trạm", "Station"), _ID, Says("Phát lúc", "Airs"), Says("Việc", "What"))
        for one in wanted:
            station = f"{one.station.code} {one.station.name}"
            for bulletin in one.bulletins:
                at = min(at for at in bulletin.air if at > now).astimezone(self._zone)
                table.add_row(station, bulletin.id, f"{at:%d/%m/%Y %H:%M}", self.say(Says("gửi", "send")))
            for bulletin in one.stopped:
                table.add_row(station, bulletin.id, "", self.say(Says("gỡ", "take away")))
        return table

    def grid(self, day: Day, stations: Mapping[StationCode, Station]) -> Table:
        """A day's bulletins by station: who holds what. Of many stations only those that lack something are shown."""
        heads = [f"{one.at.astimezone(self._zone):%H:%M} {one.bulletin.title}" for one in day.served]
        table = self._table(Says("Trạm", "Station"), *(Says(head, head) for head in heads), Says("Lỗi", "Fault"))
        faults = {lack.station.code: lack.fault or "-" for lack in day.lacking}
        shown = sorted(day.grid, key=lambda code: (code not in faults, code))
        for code in shown if len(shown) <= _GRID else [code for code in shown if code in faults][:_GRID]:
            cells = [_MARKS[day.grid[code].get(one.bulletin.id)] for one in day.served]
            table.add_row(f"{code} {stations[code].name}", *cells, faults.get(code, ""))
        return table

    def _several(self, codes: Sequence[str]) -> str:
        return f"{len(codes)}: " + ", ".join(codes[:_SHOWN]) + (", …" if len(codes) > _SHOWN else "")

    def voices(self, rows: Iterable[tuple[str, Voice, PipelineError | None]]) -> Table:
        """Voices with their engine, and whether each answers now."""
        table = self._table(
            Says("Giọng", "Voice"), Says("Máy đọc", "Engine"), Says("Tiếng", "Language"), Says("Giới", "Sex"),
            Says("Vùng", "Region"), Says("Loại", "Kind"), Says("Giấy phép", "Licence"),
            Says("Sẵn sàng", "Ready"),
        )  # fmt: skip
        for engine, voice, problem in rows:
            kind = [self.say(ONLINE if voice.online else LOCAL), *([self.say(DRAFT)] if voice.draft else [])]
            ready = "✓" if problem is None else f"✗ {problem.code}"
            told = self.say(language(voice.language.value))
            table.add_row(
                voice.name, engine, told, voice.sex or "-", voice.region or "-", ", ".join(kind), voice.licence, ready
            )
        return table

    def troubled(self, concerns: Sequence[Concern]) -> Iterator[str]:
        """A line for each station whose last visit failed: why, since when, and what to do. Of many, the first."""
        words = Says(
            "✗ {station}: lỗi {code}, {tries} lần liền từ {since}: {reason}; việc cần làm: {step}",
            "✗ {station}: {code}, {tries} times in a row since {since}; next: {step}",
        )
        for one in concerns[:_GRID]:
            if trouble := one.trouble:
                since = f"{trouble.since.astimezone(self._zone):%d/%m %H:%M}"
                told = {
                    "station": f"{one.station.code} {one.station.name}",
                    "code": trouble.code,
                    "since": since,
                    "reason": trouble.reason,
                }
                yield self.say(words).format(**told, tries=trouble.tries, step=self.say(one.step))
        if more := len(concerns[_GRID:]):
            yield self.say(Says(f"✗ và {more} trạm khác", f"✗ and {more} more"))

    def checked(
        self,
        name: str,
        *,
        bulletin: Bulletin | None,
        reading: Reading | None,
        seconds: float,
        files: Sequence[str],
        voices: Sequence[str],
        paragraphs: Sequence[int] = (),
        takes: Iterable[tuple[int, str]] = (),
        sounds: Sequence[str] = (),
    ) -> str:
        """What there is to say about a script that is not dropped yet; written beside spoken, then what to look at."""
        told = [bulletin.title if bulletin else name]
        if bulletin:
            airs = ", ".join(f"{at.astimezone(self._zone):%d/%m/%Y %H:%M}" for at in bulletin.air)
            words = Says("{language}; phát {airs}; mã {id}", "{language}; airs {airs}; id {id}")
            told.append(
                self.say(words).format(language=self.say(language(bulletin.language)), airs=airs, id=bulletin.id)
            )
        if seconds:
            length = Says("dài khoảng {m} phút {s:02} giây", "about {m} min {s:02} s")
            told.append(self.say(length).format(m=int(seconds) // 60, s=int(seconds) % 60))
        told += [f"{self.say(Says('giọng', 'voices'))}: {', '.join(voices)}"] if voices else []
        told += [f"{self.say(Says('tệp', 'files'))}: {', '.join(files)}"] if files else []
        for number, recording in takes:
            words = Says("đoạn {n} do phát thanh viên đọc: {name}", "paragraph {n} is read by an announcer: {name}")
            told.append(self.say(words).format(n=number, name=recording))
        number = 0
        for i, sentence in enumerate(reading.sentences if reading else ()):
            if i < len(paragraphs) and paragraphs[i] != number:
                number = paragraphs[i]
                told += ["", self.say(Says("— đoạn {n} —", "— paragraph {n} —")).format(n=number)]
            told += ["", *([f"  {sentence.written}"] if sentence.written else []), f"→ {sentence.text}"]
        notes = [f"! {note.about}: {note.message}" for note in (reading.notes if reading else ())]
        notes += [f"! {sound}" for sound in sounds]
        return "\n".join([*told, *([""] if notes else []), *notes])

    def _stage(self, line: Line, missed: int) -> str:
        status, stage = line.status, self.say(STAGE[line.stage])
        if status.half_signed:
            stage += f" ({self.say(HALF_SIGNED)})"
        if status.draft:
            stage += f" ({self.say(DRAFT)})"
        if status.unaired:
            stage += ", " + self.say(UNAIRED)
        elif missed:
            stage += ", " + self.say(MISSED.format(count=missed))
        return f"{stage}: {status.reason}" if status.reason else stage

    def history(self, facts: Sequence[Fact]) -> Table:
        """What happened to a bulletin."""
        table = self._table(
            Says("Lúc", "When"), Says("Việc", "Fact"), Says("Ai", "Who"), Says("Trạm", "Station"),
            Says("Chi tiết", "Detail"),
        )  # fmt: skip
        for fact in facts:
            told = detail(fact, self._lang, self._zone)
            table.add_row(
                f"{fact.at.astimezone(self._zone):%d/%m %H:%M:%S}",
                self.say(HAPPENED[fact.happened]),
                fact.who,
                fact.station or "",
                f"{fact.digest[:12]} {told}" if fact.digest else told,
            )
        return table

    def tally(self, tally: Tally, of: Period) -> Table:
        """Those that first aired in a period, a row a bulletin, each with its evidence."""
        table = self._table(
            Says("Ngày phát", "Airs"), _ID, Says("Loại", "Kind"), Says("Tiếng", "Language"),
            Says("Trạm nhận kịp", "Stations in time"), Says("Người duyệt", "Approved by"), Says("Kết quả", "Result"),
        )  # fmt: skip
        for row in tally.rows:
            if not of.holds(row.air_date):
                continue
            table.add_row(
                f"{row.air_date:%d/%m/%Y}", row.bulletin, row.kind.value, self.say(language(row.language)),
                f"{row.in_time}/{row.stations}", row.approved_by, self.say(WHY[row.why]),
            )  # fmt: skip
        return table

    def year(self, tally: Tally) -> str:
        """The year in one line."""
        by = [f"{self.say(language(code))} {n}" for code, n in sorted(tally.by_language.items())]
        by += [f"{kind} {n}" for kind, n in sorted(tally.by_kind.items())]
        line = Says(
            f"Năm {tally.year}: {tally.counted}/{tally.target} bản tin được tính; theo tiến độ phải đạt {tally.due}",
            f"{tally.year}: {tally.counted} of {tally.target} bulletins counted; the pace asks for {tally.due}",
        )
        return self.say(line) + (f" ({', '.join(by)})" if by else "")

    def _table(self, *columns: Says) -> Table:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            is_name = column == _ID  # ids are copied: they stay on one line
            table.add_column(self.say(column), overflow="fold", no_wrap=is_name)
        return table
