"""`journey decide` from the command line: another protocol, another answer; units in the schema."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import cli
from clinical.decisions import DECISIONS

EXAMPLES = Path(__file__).parents[2] / "examples" / "decisions"


def decide(kind: str, *words: str) -> dict[str, Any]:
    facts = str(EXAMPLES / f"{kind}.json")
    done = CliRunner().invoke(cli.app, ["decide", kind, facts, "--json", *words])
    assert done.exit_code == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize(
    ("kind", "line", "field", "standard", "other"),
    [
        ("eligibility", "elig.failed_trials_min: 3", "outcome", "eligible", "not_eligible"),
        ("dose", "iv.dose_cap_mg: 50 mg", "refused", False, True),
    ],
)
def test_another_protocol_file_changes_the_outcome(  # noqa: PLR0917 - a row of the table
    tmp_path: Path, kind: str, line: str, field: str, standard: object, other: object
) -> None:
    protocol = tmp_path / "harbour.yaml"
    protocol.write_text(f"code: harbour\nversion: h-2\nparameters:\n  {line}\n", encoding="utf-8")

    assert decide(kind)[field] == standard
    assert decide(kind, "--protocol", str(protocol))[field] == other


def test_a_protocol_that_relaxes_safety_decides_nothing(tmp_path: Path) -> None:
    loose = tmp_path / "loose.yaml"
    loose.write_text("code: x\nversion: x-1\nparameters:\n  bp.stop_sys: 220\n", encoding="utf-8")
    facts = str(EXAMPLES / "vitals.json")
    done = CliRunner().invoke(cli.app, ["decide", "vitals", facts, "--protocol", str(loose)])

    assert done.exit_code != 0
    assert "loose.yaml:4: bp.stop_sys" in done.stderr


def numbers(name: str, schema: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(model.field, description) of every number that the schema of a kind takes."""
    models = {name: schema, **schema.get("$defs", {})}
    for model, shape in models.items():
        for field, said in shape.get("properties", {}).items():
            kinds = [said, *said.get("anyOf", [])]
            kinds += [kind["items"] for kind in kinds if isinstance(kind.get("items"), dict)]
            kinds += [inner for kind in kinds for inner in kind.get("anyOf", [])]
            if any(kind.get("type") in ("number", "integer") for kind in kinds):
                told = [kind.get("description", "") for kind in kinds]
                yield f"{model}.{field}", " ".join(told)


@pytest.mark.parametrize("kind", sorted(DECISIONS))
def test_the_schema_says_the_unit_of_every_number(kind: str) -> None:
    done = CliRunner().invoke(cli.app, ["decide", kind, "--schema"])
    schema = json.loads(done.stdout)
    untold = [name for name, described in numbers(kind, schema) if not described.strip()]
    assert untold == []


@pytest.mark.parametrize(
    ("kind", "model", "field", "unit"),
    [
        ("vitals", "VitalSigns", "systolic_mmhg", "mmHg"),
        ("vitals", "VitalSigns", "temperature_c", "degrees Celsius"),
        ("readiness", "OrderDose", "dose_mg", "mg"),
        ("readiness", "OrderDose", "weight_kg", "kg"),
        ("eligibility", "AntidepressantTrial", "max_dose_mg", "mg"),
        ("screening", "Medicine", "lorazepam_equivalent_mg_per_day", "mg a day"),
        ("screening", "Screening", "height_cm", "cm"),
        ("discharge", "Discharge", "aldrete", "points"),
    ],
)
def test_the_unit_is_said_in_words(kind: str, model: str, field: str, unit: str) -> None:
    described = DECISIONS[kind].schema()["$defs"][model]["properties"][field]["description"]
    assert described.endswith(unit)
