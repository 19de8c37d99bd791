"""Năm: what the year came to, on the page and in the files that it gives; what people enter there."""

import csv
import io
import json
import re
from contextlib import contextmanager, nullcontext

import openpyxl
import pytest

from pipeline.core.facts import Happened
from pipeline.core.outputs import PlanLine
from pipeline.core.people import Role
from pipeline.newsroom import outputs, reports
from pipeline.newsroom.office import Office
from pipeline.report.faces import Faces
from pipeline.web.app import make_app
from tests import province, year
from tests.web.test_pages import LOGINS, browser, known, token


@contextmanager
def newsroom(folder):
    year.lay_out(folder)
    with province.newsroom(folder, province.Clock(year.NOW)) as opened:
        for role, login in LOGINS.items():
            known(opened, login, f"Người {login}", role)
        yield opened


def pages(desk):
    return make_app(Office(desk.config, lambda _settings: nullcontext(desk)))


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """A year that is only looked at."""
    with newsroom(tmp_path_factory.mktemp("year")) as opened:
        year.fill(opened)
        yield opened


@pytest.fixture
def desk(tmp_path):
    with newsroom(tmp_path) as opened:
        yield opened


@pytest.fixture
def app(desk):
    return pages(desk)


def test_the_page_the_files_and_the_ledger_say_the_same(full):
    made = reports.report(full, reports.whole_year(2026))
    one = browser(pages(full), Role.READER)
    text = one.get("/nam").text
    assert f"2026: {made.tally.counted}/50" in text
    assert f"đến hôm nay phải đạt <strong>{made.tally.due}</strong> bản tin; với nhịp này cả năm được khoảng" in text
    assert f"theo tiến độ phải đạt {made.tally.due}" in Faces("vi", full.config.zone).year(made.tally)
    chart = text[text.index("<svg") : text.index("</svg>")]
    assert re.findall(r"<text[^>]*>([^<]*)<", chart) == [*map(str, [0, 10, 20, 30, 40, 50, *range(1, 13)]), "tháng"]
    for line in made.reached:
        assert re.search(rf'<td class="n">{line.target}</td><td class="n">{line.period}</td>', text), line
    told = json.loads(one.get("/nam/bao-cao?dang=json&nam=2026").content)
    assert told["airtime"]["confirmed"] == made.airtime.confirmed
    rows = list(csv.reader(io.StringIO(one.get("/nam/bao-cao?dang=csv").content.decode("utf-8-sig"))))
    assert len(rows) - 1 == len(made.entries)
    answer = one.get("/nam/bao-cao?dang=xlsx&tu=2026-03-01&den=2026-06-30")
    assert answer.headers["content-disposition"] == 'attachment; filename="bao-cao-20260301-20260630.xlsx"'
    assert "Bản tin" in openpyxl.load_workbook(io.BytesIO(answer.content)).sheetnames
    assert one.get("/nam/bao-cao?dang=docx").content[:2] == b"PK"
    communes = one.get("/nam/xa").text
    for group in made.communes:
        cells = f'{group.name}</th><td class="n">{group.bulletins}</td><td class="n">{group.airtime.planned}<'
        assert cells in communes


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("dang=exe", 404), ("dang=", 404), ("dang=csv&tu=2026-05-01&den=x", 404), ("dang=csv&tu=2026-05-01", 404),
        ("dang=csv&tu=2026-05-02&den=2026-05-01", 409), ("dang=csv&tu=2025-05-02&den=2026-05-01", 409),
        ("dang=csv&tu=0001-01-01&den=0001-01-02", 409), ("dang=csv&nam=99999", 200), ("dang=csv&nam=-3", 200),
    ],
)  # fmt: skip
def test_a_report_that_cannot_be_is_refused_and_breaks_nothing(full, query, status):
    assert browser(pages(full), Role.READER).get(f"/nam/bao-cao?{query}").status_code == status


def test_a_report_that_nobody_would_wait_for_is_not_begun_and_says_how_to_have_it(full, monkeypatch):
    monkeypatch.setattr("pipeline.web.year._MOST_AIRINGS", 10)
    answer = browser(pages(full), Role.READER).get("/nam/bao-cao?dang=xlsx")
    assert answer.status_code == 409
    assert "chọn kỳ ngắn hơn, hoặc nhờ người quản trị lập trên máy chủ" in answer.text
    assert "bantin report" not in answer.text


ENTRY = {"dong": "clips", "so_luong": "3", "ngay": "2026-11-20", "noi_dung": "Clip <b>", "bang_chung": "Biên bản 9/BB"}


def with_paper(one, file):
    form = {"_token": token(one.get("/nam").text), **ENTRY}
    return one.post("/nam/ket-qua", data=form, files={"tep": file}, follow_redirects=False)


def test_an_approver_enters_an_output_with_its_paper_and_strikes_it_out(app, desk):
    one = browser(app, Role.APPROVER)
    paper = b"%PDF-1.4 <script>alert(1)</script>"
    answer = with_paper(one, ("../../biên bản.pdf", paper, "text/html"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/nam?nam=2026")
    assert "Clip &lt;b&gt;" in one.get("/nam").text
    kept = outputs.outputs(desk)[-1]
    assert (kept.line, kept.quantity, kept.file_name, kept.who) == (PlanLine.CLIPS, 3, "biên bản.pdf", "Người duyet")
    got = browser(app, Role.READER).get(f"/nam/ket-qua/{kept.number}/tep")
    assert (got.content, got.headers["content-type"]) == (paper, "application/octet-stream")
    assert got.headers["content-disposition"].startswith("attachment")
    one.submit(f"/nam/ket-qua/{kept.number}/gach", "/nam", ly_do="ghi nhầm")
    assert "ghi nhầm" in one.get("/nam").text
    assert outputs.outputs(desk)[-1].struck == "ghi nhầm"
    assert [f.who for f in desk.ledger.facts(happened=Happened.STRUCK)][-1] == "Người duyet"


@pytest.mark.parametrize(
    "wrong",
    [
        {"so_luong": "0"}, {"so_luong": "ba"}, {"so_luong": "9" * 30}, {"ngay": "hôm qua"}, {"ngay": "2026-11-27"},
        {"dong": "bulletins"}, {"dong": "x"}, {"noi_dung": " "}, {"bang_chung": ""},
    ],
)  # fmt: skip
def test_a_wrong_entry_is_refused_with_its_reason_and_what_was_typed(app, desk, wrong):
    before = len(desk.ledger.facts())
    answer = browser(app, Role.APPROVER).submit("/nam/ket-qua", "/nam", **{**ENTRY, **wrong})
    assert answer.status_code == 409
    assert "P-114" in answer.text
    assert len(desk.ledger.facts()) == before


def test_a_paper_that_is_no_paper_is_refused(app, desk):
    one = browser(app, Role.APPROVER)
    before = len(desk.ledger.facts())
    answer = with_paper(one, ("a.pdf", b"<html>", "application/pdf"))
    assert (answer.status_code, "P-114" in answer.text) == (409, True)
    assert 'value="Biên bản 9/BB"' in answer.text  # what was typed is still there
    assert len(desk.ledger.facts()) == before


def test_a_paper_that_is_not_there_is_no_page(app):
    one = browser(app, Role.READER)
    for number in ("1", "0", "99999999999999999999", "x"):
        assert one.get(f"/nam/ket-qua/{number}/tep").status_code == 404
