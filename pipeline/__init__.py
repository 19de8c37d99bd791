"""Bản Tin: radio bulletins in Vietnamese and Khmer, from a dropped script to every commune's loudspeaker."""

import os

# numpy's matrices here are small: threads for them would only wait, at full speed, and cost a quarter of it again.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"
