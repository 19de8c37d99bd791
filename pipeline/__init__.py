"""Bản Tin: radio bulletins in Vietnamese and Khmer, from a dropped script to every commune's loudspeaker."""

__version__ = "0.1.0"
