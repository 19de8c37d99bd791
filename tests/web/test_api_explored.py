"""The API as its description has it: whatever may be asked by it, and whatever may not, drawn by Schemathesis."""

from contextlib import nullcontext

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import CHECKS

from pipeline.core.people import Right, Role
from pipeline.newsroom import people
from pipeline.newsroom.office import Office
from pipeline.web.app import make_app
from tests import province
from tests.flow.test_changes import station
from tests.web.test_pages import known, made_again

print(CHECKS)
