"""Periodic checks while treatment goes on, and how many infusions a year (fact sheet 7.4)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from clinical.parameters import Parameters
from schemas.base import Reason
from schemas.schedule import MonitoringItem
from schemas.screening import Modality

ITEMS: tuple[tuple[str, str, str], ...] = (
    ("luts", "mon.luts", "7.4: bladder symptoms every 3 months"),
    ("ua", "screen.ua_valid", "7.4: urinalysis every 3 months"),
    ("lft", "mon.lft", "7.4: liver tests every 6 months"),
    ("cognition", "mon.cognition", "7.4: MoCA every 6 months"),
    ("psychiatrist_review", "maint.review_every", "7.4; ASA: face to face every 3 months"),
    ("misuse_screen", "maint.review_every", "7.4: every 3 months"),
    ("pdmp", "pdmp.repeat", "8.1: prescription monitoring"),
    ("consent", "consent.valid", "7.4: consent yearly"),
)
"""(what, parameter of its interval, source)."""

YEAR = timedelta(days=365)


def monitoring_due(
    last_done: Mapping[str, datetime | None],
    began_at: datetime,
    now: datetime,
    parameters: Parameters,
    *,
    liver_raised: bool = False,
) -> tuple[MonitoringItem, ...]:
    """Every periodic check with its due moment, first due first. Never done: due one interval
    after treatment began. `liver_raised`: liver tests every 3 months instead of 6 (7.4)."""
    items = []
    for kind, name, source in ITEMS:
        interval = parameters.duration(name)
        if kind == "lft" and liver_raised:
            interval = min(interval, parameters.duration("screen.lft_valid"))
        last_at = last_done.get(kind)
        due_at = (last_at or began_at) + interval
        items.append(
            MonitoringItem(
                kind=kind, last_at=last_at, due_at=due_at, overdue=now > due_at, source=source
            )
        )
    return tuple(sorted(items, key=_due_at))


def cap_reasons(
    doses_at: Sequence[datetime],
    now: datetime,
    parameters: Parameters,
    *,
    acute_sessions: int = 0,
    modality: Modality = Modality.IV_KETAMINE,
) -> tuple[Reason, ...]:
    """Which caps on infusions are reached: 8 in the acute series, a review at 18 and an alert at
    24 in twelve months. The spray has no such cap (7.2, 7.4)."""
    if modality is not Modality.IV_KETAMINE:
        return ()
    reasons = []
    if acute_sessions >= parameters.integer("stop.max_acute"):
        text = "The acute series may not grow any longer."
        reasons.append(_reason("acute_cap", text, f"{acute_sessions} infusions", "7.2"))
    in_year = sum(1 for at in doses_at if now - YEAR < at <= now)
    fact = f"{in_year} infusions in 12 months"
    if in_year >= parameters.integer("maint.hard_alert_12mo"):
        text = "Many infusions in a year: the medical director looks."
        reasons.append(_reason("year_alert", text, fact, "7.4"))
    elif in_year >= parameters.integer("maint.soft_cap_12mo"):
        text = "Infusions in a year reach the review number."
        reasons.append(_reason("year_review", text, fact, "7.4"))
    return tuple(reasons)


def _due_at(item: MonitoringItem) -> datetime:
    return item.due_at


def _reason(code: str, text: str, fact: str, source: str) -> Reason:
    return Reason(code=code, text=text, fact=fact, source=source)
