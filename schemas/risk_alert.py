"""An alert about a patient at risk: who was paged by when, and who acknowledged it."""

from schemas.base import Actor, Carried, Code, Command, Instant, ShortText


class RiskAlert(Carried):
    """One sign of danger until a person has settled it. `key`: its review task's; `pages`: whether
    silence climbs the ladder; `high`: no contact within the hour asks for a welfare check."""

    key: str
    level: str
    raised_at: Instant
    pages: bool = True
    high: bool = False
    director_paged: bool = False
    welfare_asked: bool = False
    acknowledged_by: Actor | None = None
    acknowledged_at: Instant | None = None
    contacted_at: Instant | None = None


class AcknowledgeAlert(Command):
    """A clinician has this alert in hand and says so; nothing else stops the ladder. `alert`:
    which one; every open one when left out."""

    alert: Code | None = None
    note: ShortText = ""
