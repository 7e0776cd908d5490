"""The contraindication matrix, as a table: each condition weighed for IV and spray apart.

Fact sheet 2.1. Absolute blocks; relative needs a named physician's decision; a note informs.
"""

# ruff: noqa: E501  one row a line, as the medical director reads it
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from schemas.screening import Modality, Weight

ABS, REL, NOTE = Weight.ABSOLUTE, Weight.RELATIVE, Weight.NOTE


@dataclass(frozen=True, slots=True)
class Contraindication:
    """One row. `spray` / `infusion`: its weight for each; None where it does not apply."""

    condition: str
    spray: Weight | None
    infusion: Weight | None
    text: str
    source: str

    def weight(self, modality: Modality) -> Weight | None:
        """What the condition is under one treatment; None when it is nothing there (2.1)."""
        return self.spray if modality is Modality.ESKETAMINE else self.infusion


# One row a line, as the medical director reads it.
# fmt: off
TABLE: tuple[Contraindication, ...] = (
    Contraindication("aneurysmal_vascular_disease", ABS, ABS, "Aneurysmal vascular disease.", "label sec 4 [V:R06]; IV [D]"),
    Contraindication("arteriovenous_malformation", ABS, ABS, "Arteriovenous malformation.", "label sec 4 [V:R06]; IV [D]"),
    Contraindication("intracerebral_haemorrhage", ABS, ABS, "History of intracerebral haemorrhage.", "label sec 4 [V:R06]; IV [D]"),
    Contraindication("hypersensitivity", ABS, ABS, "Hypersensitivity to ketamine, esketamine or excipient.", "label sec 4 [V:R06]; Ketalar sec 4 [K]"),
    Contraindication("pressure_rise_serious_risk", ABS, ABS, "A rise of blood or intracranial pressure would be a serious risk.", "label [V:R05]; Ketalar [V:R57c]"),
    Contraindication("raised_intracranial_pressure", REL, REL, "Raised intracranial pressure, mass or hydrocephalus without symptoms.", "label [V:R05]; [D]"),
    Contraindication("raised_intracranial_pressure_symptomatic", ABS, ABS, "Raised intracranial pressure with symptoms.", "label [V:R05]; [D]"),
    Contraindication("pregnancy", ABS, ABS, "Pregnancy: may harm the fetus.", "label [V:R06]; trials [V:R24]; 11.8"),
    Contraindication("lactation", REL, REL, "Breastfeeding: do not breastfeed during treatment.", "[V:R67]; [V:R24]"),
    Contraindication("psychosis", REL, ABS, "Psychosis now.", "label warning [V:R02]; trials [V:R24]"),
    Contraindication("schizophrenia", REL, ABS, "Schizophrenia spectrum.", "label warning [V:R02]; trials [V:R24]"),
    Contraindication("bipolar", REL, REL, "Bipolar disorder: mood stabiliser and mania screen.", "[V:R24]; [D]"),
    Contraindication("mania", ABS, ABS, "Mania or hypomania now.", "[D]; YMRS > 5 [V:R24]"),
    Contraindication("dementia", REL, ABS, "Dementia.", "VA [V:R59]"),
    Contraindication("delirium", ABS, ABS, "Delirium.", "VA [V:R59]"),
    Contraindication("substance_use_active", REL, ABS, "Active moderate or severe substance use disorder.", "[V:R02]; VA [V:R59]"),
    Contraindication("ketamine_misuse", REL, ABS, "Ketamine or PCP misuse.", "[V:R02]; VA [V:R59]"),
    Contraindication("positive_drug_screen", REL, ABS, "Positive drug screen, unexplained.", "[V:R02]; VA [V:R59]"),
    Contraindication("alcohol_intoxication", ABS, ABS, "Alcohol intoxication or withdrawal: no session.", "[D]"),
    Contraindication("uncontrolled_hypertension", REL, REL, "Uncontrolled hypertension: hold above the clinic's threshold.", "label [V:R05]; 4.4"),
    Contraindication("myocardial_infarction", REL, REL, "Past myocardial infarction: cardiac consultation.", "[K]; [D]"),
    Contraindication("stroke", REL, REL, "Past stroke or TIA: cardiac consultation.", "[K]; [D]"),
    Contraindication("transient_ischaemic_attack", REL, REL, "Past TIA: cardiac consultation.", "[K]; [D]"),
    Contraindication("unstable_angina", ABS, ABS, "Unstable angina.", "[D]; VA [V:R59]"),
    Contraindication("heart_failure_decompensated", ABS, ABS, "Decompensated heart failure.", "[D]; VA [V:R59]"),
    Contraindication("serious_arrhythmia", ABS, ABS, "Serious arrhythmia.", "[D]; VA [V:R59]"),
    Contraindication("valvular_disease", REL, REL, "Significant valvular disease.", "EU SmPC 4.4 [K]"),
    Contraindication("qt_problem", REL, REL, "QT problem.", "EU SmPC 4.4 [K]"),
    Contraindication("hyperthyroidism", REL, REL, "Inadequately treated hyperthyroidism.", "EU SmPC 4.4 [K]"),
    Contraindication("respiratory_insufficiency", REL, REL, "Significant respiratory insufficiency.", "[V:R02]; [D]"),
    Contraindication("sleep_apnoea_untreated", REL, REL, "Severe sleep apnoea, untreated.", "[V:R02]; [D]"),
    Contraindication("child_pugh_b", NOTE, REL, "Moderate liver disease: longer monitoring.", "label 8.6 [K]"),
    Contraindication("child_pugh_c", ABS, ABS, "Severe liver disease: not recommended.", "label 8.6 [K]; [D]"),
    Contraindication("liver_tests_raised", REL, REL, "ALT or AST above the limit: recheck.", "Ketalar 5.6 [V:R57]; [D]"),
    Contraindication("cystitis", REL, REL, "Cystitis, blood in urine or bladder symptoms: urology.", "label [V:R06]; Ketalar [V:R57]"),
    Contraindication("raised_intraocular_pressure", NOTE, REL, "Raised eye pressure, open globe, acute glaucoma.", "[V:R57]"),
    Contraindication("porphyria", NOTE, REL, "Porphyria.", "[K]"),
    Contraindication("seizure_disorder_unstable", REL, REL, "Unstable seizure disorder.", "[K-]"),
    Contraindication("age_under_18", ABS, ABS, "Younger than 18.", "label [V:R06]; seed"),
    Contraindication("lacks_capacity", ABS, ABS, "Cannot consent.", "[D]"),
    Contraindication("no_escort_possible", ABS, ABS, "No escort can be arranged.", "seed; [V:R03]"),
    Contraindication("weight_outside_range", None, REL, "Weight out of the usual range: a physician sets the dose basis.", "[D]"),
    Contraindication("age_over_soft_limit", NOTE, NOTE, "Older than the trials' patients.", "ELEKT-D [V:R24]"),
    Contraindication("ecg_abnormal", REL, REL, "Abnormal ECG: a physician reads it.", "2.3 [D]"),
    Contraindication("unexplained_prescription", REL, REL, "Prescription monitoring shows something unexplained.", "11.36"),
    Contraindication("hypertension", NOTE, NOTE, "Treated hypertension: watch the pressure.", "label [V:R05]"),
    Contraindication("cardiovascular_disease", NOTE, NOTE, "Cardiovascular disease: the ECG is valid for 90 days.", "2.3 [D]"),
)
# fmt: on

BY_CONDITION: Mapping[str, Contraindication] = MappingProxyType(
    {row.condition: row for row in TABLE}
)

DATED = frozenset({"myocardial_infarction", "stroke", "transient_ischaemic_attack"})
"""Absolute for `screen.mi_stroke_exclusion` after the day, or for ever when it is not known."""

CARDIOVASCULAR = frozenset(
    {
        "myocardial_infarction", "stroke", "unstable_angina", "heart_failure_decompensated",
        "serious_arrhythmia", "valvular_disease", "qt_problem", "uncontrolled_hypertension",
        "hypertension", "cardiovascular_disease", "transient_ischaemic_attack",
    }
)  # fmt: skip
"""With any of these the ECG is valid for `screen.ecg_valid_cv_risk` only."""
