"""Stretches of time as people type them: 90m, 36h, 3d, 2w."""

import re
from datetime import timedelta

from terminal.failures import CommandFailedError

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
LONGEST = timedelta(days=10 * 366)
"""As far as a training clock moves at once (`schemas.journey.ClockAdvanced`)."""

WRITTEN = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")


def duration(text: str) -> timedelta:
    """`3d`, `36h`, `1d12h`.

    Raises:
        CommandFailedError: when it is not a stretch of time longer than nothing.
    """
    parts = WRITTEN.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise CommandFailedError(f"{text!r} is no duration: write 90m, 36h, 3d or 2w")
    try:
        lengths = [timedelta(**{UNITS[unit]: float(number)}) for number, unit in parts]
        total = sum(lengths, timedelta())
    except OverflowError:
        total = timedelta.max
    if total <= timedelta():
        raise CommandFailedError("a clock goes forward: the duration must be more than nothing")
    if total > LONGEST:
        raise CommandFailedError(f"{text} is too far: {LONGEST.days} days at most")
    return total
