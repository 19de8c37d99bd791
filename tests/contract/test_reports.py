"""Reports: every figure is the ledger's, in every file that shows it."""

import csv
import io
import json
import os
import shutil
import subprocess
import zipfile
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import docx
import fontpkg_noto_sans_khmer
import openpyxl
import pytest

from pipeline.core.errors import BadOutput, BadPeriod, BadTemplate, figure
from pipeline.core.facts import Happened
from pipeline.core.model import Verification
from pipeline.core.outputs import Output, PlanLine
from pipeline.newsroom import bulletins, outputs, push, reports
from pipeline.newsroom.tally import tally
from pipeline.report.words import WHY
from tests import province, year

OFFICE = shutil.which("soffice")
PERIODS = [
    (date(2026, 1, 1), date(2026, 12, 31)),
    (date(2026, 3, 1), date(2026, 6, 30)),
    (date(2026, 5, 7), date(2026, 5, 7)),
]


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("year")
    year.lay_out(folder)
    with province.newsroom(folder, province.Clock(year.NOW)) as opened:
        year.fill(opened)
        yield opened


@pytest.fixture(scope="module")
def made(desk):
    return reports.report(desk, reports.whole_year(2026))


def from_the_records(desk, first, last):
    """What stations were to air, got, proved and played in local days, straight from the ledger's records."""
    zone = desk.config.zone
    inside = lambda at: first <= at.astimezone(zone).date() <= last  # noqa: E731 - one line says it
    sums = Counter()
    for row in bulletins.rows(desk):
        bulletin, status = row.bulletin, row.status
        may_go = [d for p in status.masters if (d := status.signed(p))]
        if not may_go or not bulletin.counts:
            continue
        signed = {f.digest for f in desk.ledger.facts(bulletin.id, Happened.APPROVED)}
        receipts = [r for r in desk.ledger.receipts(names=[bulletin.id]) if r.digest in signed]
        for t in desk.ledger.transmissions(bulletin.id):
            if inside(t.at):
                here = [r for r in receipts if r.station == t.station and r.at < t.at]
                sums["planned"] += 1
                sums["delivered"] += bool(here)
                sums["confirmed"] += any(r.verified is not Verification.REPORTED for r in here)
        aired = desk.ledger.facts(bulletin.id, Happened.AIRED)
        sums["aired"] += sum(inside(datetime.fromisoformat(f.detail["aired"])) for f in aired)
    return sums


@pytest.mark.parametrize(("first", "last"), PERIODS)
def test_figures_of_a_period_are_those_of_the_ledgers_records(desk, first, last):
    report = reports.report(desk, reports.period(first, last))
    known = from_the_records(desk, first, last)
    a = report.airtime
    assert {"planned": a.planned, "delivered": a.delivered, "confirmed": a.confirmed, "aired": a.aired} == {
        key: known[key] for key in ("planned", "delivered", "confirmed", "aired")
    }
    assert a.planned_seconds == a.planned * 60  # each lasts a minute
    counted = [r for r in tally(desk, 2026).rows if r.counted and first <= r.air_date <= last]
    assert [e.bulletin.id for e in report.counted] == [r.bulletin for r in counted]
    for groups in (report.by(lambda e: e.row.language), report.by(lambda e: e.bulletin.theme), report.communes):
        assert sum(g.airtime.planned for g in groups) == a.planned
        assert sum(g.airtime.confirmed for g in groups) == a.confirmed
        assert sum(g.airtime.aired for g in groups) == a.aired


def test_the_year_holds_what_every_status_of_the_ledger_says(desk, made):
    a = made.airtime
    assert a.planned > a.delivered > a.confirmed > a.aired > 0  # each fate is in it
    whys = {e.row.why for e in made.entries}
    assert {"counted", "share", "test", "withdrawn"} <= whys
    covered = 0
    for e in made.entries:
        if e.proofs:
            signed = {f.digest for f in desk.ledger.facts(e.bulletin.id, Happened.APPROVED)}
            covered += desk.ledger.coverage([e.bulletin.id])[e.bulletin.id].covered_of(signed)
    assert a.confirmed == covered


