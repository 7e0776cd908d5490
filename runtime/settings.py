"""What a deployment may be told: every setting, its default, and what production insists on.

Read from environment variables named `JOURNEY_<FIELD>`, then from the env file that
`JOURNEY_ENV_FILE` names (default `.journey/stack.env`, written by a running embedded stack, so
that a command typed in a second terminal finds it). The environment wins over the file.
"""

import os
import re
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

PREFIX = "JOURNEY_"
SHORT_WHILE = re.compile(r"(\d{1,6})\s*(s|min|h)")
SECONDS_OF = {"s": 1, "min": 60, "h": 3_600}
ENV_FILE_VARIABLE = "JOURNEY_ENV_FILE"
DEFAULT_ENV_FILE = Path(".journey/stack.env")

NOT_OURS = frozenset({ENV_FILE_VARIABLE})
"""Variables with our prefix that are read, but are not settings."""


class SettingsError(Exception):
    """The settings are unusable; the message lists everything that is wrong, one thing a line."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("settings refused:\n" + "\n".join(f"  - {p}" for p in problems))


class Environment(StrEnum):
    """Where real people are treated (`production`), and where nobody is (`training`)."""

    TRAINING = "training"
    PRODUCTION = "production"


class LogFormat(StrEnum):
    """One JSON object a line, or lines for a person at a terminal."""

    JSON = "json"
    CONSOLE = "console"


class MailSecurity(StrEnum):
    """How the mail server is spoken to."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


# What a training deployment gets without being told. Production is given none of these: what is
# missing there is an error, or the stricter choice.
TRAINING_DEFAULTS: Mapping[str, Any] = {
    "temporal_address": "127.0.0.1:7233",
    "temporal_tls": False,
    "keys": Path(".journey/keys.json"),
    "oidc_issuer": "https://training.invalid/",
    "oidc_audience": "journey-engine",
    "training_issuer_key": Path(".journey/training-issuer.pem"),
    "decision_key": Path(".journey/decision-keys.json"),
    "accept_plain_payloads": True,
    "smtp_host": "127.0.0.1",
    "smtp_port": 1025,
    "smtp_tls": MailSecurity.NONE,
    "smtp_from": "clinic@training.invalid",
    "sms_sink": Path(".journey/sms.jsonl"),
}

NEEDED_IN_PRODUCTION = (
    "database_url",
    "temporal_address",
    "keys",
    "oidc_issuer",
    "oidc_audience",
    "smtp_host",
    "smtp_from",
)


def setting(text: str, default: Any = None, **more: Any) -> Any:
    """A field with its sentence for the settings table."""
    return Field(default=default, description=text, **more)


