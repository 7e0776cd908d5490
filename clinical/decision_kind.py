"""One kind of decision as the medical director's test bench runs it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from clinical.parameters import Parameters

FactsT = TypeVar("FactsT", bound=BaseModel)


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
        """Validate facts given as JSON and decide; malformed facts raise `ValidationError`."""
        return self.decide(self.facts.model_validate_json(text), parameters)

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the facts, units in the descriptions."""
        return self.facts.model_json_schema()