def test_periods_of_a_year_add_up_to_it(desk, made):
    halves = [
        reports.report(desk, reports.period(date(2026, 1, 1), date(2026, 5, 7))),
        reports.report(desk, reports.period(date(2026, 5, 8), date(2026, 12, 31))),
    ]
    assert sum(len(h.counted) for h in halves) == len(made.counted) == made.tally.counted
    assert sum(h.airtime.planned for h in halves) == made.airtime.planned
    assert sum(h.airtime.aired for h in halves) == made.airtime.aired
    assert sum(p.dong for h in halves for p in h.pay) == sum(p.dong for p in made.pay) > 0
    for n, line in enumerate(PlanLine):
        assert [r.line for r in made.reached][n] is line
        assert sum(h.reached[n].period for h in halves) == made.reached[n].period == halves[1].reached[n].year


def test_what_first_aired_before_the_period_is_there_for_its_repeats_and_counts_no_second_time(desk, made):
    repeated = next(e for e in made.entries if len(e.bulletin.air) == 2 and e.row.counted)
    day = max(repeated.bulletin.air).astimezone(desk.config.zone).date()
    report = reports.report(desk, reports.period(day, day))
    (entry,) = report.entries
    assert (entry.bulletin.id, entry.row.counted, entry.row.why) == (repeated.bulletin.id, False, "earlier")
    assert entry.airtime.planned == len(year.CODES)
    assert report.counted == ()


def test_lines_of_the_plan_count_what_stands_and_not_what_was_struck_out(made):
    got = {r.line: (r.target, r.period) for r in made.reached}
    assert got == {
        PlanLine.BULLETINS: (50, made.tally.counted), PlanLine.DOCUMENTS: (440, 120), PlanLine.CLIPS: (24, 0),
        PlanLine.TRAINEES: (80, 41),
    }  # fmt: skip
    assert [o.struck for o in made.outputs] == ["", "ghi hai lần", ""]


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2026, 5, 2), date(2026, 5, 1)),
        (date(2026, 12, 1), date(2027, 1, 31)),
        (date(1, 1, 1), date(1, 2, 1)),
        (date(9999, 1, 1), date(9999, 12, 31)),
    ],
)
def test_a_period_that_is_none_is_refused(first, last):
    with pytest.raises(BadPeriod):
        reports.period(first, last)


# --- files -----------------------------------------------------------------------------------------------------------


def test_the_workbook_says_the_reports_figures(desk, made):
    book = openpyxl.load_workbook(io.BytesIO(reports.write(desk, made, "xlsx", "vi")))
    assert book.sheetnames == [
        "Chỉ tiêu kế hoạch", "Bản tin", "Theo tiếng", "Theo chủ đề", "Theo thể loại", "Theo tháng", "Theo xã",
        "Kết quả ghi tay", "Thù lao", "Bằng chứng",
    ]  # fmt: skip
    rows = list(book["Bản tin"].iter_rows(min_row=2, values_only=True))
    assert [row[1] for row in rows] == [e.bulletin.id for e in made.entries]
    a = made.airtime
    assert [sum(row[n] for row in rows) for n in (12, 13, 14, 15)] == [a.planned, a.delivered, a.confirmed, a.aired]
    assert sum(row[20] == "có" for row in rows) == len(made.counted)
    communes = list(book["Theo xã"].iter_rows(min_row=2, values_only=True))
    assert len(communes) == 5
    assert sum(row[3] for row in communes) == a.planned
    proofs = list(book["Bằng chứng"].iter_rows(min_row=2, values_only=True))
    assert len(proofs) == sum(len(e.proofs) for e in made.entries)
    assert sum(row[8] for row in proofs) == a.confirmed
    paid = list(book["Thù lao"].iter_rows(min_row=2, values_only=True))
    assert sum(row[10] for row in paid if row[10]) == sum(p.dong for p in made.pay)
    lines = list(book["Chỉ tiêu kế hoạch"].iter_rows(min_row=5, max_row=8, values_only=True))
    assert [row[3:6] for row in lines] == [(r.target, r.period, r.year) for r in made.reached]
    assert len(book["Chỉ tiêu kế hoạch"]._charts) == 2


