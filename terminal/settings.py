"""The settings of one command, and silence on its standard error but for what went wrong."""

import os

from runtime.logs import configure
from runtime.settings import Settings, load_settings

LOG_LEVEL = "JOURNEY_LOG_LEVEL"


def command_settings() -> Settings:
    """The settings; logs are kept to what is broken beyond the command's own one line, unless
    a level was asked for.

    Raises:
        SettingsError: listing all that is wrong.
    """
    settings = load_settings()
    asked = LOG_LEVEL in os.environ
    quiet = settings if asked else settings.model_copy(update={"log_level": "CRITICAL"})
    configure(quiet, "cli")
    return settings
