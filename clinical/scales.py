"""The rating scales as they are defined: items, their ranges, totals, severity bands.

Clinical fact sheet, section 6.1. These numbers belong to the scales; no clinic changes them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from schemas.reevaluation import Instrument

Bands = tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True)
class Scale:
    """`highest`: the highest answer to each item, the lowest is 0. `bands`: (up to and including,
    name), mildest first. `suicide_item`: place of the instrument's own suicide item, from 0.
    `unscored`: how many further items may follow that do not count."""

    highest: tuple[int, ...]
    total_max: int
    bands: Bands = ()
    suicide_item: int | None = None
    unscored: int = 0
    source: str = ""


SCALES: Mapping[Instrument, Scale] = MappingProxyType(
    {
        Instrument.PHQ9: Scale(
            (3,) * 9,
            27,
            ((4, "none"), (9, "mild"), (14, "moderate"), (19, "moderately_severe"), (27, "severe")),
            suicide_item=8,
            unscored=1,
            source="[V:R44b]",
        ),
        Instrument.MADRS: Scale(
            (6,) * 10,
            60,
            ((6, "none"), (19, "mild"), (34, "moderate"), (60, "severe")),
            suicide_item=9,
            source="[V:R46]",
        ),
        Instrument.QIDS_SR16: Scale(
            (3,) * 16,
            27,
            ((5, "none"), (10, "mild"), (15, "moderate"), (20, "severe"), (27, "very_severe")),
            suicide_item=11,
            source="[V:R44]",
        ),
        Instrument.GAD7: Scale(
            (3,) * 7,
            21,
            ((4, "minimal"), (9, "mild"), (14, "moderate"), (21, "severe")),
            source="Spitzer 2006 [K]",
        ),
        Instrument.C_SSRS: Scale(
            (1,) * 7,
            3,
            ((0, "none"), (1, "low"), (2, "moderate"), (3, "high")),
            source="[V:R45]",
        ),
        Instrument.CADSS: Scale(
            (4,) * 23, 92, ((4, "not_dissociated"), (92, "dissociated")), source="[V:R40]; > 4 [K]"
        ),
        Instrument.CADSS6: Scale((4,) * 6, 24, source="[V:R40]; range [K]"),
        Instrument.MOAA_S: Scale(
            (5,),
            5,
            (
                (0, "no_response"),
                (1, "squeeze_only"),
                (2, "prodding_only"),
                (3, "loud_call_only"),
                (4, "lethargic"),
                (5, "awake"),
            ),
            source="Chernik 1990 [K]",
        ),
        Instrument.ALDRETE: Scale((2,) * 5, 10, source="Aldrete 1995 [K]"),
        Instrument.BPIC_SS: Scale(
            (4,) * 7 + (10,),
            38,
            ((18, "not_significant"), (38, "significant")),
            source="Humphrey 2012 [K]",
        ),
        Instrument.YMRS: Scale((4, 4, 4, 4, 8, 8, 4, 8, 8, 4, 4), 60, source="[V:R24]"),
        Instrument.MOCA: Scale((30,), 30, source="[V:R24]"),
    }
)

QIDS_DOMAINS: tuple[tuple[int, ...], ...] = (
    (0, 1, 2, 3),
    (4,),
    (5, 6, 7, 8),
    (9,),
    (10,),
    (11,),
    (12,),
    (13,),
    (14, 15),
)
"""The nine domains of the QIDS-SR16 as places from 0; each counts its highest answer [V:R44c]."""

QIDS_EITHER: tuple[tuple[int, int], ...] = ((5, 6), (7, 8))
"""Appetite and weight: the form asks for the decrease or the increase, not both."""

CADSS6_OF_CADSS: tuple[int, ...] = (1, 2, 6, 7, 15, 22)
"""The six items of the CADSS-6, numbered as in the CADSS from 1 [V:R40]."""

SYMPTOM_SCALES: tuple[Instrument, ...] = (
    Instrument.PHQ9,
    Instrument.MADRS,
    Instrument.QIDS_SR16,
)
"""Depression scales, in the order in which a reevaluation prefers them."""

CSSRS_SKIPPED_WITHOUT_THOUGHTS: tuple[int, ...] = (2, 3, 4)
"""C-SSRS questions 3 to 5, asked only when question 2 is yes [V:R45]."""


def band_of(instrument: Instrument, total: float) -> str | None:
    """The severity band of a total, None where the scale has none (6.1)."""
    return next((name for top, name in SCALES[instrument].bands if total <= top), None)