def test_a_title_that_looks_like_a_formula_stays_a_title(desk, made):
    book = openpyxl.load_workbook(io.BytesIO(reports.write(desk, made, "xlsx", "vi")))
    cells = [cell for (cell,) in book["Bản tin"].iter_rows(min_row=2, min_col=3, max_col=3)]
    (odd, *_) = [cell for cell in cells if str(cell.value).startswith("=1+1")]
    assert odd.data_type == "s"
    text = reports.write(desk, made, "csv", "vi").decode("utf-8-sig")
    assert "'=1+1 không phải công thức" in text
    assert all(line.startswith('"') and line.endswith('"') for line in text.splitlines())


def test_csv_and_json_say_the_same(desk, made):
    found = list(csv.DictReader(io.StringIO(reports.write(desk, made, "csv", "vi").decode("utf-8-sig"))))
    told = json.loads(reports.write(desk, made, "json", "vi"))
    assert [row["Mã"] for row in found] == [e["bulletin"] for e in told["entries"]]
    for row, entry in zip(found, told["entries"], strict=True):
        assert (
            int(row["Lượt kiểm chứng"])
            == entry["airtime"]["confirmed"]
            == sum(s["confirmed"] for s in entry["stations"])
        )
        assert (row["Tính"] == "có") is entry["counted"]
    assert told["counted"] == made.tally.counted == told["counted_in_period"]
    assert told["airtime"]["aired"] == made.airtime.aired
    assert [line["year"] for line in told["lines"]] == [r.year for r in made.reached]
    assert sum(p["dong"] for p in told["pay"]) == sum(p.dong for p in made.pay)


def tables(data):
    return [[[c.text for c in row.cells] for row in t.rows] for t in docx.Document(io.BytesIO(data)).tables]


def test_the_paper_says_the_reports_figures_in_the_form_of_an_administrative_report(desk, made):
    data = reports.write(desk, made, "docx", "en")
    text = "\n".join(p.text for p in docx.Document(io.BytesIO(data)).paragraphs)
    head, lines, languages, themes, kinds, other, foot, listed, left, communes = tables(data)
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nĐộc lập - Tự do - Hạnh phúc" in head[0][1]
    made_of = docx.Document(io.BytesIO(data))
    page = made_of.sections[0]
    for table in made_of.tables:  # none stands out of the margins
        assert sum(c.width for c in table.columns) <= page.page_width - page.left_margin - page.right_margin + 1000
    assert "Cà Mau, ngày 26 tháng 11 năm 2026" in head[0][1]
    assert "Số:" in head[0][0]
    assert "/BC-SVHTTDL" in head[0][0]
    assert "BÁO CÁO" in text
    assert "năm 2026" in text
    got = {row[1]: (row[3], row[4]) for row in lines[1:]}
    assert got["Bản tin (trên hệ thống phát thanh)"] == ("50", str(made.tally.counted))
    assert got["Tài liệu tuyên truyền"] == ("440", "120")
    assert f"Trong kỳ có {len(made.counted)} bản tin được tính vào chỉ tiêu" in text
    for table in (languages, themes, kinds, communes):
        assert sum(int(row[3].replace(".", "")) for row in table[1:]) == made.airtime.planned
        assert sum(int(row[6].replace(".", "")) for row in table[1:]) == made.airtime.aired
    assert [row[0] for row in themes[1:]] == [
        "không ghi",
        "bao-ve-moi-truong",
        "Chính sách dân tộc",
        "phong-chong-thien-tai",
    ]
    assert [row[1] for row in other[1:]] == ["Tài liệu tuyên truyền", "Tập huấn, bồi dưỡng"]  # the struck one is not
    assert [row[2] for row in listed[1:]] == [e.bulletin.title for e in made.counted]
    out = [e for e in made.entries if not e.row.counted]  # everybody's work in this year was signed
    assert [(row[2], row[5]) for row in left[1:]] == [(e.bulletin.title, WHY[e.row.why].vi) for e in out]
    assert {"đã rút", "không tính chỉ tiêu", "chưa đủ trạm nhận trước giờ phát"} <= {row[5] for row in left[1:]}
    assert any("<tăng> & giá" in row[2] for row in listed + left)
    assert lines[1][6] == f"{figure(made.reached[0].share * 100, 0).vi}%"
    assert "Nơi nhận:" in foot[0][0]
    assert "- UBND tỉnh;" in foot[0][0]
    assert "GIÁM ĐỐC" in foot[0][1]


