"""One tiny classifier of each kind."""

from __future__ import annotations

import pytest

from tests.classify.materials import NEURAL
from workbench.classify.tokens import TokenClassifier


@pytest.fixture(params=NEURAL, scope="session")
def neural(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> TokenClassifier:
    return NEURAL[request.param](tmp_path_factory.mktemp("checkpoint"))
