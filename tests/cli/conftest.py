"""Commands are run within the test's process: what they set for their own program must not stay."""

import pytest


@pytest.fixture(autouse=True)
def _logging_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """The streams of a command are closed after it: a later test that logged there would fail, or never rest."""
    monkeypatch.setattr("cli.running.configure_logging", lambda *_, **__: None)
