"""An alert about a patient at risk: who was paged by when, and who acknowledged it."""

from typing import Annotated

from pydantic import Field

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


class RiskTold(Carried):
    """What a treatment day tells its journey of suicide risk at once, its `number`-th word of that
    day: a level told at the chair, by the screener or by a scale's own item; or, with
    `reviewed_by`, that somebody who decides on it has assessed the patient in person. The day's
    result carries each once more, so that a word that was lost is made up for."""

    session_id: Code
    number: Annotated[int, Field(ge=1)]
    level: Annotated[str, Field(pattern="^(none|low|moderate|high)$")]
    told_at: Instant
    reviewed_by: Actor | None = None
