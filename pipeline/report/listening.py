"""The listening sheet: a page on which native listeners score a voice, because only they can judge it."""

from collections.abc import Sequence
from html import escape
from string import Template

from pipeline.core.model import Language, Voice

_SENTENCES = {
    Language.VI: (
        "Kính thưa bà con, bản tin hôm nay có ba nội dung chính.",
        "Ủy ban nhân dân tỉnh Cà Mau vừa ban hành kế hoạch hỗ trợ hộ nghèo.",
        "Sáng mai, trạm y tế xã Đất Mũi tiêm vắc xin cho trẻ em dưới năm tuổi.",
        "Nước mặn đang lên, bà con nhớ đóng cống trước mười tám giờ.",
        "Giá tôm sú loại hai mươi con một ký là hai trăm sáu mươi ngàn đồng.",
        "Ngoài khơi có gió mạnh cấp sáu, giật cấp bảy, biển động.",
        "Tàu thuyền khẩn trương vào bờ tránh trú bão.",
        "Ai cần vay vốn thì đến ấp gặp tổ trưởng tổ tiết kiệm.",
        "Bà con đã tiêm phòng cho đàn heo chưa?",
        "Xin đừng đốt đồng gần rừng tràm trong mùa khô!",
        "Chị Nguyễn Thị Bé ở ấp Kinh Đứng nuôi sò huyết lãi năm chục triệu.",
        "Lễ Óc Om Bóc năm nay diễn ra vào rằm tháng mười âm lịch.",
        "Điện thoại của trạm là không hai chín không, ba tám ba, một hai ba bốn.",
        "Học sinh nghỉ học từ thứ hai đến hết thứ sáu tuần sau.",
        "Rửa tay bằng xà phòng trước khi ăn và sau khi đi vệ sinh.",
        "Muỗi vằn đẻ trứng trong lu khạp, gáo dừa, vỏ xe cũ.",
        "Khi nghe tiếng còi, bà con di chuyển ngay đến điểm cao.",
        "Phấn khởi, phường Tân Thành khánh thành cây cầu thứ mười.",
        "Thuở xưa, khuya khoắt, người quê quây quần nghe ca cổ.",
        "Bản tin đến đây là hết, cảm ơn bà con đã lắng nghe.",
    ),
    Language.KM: (
        "សូមជម្រាបសួរបងប្អូនជាទីគោរព។",
        "ព័ត៌មានថ្ងៃនេះមានបីចំណុចសំខាន់។",
        "ព្រឹកស្អែក មណ្ឌលសុខភាពឃុំនឹងចាក់វ៉ាក់សាំងជូនកុមារ។",
        "ទឹកប្រៃកំពុងឡើង សូមបងប្អូនបិទទ្វារទឹក។",
        "តម្លៃបង្គាមួយគីឡូក្រាមគឺពីរសែនប្រាំមួយម៉ឺនដុង។",
        "នៅសមុទ្រមានខ្យល់ខ្លាំង និងរលកធំ។",
        "ទូកនេសាទសូមចូលច្រាំងជាបន្ទាន់។",
        "តើបងប្អូនបានចាក់ថ្នាំការពារជ្រូកហើយឬនៅ?",
        "សូមកុំដុតស្រែនៅជិតព្រៃឈើ!",
        "សិស្សានុសិស្សឈប់រៀនចាប់ពីថ្ងៃចន្ទដល់ថ្ងៃសុក្រ។",
        "ពិធីបុណ្យអកអំបុកនឹងប្រារព្ធនៅថ្ងៃពេញបូណ៌មី។",
        "លោកគ្រូអ្នកគ្រូបង្រៀនអក្សរខ្មែរនៅវត្ត។",
        "សូមលាងដៃដោយសាប៊ូមុនពេលបាយ។",
        "មូសខ្លាពងក្នុងពាង និងសំបកដូង។",
        "គ្រួសារក្រីក្រអាចខ្ចីប្រាក់ដើម្បីចិញ្ចឹមសត្វ។",
        "ខ្ញុំទៅផ្សារទិញត្រី បន្លែ និងផ្លែឈើ។",
        "អ្នកជំងឺត្រូវទៅមន្ទីរពេទ្យភ្លាម។",
        "ឆ្នាំនេះស្រូវបានផលល្អជាងឆ្នាំមុន។",
        "រដ្ឋាភិបាលផ្តល់ផ្ទះថ្មីជូនប្រជាពលរដ្ឋ។",
        "ព័ត៌មានចប់ត្រឹមនេះ សូមអរគុណ។",
    ),
}
_WORDS = {
    Language.VI: {
        "title": "Phiếu nghe giọng",
        "how": "Nghe từng câu rồi chấm: 1 là không hiểu hoặc rất máy móc, 5 là rõ và tự nhiên như người đọc. "
        "Chấm xong bấm nút ở cuối trang để lưu tệp điểm, rồi gửi lại tệp ấy.",
        "clear": "Rõ lời", "natural": "Tự nhiên", "note": "Chữ nào sai?", "who": "Người nghe, nơi ở",
        "save": "Lưu điểm", "draft": "giọng thử",
        "unrated": "Đây là giọng thử: chưa người nghe nào chấm, nên chưa được coi là giọng phát sóng.",
    },
    Language.KM: {
        "title": "សន្លឹកស្តាប់សំឡេង",
        "how": "សូមស្តាប់ប្រយោគនីមួយៗ រួចដាក់ពិន្ទុ៖ ១ មានន័យថាស្តាប់មិនបាន ៥ មានន័យថាច្បាស់ និងធម្មជាតិ។ "
        "Nghe từng câu rồi chấm: 1 là không hiểu, 5 là rõ và tự nhiên; bấm nút cuối trang để lưu tệp điểm và gửi lại.",
        "clear": "ច្បាស់ / Rõ lời", "natural": "ធម្មជាតិ / Tự nhiên", "note": "ពាក្យណាខុស? / Chữ nào sai?",
        "who": "អ្នកស្តាប់ / Người nghe, nơi ở", "save": "រក្សាទុក / Lưu điểm",
        "draft": "សំឡេងសាកល្បង / giọng thử",
        "unrated": "នេះជាសំឡេងសាកល្បង៖ មិនទាន់មានអ្នកស្តាប់ណាដាក់ពិន្ទុទេ។ "
        "Đây là giọng thử: chưa người Khmer nào chấm, nên chưa được coi là giọng phát sóng.",
    },
}  # fmt: skip
_PAGE = Template("""<!doctype html>
<html lang="$lang"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>$title: $voice</title>
<style>
body { font: 18px/1.6 "Noto Sans", "Noto Sans Khmer", "Khmer OS Battambang", "Leelawadee UI", sans-serif;
  max-width: 46em; margin: 1em auto; padding: 0 1em; }
li { margin: 0 0 1.2em; } audio { width: 100%; } label { margin-right: .6em; } input[type=text] { width: 100%; }
fieldset { border: 0; padding: 0; margin: 0; } button { font-size: 1.1em; padding: .4em 1.2em; }
</style>
<h1>$title: $voice$is_draft</h1>
$warning<p>$how</p>
<form>
<p><label>$who <input type="text" name="who" required></label></p>
<ol>
$items
</ol>
<button>$save</button>
</form>
<script>
document.forms[0].addEventListener("submit", event => {
  event.preventDefault();
  const cell = text => '"' + String(text ?? "").replaceAll('"', '""') + '"';
  const form = new FormData(event.target);
  const rows = [["voice", "who", "sentence", "clear", "natural", "note"]];
  document.querySelectorAll("li").forEach((_, n) => rows.push(
    ["$voice", form.get("who"), n + 1, form.get("clear" + n), form.get("natural" + n), form.get("note" + n)]));
  const link = document.createElement("a");
  const text = "\\ufeff" + rows.map(row => row.map(cell).join(",")).join("\\r\\n");
  link.href = URL.createObjectURL(new Blob([text], {type: "text/csv"}));
  link.download = "$voice.csv";
  link.click();
});
</script>
</html>
""")
_ITEM = Template("""<li><div>$text</div><audio controls preload="none" src="$sound"></audio>
<fieldset>$clear: $clear_marks</fieldset>
<fieldset>$natural: $natural_marks</fieldset>
<input type="text" name="note$at" placeholder="$note"></li>""")


