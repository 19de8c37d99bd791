"""The API as its description has it: whatever may be sent by it, and whatever may not, made up by Schemathesis."""

from collections import Counter
from contextlib import nullcontext, suppress

import numpy as np  # noqa: F401 - whole before Hypothesis looks at it while a bulletin is being made
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.strategies import just
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS

from pipeline.core.people import Role
from pipeline.newsroom import push
from pipeline.newsroom.office import Office
from pipeline.web import errands
from pipeline.web.app import make_app
from tests import province
from tests.flow.test_changes import station
from tests.web.test_api import API
from tests.web.test_api import given as token_of
from tests.web.test_pages import known, made_again

SOME = settings(
    max_examples=8, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
JUDGED = {"handIn", "checkScript", "teachWord", "getPlan", "getReport", "enterOutput", "admitPerson", "changePerson",
          "returnBulletin", "urgeBulletin"}  # fmt: skip
"""Operations that may refuse what is allowed for what it means: a file, a word, a span of days, a name, a reason."""
NEVER = {"getPicture", "getSentence", "approveBulletin", "pushBulletin", "getBulletinPush", "strikeOutput"}
"""Those that nothing made up here can succeed with."""


@pytest.fixture
def desk(tmp_path):
    province.lay_out(tmp_path, [station(tmp_path, "A"), station(tmp_path, "B")])
    with province.newsroom(tmp_path, province.Clock()) as opened:
        known(opened, "tat", "Người làm hết", *Role)
        known(opened, "xem", "Người xem", Role.READER)
        yield opened


@pytest.fixture
def app(desk):
    made = make_app(Office(desk.config, lambda _settings: nullcontext(desk)))
    yield made
    made.state.work.close()


def test_whatever_is_sent_is_answered_as_the_description_says(app, desk):
    """Every operation with what it allows and what it does not, about what is there and what is not: all checks."""
    bulletin = province.signed(desk, 1)
    push.push(desk)
    errands.try_out(app.state.work, desk, "A")
    there = {"bulletin": bulletin.id, "station": "A", "digest": made_again(desk, bulletin), "profile": "loa-xa",
             "day": "2026-11-24", "year": 2026, "login": "xem", "number": 1}  # fmt: skip
    headers = {"authorization": f"Bearer {token_of(desk, 'tat')}"}
    schema = schemathesis.openapi.from_asgi(f"{API}/openapi.json", app)
    for one in (one for methods in schema.raw_schema["paths"].values() for one in methods.values()):
        del one["security"]  # a token is always shown here; what happens without one is tried by another test
    acceptance = CHECKS.get_one("positive_data_acceptance")
    asked, answered = Counter(), Counter()

    def send(case, name, allowed):
        asked[name] += 1
        if allowed and asked[name] % 2:
            case.path_parameters |= {key: there[key] for key in there.keys() & case.path_parameters.keys()}
        answer = case.call(headers=headers)
        answered[name, answer.status_code // 100] += 1
        case.validate_response(answer, headers=headers, excluded_checks=[acceptance] if name in JUDGED else [])

    for operation in (found.ok() for found in schema.get_all_operations()):
        name = operation.definition.raw["operationId"]
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            allowed = just(mode is GenerationMode.POSITIVE)
            tries = given(case=operation.as_strategy(mode), name=just(name), allowed=allowed)
            with suppress(Unsatisfiable):  # nothing can be wrong with a request that has no parts
                SOME(tries(send))()
    assert len(asked) > 30
    assert {name for name in asked if not answered[name, 2]} <= NEVER