class Settings(BaseSettings):
    """Everything a process of ours is told. Immutable; built once, at the composition root."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    environment: Environment = setting(
        "`training` (nobody real) or `production`.", Environment.TRAINING
    )
    database_url: str = setting("PostgreSQL address of the record.", "", repr=False)

    temporal_address: str = setting("`host:port` of the Temporal server.", "")
    temporal_namespace: str = setting("Temporal namespace.", "default")
    temporal_tls: bool = setting("Speak TLS to Temporal; say `false` inside a mesh.", True)
    temporal_tls_ca: Path | None = setting("CA file for Temporal's certificate.")
    temporal_tls_cert: Path | None = setting("Client certificate file for mutual TLS.")
    temporal_tls_key: Path | None = setting("Key file of the client certificate.")
    temporal_tls_server_name: str | None = setting("Name expected in Temporal's certificate.")
    temporal_api_key: SecretStr | None = setting("API key for Temporal, when it asks for one.")

    keys: Path | None = setting("File of the payload and referral keys (mode 0600).")
    accept_plain_payloads: bool = setting("Read payloads that are not sealed.", False)
    codec_anonymous: bool = setting("Codec routes answer without a token (training).", False)
    codec_origins: Annotated[tuple[str, ...], NoDecode] = setting(
        "Web origins that may call the codec routes, comma separated.", ()
    )

    oidc_issuer: str = setting("Issuer that bearer tokens must name.", "")
    oidc_audience: str = setting("Audience that bearer tokens must name.", "")
    oidc_jwks_url: str | None = setting("Where the issuer's keys are, if not discovered.")
    training_issuer_key: Path | None = setting("Signing key of the training issuer.")
    require_signed_decisions: bool = setting("Approvals need a signature.", False)
    decision_key: Path | None = setting(
        "File of the keys that sign decisions (mode 0600); for the doors only."
    )
    step_up_within: timedelta = setting(
        "How long ago somebody who decides a dangerous kind may have signed in; `15min`, `1h`.",
        timedelta(minutes=15),
    )

    log_format: LogFormat = setting("`json` or `console`.", LogFormat.JSON)
    log_level: str = setting("Least level that is logged.", "INFO")

    api_host: str = setting("Address the HTTP server binds.", "127.0.0.1")
    api_port: int = setting("Port the HTTP server binds.", 8000, ge=0, le=65535)
    api_url: str = setting("Where the API is reached.", "http://127.0.0.1:8000")
    console_url: str = setting("Where the console is reached.", "http://127.0.0.1:8000/console")
    link_url: str = setting(
        "Where patients reach their links, up to `/l`; without it at the API's address. Messages "
        "carry links only where this is https, or in training.",
        "",
    )
    link_consent_h: int = setting("Hours that a consent link lives [D].", 72, ge=1, le=336)
    link_journal_h: int = setting("Hours that a journal link lives [D].", 168, ge=1, le=744)
    link_home_safe_h: int = setting("Hours that a home-safe link lives [D].", 24, ge=1, le=72)
    temporal_ui_url: str = setting("Where Temporal's UI is reached.", "")
    codec_url: str = setting("Where the codec routes are reached.", "http://127.0.0.1:8000/codec")

    smtp_host: str = setting("Mail server.", "")
    smtp_port: int = setting("Port of the mail server.", 587, ge=1, le=65535)
    smtp_from: str = setting("Sender of every mail.", "")
    smtp_tls: MailSecurity = setting("`none`, `starttls` or `tls`.", MailSecurity.STARTTLS)
    smtp_username: str | None = setting("User at the mail server.")
    smtp_password: SecretStr | None = setting("Password at the mail server.")
    sms_sink: Path | None = setting("File that takes text messages instead of a provider.")

    letters_dir: Path | None = setting("Folder that letters to other health records go to.")
    fax_dir: Path | None = setting("Folder that takes faxes to the safety programme.")

    protocols_dir: Path = setting("Folder of treatment protocols.", Path("protocols"))
    clinics_dir: Path = setting("Folder of clinic files.", Path("clinics"))

    deployment_name: str = setting(
        "Name under which Temporal knows this deployment's code versions; off without it.",
        "",
        pattern=r"^[A-Za-z0-9_-]{0,100}$",
    )
    build_id: str = setting(
        "Which code a worker of `journeys` tells: a release or commit, never the same for two.",
        "",
        pattern=r"^[A-Za-z0-9._-]{0,100}$",
    )

    max_cached_workflows: int = setting("Workflows a worker keeps in memory.", 500, ge=0)
    sticky_s: float = setting(
        "Seconds a task waits for the worker that has its workflow in memory; after a crash the "
        "others take over then.",
        2.0,
        gt=0,
    )
    graceful_shutdown_s: float = setting("Seconds a worker may take to drain.", 10.0, ge=0)
    metrics_bind: str | None = setting("`host:port` for the engine's Prometheus metrics.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 replaced: read when built
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 not offered
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then the env file as it stands now."""
        file = DotEnvSettingsSource(settings_cls, env_file=env_file(), env_prefix=PREFIX)
        return (init_settings, env_settings, file)

    @model_validator(mode="before")
    @classmethod
    def _fill_for_training(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        if given.get("environment", Environment.TRAINING) != Environment.TRAINING:
            return given
        return {**TRAINING_DEFAULTS, **given}

    @field_validator("codec_origins", mode="before")
    @classmethod
    def _split(cls, given: Any) -> Any:
        if isinstance(given, str):
            return tuple(part.strip() for part in given.split(",") if part.strip())
        return given

    @field_validator("step_up_within", mode="before")
    @classmethod
    def _while(cls, given: Any) -> Any:
        found = SHORT_WHILE.fullmatch(given.strip()) if isinstance(given, str) else None
        if found is None and isinstance(given, str):
            raise ValueError("a time such as 15min, 1h or 900s")
        return timedelta(seconds=int(found[1]) * SECONDS_OF[found[2]]) if found else given

    @field_validator("step_up_within")
    @classmethod
    def _not_for_ever(cls, given: timedelta) -> timedelta:
        if not timedelta(seconds=30) <= given <= timedelta(hours=12):
            raise ValueError("from 30s to 12h")
        return given

    @field_validator("log_level")
    @classmethod
    def _level(cls, given: str) -> str:
        levels = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
        if given.upper() not in levels:
            raise ValueError(f"one of {', '.join(levels)}")
        return given.upper()

    @model_validator(mode="after")
    def check(self) -> Self:
        """Raise `SettingsError` with everything that contradicts itself, or that production does
        not allow."""
        problems = self.problems()
        if problems:
            raise SettingsError(problems)
        return self

    def problems(self) -> tuple[str, ...]:
        """All that is missing or insecure, each with the variable's name; in training only what
        contradicts itself."""
        if self.environment is Environment.TRAINING:
            return self._unversioned()
        missing = [
            f"{PREFIX}{name.upper()} is required in production"
            for name in NEEDED_IN_PRODUCTION
            if not getattr(self, name)
        ]
        return (*missing, *self._insecure(), *self._unversioned())

    def _unversioned(self) -> tuple[str, ...]:
        """What keeps two versions of the code from being told apart."""
        rules = (
            (self.build_id and not self.deployment_name, "needs JOURNEY_DEPLOYMENT_NAME"),
            (self.build_id == "latest", "must say which code it is; `latest` does not"),
        )
        return tuple(f"{PREFIX}BUILD_ID {text}" for broken, text in rules if broken)

    def _insecure(self) -> list[str]:
        rules = (
            (self.codec_anonymous, "CODEC_ANONYMOUS", "must be false: it opens patient data"),
            (self.accept_plain_payloads, "ACCEPT_PLAIN_PAYLOADS", "must be false"),
            (self.training_issuer_key, "TRAINING_ISSUER_KEY", "must not be set"),
            ("*" in self.codec_origins, "CODEC_ORIGINS", "must name each origin, not *"),
            (self.sms_sink, "SMS_SINK", "must not be set: it keeps telephone numbers in a file"),
            (self.oidc_issuer and not safe_url(self.oidc_issuer), "OIDC_ISSUER", "must be https"),
            (self.link_url and not safe_url(self.link_url), "LINK_URL", "must be https"),
            (
                self.oidc_jwks_url and not safe_url(self.oidc_jwks_url),
                "OIDC_JWKS_URL",
                "must be https",
            ),
            (
                self.require_signed_decisions and self.decision_key is None,
                "DECISION_KEY",
                "is required with JOURNEY_REQUIRE_SIGNED_DECISIONS: without it nobody can decide",
            ),
            (
                self.keys is not None and not self.keys.is_file(),
                "KEYS",
                "names a file that does not exist; it is never made in production",
            ),
            (
                bool(self.temporal_tls_cert) != bool(self.temporal_tls_key),
                "TEMPORAL_TLS_CERT",
                "and JOURNEY_TEMPORAL_TLS_KEY belong together",
            ),
        )
        return [f"{PREFIX}{name} {text} (production)" for broken, name, text in rules if broken]

    @property
    def training(self) -> bool:
        """Whether this deployment treats nobody real."""
        return self.environment is Environment.TRAINING


def load_settings() -> Settings:
    """The settings of this process. Raises `SettingsError` listing all that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError(
            tuple(
                f"{PREFIX}{'_'.join(str(part) for part in problem['loc']).upper()}: "
                f"{problem['msg']}"
                for problem in error.errors(include_input=False, include_url=False)
            )
        ) from None


def env_file() -> Path | None:
    """The env file to read now, or None. `JOURNEY_ENV_FILE=` (empty) turns it off."""
    named = os.environ.get(ENV_FILE_VARIABLE)
    path = DEFAULT_ENV_FILE if named is None else Path(named) if named else None
    return path if path is not None and path.is_file() else None


def unknown_variables(environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Variables that carry our prefix and mean nothing: most often a misspelt setting."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | NOT_OURS
    seen = os.environ if environ is None else environ
    return tuple(sorted(n for n in seen if n.upper().startswith(PREFIX) and n.upper() not in known))


def safe_url(url: str) -> bool:
    """Whether an address is https."""
    return url.startswith("https://")


def loopback(address: str) -> bool:
    """Whether `host:port` stays on this machine."""
    host = address.rsplit(":", 1)[0].strip("[]")
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def settings_table() -> str:
    """Every setting as a Markdown table, for `docs/running.md`."""
    lines = ["| variable | training | production | meaning |", "|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        plain = shown(field.default)
        training = shown(TRAINING_DEFAULTS[name]) if name in TRAINING_DEFAULTS else plain
        production = "required" if name in NEEDED_IN_PRODUCTION else plain
        lines.append(
            f"| `{PREFIX}{name.upper()}` | {training} | {production} | {field.description} |"
        )
    return "\n".join(lines) + "\n"


def shown(default: object) -> str:
    """A default as a person reads it."""
    match default:
        case None | "" | ():
            return "-"
        case timedelta():
            return f"`{default.total_seconds() / 60:g}min`"
        case bool():
            return f"`{str(default).lower()}`"
        case _:
            return f"`{default}`"
