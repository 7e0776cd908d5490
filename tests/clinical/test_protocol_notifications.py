"""What a protocol says of reminders: read, refused by line, written, compared, and put in time."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clinical.protocol import ProtocolRefused, compare, parse_protocol, standard_protocol
from clinical.protocol_judge import judge_protocol
from clinical.protocol_notifications import reminder_times
from clinical.protocol_text import protocol_yaml
from schemas.notification import Channel
from schemas.protocol import Clinic, NotificationRules, Protocol

HEAD = "code: harbour\nversion: harbour-2\nparameters: {}\n"
NEW_YORK = ZoneInfo("America/New_York")
NORTH = Clinic(code="north", name="Northlight Clinic", time_zone="America/New_York")
RULES = NotificationRules()


def harbour(section: str) -> Protocol:
    return parse_protocol(f"{HEAD}notifications:\n{section}", "harbour.yaml")


def test_a_clinic_writes_only_what_it_changes() -> None:
    rules = harbour("  session_reminders: [3d, 1d]\n  patient_channels: [sms]\n").notifications

    assert rules.session_reminders == (timedelta(days=3), timedelta(days=1))
    assert rules.patient_channels == (Channel.SMS,)
    assert (rules.quiet_from, rules.quiet_until) == (RULES.quiet_from, RULES.quiet_until)
    assert parse_protocol(HEAD, "h.yaml").notifications == RULES


@pytest.mark.parametrize(
    ("line", "name", "rule"),
    [
        ("  pager: yes\n", "notifications.pager", "is unknown"),
        ("  session_reminders: 1d\n", "notifications.session_reminders", "is a list"),
        ("  session_reminders: []\n", "notifications.session_reminders", "1 to 5"),
        ("  session_reminders: [1d, 24h]\n", "notifications.session_reminders", "different"),
        ("  session_reminders: [soon]\n", "notifications.session_reminders", "30min, 4h or 2d"),
        ("  session_reminders: [0h]\n", "notifications.session_reminders", "longer than nothing"),
        ("  quiet_from: 21:00\n", "notifications.quiet_from", "in quotes"),
        ('  quiet_until: "25:00"\n', "notifications.quiet_until", "a clock time"),
        ("  patient_channels: [pigeon]\n", "notifications.patient_channels", "email, sms"),
        ("  patient_channels: [sms, sms]\n", "notifications.patient_channels", "each once"),
        ("  soon\n", "notifications", "is a table"),
    ],
)
def test_what_makes_no_sense_is_refused_by_line(line: str, name: str, rule: str) -> None:
    with pytest.raises(ProtocolRefused) as refused:
        harbour(line)
    (problem,) = refused.value.problems

    assert (problem.line, problem.name) == (5, name)
    assert rule in problem.rule


def test_it_is_written_as_it_is_read_and_compared_line_by_line() -> None:
    changed = harbour('  session_reminders: [2d]\n  quiet_from: "20:00"\n')

    assert parse_protocol(protocol_yaml(changed), "again.yaml") == changed
    assert [(c.name, c.old, c.new) for c in compare(standard_protocol(), changed)] == [
        ("notifications.session_reminders", "[1d, 2h]", "[2d]"),
        ("notifications.quiet_from", '"21:00"', '"20:00"'),
    ]


def test_a_protocol_that_arrives_as_a_value_is_held_to_the_same_rules() -> None:
    mute = standard_protocol().model_copy(
        update={"notifications": NotificationRules(patient_channels=())}
    )

    assert judge_protocol(standard_protocol()) == ()
    assert [r.fact for r in judge_protocol(mute)] == ["notifications.patient_channels"]


@pytest.mark.parametrize(
    ("session", "reminders"),
    [
        ("2027-03-10 10:00", ["2027-03-09 10:00", "2027-03-10 08:00"]),
        ("2027-03-10 09:00", ["2027-03-09 09:00", "2027-03-09 21:00"]),
        ("2027-03-10 23:30", ["2027-03-09 21:00", "2027-03-10 21:00"]),
        ("2027-03-14 11:00", ["2027-03-13 10:00", "2027-03-14 09:00"]),
    ],
)
def test_no_reminder_comes_at_night(session: str, reminders: list[str]) -> None:
    """On 14 March 2027 the clocks go forward: a day before is 24 hours before."""
    at = datetime.fromisoformat(session).replace(tzinfo=NEW_YORK).astimezone(UTC)
    told = reminder_times(at, RULES, NORTH)

    assert [f"{t.astimezone(NEW_YORK):%Y-%m-%d %H:%M}" for t in told] == reminders


CLOCK = st.times().map(lambda t: f"{t:%H:%M}")


@settings(deadline=None, derandomize=True)
@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2199, 1, 1)),  # noqa: DTZ001
    st.builds(
        NotificationRules,
        session_reminders=st.lists(
            st.integers(1, 20_000).map(lambda m: timedelta(minutes=m)), min_size=1, max_size=5
        ).map(tuple),
        quiet_from=CLOCK,
        quiet_until=CLOCK,
    ),
)
def test_every_reminder_comes_before_its_session_and_not_later_than_asked(
    naive: datetime, rules: NotificationRules
) -> None:
    at = naive.replace(tzinfo=UTC)
    told = reminder_times(at, rules, NORTH)

    assert told == tuple(sorted(set(told)))
    asked = sorted(at - before for before in rules.session_reminders)
    assert 1 <= len(told) <= len(asked)
    assert all(t < at for t in told)
    assert max(told) <= max(asked)
    assert min(told) >= min(asked) - timedelta(days=1, hours=1)
