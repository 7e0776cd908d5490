"""The public commands: each exists, explains itself, and fails with one clear line."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

import cli

PUBLIC = (
    *("up", "demo", "worker", "server", "codec-server", "migrate", "refer", "tasks", "approve"),
    *("decline", "show", "timeline", "fast-forward", "simulate", "replay", "audit verify"),
    *("keys list", "keys rotate", "keys shred", "token", "decide", "doctor", "stock", "day"),
    *("overrides", "shortage"),
    *("poke", "keys retire", "keys announce"),
    *("protocol diff", "protocol preview", "protocol propose", "transfer"),
)
READING = (
    *("tasks", "show", "timeline", "keys list", "audit verify", "decide", "doctor", "token"),
    *("stock", "day", "shortage", "protocol diff", "protocol preview"),
)
JOURNEY = "journey-aaaaaaaaaaaaaaaaaaaaaaaaaa"
NOBODY_ANSWERS = "127.0.0.1:1"


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings of whoever runs the tests, no stack that happens to run here."""
    for name in [name for name in os.environ if name.startswith("JOURNEY_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("JOURNEY_ENV_FILE", "")
    monkeypatch.setenv("JOURNEY_KEYS", str(tmp_path / "keys.json"))
    monkeypatch.setenv("JOURNEY_TRAINING_ISSUER_KEY", str(tmp_path / "issuer.pem"))
    monkeypatch.setenv("JOURNEY_DECISION_KEY", str(tmp_path / "decision-keys.json"))


def run(*words: str, stdin: str | None = None) -> tuple[int, str, str]:
    done = CliRunner().invoke(cli.app, list(words), input=stdin)
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.parametrize("command", PUBLIC)
def test_every_public_command_exists_and_explains_itself(command: str) -> None:
    code, out, _ = run(*command.split(), "--help")

    assert code == 0
    assert "Usage:" in out
    assert len(out.splitlines()) > 5


@pytest.mark.parametrize("command", READING)
def test_every_reading_command_speaks_json(command: str) -> None:
    assert "--json" in run(*command.split(), "--help")[1]


@pytest.mark.parametrize(
    "words",
    [
        ["no-such-command"],
        ["approve", "some-task"],
        ["fast-forward", JOURNEY],
        ["fast-forward", JOURNEY, "--by", "1d", "--to-next"],
        ["decide", "dose"],
        ["decide", "dose", "facts.json", "--schema"],
        ["simulate", "--patients", "0", "--weeks", "1"],
        ["up", "--api-port", "99999"],
        ["poke", "--per-second", "0"],
        ["poke", "--at-most", "0"],
        ["worker"],
    ],
)
def test_wrong_usage_ends_with_2(words: list[str]) -> None:
    assert run(*words)[0] == 2


@pytest.mark.parametrize(
    "words",
    [
        ["tasks"],
        ["stock"],
        ["send", "cabinet-north", "levitate_stock", "examples/referral.json"],
        ["show", JOURNEY],
        ["timeline", JOURNEY],
        ["approve", f"{JOURNEY}~referral_triage~1", "--reason", "x"],
        ["refer", "/nowhere/referral.json"],
        ["refer", "examples/referral.json"],
        ["migrate"],
        ["audit", "verify"],
        ["replay", "/nowhere/histories"],
        ["poke", "--dry-run"],
        ["keys", "shred", "not-a-journey"],
        ["token", "--role", "wizard", "--clinic", "north"],
        ["decide", "dose", "/nowhere/facts.json"],
        ["decide", "dose", "examples/decisions/consent.json"],
        ["decide", "dose", "examples/decisions/dose.json", "--protocol", "Makefile"],
        ["fast-forward", "no-journey", "--by", "3d"],
        ["fast-forward", JOURNEY, "--by", "soon"],
    ],
)
def test_a_failure_is_one_clear_line_and_1(words: list[str]) -> None:
    code, out, err = run(*words)

    assert code == 1
    assert out == ""
    assert len(err.splitlines()) == 1, err
    assert err.startswith("journey ")
    assert "Traceback" not in err


def test_an_unreachable_record_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNEY_DATABASE_URL", f"postgresql://nobody@{NOBODY_ANSWERS}/none")
    monkeypatch.chdir(Path(__file__).resolve().parents[2])

    code, _, err = run("tasks")

    assert code == 1
    assert len(err.splitlines()) == 1, err


def test_the_doctor_names_each_problem_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNEY_TEMPORAL_ADDRESS", NOBODY_ANSWERS)
    monkeypatch.setenv("JOURNEY_SMTP_PORT", "1")
    monkeypatch.setenv("JOURNEY_API_URL", f"http://{NOBODY_ANSWERS}")

    code, out, _ = run("doctor", "--json")

    assert code == 1
    problems = {finding["part"]: finding for finding in json.loads(out) if not finding["well"]}
    assert set(problems) == {"database", "temporal", "mail", "server"}
    assert all(finding["do"] for finding in problems.values())


def test_the_doctor_makes_no_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNEY_TEMPORAL_ADDRESS", NOBODY_ANSWERS)

    run("doctor")

    assert not (tmp_path / "keys.json").exists()


def test_a_misspelt_setting_is_found_by_the_doctor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNEY_TEMPORAL_ADDRES", "somewhere:7233")

    out = run("doctor", "--json")[1]

    (settings,) = (finding for finding in json.loads(out) if finding["part"] == "settings")
    assert not settings["well"]
    assert "JOURNEY_TEMPORAL_ADDRES" in settings["found"]


def test_production_without_its_settings_is_refused_with_every_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("JOURNEY_ENVIRONMENT", "production")

    code, _, err = run("tasks")

    assert code == 1
    for name in ("JOURNEY_DATABASE_URL", "JOURNEY_KEYS", "JOURNEY_OIDC_ISSUER"):
        assert name in err


def test_no_token_is_made_in_production(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text("{}")
    monkeypatch.delenv("JOURNEY_TRAINING_ISSUER_KEY")
    for name, value in {
        "ENVIRONMENT": "production",
        "DATABASE_URL": "postgresql://nobody@db.invalid/none",
        "TEMPORAL_ADDRESS": "temporal.invalid:7233",
        "OIDC_ISSUER": "https://id.invalid/",
        "OIDC_AUDIENCE": "journeys",
        "SMTP_HOST": "mail.invalid",
        "SMTP_FROM": "clinic@mail.invalid",
    }.items():
        monkeypatch.setenv(f"JOURNEY_{name}", value)

    code, out, err = run("token", "--role", "nurse", "--clinic", "north")

    assert (code, out) == (1, "")
    assert "training only" in err


def test_a_training_token_is_printed_alone(tmp_path: Path) -> None:
    code, out, _ = run("token", "--role", "nurse", "--clinic", "north", "--subject", "nurse-ines")

    assert code == 0
    assert out.count(".") == 2
    assert len(out.split()) == 1
    assert (tmp_path / "issuer.pem").stat().st_mode & 0o077 == 0


def test_a_rotated_key_seals_from_then_on() -> None:
    before = json.loads(run("keys", "list", "--json")[1])
    made = json.loads(run("keys", "rotate", "--json")[1])["id"]
    after = json.loads(run("keys", "list", "--json")[1])

    assert [key["id"] for key in after if key["seals"]] == [made]
    assert len(after) == len(before) + 1
    assert all("key" not in key for key in after)


def test_an_unknown_decision_is_wrong_usage_and_names_those_that_there_are() -> None:
    code, out, err = run("decide", "no-such-kind", "examples/decisions/dose.json")

    assert code == 2
    assert out == ""
    assert "suicide-risk" in err


def test_a_synthetic_patients_papers_can_be_printed() -> None:
    code, out, _ = run("example", "record_scores")

    assert code == 0
    assert json.loads(out)["assessments"][0]["instrument"] == "phq9"


def test_a_key_that_signs_decisions_is_made_rotated_and_retired_but_never_shown() -> None:
    first = json.loads(run("keys", "list", "--decisions", "--json")[1])
    code, made, _ = run("keys", "rotate", "--decisions", "--json")
    retired = run("keys", "retire", first[0]["id"])
    both = json.loads(run("keys", "list", "--decisions", "--json")[1])

    assert (code, retired[0]) == (0, 0)
    assert "announce" in retired[1]
    assert [(k["id"], k["signs"], k["retired"]) for k in both] == [
        (first[0]["id"], False, True),
        (json.loads(made)["id"], True, False),
    ]
    assert {name for key in both for name in key} == {"id", "made_at", "signs", "retired"}


def test_the_key_that_signs_is_not_retired() -> None:
    (only,) = json.loads(run("keys", "list", "--decisions", "--json")[1])

    code, _, said = run("keys", "retire", only["id"])

    assert code == 1
    assert "rotate first" in said
