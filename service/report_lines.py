"""The lines of each report: numbers and codes, and nothing about anybody."""

from typing import Final

from service.rows import Row

SMALL: Final = 5
"""Below this many, a share says more about single people than about a treatment: none is given."""


class ReportLine(Row):
    """One line. `small`: so few stand behind it that it is no picture of anything."""

    small: bool = False


class ResponseLine(ReportLine):
    """Scores of one instrument in one week since the first dose, against each patient's baseline.
    Percent; None where too few were assessed."""

    instrument: str
    week: int
    assessed: int
    responded: int
    remitted: int
    responded_percent: float | None = None
    remitted_percent: float | None = None


class PhaseLine(ReportLine):
    """Stays in one phase. Days of those that ended; None while none did."""

    phase: str
    entered: int
    ended: int
    median_days: float | None = None
    nine_in_ten_days: float | None = None


class OverdueLine(ReportLine):
    """What fell due for one role. `late`: done after it was due. Hours, of what was or is late."""

    role: str
    fell_due: int
    in_time: int
    late: int
    still_overdue: int
    escalated: int
    median_hours_late: float | None = None


class SessionLine(ReportLine):
    """Dosed treatment days of one medicine."""

    modality: str
    dosed: int
    with_pauses: int
    pauses: int
    stopped: int
    completed: int
    partly: int
    broken_off: int
    with_serious_events: int


class EscalationLine(ReportLine):
    """Tasks of one kind that went on to this role."""

    kind: str
    role: str
    escalations: int
    tasks: int


class ContactLine(ReportLine):
    """Safety signals of one kind and gravity, and how long until a person answered. Minutes."""

    signal: str
    level: str | None = None
    signals: int
    answered: int
    median_minutes: float | None = None
    longest_minutes: float | None = None
