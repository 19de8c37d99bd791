"""What every test folder shares."""

import os

from hypothesis import settings

from tests import music

# Many run at once: each page gets a port that is free.
os.environ.setdefault("BANTIN_WEB__PORT", "0")

pytest_plugins = ["tests.desk", "tests.sshd", "tests.postgres"]

music.made_once()

# The same examples for everybody: nobody's change is refused for what it did not touch. `make explore` draws new ones.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("explore", max_examples=1000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