def test_the_paper_lists_of_what_does_not_count_only_what_somebody_signed(desk):
    desk.now.at = province.FIVE - timedelta(days=1)
    remade = province.signed(desk, 101, title="Làm lại")
    for number, changes in enumerate(({"title": "Thử", "counts": False}, {"title": "Rút"}), start=102):
        one = replace(remade, id=f"20261124-x-{number}", script=f"{number:064x}", **changes)
        script = replace(desk.ledger.script(remade.script), digest=one.script)
        desk.ledger.receive(script, one, desk.fact(Happened.RECEIVED, bulletin=one, digest=one.script))
    desk.ledger.record(desk.fact(Happened.WITHDRAWN, bulletin=one, who="Người soạn"))
    push.push(desk)
    desk.now.at = year.NOW
    new = {"digest": desk.store.put_bytes(b"x"), "profile": "loa-xa", "size": 1, "seconds": 1.0, "suffix": ".mp3"}
    desk.ledger.record(desk.fact(Happened.MASTERED, bulletin=remade, lufs=-16.0, dbtp=-2.0, lra=1.0, **new))
    made = reports.report(desk, reports.whole_year(2026))
    told = {e.bulletin.title: e.row.why for e in made.entries}
    assert (told["Làm lại"], told["Thử"], told["Rút"]) == ("unapproved", "test", "withdrawn")
    listed = {row[2] for row in tables(reports.write(desk, made, "docx", "vi"))[-2]}
    assert ("Làm lại" in listed, "Thử" in listed, "Rút" in listed) == (True, False, False)


def test_a_template_that_has_the_reason_behind_each_bulletin_still_works(tmp_path):
    year.lay_out(tmp_path)
    text = (tmp_path / "config.toml").read_text("utf-8").replace('template = ""', 'template = "mau.docx"')
    (tmp_path / "config.toml").write_text(text, "utf-8")
    paper = docx.Document()
    paper.add_paragraph("{% for row in bulletins %}{{ row[2] }}: {{ row[8] }}; {% endfor %}")
    paper.save(tmp_path / "mau.docx")
    with province.newsroom(tmp_path, province.Clock(year.NOW)) as desk:
        year.fill(desk)
        made = reports.report(desk, reports.whole_year(2026))
        told = docx.Document(io.BytesIO(reports.write(desk, made, "docx", "vi"))).paragraphs[0].text
    assert told.count(f": {WHY['counted'].vi}; ") == len(made.counted) > 0


@pytest.mark.skipif(not OFFICE and not os.environ.get("CI"), reason="LibreOffice is missing")
def test_an_office_program_opens_the_paper(desk, made, tmp_path):
    (tmp_path / "bc.docx").write_bytes(reports.write(desk, made, "docx", "vi"))
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    to_pdf = [OFFICE, profile, "--headless", "--convert-to", "pdf", "--outdir", tmp_path, tmp_path / "bc.docx"]
    (tmp_path / "fonts").mkdir()
    (font,) = (Path(fontpkg_noto_sans_khmer.__file__).parent / "files").glob("*.ttf")
    (tmp_path / "fonts" / "khmer.ttf").symlink_to(font)
    known = {**os.environ, "XDG_DATA_HOME": str(tmp_path)}
    subprocess.run(to_pdf, check=True, capture_output=True, timeout=120, env=known)
    read = [shutil.which("pdftotext"), tmp_path / "bc.pdf", "-"]
    text = " ".join(subprocess.run(read, check=True, capture_output=True, text=True).stdout.split())
    for words in ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc", "GIÁM ĐỐC", "Hồ Thị Kỷ"):
        assert words in text
    laid_out = [read[0], "-layout", "-l", "1", *read[1:]]
    head = subprocess.run(laid_out, check=True, capture_output=True, text=True).stdout.splitlines()[0]
    assert " ".join(head.split()) == "ỦY BAN NHÂN DÂN TỈNH CÀ MAU CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
    assert "{{" not in text
    assert "{%" not in text
    if folder := os.environ.get("BANTIN_PICTURES"):  # for people to look at, and for the papers
        pages = [shutil.which("pdftoppm"), "-r", "60", "-png", tmp_path / "bc.pdf", Path(folder) / "bao-cao"]
        subprocess.run(pages, check=True)


