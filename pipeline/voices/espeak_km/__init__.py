"""eSpeak NG's data for Khmer: a phoneme table, tunes and a voice, compiled by `compile.py` from `source/`."""

from pathlib import Path

DATA = Path(__file__).parent / "data"
"""What eSpeak NG is initialised with instead of its own data; it knows the one voice `km`."""
