"""What a protocol says of reminders to patients: how long before, not at night, on which channel.

Contract: a protocol file carries its notification settings. The standard values are [D].
"""

from datetime import datetime, time, timedelta

from clinical.clinic_hours import at_local, local_date, zone
from clinical.protocol_approvals import duration_text, read_duration
from clinical.protocol_problem import RuleBroken
from schemas.notification import Channel
from schemas.protocol import Clinic, NotificationRules

MOST_REMINDERS = 5
"""So that nobody is told of one session again and again."""

_FIELDS = tuple(NotificationRules.model_fields)


def read_notifications(written: object) -> tuple[NotificationRules, list[tuple[str, str]]]:
    """The section as written, and the (field, rule) of all that refuses it. A field left out is
    as in the standard protocol."""
    standard = NotificationRules()
    if not isinstance(written, dict):
        return standard, [("", f"is a table of {', '.join(_FIELDS)}")]
    wrong = [
        (str(name), f"is unknown; known: {', '.join(_FIELDS)}")
        for name in written
        if name not in _FIELDS
    ]
    values: dict[str, object] = {}
    for name in _FIELDS:
        if name in written:
            try:
                values[name] = _read_field(name, written[name])
            except RuleBroken as refused:
                wrong.append((name, str(refused)))
    rules = standard.model_copy(update=values)
    return rules, wrong or judge_notifications(rules)


def judge_notifications(rules: NotificationRules) -> list[tuple[str, str]]:
    """What makes these settings useless or a nuisance: (field, why) pairs."""
    wrong = []
    reminders = rules.session_reminders
    if not reminders or len(reminders) > MOST_REMINDERS or len(set(reminders)) < len(reminders):
        wrong.append(("session_reminders", f"names 1 to {MOST_REMINDERS} different times"))
    if any(before <= timedelta(0) for before in reminders):
        wrong.append(("session_reminders", "lie before the session"))
    for name in ("quiet_from", "quiet_until"):
        try:
            clock_of(getattr(rules, name))
        except RuleBroken as refused:
            wrong.append((name, str(refused)))
    channels = rules.patient_channels
    if not channels or len(set(channels)) < len(channels):
        wrong.append(("patient_channels", "names at least one channel, each once"))
    return wrong


def reminder_times(
    scheduled_at: datetime, rules: NotificationRules, clinic: Clinic
) -> tuple[datetime, ...]:
    """When the patient is reminded of one session, earliest first, each once (aware UTC). What
    would fall into the quiet hours is sent before they begin."""
    found = {_before_quiet(scheduled_at - before, rules, clinic)
             for before in rules.session_reminders}  # fmt: skip
    return tuple(sorted(found))


def _before_quiet(moment: datetime, rules: NotificationRules, clinic: Clinic) -> datetime:
    begins, ends = clock_of(rules.quiet_from), clock_of(rules.quiet_until)
    clock = moment.astimezone(zone(clinic)).time()
    day = local_date(moment, clinic)
    over_midnight = begins > ends
    if over_midnight and clock < ends:
        return at_local(day - timedelta(days=1), begins, clinic)
    quiet = clock >= begins and (over_midnight or clock < ends)
    return at_local(day, begins, clinic) if quiet else moment


def clock_of(text: str) -> time:
    """A clock time such as 21:00. Raises `RuleBroken`."""
    try:
        return datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 - a clock time has no zone
    except ValueError:
        raise RuleBroken("is a clock time such as 21:00, in quotes") from None


def notification_lines(rules: NotificationRules) -> tuple[str, ...]:
    """The section as `read_notifications` reads it back."""
    reminders = ", ".join(duration_text(before) for before in rules.session_reminders)
    channels = ", ".join(channel.value for channel in rules.patient_channels)
    return (
        f"  session_reminders: [{reminders}]",
        f'  quiet_from: "{rules.quiet_from}"',
        f'  quiet_until: "{rules.quiet_until}"',
        f"  patient_channels: [{channels}]",
    )


def _read_field(name: str, written: object) -> object:
    if name in ("quiet_from", "quiet_until"):
        if not isinstance(written, str):
            raise RuleBroken("is a clock time such as 21:00, in quotes")
        clock_of(written)
        return written
    if not isinstance(written, list):
        raise RuleBroken("is a list")
    if name == "session_reminders":
        return tuple(read_duration(item) for item in written)
    return tuple(_channel(item) for item in written)


def _channel(written: object) -> Channel:
    try:
        return Channel(str(written))
    except ValueError:
        known = ", ".join(channel.value for channel in Channel)
        raise RuleBroken(f"is one of: {known}") from None
