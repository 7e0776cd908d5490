"""A clinic's treatment protocol and the clinic itself, as the values a journey is pinned to."""

from datetime import date, timedelta
from enum import StrEnum

from schemas.base import Code, Role, Value
from schemas.notification import Channel
from schemas.people import Phone

ParameterValue = bool | int | float | str | tuple[float, ...] | tuple[str, ...]


class ExpiryOutcome(StrEnum):
    """What an approval that nobody decided becomes: expired, not cancelled, never approved."""

    DECLINE = "decline"
    HOLD = "hold"
    STAY = "stay"


class SelfApproval(StrEnum):
    """Whether somebody may decide on what they asked for themselves. There is one answer; a file
    says it so that whoever signs the file has read it."""

    NEVER = "never"


class ApprovalRule(Value):
    """Who decides one kind of approval and by when.

    `slots`: one role for each distinct person needed. `due`: from the request to the first
    escalation. `remind_every`: between reminders before that. `escalation`: the roles told one
    after the other, `escalate_every` apart. After the last: `on_expiry`. `decline_reasons`: the
    codes a decline may name; `decline_needs_reason`: whether it must name one. `step_up`: whoever
    decides through a door has signed in a short while ago.
    """

    slots: tuple[Role, ...]
    due: timedelta
    remind_every: timedelta
    escalation: tuple[Role, ...] = ()
    escalate_every: timedelta = timedelta(hours=24)
    on_expiry: ExpiryOutcome = ExpiryOutcome.STAY
    self_approval: SelfApproval = SelfApproval.NEVER
    distinct_people: bool = True
    decline_reasons: tuple[Code, ...] = ()
    decline_needs_reason: bool = False
    step_up: bool = False


class NotificationRules(Value):
    """What patients are told, when, and how. `session_reminders`: how long before a session.
    `quiet_from`..`quiet_until`: "HH:MM" in the clinic's zone, in which no reminder is sent; what
    is urgent never waits for them. `patient_channels`: the first one that the patient has."""

    session_reminders: tuple[timedelta, ...] = (timedelta(days=1), timedelta(hours=2))
    quiet_from: str = "21:00"
    quiet_until: str = "08:00"
    patient_channels: tuple[Channel, ...] = (Channel.EMAIL, Channel.SMS)


class Protocol(Value):
    """One version of a treatment protocol: every parameter of `clinical.parameters` by name,
    the approval table, and what patients are told. A journey carries the version it began with."""

    code: Code = "standard"
    version: Code
    parameters: dict[str, ParameterValue]
    approvals: dict[str, ApprovalRule] = {}
    notifications: NotificationRules = NotificationRules()


class Credential(Value):
    """A licence or certificate and the last day it is valid: licence, dea, acls, bls..."""

    kind: Code
    expires_on: date


class StaffMember(Value):
    """One member of staff, by role, with credentials."""

    id: Code
    name: str
    role: Role
    credentials: tuple[Credential, ...] = ()


class EmergencyItem(Value):
    """One item of the emergency protocol: when last checked, and the last day that holds."""

    item: Code
    checked_on: date
    valid_until: date


class Clinic(Value):
    """What a journey must know of its clinic. Opening hours: weekday (0 = Monday) -> (open,
    close) as "HH:MM" in the clinic's own zone."""

    code: Code
    name: str
    time_zone: str
    opening_hours: dict[int, tuple[str, str]] = {}
    closures: tuple[date, ...] = ()
    spray_certified: bool = False
    after_hours_phone: Phone | None = None
    inboxes: dict[Role, str] = {}
    chairs: int = 1
    staff: tuple[StaffMember, ...] = ()
    on_call: tuple[Code, ...] = ()
    emergency_protocol: tuple[EmergencyItem, ...] = ()
    spray_certified_until: date | None = None
