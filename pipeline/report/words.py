"""The words that people read for what the ledger calls by short names."""

from pipeline.core.errors import Says
from pipeline.core.facts import Happened
from pipeline.core.model import Language, Priority, Verification
from pipeline.core.outputs import PlanLine
from pipeline.core.pay import Measure, Part
from pipeline.core.people import Right, Role
from pipeline.core.status import Stage

STAGE: dict[Stage, Says] = {
    Stage.RECEIVED: Says("đã nhận", "received"),
    Stage.READ: Says("đã đọc", "read"),
    Stage.VOICED: Says("đã có giọng", "voiced"),
    Stage.HELD: Says("bị giữ lại", "held"),
    Stage.WAITING: Says("chờ duyệt", "waiting for approval"),
    Stage.RETURNED: Says("trả lại", "returned"),
    Stage.APPROVED: Says("đã duyệt", "approved"),
    Stage.PLANNED: Says("đã lên lịch", "planned"),
    Stage.PARTLY: Says("đến một số trạm", "at some stations"),
    Stage.ARRIVED: Says("đã đến đủ trạm", "at every station"),
    Stage.WITHDRAWN: Says("đã rút", "withdrawn"),
}

SIGN: dict[Stage, str] = {
    Stage.RECEIVED: "…",
    Stage.READ: "…",
    Stage.VOICED: "…",
    Stage.HELD: "✗",
    Stage.WAITING: "○",
    Stage.RETURNED: "↩",
    Stage.APPROVED: "✓",
    Stage.PLANNED: "✓",
    Stage.PARTLY: "◐",
    Stage.ARRIVED: "●",
    Stage.WITHDRAWN: "–",
}
"""A stage at a glance, beside its colour."""

HAPPENED: dict[Happened, Says] = {
    Happened.RECEIVED: Says("nhận bài", "received"),
    Happened.REFUSED: Says("không nhận", "refused"),
    Happened.READ: Says("chuyển thành lời đọc", "read"),
    Happened.VOICED: Says("đọc thành tiếng", "voiced"),
    Happened.MASTERED: Says("làm xong bản phát", "mastered"),
    Happened.HELD: Says("giữ lại", "held"),
    Happened.APPROVED: Says("duyệt", "approved"),
    Happened.RETURNED: Says("trả lại", "returned"),
    Happened.WITHDRAWN: Says("rút bài", "withdrawn"),
    Happened.PLANNED: Says("lên lịch", "planned"),
    Happened.UNPLANNED: Says("gỡ khỏi lịch", "unplanned"),
    Happened.DELIVERED: Says("gửi đi", "delivered"),
    Happened.FAILED: Says("gửi hỏng", "failed"),
    Happened.CONFIRMED: Says("kiểm chứng tại trạm", "confirmed"),
    Happened.MISSED: Says("lỡ giờ phát", "missed"),
    Happened.RECALLED: Says("gỡ khỏi trạm", "recalled"),
    Happened.LATE: Says("trễ hạn gửi", "late"),
    Happened.CLEANED: Says("dọn khỏi trạm", "cleaned"),
    Happened.LOST: Says("không còn ở trạm", "lost at the station"),
    Happened.EXPORTED: Says("chép ra thẻ nhớ", "written to a stick"),
    Happened.AIRED: Says("trạm báo đã phát", "aired, says the station"),
    Happened.UNCLEAR: Says("trạm ghi không rõ", "written unclearly by the station"),
    Happened.AUDITED: Says("kiểm tra trạm", "audited"),
    Happened.TRIED: Says("gửi thử được", "tried, and it answered"),
    Happened.TRUSTED: Says("ghim khoá máy", "host key pinned"),
    Happened.REGISTERED: Says("sửa danh sách trạm", "registry changed"),
    Happened.OFFERED: Says("gửi duyệt", "offered to be signed"),
    Happened.HEARD: Says("nghe", "heard"),
    Happened.URGED: Says("chuyển thành khẩn cấp", "made urgent"),
    Happened.RUSHED: Says("gửi khẩn", "sent at once"),
    Happened.TAUGHT: Says("ghi từ điển", "dictionary changed"),
    Happened.ENTERED: Says("ghi kết quả", "output entered"),
    Happened.STRUCK: Says("gạch kết quả", "output struck out"),
    Happened.ACCOUNT: Says("tài khoản", "account"),
}

