"""One kind of decision as the medical director's test bench runs it."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from clinical.parameters import Parameters

FactsT = TypeVar("FactsT", bound=BaseModel)

_UNITS: tuple[tuple[str, str], ...] = (
    ("_mg_per_kg", "mg per kg of body weight"), ("_mg_per_day", "mg a day"), ("_mg", "mg"),
    ("_mmhg", "mmHg"), ("_bpm", "beats a minute"), ("_per_min", "times a minute"),
    ("_percent", "percent"), ("_kg", "kg"), ("_cm", "cm"), ("_c", "degrees Celsius"),
    ("_min", "minutes"), ("_s", "seconds"), ("_days", "days"), ("_weeks", "weeks"),
    ("_years", "years"), ("weeks_at_adequate_dose", "weeks"), ("weeks", "weeks"),
    ("moaas", "points"), ("cadss6", "points"), ("aldrete", "points"), ("orientation", "points"),
    ("items", "points"),
)  # fmt: skip
"""How the name of a number ends, longest first -> its unit; any other number is a count."""


@dataclass(frozen=True)
class DecisionKind(Generic[FactsT]):
    """`name`: the word typed after `journey decide`. `facts`: its input, which carries `now`
    and says the unit of each number. `decide`: the very function the workflows call."""

    name: str
    facts: type[FactsT]
    decide: Callable[[FactsT, Parameters], BaseModel]
    summary: str

    def judge(self, facts: BaseModel, parameters: Parameters) -> BaseModel:
        """Decide on facts already validated as this kind's own model."""
        if not isinstance(facts, self.facts):
            raise TypeError(f"{self.name} decides on {self.facts.__name__}")
        return self.decide(facts, parameters)

    def judge_json(self, text: str | bytes, parameters: Parameters) -> BaseModel:
        """Validate facts given as JSON and decide. Nothing is taken for what it only resembles:
        `true` is no dose of 1 mg, a count of seconds no moment.

        Raises:
            ValueError: a fact is written twice.
            ValidationError: the facts are malformed.
        """
        for name in _repeated(text):
            raise ValueError(f"{name} is written twice")
        return self.decide(self.facts.model_validate_json(text, strict=True), parameters)

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the facts, units in the descriptions."""
        schema = self.facts.model_json_schema()
        for model in (schema, *schema.get("$defs", {}).values()):
            for name, said in model.get("properties", {}).items():
                if _is_number(said) and not _described(said):
                    said["description"] = _unit(name)
        return schema


def _repeated(text: str | bytes) -> tuple[str, ...]:
    """The names that one JSON object carries twice; what is no JSON is judged elsewhere."""
    found: list[str] = []

    def pairs(items: list[tuple[str, object]]) -> None:
        times = Counter(name for name, _ in items)
        found.extend(name for name, count in times.items() if count > 1)

    try:
        json.loads(text, object_pairs_hook=pairs)
    except (ValueError, RecursionError):
        return ()
    return tuple(found)


def _shapes(said: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What a field may be, and what its lists hold."""
    yield said
    for inner in (*said.get("anyOf", ()), said.get("items")):
        if isinstance(inner, dict):
            yield from _shapes(inner)


def _is_number(said: dict[str, Any]) -> bool:
    return any(shape.get("type") in ("number", "integer") for shape in _shapes(said))


def _described(said: dict[str, Any]) -> bool:
    return any(shape.get("description") for shape in _shapes(said))


def _unit(name: str) -> str:
    return next((unit for ending, unit in _UNITS if name.endswith(ending)), "count")
