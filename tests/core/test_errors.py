import ast
import json
import pickle
import string
from pathlib import Path

import pytest

from pipeline.core import errors
from pipeline.core.errors import ConfigError, PipelineError, Says, StationUnreachable, from_record, to_record


def test_a_problem_told_by_another_machine_is_the_same_problem():
    told = StationUnreachable(station="CM-0101", reason=Says("mất điện", "no power"))
    again = from_record(json.loads(json.dumps(to_record(told))))
    assert type(again) is StationUnreachable
    assert (again.message, again.next_step) == (told.message, told.next_step)
    file = from_record(to_record(errors.FileTrouble(where=Path("a b"), reason=PermissionError(13, "no"))))
    assert "a b" in file.message.vi


def kinds(kind=PipelineError):
    for sub in kind.__subclasses__():
        yield sub
        yield from kinds(sub)


def fields(kind):
    texts = [text for says in (kind.what, kind.fix, kind.on_page) if says for text in (says.vi, says.en)]
    return {name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("kind", list(kinds()), ids=lambda k: k.code)
def test_every_error_speaks_both_languages_and_names_the_next_step(kind):
    problem = kind(**dict.fromkeys(fields(kind), "X"))
    for words in (problem.message, problem.next_step, problem.page_step):
        assert words.vi.strip()
        assert words.en.strip()
    assert kind.code in str(problem)
    assert kind.exit_code in range(1, 9)


AT_THE_TERMINAL = {"C-102", "C-110", "D-112", "D-113"}
"""Told only to whoever typed the command."""


@pytest.mark.parametrize("kind", [k for k in kinds() if k.code not in AT_THE_TERMINAL], ids=lambda k: k.code)
def test_a_next_step_on_a_page_is_no_command(kind):
    step = kind(**dict.fromkeys(fields(kind), "X")).page_step
    assert "bantin " not in step.vi + step.en


def test_a_next_step_on_a_page_is_of_the_kind_that_says_what_to_do():
    inherited = [
        kind.code for kind in kinds()
        if "fix" in vars(kind) and "on_page" not in vars(kind) and kind.fix_on_page() != kind.fix
    ]  # fmt: skip
    assert inherited == []
    for code, step in (("D-103", "khoá công khai"), ("D-105", "thư mục"), ("D-101", "Gửi ngay"), ("D-111", "gửi tiếp")):
        assert step in errors.page_step_of(code, "A").vi


def test_how_to_mend_it_has_words_of_its_own_on_a_page_where_they_differ():
    typed, shown = Says("chạy lệnh", "run it"), Says("bấm nút", "press it")
    problem = errors.NotApprovable(bulletin="b", reason="x", how=typed, how_on_page=shown)
    assert (problem.next_step, problem.page_step) == (typed, shown)
    assert from_record(to_record(problem)).page_step == shown
    assert errors.NotApprovable(bulletin="b", reason="x", how=typed).page_step == typed
    assert errors.page_step_of("D-108", "A") != errors.next_step_of("D-108", "A")


def raised_in_the_source():
    known = {kind.__name__: kind for kind in kinds()}
    for file in (Path(__file__).parents[2] / "pipeline").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in known:
                given = {k.arg for k in node.keywords}
                if None not in given:
                    yield f"{file.name}:{node.lineno}", known[node.func.id], given


def test_whoever_raises_an_error_fills_in_all_of_its_message():
    raised = list(raised_in_the_source())
    assert len(raised) > 20
    assert [(where, sorted(fields(kind) - given)) for where, kind, given in raised if fields(kind) - given] == []


def test_no_two_errors_share_a_code():
    codes = [kind.code for kind in kinds()]
    assert len(codes) == len(set(codes))


def test_a_bilingual_field_gives_each_language_its_own_half():
    problem = StationUnreachable(station="CM-01", reason=Says("mất điện", "no power"))
    assert "mất điện" in problem.message.vi
    assert "no power" in problem.message.en
    assert "no power" not in problem.message.vi


def test_an_error_survives_the_way_to_another_machine():
    problem = pickle.loads(pickle.dumps(ConfigError(file="config.toml", faults="x")))  # noqa: S301 - our own bytes
    assert isinstance(problem, ConfigError)
    assert problem.message.vi.startswith("cấu hình sai")


def test_exit_codes_are_the_documented_ones():
    assert (errors.EXIT_USAGE, errors.EXIT_CONFIG, errors.EXIT_BAD_INPUT, errors.EXIT_ENGINE) == (2, 3, 4, 5)
    assert (errors.EXIT_SOME_FAILED, errors.EXIT_ALL_FAILED, errors.EXIT_RUNNING) == (6, 7, 8)


def test_a_bulletin_without_recordings_whose_loudness_is_refused_is_not_told_only_of_recordings():
    step = errors.MasterRejected(lufs="-20", dbtp="-1").next_step
    assert "lặp" in step.vi
    assert "repeated" in step.en


@pytest.mark.parametrize(
    ("english", "vietnamese"),
    [
        ("[Errno 2] No such file", "không có tệp hay thư mục ấy"),
        (str(PermissionError(13, "Permission denied", "/x/y.mp3")), "không có quyền: '/x/y.mp3'"),
        ("Socket is closed", "đường truyền đứt"),
        ("No existing session", "đường truyền đứt lúc đăng nhập"),
        ("Authentication timeout.", "máy chủ không trả lời lúc đăng nhập"),
        ("[Errno -2] Name or service not known", "không tra được tên máy ấy"),
        ("Error reading SSH protocol banner[Errno 104] Connection reset by peer", "máy ấy không trả lời bằng SSH"),
        ("its time was never", "its time was never"),
    ],
)
def test_what_the_system_says_is_told_in_either_language(english, vietnamese):
    problem = StationUnreachable(station="CM-0101", reason=english)
    assert problem.message.vi == f"không kết nối được trạm CM-0101: {vietnamese}"
    assert problem.message.en == f"could not reach station CM-0101: {english}"
    assert from_record(to_record(problem)).message == problem.message
