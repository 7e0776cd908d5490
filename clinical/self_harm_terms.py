"""Words of suicide and self-harm in what a patient writes. It only asks a person to read.

Deliberately broad: a needless call is the cheaper mistake. English and Spanish.
"""

import re
import unicodedata

TERMS: tuple[str, ...] = (
    r"suicid\w*",
    r"kill(?:ing)? (?:myself|me)",
    r"(?:end|ending|take|taking) (?:my (?:own )?life|it all)",
    r"(?:want|wanna|wish|hope|ready|going) (?:to |i (?:was |were |could |would )?)?(?:die|dead)",
    r"(?:do not|dont|don t|no longer) want to (?:live|be here|be alive|wake up|exist|go on)",
    r"better off (?:dead|without me)",
    r"(?:no|not any|without) (?:reason|point) (?:to|in) (?:live|living|go on|going on)",
    r"not worth living",
    r"self ?harm\w*",
    r"(?:hurt|harm|cut|hang|shoot|drown|starve)(?:t?ing)? myself",
    r"overdos\w*",
    r"(?:said|saying|say) goodbye to (?:everyone|everybody|my)",
    r"matarme|quitarme la vida|quiero morir(?:me)?|hacerme dano|no quiero vivir|autoles\w*",
)

_PATTERN = re.compile(r"\b(?:" + "|".join(TERMS) + r")\b")


def mentions_self_harm(text: str) -> bool:
    """Whether a text uses any of the terms, whatever its case, accents, spacing or marks."""
    return _PATTERN.search(_plain(text)) is not None


def _plain(text: str) -> str:
    """Lower case, no accents, no apostrophes, one space between words."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(c for c in decomposed if unicodedata.category(c) not in ("Mn", "Cf"))
    kept = re.sub(r"['’`´]", "", kept)
    return " ".join(re.findall(r"\w+", kept))
