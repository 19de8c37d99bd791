"""Files in a folder where others write, too: a symbolic link that they laid down there leads us nowhere."""

import errno
import os
from pathlib import Path
from typing import BinaryIO, Literal

from pipeline.core.errors import Says

IS_LINK = Says("{name} là liên kết (symlink): xoá liên kết ấy", "{name} is a symbolic link: remove it")
"""What is told of one."""


def opened(path: Path, mode: Literal["rb", "wb", "r+b"]) -> BinaryIO:
    """The file of that name itself.

    Raises:
        OSError: as `open` does; `is_link` of it where there is a link.
    """
    return open(path, mode, opener=_itself)


def is_link(fault: OSError) -> bool:
    """Whether `opened` found a link."""
    return fault.errno == errno.ELOOP


def _itself(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o666)
