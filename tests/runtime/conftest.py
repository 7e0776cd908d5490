"""Fixtures of the runtime floor."""

from pathlib import Path

import pytest

from runtime.keys import KeyRing
from runtime.settings import Settings


@pytest.fixture(autouse=True)
def _no_stack_of_mine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings in tests come from the test, not from a stack that happens to run."""
    monkeypatch.setenv("JOURNEY_ENV_FILE", "")


@pytest.fixture
def ring() -> KeyRing:
    return KeyRing.in_memory()


@pytest.fixture
def settings(temporal_server: str, tmp_path: Path) -> Settings:
    return Settings(
        temporal_address=temporal_server,
        keys=tmp_path / "keys.json",
        accept_plain_payloads=False,
        graceful_shutdown_s=1,
    )