def sentences(language: Language) -> Sequence[str]:
    """Twenty sentences of a station's everyday: statements, questions, warnings, numbers, hard sounds."""
    return _SENTENCES[language]


def sound_of(voice: str, number: int) -> str:
    """The file of a sentence, from 1."""
    return f"{voice}-{number:02d}.wav"


def page(voice: Voice, spoken: Sequence[str]) -> str:
    """The page for one voice, whose sounds stand beside it; of a draft voice it says that it is one."""
    words = {key: escape(text) for key, text in _WORDS[voice.language].items()}
    items = (
        _ITEM.substitute(
            words,
            at=at,
            text=escape(text),
            sound=escape(sound_of(voice.name, at + 1)),
            clear_marks=_marks(f"clear{at}"),
            natural_marks=_marks(f"natural{at}"),
        )
        for at, text in enumerate(spoken)
    )
    return _PAGE.substitute(
        words,
        lang=voice.language.value,
        voice=escape(voice.name),
        is_draft=f" ({words['draft']})" if voice.draft else "",
        warning=f"<p><b>{words['unrated']}</b></p>\n" if voice.draft else "",
        items="\n".join(items),
    )


def _marks(name: str) -> str:
    mark = '<label><input type="radio" name="{name}" value="{mark}" required> {mark}</label>'
    return " ".join(mark.format(name=name, mark=number) for number in range(1, 6))