OFFERED = Says("{who} đã gửi duyệt", "{who} asks for a signature")
DRAFT = Says("giọng thử", "draft voice")
ONLINE, LOCAL = Says("trực tuyến", "online"), Says("tại máy", "on this machine")
UNAIRED = Says("lỡ giờ phát ở mọi trạm", "missed at every station")
MISSED = Says("lỡ giờ phát ở {count} trạm", "missed at {count} stations")

WHY: dict[str, Says] = {
    "counted": Says("được tính", "counted"),
    "withdrawn": Says("đã rút", "withdrawn"),
    "test": Says("không tính chỉ tiêu", "not meant to count"),
    "unapproved": Says("chưa duyệt", "not approved"),
    "unplanned": Says("chưa lên lịch", "not planned"),
    "unaired": Says("quá giờ phát mới duyệt, không trạm nào phát", "signed after its hours, aired nowhere"),
    "unknown": Says("đang tính", "being reckoned"),
    "ahead": Says("chưa tới giờ phát", "not aired yet"),
    "share": Says("chưa đủ trạm nhận trước giờ phát", "too few stations held it before air"),
    "earlier": Says("phát lần đầu trước kỳ này", "aired first before this period"),
}

UNCLEAR = Says("! {station}: không hiểu “{line}”", "! {station}: cannot make out “{line}”")

CONFLICT: dict[str, Says] = {
    "language": Says("trạm không phát tiếng này", "the station does not air this language"),
    "window": Says("ngoài khung giờ, hoặc trong giờ yên lặng của trạm", "outside its windows, or in its quiet hours"),
    "long": Says("dài hơn khung giờ còn lại của trạm", "longer than what is left of the station's window"),
    "embargo": Says("hết cấm phát sát giờ: có thể không kịp gửi", "embargoed until so late that it may not get there"),
    "profile": Says(
        "chưa có bản cho loại máy của trạm; lượt sau sẽ làm, rồi cần duyệt lại",
        "no master for this kind of station yet; it is made next time, and then wants a signature",
    ),
    "past": Says("giờ phát đã qua", "the air time has passed"),
}

CLASH: dict[str, Says] = {
    "overlap": Says("phát đè lên nhau", "air over each other"),
    "overrun": Says("phát nối nhau thì quá khung giờ của trạm", "together outlast the station's window"),
}
HINDERED: dict[str, Says] = {
    "window": Says("dời giờ phát, hoặc sửa khung giờ của trạm", "air it at another hour, or change their windows"),
    "long": Says("rút ngắn bài, hoặc dời lên sớm hơn", "shorten it, or air it earlier"),
    "embargo": Says("dời giờ phát muộn hơn giờ hết cấm", "air it later after its embargo"),
    "profile": Says("chờ làm thêm bản rồi nghe và duyệt lại", "wait for the other master, then listen and sign"),
    "overlap": Says("dời một bài sang giờ khác, hoặc rút một bài", "move one to another hour, or withdraw one"),
    "overrun": Says("rút ngắn, hoặc dời một bài sang giờ khác", "shorten them, or move one to another hour"),
}
"""What to do about a conflict or a clash."""
HALF_SIGNED = Says("chờ người duyệt thứ hai", "waiting for a second signature")

FOUND: dict[str, Says] = {
    "good": Says("tệp nguyên vẹn", "files are whole"),
    "missing": Says("thiếu", "missing"),
    "damaged": Says("hỏng", "damaged"),
    "extra": Says("thừa", "not meant to be there"),
    "parts": Says("nhận dở", "cut short"),
    "removed": Says("đã gỡ", "removed"),
    "renewed": Says("đã ghi lại", "written anew"),
}

