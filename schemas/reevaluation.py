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
    total: Annotated[float, Field(ge=0, le=100)] | None = None
    taken_at: Instant | None = None
    version: Code = "standard"
    language: str = "en"
    completed_by: Code = "patient"


class RecordScores(Command):
    """Scores taken at a visit, at home, or for a checkpoint such as the reevaluation."""

    assessments: Annotated[tuple[Assessment, ...], Field(min_length=1, max_length=12)]
    note: ShortText = ""


class Score(Carried):
    """A scored assessment as the journey remembers it. `suicidality` is the instrument's own
    suicide item (PHQ-9 item 9, QIDS item 12, MADRS item 10), None where it has none."""

    instrument: Instrument
    total: float
    taken_at: Instant
    suicidality: int | None = None


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
