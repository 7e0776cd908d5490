"""Rating scales as they were answered, and the reevaluation that rests on them."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.base import Carried, Code, Command, Instant, Reason, ShortText, Value


class Instrument(StrEnum):
    PHQ9 = "phq9"
    MADRS = "madrs"
    QIDS_SR16 = "qids_sr16"
    GAD7 = "gad7"
    C_SSRS = "c_ssrs"
    CADSS = "cadss"
    CADSS6 = "cadss6"
    MOAA_S = "moaa_s"
    ALDRETE = "aldrete"
    BPIC_SS = "bpic_ss"
    YMRS = "ymrs"
    MOCA = "moca"


class Assessment(Value):
    """One instrument as answered. `items`: the answers in order, None where left blank;
    `total` when only the total is known. Never mix instruments in one percent change."""

    instrument: Instrument
    items: Annotated[tuple[int | None, ...], Field(max_length=40)] = ()
    total: Annotated[float, Field(ge=0, le=100, description="points")] | None = None
    taken_at: Instant | None = None
    version: Code = "standard"
    language: str = "en"
    completed_by: Code = "patient"


class Tolerability(StrEnum):
    """How treatment was borne. `poor_iv`: because of the infusion itself (access, blood pressure,
    dissociation), so that the spray may suit; `poor`: for any other reason."""

    GOOD = "good"
    POOR_IV = "poor_iv"
    POOR = "poor"


class CourseFindings(Value):
    """What a visit found that no scale asks: codes as in `ReevaluationFacts`. `tolerability` None:
    as the treatment days showed it. `hospitalised_or_attempt`: admitted for depression, or a
    suicide attempt."""

    tolerability: Tolerability | None = None
    safety_events: Annotated[tuple[Code, ...], Field(max_length=40)] = ()
    emergencies: Annotated[tuple[Code, ...], Field(max_length=40)] = ()
    prefers_spray: bool = False
    cannot_space_out: bool = False
    hospitalised_or_attempt: bool = False


class RecordScores(Command):
    """Scores taken at a visit, at home, or for a checkpoint such as the reevaluation. `findings`:
    what the visit found beside them; kept until the next decision on the course."""

    assessments: Annotated[tuple[Assessment, ...], Field(min_length=1, max_length=12)]
    note: ShortText = ""
    findings: CourseFindings | None = None


class Score(Carried):
    """A scored assessment as the journey remembers it. `suicidality` is the instrument's own
    suicide item (PHQ-9 item 9, QIDS item 12, MADRS item 10), None where it has none."""

    instrument: Instrument
    total: Annotated[float, Field(description="points")]
    taken_at: Instant
    suicidality: Annotated[int, Field(description="answer to the item, points")] | None = None


class Course(StrEnum):
    """The ways on that a reevaluation offers."""

    EXTEND = "extend"
    TAPER = "taper"
    MAINTENANCE = "maintenance"
    SWITCH = "switch"
    DISCONTINUE = "discontinue"


class Proposal(Value):
    """What the decision table proposes: the row that fired, the course, every reason. A person
    decides; the engine never applies a proposal by itself."""

    row: int
    course: Course | None
    options: tuple[Course, ...]
    reasons: tuple[Reason, ...]
    percent_change: float | None = None
    instrument: Instrument | None = None
    trial_weeks: float | None = Field(None, description="length of a maintenance trial, weeks")


class ReevaluationFacts(Value):
    """What a reevaluation rests on.

    `baseline`: last valid scores before the first dose; `latest`: newest score of each instrument;
    `previous`: the ones before, for the trend. `safety_events`: codes such as `mania`, `psychosis`,
    `cystitis`, `misuse`, `pregnancy`. `emergencies`: `psychotic`, `catatonic`, `imminent_risk`.
    `course`: the stretch that is being looked back on. Days and infusions are counts.
    """

    baseline: tuple[Score, ...] = ()
    latest: tuple[Score, ...] = ()
    previous: tuple[Score, ...] = ()
    course: Course = Course.EXTEND
    infusions_given: Annotated[int, Field(ge=0, le=1_000, description="infusions that count")] = 0
    titration_left: bool = False
    stop_sessions: Annotated[
        int, Field(ge=0, le=1_000, description="sessions that reached a stop threshold")
    ] = 0
    safety_events: Annotated[tuple[Code, ...], Field(max_length=40)] = ()
    emergencies: Annotated[tuple[Code, ...], Field(max_length=40)] = ()
    new_high_risk: bool = False
    tolerability: Tolerability = Tolerability.GOOD
    assessments_missing: Annotated[int, Field(ge=0, le=1_000, description="count")] = 0
    spray_available: bool = Field(False, description="site certified and blood pressure suits")
    prefers_spray: bool = Field(False, description="wants insured or home-town care")
    relapsed: bool = False
    step_backs: Annotated[int, Field(ge=0, le=100, description="taper steps taken back")] = 0
    maintenance_days: Annotated[int, Field(ge=0, le=40_000, description="days")] = 0
    cannot_space_out: bool = Field(
        False, description="from month 2, still needs more than one dose in 7 days"
    )
    days_since_first_dose: Annotated[int, Field(ge=0, le=40_000, description="days")] | None = None