def test_a_report_of_nothing_is_a_report(tmp_path):
    year.lay_out(tmp_path)
    with province.newsroom(tmp_path, province.Clock(year.NOW)) as desk:
        empty = reports.report(desk, reports.whole_year(2025))
        for form in reports.FORMS:
            assert reports.write(desk, empty, form, "vi")
        assert "không ghi nhận kết quả nào khác" in "\n".join(
            p.text for p in docx.Document(io.BytesIO(reports.write(desk, empty, "docx", "vi"))).paragraphs
        )


@pytest.mark.parametrize(
    "words", ["{{ nothing }}", "{{ minutes", "{{ ''.__class__.__mro__ }}", "{% for a in %}", "{{ lines[99][0][0] }}"]
)
def test_a_template_that_cannot_be_filled_in_is_refused_by_name(tmp_path, words):
    year.lay_out(tmp_path)
    own = docx.Document()
    own.add_paragraph(words)
    own.save(tmp_path / "mau.docx")
    text = (tmp_path / "config.toml").read_text("utf-8").replace('template = ""', 'template = "mau.docx"')
    (tmp_path / "config.toml").write_text(text, "utf-8")
    with province.newsroom(tmp_path, province.Clock(year.NOW)) as desk:
        report = reports.report(desk, reports.whole_year(2026))
        with pytest.raises(BadTemplate, match=r"mau\.docx"):
            reports.write(desk, report, "docx", "vi")


@pytest.mark.parametrize("name", ["khong-co.docx", "config.toml"])
def test_a_template_that_is_none_is_refused_by_name(tmp_path, name):
    year.lay_out(tmp_path)
    text = (tmp_path / "config.toml").read_text("utf-8").replace('template = ""', f'template = "{name}"')
    (tmp_path / "config.toml").write_text(text, "utf-8")
    with province.newsroom(tmp_path, province.Clock(year.NOW)) as desk:
        report = reports.report(desk, reports.whole_year(2026))
        with pytest.raises(BadTemplate, match=name):
            reports.write(desk, report, "docx", "vi")


# --- pay -------------------------------------------------------------------------------------------------------------


def test_people_are_paid_by_the_rates_of_the_day_for_their_part_and_language(desk, made):
    lines = {(p.bulletin, p.part.value, p.name): p for p in made.pay}
    late = next(e for e in made.entries if e.proofs and e.row.air_date >= date(2026, 7, 1) and e.bulletin.announcer)
    early = next(e for e in made.entries if e.proofs and e.row.air_date < date(2026, 7, 1) and e.bulletin.announcer)
    assert lines[early.bulletin.id, "tac-gia", "Nguyễn Văn A"].rate.dong == 100000
    assert lines[late.bulletin.id, "tac-gia", "Nguyễn Văn A"].rate.dong == 120000
    assert lines[late.bulletin.id, "phat-thanh", "Trần Thị B"].dong == 30000  # Khmer, for one minute
    assert lines[late.bulletin.id, "phat-thanh", "Nguyễn Văn A"].dong == 20000
    assert lines[late.bulletin.id, "bien-tap", "Lê Văn C"].dong == 50000
    off = {e.bulletin.id for e in made.entries if e.row.why in {"withdrawn", "test"}}
    assert off
    assert not off & {p.bulletin for p in made.pay}


# --- what people enter -----------------------------------------------------------------------------------------------


@pytest.fixture
def empty(tmp_path):
    year.lay_out(tmp_path)
    with province.newsroom(tmp_path, province.Clock(year.NOW)) as opened:
        yield opened


GOOD = {"line": PlanLine.CLIPS, "quantity": 2, "day": date(2026, 11, 26), "what": "Clip", "evidence": "Biên bản 12"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"line": PlanLine.BULLETINS}, {"quantity": 0}, {"quantity": -3}, {"quantity": 10**9}, {"what": " \n"},
        {"evidence": "\x00"}, {"day": date(2026, 11, 27)}, {"day": date(1926, 1, 1)},
    ],
)  # fmt: skip
def test_what_cannot_be_an_output_is_refused_and_nothing_is_kept(empty, wrong):
    with pytest.raises(BadOutput):
        outputs.enter(empty, Output(**{**GOOD, **wrong}))
    assert outputs.outputs(empty) == []


