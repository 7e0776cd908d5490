"""Papers of a synthetic patient to send by hand with `journey send ID KIND -`."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

from pydantic import BaseModel

from simulator import papers

EXAMPLES: dict[str, Callable[[datetime], dict[str, object]]] = {
    "record_evaluation": lambda now: {"evaluation": _plain(papers.evaluation(now))},
    "record_screening": lambda now: {"screening": _plain(papers.screening(now))},
    "sign_consent": lambda _now: {"form": _plain(papers.consent())},
    "record_scores": lambda now: {"assessments": [_plain(papers.phq9(9, now))]},
    "write_journal": lambda _now: {"mood": 6, "sleep": 5, "energy": 5, "text": "slept better"},
    "hold": lambda now: {
        "reason": "away for three weeks",
        "owner": "care_coordinator",
        "review_on": (now + timedelta(days=21)).date().isoformat(),
    },
    "resume": lambda _now: {"reason": "back, well, wants to go on"},
    "withdraw_consent": lambda _now: {"reason": ""},
    "close_journey": lambda _now: {"reason": "care goes on elsewhere"},
}
"""Command -> its content, dated now; who gives it is added by `journey send`."""


def example(kind: str, now: datetime) -> str:
    """One command's content as JSON. Raises ValueError with the kinds that there are."""
    if kind not in EXAMPLES:
        raise ValueError(f"no example of {kind!r}; there are {', '.join(EXAMPLES)}")
    return json.dumps(EXAMPLES[kind](now), indent=1)


def _plain(value: BaseModel) -> object:
    return value.model_dump(mode="json", exclude_none=True)
