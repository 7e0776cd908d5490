"""Settings: training needs nothing, production is told everything that is wrong at once."""

from datetime import timedelta
from pathlib import Path

import pytest

from runtime.decision_keys import open_decision_keys
from runtime.keys import KeyRing, KeysError
from runtime.settings import (
    Environment,
    Settings,
    SettingsError,
    load_settings,
    loopback,
    settings_table,
    unknown_variables,
)


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment in which production starts."""
    keys = tmp_path / "keys.json"
    KeyRing.open(keys, create=True)
    for name, value in {
        "ENVIRONMENT": "production",
        "DATABASE_URL": "postgresql://journey@db/journey",
        "TEMPORAL_ADDRESS": "temporal:7233",
        "KEYS": str(keys),
        "OIDC_ISSUER": "https://id.example/",
        "OIDC_AUDIENCE": "journey",
        "SMTP_HOST": "mail.example",
        "SMTP_FROM": "clinic@clinic.example",
    }.items():
        monkeypatch.setenv(f"JOURNEY_{name}", value)
    return monkeypatch


def test_training_starts_without_being_told_anything() -> None:
    settings = load_settings()

    assert settings.environment is Environment.TRAINING
    assert settings.accept_plain_payloads
    assert settings.temporal_address == "127.0.0.1:7233"
    assert not settings.temporal_tls


def test_production_takes_the_strict_choice_everywhere(production: pytest.MonkeyPatch) -> None:
    settings = load_settings()

    assert not settings.training
    assert settings.temporal_tls
    assert not settings.accept_plain_payloads
    assert not settings.codec_anonymous
    assert settings.training_issuer_key is None
    assert settings.sms_sink is None
    assert settings.smtp_tls == "starttls"


def test_production_names_everything_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNEY_ENVIRONMENT", "production")

    with pytest.raises(SettingsError) as refused:
        load_settings()

    for name in ("DATABASE_URL", "TEMPORAL_ADDRESS", "KEYS", "OIDC_ISSUER", "OIDC_AUDIENCE"):
        assert f"JOURNEY_{name} is required in production" in str(refused.value)


def test_production_names_everything_that_is_insecure(production: pytest.MonkeyPatch) -> None:
    for name, value in {
        "CODEC_ANONYMOUS": "true",
        "ACCEPT_PLAIN_PAYLOADS": "true",
        "TRAINING_ISSUER_KEY": "issuer.pem",
        "CODEC_ORIGINS": "https://ui.example, *",
        "SMS_SINK": "sms.jsonl",
        "OIDC_ISSUER": "http://id.example/",
        "OIDC_JWKS_URL": "http://id.example/keys",
        "KEYS": "nowhere.json",
        "TEMPORAL_TLS_CERT": "client.pem",
    }.items():
        production.setenv(f"JOURNEY_{name}", value)

    with pytest.raises(SettingsError) as refused:
        load_settings()

    assert len(refused.value.problems) == 9
    assert not Path("nowhere.json").exists()


def test_a_value_of_the_wrong_kind_is_named_and_not_quoted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("JOURNEY_API_PORT", "hunter2")
    monkeypatch.setenv("JOURNEY_LOG_LEVEL", "hunter3")

    with pytest.raises(SettingsError) as refused:
        load_settings()

    assert "JOURNEY_API_PORT" in str(refused.value)
    assert "JOURNEY_LOG_LEVEL" in str(refused.value)
    assert "hunter" not in str(refused.value)


def test_a_second_terminal_finds_the_running_stack_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("JOURNEY_ENV_FILE")
    monkeypatch.chdir(tmp_path)
    Path(".journey").mkdir()
    Path(".journey/stack.env").write_text(
        "JOURNEY_TEMPORAL_ADDRESS=127.0.0.1:9999\nJOURNEY_API_PORT=9000\nPATH=/nowhere\n"
    )
    monkeypatch.setenv("JOURNEY_API_PORT", "9001")

    settings = load_settings()

    assert settings.temporal_address == "127.0.0.1:9999"
    assert settings.api_port == 9001
    monkeypatch.setenv("JOURNEY_ENV_FILE", "elsewhere.env")
    Path("elsewhere.env").write_text("JOURNEY_TEMPORAL_ADDRESS=127.0.0.1:8888\n")
    assert load_settings().temporal_address == "127.0.0.1:8888"


def test_a_misspelt_variable_is_noticed() -> None:
    environ = {"JOURNEY_DATABSE_URL": "x", "JOURNEY_KEYS": "y", "JOURNEY_ENV_FILE": "", "PATH": "/"}

    assert unknown_variables(environ) == ("JOURNEY_DATABSE_URL",)


def test_production_that_requires_signatures_needs_a_key_to_sign_with(
    production: pytest.MonkeyPatch,
) -> None:
    production.setenv("JOURNEY_REQUIRE_SIGNED_DECISIONS", "true")
    with pytest.raises(SettingsError, match="JOURNEY_DECISION_KEY is required"):
        load_settings()

    production.setenv("JOURNEY_DECISION_KEY", "/run/secrets/decision-keys.json")

    assert load_settings().require_signed_decisions


def test_the_key_that_signs_is_never_made_in_production(
    production: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    nowhere = tmp_path / "decision-keys.json"
    assert open_decision_keys(load_settings()) is None
    production.setenv("JOURNEY_DECISION_KEY", str(nowhere))

    with pytest.raises(KeysError):
        open_decision_keys(load_settings())

    assert not nowhere.exists()


@pytest.mark.parametrize(
    ("given", "minutes"), [("15min", 15), ("1h", 60), ("90s", 1.5), ("5 min", 5)]
)
def test_how_recent_a_sign_in_must_be_is_written_as_people_write_it(
    monkeypatch: pytest.MonkeyPatch, given: str, minutes: float
) -> None:
    monkeypatch.setenv("JOURNEY_STEP_UP_WITHIN", given)

    assert load_settings().step_up_within == timedelta(minutes=minutes)


@pytest.mark.parametrize("given", ["15", "soon", "1s", "2d", "13h", "-5min", "PT15M"])
def test_a_sign_in_that_is_good_for_ever_or_never_is_refused(
    monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv("JOURNEY_STEP_UP_WITHIN", given)

    with pytest.raises(SettingsError, match="JOURNEY_STEP_UP_WITHIN"):
        load_settings()


def test_secrets_are_not_shown() -> None:
    settings = Settings.model_validate(
        {"smtp_password": "hunter2", "database_url": "postgresql://u:hunter3@db/x"}
    )

    assert "hunter" not in repr(settings)


def test_every_setting_is_in_the_table_with_a_sentence() -> None:
    table = settings_table()

    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert f"| `JOURNEY_{name.upper()}` |" in table
    assert "| `JOURNEY_KEYS` | `.journey/keys.json` | required |" in table


@pytest.mark.parametrize(
    ("address", "near"),
    [
        ("127.0.0.1:7233", True),
        ("localhost:7233", True),
        ("[::1]:7233", True),
        ("temporal:7233", False),
        ("10.0.0.7:7233", False),
    ],
)
def test_loopback_is_this_machine_only(address: str, near: bool) -> None:
    assert loopback(address) is near


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"BUILD_ID": "0.2.0"}, "JOURNEY_BUILD_ID needs JOURNEY_DEPLOYMENT_NAME"),
        ({"DEPLOYMENT_NAME": "journeys", "BUILD_ID": "latest"}, "which code it is"),
        ({"DEPLOYMENT_NAME": "clinic.journeys", "BUILD_ID": "0.2.0"}, "JOURNEY_DEPLOYMENT_NAME:"),
    ],
)
@pytest.mark.parametrize("environment", ["training", "production"])
def test_a_code_version_that_tells_no_two_versions_apart_is_refused(
    production: pytest.MonkeyPatch, environment: str, given: dict[str, str], words: str
) -> None:
    production.setenv("JOURNEY_ENVIRONMENT", environment)
    for name, value in given.items():
        production.setenv(f"JOURNEY_{name}", value)

    with pytest.raises(SettingsError, match=words):
        load_settings()
