"""What the system and the SSH library say of a fault, in Vietnamese: English stands ill in the middle of our words."""

import re

_WORDS = {
    "no such file or directory": "không có tệp hay thư mục ấy",
    "no such file": "không có tệp hay thư mục ấy",
    "permission denied": "không có quyền",
    "operation not permitted": "không được phép",
    "read-only file system": "ổ đĩa chỉ cho đọc",
    "no space left on device": "hết chỗ",
    "disk quota exceeded": "hết phần chỗ được dùng",
    "input/output error": "ổ đĩa lỗi khi đọc hay ghi",
    "no such device": "thiết bị không còn cắm",
    "not a directory": "đó không phải là thư mục",
    "is a directory": "đó là một thư mục",
    "file exists": "đã có tệp tên ấy",
    "file name too long": "tên tệp quá dài",
    "stale file handle": "ổ mạng đã ngắt",
    "too many open files": "mở quá nhiều tệp cùng lúc",
    "failure": "máy chủ từ chối mà không nói lý do",
    "connection refused": "máy có đó nhưng cổng đóng",
    "connection timed out": "gọi mãi không trả lời",
    "timed out": "gọi mãi không trả lời",
    "no route to host": "không có đường mạng tới máy ấy",
    "host is down": "máy ấy đang tắt",
    "network is unreachable": "máy này không có mạng tới đó",
    "connection reset by peer": "đầu kia ngắt giữa chừng",
    "broken pipe": "đường truyền đứt",
    "the line broke": "đường truyền đứt",
    "eoferror": "đường truyền đứt",
    "socket is closed": "đường truyền đứt",
    "server connection dropped": "đường truyền đứt",
    "no existing session": "đường truyền đứt lúc đăng nhập",
    "ssh session not active": "đường truyền đứt",
    "channel closed": "máy chủ đóng phiên gửi tệp",
    "timeout opening channel": "máy chủ không mở phiên gửi tệp",
    "authentication timeout": "máy chủ không trả lời lúc đăng nhập",
    "name or service not known": "không tra được tên máy ấy",
    "no address associated with hostname": "không tra được tên máy ấy",
    "temporary failure in name resolution": "chưa tra được tên máy, xem mạng và DNS",
    "error reading ssh protocol banner": "máy ấy không trả lời bằng SSH",
}
_NUMBER = re.compile(r"\[Errno -?\d+\] ")
_SAID = re.compile(r"(?P<words>.+?)\.?(?P<about>: ['\"].*)?", re.DOTALL)
_BANNER = "Error reading SSH protocol banner"
"""Behind it the library puts what it read, or why it could not."""


def vietnamese(reason: str) -> str:
    """The same reason in Vietnamese, with the file that it names; what is not known stays as it is."""
    if reason.startswith(_BANNER):
        reason = _BANNER
    match = _SAID.fullmatch(_NUMBER.sub("", reason))
    known = _WORDS.get(match["words"].casefold()) if match else None
    return f"{known}{match['about'] or ''}" if match and known else reason
