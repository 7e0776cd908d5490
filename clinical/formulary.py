"""The lowest daily dose at which each antidepressant counts as an adequate trial.

Clinical fact sheet, section 1.1: label or ATHF-SF minimum for adults with depression [K].
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

MINIMUM_MG_PER_DAY: Mapping[str, float] = MappingProxyType(
    {
        "sertraline": 50,
        "citalopram": 20,
        "escitalopram": 10,
        "fluoxetine": 20,
        "paroxetine": 20,
        "paroxetine_cr": 25,
        "vilazodone": 20,
        "vortioxetine": 10,
        "venlafaxine": 150,
        "desvenlafaxine": 50,
        "duloxetine": 60,
        "levomilnacipran": 40,
        "bupropion": 300,
        "mirtazapine": 15,
        "nortriptyline": 75,
        "amitriptyline": 150,
        "phenelzine": 45,
        "tranylcypromine": 30,
        "selegiline": 6,
    }
)
"""Drug (or drug and release form) -> mg a day; transdermal selegiline in mg per 24 h."""

ADEQUATE_LEVEL_NG_ML: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"nortriptyline": (50, 150)}
)
"""Drug -> the blood level in ng/mL, both ends included, that shows an adequate trial too."""


def level_is_adequate(name: str, level_ng_ml: float | None) -> bool:
    """Whether a blood level in ng/mL makes up for a dose below the lowest adequate one (1.1)."""
    found = ADEQUATE_LEVEL_NG_ML.get(base_drug(name))
    return found is not None and level_ng_ml is not None and found[0] <= level_ng_ml <= found[1]


def base_drug(name: str) -> str:
    """The drug without its release form: `Venlafaxine_XR` and `venlafaxine` are one (1.1)."""
    return _words(name)[0] if _words(name) else ""


def minimum_dose_mg(name: str) -> float | None:
    """The lowest adequate daily dose in mg, None for a drug the formulary does not list (1.1)."""
    words = _words(name)
    for key in ("_".join(words[:2]), base_drug(name)):
        if key in MINIMUM_MG_PER_DAY:
            return MINIMUM_MG_PER_DAY[key]
    return None


@lru_cache(maxsize=1024)
def _words(name: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[a-z0-9]+", name.casefold()))
