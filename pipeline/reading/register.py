"""How numbers are said: the southern or the northern way."""

from enum import StrEnum


class Register(StrEnum):
    """Southern says ngàn and lẻ, northern nghìn and linh."""

    NAM = "nam"
    BAC = "bac"
