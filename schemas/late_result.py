"""A laboratory or imaging result that comes while treatment goes on."""

from datetime import date
from enum import StrEnum

from schemas.base import Command, RequiredText


class ResultKind(StrEnum):
    """What was examined."""

    LIVER = "liver"
    URINE = "urine"
    ECG = "ecg"
    BLOOD = "blood"
    IMAGING = "imaging"
    OTHER = "other"


class RecordResult(Command):
    """A result as it came. `taken_on`: the day of the sample, in the clinic's calendar.
    `abnormal`: as the laboratory or the reader says. `finding`: their words."""

    kind: ResultKind
    taken_on: date
    abnormal: bool
    finding: RequiredText
