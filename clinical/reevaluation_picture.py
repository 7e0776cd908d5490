"""What the decision table looks at: the facts of a reevaluation put into its own words.

Clinical fact sheet, section 7.3.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clinical.parameters import Parameters
from clinical.response import Response, ResponseLevel, best_comparison, newest, worsened
from clinical.scales import SYMPTOM_SCALES
from schemas.reevaluation import Course, ReevaluationFacts, Tolerability

if TYPE_CHECKING:
    from clinical.reevaluation_table import Row


@dataclass(frozen=True, slots=True)
class Picture:
    """The facts with every threshold already applied; the table's rows only combine these."""

    facts: ReevaluationFacts
    response: Response
    improving: bool
    series_unfinished: bool
    acute_left: bool
    too_much_missing: bool
    stopped_by_nonresponse: bool
    stopped_by_safety: bool
    urgent: bool
    cannot_space_out: bool
    step_backs_left: bool
    long_in_maintenance: bool

    @property
    def level(self) -> ResponseLevel:
        """How far the score has come since the baseline (6.2)."""
        return self.response.level

    @property
    def responded(self) -> bool:
        """At least the response of 6.2: half the baseline score is gone."""
        return self.response.responded

    @property
    def good(self) -> bool:
        """Tolerated well."""
        return self.facts.tolerability is Tolerability.GOOD

    @property
    def on_spray(self) -> bool:
        """Already on the nasal spray."""
        return self.facts.course is Course.SWITCH

    @property
    def in_maintenance(self) -> bool:
        """Already in maintenance."""
        return self.facts.course is Course.MAINTENANCE

    @property
    def in_series(self) -> bool:
        """Still in the acute series of infusions."""
        return self.facts.course is Course.EXTEND

    def offers(self, course: Course, row: "Row") -> bool:
        """Whether a course is open at all: the spray where it can be given, more infusions while
        the most that an acute series may hold is not reached (boosters are not of the series)."""
        match course:
            case Course.SWITCH:
                return self.facts.spray_available or self.on_spray
            case Course.EXTEND:
                return self.acute_left or row.boosters
            case Course.TAPER | Course.MAINTENANCE | Course.DISCONTINUE:
                return True


def look(facts: ReevaluationFacts, parameters: Parameters) -> Picture:
    """The picture these facts make under a protocol's parameters (7.3)."""
    p, given = parameters, facts.infusions_given
    answer = best_comparison(facts.baseline, facts.latest, p)
    acute_left = given < p.integer("stop.max_acute")
    # The missing are counted, and nothing to compare at all is as good as all of them missing.
    missing = facts.assessments_missing >= p.integer("reeval.missing_hold")
    in_maintenance = facts.course is Course.MAINTENANCE
    return Picture(
        facts=facts,
        response=answer,
        improving=_improving(facts, answer, p),
        series_unfinished=given < p.integer("iv.series_len"),
        acute_left=acute_left,
        too_much_missing=missing or answer.level is ResponseLevel.UNDEFINED,
        stopped_by_nonresponse=_stopped_by_nonresponse(facts, answer, p),
        stopped_by_safety=bool(facts.safety_events)
        or facts.stop_sessions >= p.integer("stop.safety_sessions"),
        urgent=facts.new_high_risk or _worse(facts, p),
        cannot_space_out=facts.cannot_space_out and _from_month_two(facts, p),
        step_backs_left=facts.step_backs < p.integer("taper.step_backs_max"),
        long_in_maintenance=in_maintenance
        and facts.maintenance_days >= p.duration("reeval.maintenance_spacing").days,
    )


def _improving(facts: ReevaluationFacts, answer: Response, p: Parameters) -> bool:
    """Whether the score still falls; unknown counts as not."""
    if answer.instrument is None or answer.latest is None:
        return False
    before = newest(facts.previous, answer.instrument)
    return before is not None and before.total - answer.latest >= p.number("reeval.trend_min")


def _stopped_by_nonresponse(facts: ReevaluationFacts, answer: Response, p: Parameters) -> bool:
    """S1: below the least improvement after four infusions with no titration left, or after six
    whatever is left."""
    change = answer.percent_change
    if change is None or -change >= p.number("stop.nonresponse_pct"):
        return False
    if facts.infusions_given >= p.integer("stop.nonresponse_absolute"):
        return True
    enough = facts.infusions_given >= p.integer("stop.nonresponse_after")
    return enough and not facts.titration_left


def _from_month_two(facts: ReevaluationFacts, p: Parameters) -> bool:
    """S2 counts from month 2 on; how long treatment has lasted is unknown: it counts."""
    days = facts.days_since_first_dose
    return days is None or days >= p.duration("maint.month2_from").days


def _worse(facts: ReevaluationFacts, p: Parameters) -> bool:
    """S4: worse than the baseline on any symptom scale."""
    pairs = ((newest(facts.baseline, i), newest(facts.latest, i)) for i in SYMPTOM_SCALES)
    return any(
        before is not None and after is not None and before.total > 0 and worsened(before, after, p)
        for before, after in pairs
    )
