"""Carried: what somebody typed into a form whose session was over, kept until they have signed in and send it again.

It travels in the pages themselves, never in a file or in memory of ours, and is sent only by the button of whoever
signed in: who could make them sign in could not make them post.
"""

import re
from dataclasses import dataclass

from fastapi import Request
from starlette.datastructures import FormData, UploadFile

from pipeline.core.errors import Says

MOST = 400_000
"""Bytes that are carried: more than an hour of speech."""
_FORM, _FILES, _FIELD = "giu", "giu-tep", "giu-"
"""Fields that carry: of which form, whether files were with it, and each of its own."""


@dataclass(frozen=True, slots=True)
class _Form:
    """A form that people type into at length: its address, and what it is to say when it is shown again."""

    path: re.Pattern[str]
    title: Says
    fields: dict[str, Says | None]
    """By name, what it is called; None for what was chosen rather than typed."""
    takes_files: bool = False


_NAME = r"/ban-tin/[a-z0-9-]{1,80}"
_FORMS = (
    _Form(re.compile("/them"), Says("Thêm bản tin", "Add a bulletin"),
          {"ten": Says("Tên bài", "Its name"), "bai": Says("Bài", "The text"), "viec": None}, takes_files=True),
    _Form(re.compile(_NAME + "/tra"), Says("Trả lại", "Return it"), {"ly-do": Says("Cần sửa gì", "What to mend")}),
    _Form(re.compile(_NAME + "/khan"), Says("Chuyển thành khẩn cấp", "Make it urgent"),
          {"ly-do": Says("Vì sao khẩn cấp", "Why it is urgent")}),
    _Form(re.compile(_NAME + "/tu"), Says("Sửa cách đọc", "Mend a word"),
          {"chu": Says("Chữ như viết trong bài", "The word as written"), "doc": Says("Đọc là", "Said as")}),
    _Form(re.compile("/nam/ket-qua"), Says("Ghi kết quả", "Enter an output"),
          {"noi_dung": Says("Nội dung", "What it was"), "bang_chung": Says("Bằng chứng", "Evidence"),
           "so_luong": Says("Số lượng", "Quantity"), "ngay": Says("Ngày", "Day"), "dong": None}, takes_files=True),
    _Form(re.compile(r"/nam/ket-qua/\d{1,9}/gach"), Says("Gạch kết quả", "Strike out"),
          {"ly_do": Says("Vì sao", "Why")}),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Carried:
    """What was typed into one of those forms."""

    path: str
    """Of the form, below the prefix."""
    values: dict[str, str]
    lost_files: bool
    """Whether files were sent with it, which nobody can send again but who has them."""

    @property
    def form(self) -> _Form:
        """The form."""
        return next(form for form in _FORMS if form.path.fullmatch(self.path))

    @property
    def hidden(self) -> dict[str, str]:
        """The fields that carry it through a page where it is not shown."""
        kept = {_FIELD + name: value for name, value in self.values.items()}
        return {_FORM: self.path, **({_FILES: "1"} if self.lost_files else {}), **kept}


async def typed(request: Request) -> Carried | None:
    """What a form that was refused held; None where it is none of those, or too much."""
    path = request.url.path.removeprefix(request.app.state.prefix)
    form = await request.form()
    files = [one for one in form.getlist("tep") if isinstance(one, UploadFile) and one.filename]
    await form.close()
    return _carried(path, form, "", lost_files=bool(files))


def passed_on(form: FormData) -> Carried | None:
    """What a sign-in page carried."""
    path = form.get(_FORM)
    return _carried(path, form, _FIELD, lost_files=_FILES in form) if isinstance(path, str) else None


def _carried(path: str, form: FormData, prefix: str, *, lost_files: bool) -> Carried | None:
    known = next((one for one in _FORMS if one.path.fullmatch(path)), None)
    if known is None:
        return None
    values = {name: value for name in known.fields if isinstance(value := form.get(prefix + name), str)}
    if sum(len(value.encode()) for value in values.values()) > MOST or not any(values.values()):
        return None
    return Carried(path, values, lost_files)
