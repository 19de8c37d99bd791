"""What failed time and again is left alone for a while, then tried again."""

import time

import pytest

from pipeline.core.errors import EngineUnavailable, Says
from pipeline.core.model import Seconds
from pipeline.voices.breaker import FAULTS_IN_A_ROW, Breaker

PROBLEM = EngineUnavailable(engine="x", reason=Says("hỏng", "broken"), how=Says("đợi", "wait"))


def test_it_refuses_after_three_faults_in_a_row_and_for_a_while_only():
    breaker = Breaker(rest=Seconds(0.2))
    for _ in range(FAULTS_IN_A_ROW):
        breaker.check()
        breaker.failed(PROBLEM)
    with pytest.raises(EngineUnavailable, match="broken"):
        breaker.check()
    time.sleep(0.3)
    breaker.check()


def test_what_works_now_and_then_is_never_refused():
    breaker = Breaker()
    for _ in range(5):
        breaker.failed(PROBLEM)
        breaker.failed(PROBLEM)
        breaker.worked()
    breaker.check()
