"""The editor's own dictionary, as Excel and Notepad save it."""

import openpyxl
import pytest

from pipeline.core.model import Language
from pipeline.reading import Announcer, explain, spoken
from pipeline.reading.dictionary import MOST_BYTES, load

TABLE = "key\tspoken\tcontext\tcase\tnote\n# ghi chú\nNVH\tnhà văn hóa\nhỏng\nUBND\tuỷ ban\t\t\tcách gọi tắt\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_table_is_read_as_notepad_and_excel_save_it(tmp_path, encoding):
    file = tmp_path / "tu-dien.tsv"
    file.write_text(TABLE, encoding=encoding)
    found = load(file)
    assert [(row.key, row.spoken) for row in found.rows] == [("NVH", "nhà văn hóa"), ("UBND", "uỷ ban")]
    assert [fault.line for fault in found.faults] == [4]


def test_a_sheet_of_excel_says_the_same(tmp_path):
    book = openpyxl.Workbook()
    for line in TABLE.rstrip("\n").split("\n"):
        book.active.append(line.split("\t"))
    book.active.append(["K7", 7])
    book.save(tmp_path / "tu-dien.xlsx")
    found = load(tmp_path / "tu-dien.xlsx")
    assert [(row.key, row.where) for row in found.rows] == [("NVH", "tu-dien.xlsx:3"), ("UBND", "tu-dien.xlsx:5")]
    assert [fault.line for fault in found.faults] == [4, 6]


def test_the_editor_wins_over_the_shipped_table_and_is_named_as_the_source(tmp_path):
    (tmp_path / "tu-dien.tsv").write_text(TABLE, encoding="utf-8")
    announcer = Announcer(own=load(tmp_path / "tu-dien.tsv").rows)
    assert spoken("UBND xã", Language.VI, announcer).text == "uỷ ban xã"
    assert explain("UBND xã", Language.VI, announcer)[0].where == "tu-dien.tsv:5"


def test_a_row_said_in_khmer_letters_belongs_to_khmer_alone(tmp_path):
    (tmp_path / "tu-dien.tsv").write_text("Đất Mũi\tដាត់មុយ\n", encoding="utf-8")
    announcer = Announcer(own=load(tmp_path / "tu-dien.tsv").rows)
    assert spoken("ឃុំ Đất Mũi", Language.KM, announcer).text == "ឃុំ ដាត់មុយ"
    assert spoken("xã Đất Mũi", Language.VI, announcer).text == "xã Đất Mũi"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("tu-dien.tsv", "NVH\tnhà".encode("cp1258", "replace") + b"\xff\xfe\x81"),
        ("tu-dien.xlsx", b"PK\x03\x04 not a sheet"),
        ("tu-dien.tsv", b"A\tb\n" * (MOST_BYTES // 4 + 1)),
    ],
)
def test_a_file_that_cannot_be_used_is_one_fault_and_never_an_exception(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    found = load(tmp_path / name)
    assert (found.rows, len(found.faults)) == ((), 1)


def test_no_dictionary_is_an_empty_one(tmp_path):
    assert load(tmp_path / "tu-dien.tsv").rows == ()
