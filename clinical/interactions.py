"""What other medicines do to ketamine and esketamine, as a table (fact sheet 2.2)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from clinical.formulary import base_drug
from clinical.parameters import Parameters
from schemas.base import Reason
from schemas.screening import Finding, Medicine, Modality, Weight


@dataclass(frozen=True, slots=True)
class Interaction:
    """One class of medicines: what it does, how that weighs, and whether a prescriber must look
    before the dose when it is new (11.14)."""

    drug_class: str
    text: str
    weight: Weight = Weight.NOTE
    review_when_new: bool = False
    source: str = "2.2"


TABLE: tuple[Interaction, ...] = (
    Interaction("benzodiazepine", "May weaken the effect and adds sedation; a prescriber may agree "
                "to hold it for 12 to 24 h before the dose; never stop abruptly.",
                review_when_new=True, source="2.2 [V:R42]"),
    Interaction("z_drug", "Adds sedation: monitor closely.", review_when_new=True,
                source="label 7.1"),
    Interaction("opioid", "Sedation and slow breathing: monitor closely.", review_when_new=True,
                source="label 7.1"),
    Interaction("cns_depressant", "Adds sedation: monitor closely.", review_when_new=True,
                source="label 7.1"),
    Interaction("stimulant", "Raises blood pressure: hold the same day's dose.",
                review_when_new=True, source="label 7.2"),
    Interaction("maoi", "Raises blood pressure: monitor closely.", review_when_new=True,
                source="label 7.3"),
    Interaction("lamotrigine", "May weaken the effect: time it away from the session."),
    Interaction("lithium", "None significant reported: renal and thyroid tests as usual."),
    Interaction("antipsychotic", "Low-quality evidence of interaction."),
    Interaction("cyp_inhibitor", "Exposure up: prescriber reviews.", review_when_new=True),
    Interaction("cyp_inducer", "Exposure down: prescriber reviews.", review_when_new=True),
    Interaction("theophylline", "Lowers the seizure threshold.", Weight.RELATIVE,
                review_when_new=True, source="Ketalar section 7"),
    Interaction("sympathomimetic", "Raises blood pressure and heart rate.", review_when_new=True,
                source="Ketalar section 7"),
    Interaction("thyroid_hormone", "In excess raises blood pressure and heart rate."),
    Interaction("opioid_antagonist", "May blunt the effect: do not stop it.", source="2.2 [K-]"),
    Interaction("nasal_corticosteroid", "Spray days: give at least 1 h before.", source="5.3"),
    Interaction("nasal_decongestant", "Spray days: give at least 1 h before.", source="5.3"),
    Interaction("antidepressant", "Continue; flag when started or changed in the last 4 weeks."),
    Interaction("qt_prolonging", "ECG valid for a shorter time.", source="2.3"),
    Interaction("ketamine", "Ketamine from elsewhere: reconcile first.", Weight.RELATIVE,
                review_when_new=True, source="11.36"),
)  # fmt: skip

BY_CLASS: Mapping[str, Interaction] = MappingProxyType({row.drug_class: row for row in TABLE})

CLASS_OF: Mapping[str, str] = MappingProxyType(
    {
        name: drug_class
        for drug_class, names in {
            "benzodiazepine": "alprazolam clonazepam diazepam lorazepam temazepam oxazepam",
            "z_drug": "zolpidem zopiclone eszopiclone zaleplon",
            "opioid": "morphine oxycodone hydrocodone fentanyl tramadol methadone buprenorphine",
            "cns_depressant": "pregabalin gabapentin phenobarbital carisoprodol alcohol",
            "stimulant": "amphetamine dextroamphetamine methylphenidate lisdexamfetamine "
            "modafinil armodafinil",
            "maoi": "phenelzine tranylcypromine selegiline isocarboxazid",
            "lamotrigine": "lamotrigine",
            "lithium": "lithium",
            "antipsychotic": "clozapine risperidone haloperidol",
            "cyp_inhibitor": "clarithromycin ketoconazole ritonavir",
            "cyp_inducer": "rifampin carbamazepine",
            "theophylline": "theophylline aminophylline",
            "sympathomimetic": "pseudoephedrine phenylephrine vasopressin",
            "nasal_decongestant": "oxymetazoline xylometazoline",
            "thyroid_hormone": "levothyroxine liothyronine",
            "opioid_antagonist": "naltrexone",
            "ketamine": "ketamine esketamine",
            "antidepressant": "sertraline fluoxetine paroxetine citalopram escitalopram "
            "venlafaxine desvenlafaxine duloxetine bupropion mirtazapine vortioxetine "
            "vilazodone levomilnacipran nortriptyline amitriptyline",
        }.items()
        for name in names.split()
    }
)
"""Common names by class, for medicines entered by name only."""


def class_of(name: str, stated: str = "other") -> str:
    """The first class of a medicine: as stated, else by its name, else the name itself (2.2)."""
    return classes_of(name, stated)[0]


def classes_of(name: str, stated: str = "other") -> tuple[str, ...]:
    """Every class of a medicine: the stated one and the one that its name tells, with or without
    a release form. A class that is true must not hide one that matters more (2.2)."""
    by_name = CLASS_OF.get(name.lower()) or CLASS_OF.get(base_drug(name))
    known = (stated if stated in BY_CLASS else None, by_name)
    return tuple(dict.fromkeys(found for found in known if found)) or (name.lower(),)


def judge_interactions(
    medicines: Iterable[Medicine],
    modality: Modality,
    parameters: Parameters,
    *,
    dosing_on: date | None = None,
) -> tuple[Finding, ...]:
    """Every interaction of the medicines taken now (2.2). Benzodiazepines above the alert (mg a
    day of lorazepam equivalent, all of them together; unknown counts as above) need a decision.
    An antidepressant changed within four weeks before `dosing_on` is flagged."""
    found: dict[str, Finding] = {}
    lorazepam_mg = 0.0
    dose_unknown = False
    for medicine, row in _rows(medicines):
        if row.drug_class == "benzodiazepine":
            lorazepam_mg += medicine.lorazepam_equivalent_mg_per_day or 0
            dose_unknown |= medicine.lorazepam_equivalent_mg_per_day is None
        found.setdefault(row.drug_class, _finding(row, modality, medicine.name))
        if row.drug_class == "antidepressant" and _unsettled(medicine, dosing_on, parameters):
            found[row.drug_class] = _changed(modality, medicine)
    alert = parameters.number("screen.benzo_alert_lorazepam_eq")
    if "benzodiazepine" in found and (dose_unknown or lorazepam_mg > alert):
        found["benzodiazepine"] = _benzodiazepine(modality, lorazepam_mg, alert, dose_unknown)
    return tuple(found.values())


def medicines_to_review(names: Iterable[str], modality: Modality) -> tuple[str, ...]:
    """Which new medicines (by name or class) a prescriber must look at before the dose; one that
    no table knows is looked at too. Nasal medicines have their own gap on spray days (2.2,
    11.14)."""
    del modality
    return tuple(name for name in names if _review_when_new(name))


def _rows(medicines: Iterable[Medicine]) -> Iterator[tuple[Medicine, Interaction]]:
    """Each medicine with each row of the table that it belongs to."""
    for medicine in medicines:
        for drug_class in classes_of(medicine.name, medicine.drug_class):
            if drug_class in BY_CLASS:
                yield medicine, BY_CLASS[drug_class]


def _review_when_new(name: str) -> bool:
    rows = [BY_CLASS.get(drug_class) for drug_class in classes_of(name, name.lower())]
    return any(row is None or row.review_when_new for row in rows)


def _finding(row: Interaction, modality: Modality, name: str) -> Finding:
    reason = Reason(
        code=f"interaction_{row.drug_class}", text=row.text, fact=name, source=row.source
    )
    return Finding(condition=row.drug_class, modality=modality, weight=row.weight, reason=reason)


def _unsettled(medicine: Medicine, dosing_on: date | None, parameters: Parameters) -> bool:
    """Whether the medicine was started or changed too short before the dose."""
    if dosing_on is None or medicine.changed_on is None:
        return False
    days = (dosing_on - medicine.changed_on).days
    return days < parameters.number("screen.antidepressant_stable")


def _changed(modality: Modality, medicine: Medicine) -> Finding:
    reason = Reason(
        code="antidepressant_changed",
        text="Started or changed in the last weeks: what helps will be hard to tell.",
        fact=f"{medicine.name}, {medicine.changed_on}",
        source="2.2 [V:R64b]",
    )
    return Finding(condition="antidepressant", modality=modality, weight=Weight.NOTE, reason=reason)


def _benzodiazepine(
    modality: Modality, lorazepam_mg: float, alert: float, dose_unknown: bool
) -> Finding:
    known = f"{lorazepam_mg:g} mg a day lorazepam equivalent, alert above {alert:g}"
    reason = Reason(
        code="benzodiazepine_dose",
        text="Benzodiazepine dose needs a physician's decision; never stop it abruptly.",
        fact="dose not stated" if dose_unknown else known,
        source="2.2 [V:R64b]",
    )
    return Finding(
        condition="benzodiazepine", modality=modality, weight=Weight.RELATIVE, reason=reason
    )