def test_an_output_keeps_its_paper_whole_and_says_who_entered_it(empty, tmp_path):
    paper = tmp_path / "biên bản.pdf"
    paper.write_bytes(b"%PDF-1.7\n" + b"x" * 1000)
    outputs.enter(empty, Output(**GOOD), paper)
    (kept,) = outputs.outputs(empty, 2026)
    assert empty.store.get(kept.file).read_bytes() == paper.read_bytes()
    assert (kept.file_name, kept.who, kept.quantity) == ("biên bản.pdf", "bantin", 2)
    assert outputs.outputs(empty, 2025) == []


def test_a_crafted_archive_is_no_paper(empty, tmp_path):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    data = bytearray(made.getvalue())
    data[data.index(b"PK\x01\x02") + 6] = 255  # needs a version of the format that there is not
    (tmp_path / "a.docx").write_bytes(data)
    with pytest.raises(BadOutput):
        outputs.enter(empty, Output(**GOOD), tmp_path / "a.docx")


@pytest.mark.parametrize(
    "data", [b"", b"<html><script>", b"MZ\x90\x00", b"PK\x03\x04broken", b"GIF89a", b"%PDF-" + bytes(outputs.MOST)]
)
def test_a_paper_that_nobody_can_open_or_that_is_too_large_is_refused(empty, tmp_path, data):
    paper = tmp_path / "bien-ban.pdf"
    paper.write_bytes(data)
    with pytest.raises(BadOutput):
        outputs.enter(empty, Output(**GOOD), paper)
    assert outputs.outputs(empty) == []


def test_what_was_struck_out_is_struck_out_once_and_with_a_reason(empty):
    outputs.enter(empty, Output(**GOOD))
    (one,) = outputs.outputs(empty)
    for number, why in ((one.number, "  "), (one.number + 1, "nhầm")):
        with pytest.raises(BadOutput):
            outputs.strike(empty, number, why)
    outputs.strike(empty, one.number, "nhầm")
    with pytest.raises(BadOutput):
        outputs.strike(empty, one.number, "lần nữa")
    assert [o.struck for o in outputs.outputs(empty)] == ["nhầm"]


# --- at the command line ---------------------------------------------------------------------------------------------


def test_the_command_writes_each_file_whole_and_says_what_it_cannot(workspace, tmp_path):
    told = workspace.json("report", "--year", "2026")
    assert (told["year"], told["counted"], told["period"]["first"]) == (2026, 0, "2026-01-01")
    out = tmp_path / "bao-cao.docx"
    assert workspace.bantin("report", "--year", "2026", "-o", out).stdout.strip() == str(out)
    assert docx.Document(out).tables
    assert not list(tmp_path.glob(".*.part"))
    half = workspace.bantin("report", "--from", "01/03/2026", "--to", "2026-06-30", "--format", "csv").stdout
    assert half.startswith('"Ngày phát","Mã","Tiêu đề"')
    workspace.bantin("report", "--format", "xlsx", code=2)
    workspace.bantin("report", "--from", "01/03/2026", code=2)
    workspace.bantin("report", "-o", tmp_path / "bao-cao.pdf", code=2)
    assert "P-115" in workspace.bantin("report", "--from", "02/05/2026", "--to", "01/05/2026", code=4).stderr


def test_outputs_are_entered_listed_and_struck_out_by_command(workspace):
    words = [
        "--line",
        "clips",
        "--quantity",
        "2",
        "--what",
        "Clip",
        "--evidence",
        "Biên bản 12/BB",
        "--day",
        "14/02/2026",
    ]
    workspace.bantin("outputs", "add", *words, "--by", "Nguyễn Văn A")
    (one,) = workspace.json("outputs", "list", "--year", "2026")
    assert (one["line"], one["quantity"], one["who"], one["evidence"]) == ("clips", 2, "Nguyễn Văn A", "Biên bản 12/BB")
    assert "P-114" in workspace.bantin("outputs", "add", *words[:2], "--quantity", "0", *words[4:], code=4).stderr
    workspace.bantin("outputs", "strike", str(one["number"]), "-m", "ghi hai lần")
    assert "ghi hai lần" in workspace.bantin("outputs", "list").stdout