STEP: dict[str, Says] = {
    "read": Says("chuyển thành lời đọc", "reading"),
    "voice": Says("đọc thành tiếng", "voicing"),
    "mix": Says("trộn", "mixing"),
    "repair": Says("sửa bản ghi", "mending"),
    "master": Says("chuẩn hoá độ lớn", "mastering"),
    "push": Says("gửi tới trạm", "pushing"),
    "verify": Says("kiểm tra trạm", "verifying"),
    "export": Says("chép ra thẻ nhớ", "exporting"),
    "report": Says("tổng hợp báo cáo", "reckoning the report"),
}

LANGUAGE: dict[str, Says] = {
    Language.VI.value: Says("tiếng Việt", "Vietnamese"),
    Language.KM.value: Says("tiếng Khmer", "Khmer"),
}

PRIORITY: dict[Priority, Says] = {
    Priority.NORMAL: Says("thông thường", "normal"),
    Priority.PREFERRED: Says("ưu tiên", "preferred"),
    Priority.URGENT: Says("khẩn cấp", "urgent"),
}

VERIFIED: dict[Verification, Says] = {
    Verification.REPORTED: Says("trạm báo là có", "reported"),
    Verification.SIZE: Says("đúng độ dài", "size"),
    Verification.HASH: Says("trạm tự tính mã băm", "hash"),
    Verification.READBACK: Says("đọc lại từng byte", "readback"),
}


ROLE: dict[Role, Says] = {
    Role.EDITOR: Says("biên tập", "editor"),
    Role.APPROVER: Says("duyệt", "approver"),
    Role.OPERATOR: Says("vận hành", "operator"),
    Role.READER: Says("xem", "reader"),
    Role.ADMIN: Says("quản trị", "administrator"),
}

RIGHT: dict[Right, Says] = {
    Right.SEE: Says("xem", "see"),
    Right.WRITE: Says("viết, sửa bài", "write"),
    Right.SIGN: Says("duyệt, trả, rút bài", "sign"),
    Right.RUN: Says("gửi, thử trạm", "push and test"),
    Right.COUNT: Says("ghi số liệu kế hoạch", "enter the plan's figures"),
    Right.PEOPLE: Says("quản lý tài khoản", "manage accounts"),
}


PLAN_LINE: dict[PlanLine, Says] = {
    PlanLine.BULLETINS: Says("Bản tin (trên hệ thống phát thanh)", "Bulletins on the loudspeaker network"),
    PlanLine.DOCUMENTS: Says("Tài liệu tuyên truyền", "Sets of documents"),
    PlanLine.CLIPS: Says("Video clip", "Video clips"),
    PlanLine.TRAINEES: Says("Tập huấn, bồi dưỡng", "People trained"),
}

UNIT: dict[PlanLine, Says] = {
    PlanLine.BULLETINS: Says("CT, PS", "programmes"),
    PlanLine.DOCUMENTS: Says("bộ", "sets"),
    PlanLine.CLIPS: Says("clip", "clips"),
    PlanLine.TRAINEES: Says("người", "people"),
}

PART: dict[Part, Says] = {
    Part.AUTHOR: Says("tác giả", "author"),
    Part.EDITOR: Says("biên tập", "editor"),
    Part.TRANSLATOR: Says("biên dịch", "translator"),
    Part.ANNOUNCER: Says("phát thanh viên", "announcer"),
}

MEASURE: dict[Measure, Says] = {
    Measure.ITEM: Says("bản tin", "bulletin"),
    Measure.PAGE: Says("trang", "page"),
    Measure.MINUTE: Says("phút", "minute"),
}


def language(code: str) -> Says:
    """The words for `vi`, `km`, or both joined by a plus."""
    parts = [LANGUAGE[part] for part in code.split("+")]
    return Says(" và ".join(p.vi for p in parts), " and ".join(p.en for p in parts))
