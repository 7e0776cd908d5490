"""The decision table of a reevaluation, as data: the first row that fits makes the proposal.

Rows 1 to 12 are numbered as in the clinical fact sheet, section 7.3; rows from 13 are its stop
rules (7.2), the spray's own review (5.2) and what remains. Order here is order of danger.
"""

from collections.abc import Callable
from dataclasses import dataclass

from clinical.reevaluation_picture import Picture
from clinical.response import ResponseLevel
from schemas.reevaluation import Course, Tolerability

_REMISSION, _PARTIAL = ResponseLevel.REMISSION, ResponseLevel.PARTIAL
_EXTEND, _TAPER, _MAINTAIN = Course.EXTEND, Course.TAPER, Course.MAINTENANCE
_SWITCH, _STOP = Course.SWITCH, Course.DISCONTINUE


@dataclass(frozen=True, slots=True)
class Row:
    """`course` None: the table proposes none, a person weighs. `options`: what may be chosen,
    where it can be given. `boosters`: more infusions here are not of the acute series. `trial`:
    maintenance is tried for a limited time."""

    number: int
    code: str
    fits: Callable[[Picture], bool]
    course: Course | None
    options: tuple[Course, ...]
    text: str
    source: str = "7.3"
    boosters: bool = False
    trial: bool = False


ROWS: tuple[Row, ...] = (
    Row(
        11,
        "hospital",
        lambda s: bool(s.facts.emergencies),
        _STOP,
        (_STOP,),
        "Psychotic, catatonic or at imminent risk: hospital, consider ECT",
    ),
    Row(
        10,
        "safety_event",
        lambda s: s.stopped_by_safety,
        _STOP,
        (_STOP,),
        "A safety event: discontinue, treat it, report it",
    ),
    Row(
        13,
        "worse_or_high_risk",
        lambda s: s.urgent,
        None,
        (_STOP,),
        "Worse than at baseline or a new high risk: hold, psychiatrist urgently",
        "7.2 S4",
    ),
    Row(
        8,
        "relapse",
        lambda s: s.facts.relapsed and s.step_backs_left and s.good,
        _EXTEND,
        (_EXTEND, _MAINTAIN, _SWITCH, _STOP),
        "Relapse: one or two boosters, then one taper step back",
        boosters=True,
    ),
    Row(
        14,
        "relapse_again",
        lambda s: s.facts.relapsed,
        None,
        (_MAINTAIN, _SWITCH, _STOP),
        "Relapse, with no step back left or treatment badly borne: rethink the treatment",
        "7.3 row 8",
    ),
    Row(
        12,
        "data_missing",
        lambda s: s.too_much_missing,
        None,
        (_STOP,),  # ending treatment needs no data; everything else does
        "Assessments are missing: hold, no decision without data",
    ),
    Row(
        15,
        "cannot_space_out",
        lambda s: s.cannot_space_out,
        _STOP,
        (_STOP, _SWITCH, _MAINTAIN),
        "From month 2, doses cannot be spaced to one in 7 days: consider stopping",
        "7.2 S2",
    ),
    Row(
        16,
        "spray_benefits",
        lambda s: s.on_spray and (s.responded or s.level is _PARTIAL),
        _SWITCH,
        (_SWITCH, _TAPER, _STOP),
        "The spray helps: go on with it at the least frequency that keeps the gain",
        "5.2",
    ),
    Row(
        5,
        "non_response",
        lambda s: (
            s.stopped_by_nonresponse or (s.level is ResponseLevel.NON_RESPONSE and not s.in_series)
        ),
        _STOP,
        (_STOP, _SWITCH),
        "No response: refer for ECT, TMS or other treatment, write to the primary provider",
    ),
    Row(
        6,
        "response_poor_iv",
        lambda s: s.responded and s.facts.tolerability is Tolerability.POOR_IV,
        _SWITCH,
        (_SWITCH, _TAPER, _STOP),
        "Response, but infusions are badly borne: the spray, where it can be given",
    ),
    Row(
        7,
        "response_prefers_spray",
        lambda s: s.responded and s.good and s.facts.prefers_spray,
        _SWITCH,
        (_SWITCH, _TAPER, _MAINTAIN, _STOP),
        "Response, and insured or home-town care is wanted: the spray, or transfer",
    ),
    Row(
        9,
        "maintenance_long",
        lambda s: s.responded and s.good and s.long_in_maintenance,
        _MAINTAIN,
        (_MAINTAIN, _TAPER, _SWITCH, _STOP),
        "Response held for over six months of maintenance: try wider spacing",
    ),
    Row(
        17,
        "maintenance_holds",
        lambda s: s.responded and s.good and s.in_maintenance,
        _MAINTAIN,
        (_MAINTAIN, _TAPER, _SWITCH, _STOP),
        "Response holds on maintenance: go on, look again in three months",
        "7.4",
    ),
    Row(
        1,
        "remission_unfinished",
        lambda s: s.level is _REMISSION and s.good and s.in_series and s.series_unfinished,
        _EXTEND,
        (_EXTEND, _TAPER, _MAINTAIN, _STOP),
        "Remission before the series is done: finish it unless patient or tolerability objects",
    ),
    Row(
        1,
        "remission",
        lambda s: s.level is _REMISSION and s.good,
        _TAPER,
        (_TAPER, _MAINTAIN, _SWITCH, _STOP),
        "Remission: taper, then stop or maintain",
    ),
    Row(
        2,
        "response_improving",
        lambda s: s.responded and s.good and s.in_series and s.improving and s.acute_left,
        _EXTEND,
        (_EXTEND, _TAPER, _MAINTAIN, _SWITCH, _STOP),
        "Response that is still improving: one or two more infusions",
    ),
    Row(
        2,
        "response",
        lambda s: s.responded and s.good,
        _TAPER,
        (_TAPER, _MAINTAIN, _EXTEND, _SWITCH, _STOP),
        "Response that no longer improves: taper or maintain",
    ),
    Row(
        3,
        "partial_titrate",
        lambda s: (
            s.level is _PARTIAL
            and s.good
            and s.in_series
            and s.facts.titration_left
            and s.acute_left
        ),
        _EXTEND,
        (_EXTEND, _MAINTAIN, _SWITCH, _STOP),
        "Partial response, the dose may rise: titrate, two more infusions, look again",
    ),
    Row(
        4,
        "partial",
        lambda s: s.level is _PARTIAL,
        None,
        (_MAINTAIN, _SWITCH, _STOP),
        "Partial response, nothing left to titrate: a trial of maintenance, spray, or refer",
        trial=True,
    ),
    Row(
        18,
        "too_early",
        lambda s: s.in_series and s.acute_left and s.level is ResponseLevel.NON_RESPONSE,
        _EXTEND,
        (_EXTEND, _SWITCH, _STOP),
        "No response yet and the series is not done: go on, titrate where allowed",
        "7.1, 7.2 S1",
    ),
    Row(
        19,
        "shared_decision",
        lambda _: True,
        None,
        (_TAPER, _MAINTAIN, _SWITCH, _STOP),
        "No row fits, as when treatment is badly borne: a shared decision",
    ),
)
