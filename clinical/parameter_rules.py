"""The numbers that the clinical fact sheet gives in its text rather than in its table.

Same columns as `parameter_table`. Sections are those of the fact sheet.
"""

from clinical.parameter_kind import FIXED, FREE, HIGHER, LOWER, Parameter, row

# One row a line, as the medical director signs it.
# fmt: off
ELIGIBILITY_AND_SCREENING: tuple[Parameter, ...] = (
    row("screen.weight_valid", 7, "days", "[D] section 2.3", LOWER, 1, 7),
    row("screen.cbc_tsh_valid", 365, "days", "[D] section 2.3", LOWER, 1, 365),
    row("screen.hcg_valid_repeat", 28, "days", "[D] section 2.3; trials [V:R64]", LOWER, 1, 28),
    row("screen.antidepressant_stable", 28, "days", "[V:R64b]; [D] section 2.2", FREE, 0, 90),
    row("screen.weight_confirm_pct", 20, "percent", "[D] section 11.13", LOWER, 5, 20, sign=">"),
    row("screen.alcohol_free", 24, "hours", "[D] section 2.2", HIGHER, 24, 168),
    row("consent.maintenance_renewal", 180, "days", "[D] section 3", LOWER, 7, 180),
)

DOSING: tuple[Parameter, ...] = (
    row("iv.weight_basis_bmi", 30, "kg/m2", "[D] section 4.1", FREE, 25, 60, sign=">="),
    row("iv.weight_recompute_kg", 2.5, "kg", "[D] section 4.1", LOWER, 0.5, 2.5, sign=">="),
    row("iv.partial_fraction", 0.25, "ratio", "[D] section 4.1", FREE, 0.1, 0.5, sign=">="),
    row("iv.titration_after", 2, "infusions", "[D] section 4.1", HIGHER, 2, 6, sign=">="),
    row("iv.titration_below_pct", 25, "percent", "[D] section 4.1", LOWER, 10, 25, sign="<"),
    row("iv.titration_moaas_min", 4, "score", "[D] section 4.1", HIGHER, 4, 5, sign=">="),
    row("iv.titrate_down_moaas", 3, "score", "[D] section 4.1", HIGHER, 3, 4, sign="<="),
    row("iv.titrate_down_duration", 60, "min", "[D] section 4.1", FREE, 40, 100),
    row("iv.duration_max", 100, "min", "[V:R35] section 4.1", FREE, 40, 100),
    row("arrival.day_ends", 12, "hours", "[D] checked in, never dosed", FREE, 4, 16),
    row("arrival.recovery_buffer", 30, "min", "[D] section 4.2", FREE, 0, 120),
)

CLINIC_DAY: tuple[Parameter, ...] = (
    row("staff.recovery_per_nurse", 2, "count", "[D] section 1.3 (1:2)", LOWER, 1, 2),
    row("booking.step", 15, "min", "[D] how finely another hour is looked for", FREE, 5, 60),
    row("booking.search_days", 7, "days", "[D] how far another day is looked for", FREE, 1, 28),
)

VITAL_SIGNS: tuple[Parameter, ...] = (
    row("rr.pre_low", 10, "per_min", "[D] section 4.4", HIGHER, 10, 14, sign="<"),
    row("rr.pre_high", 24, "per_min", "[D] section 4.4", LOWER, 18, 24, sign=">"),
    row("temp.pre_high", 38.0, "celsius", "[D] section 4.4", LOWER, 37.0, 38.0, sign=">"),
    row("bp.drop_pct", 30, "percent", "[D] section 4.4", LOWER, 10, 30, sign=">"),
    row("bp.alert_repeat", 5, "min", "[D] section 4.4 (2-5 min)", LOWER, 2, 5),
    row("bp.resume_sys", 160, "mmHg", "[D] section 4.4", LOWER, 110, 160, sign="<"),
    row("bp.resume_dia", 100, "mmHg", "[D] section 4.4", LOWER, 70, 100, sign="<"),
    row("hr.sustained", 5, "min", "[V:R61] weak; [D] section 4.4", LOWER, 1, 5),
    row("spo2.stop_sustained", 30, "s", "[D] section 4.4", LOWER, 0, 30, sign=">"),
    row("distress.settle_within", 5, "min", "[D] section 4.4", LOWER, 1, 5),
    row("iv.slow_to_pct", 50, "percent", "[D] section 4.4 (50-75 % of the rate)", FREE, 25, 75),
    row("iv.vitals_missing_pause", 2, "count", "[D] section 4.3", LOWER, 1, 2),
)

DISCHARGE_AND_AFTER_CARE: tuple[Parameter, ...] = (
    row("dis.hr_max", 100, "bpm", "[D] section 4.6", LOWER, 80, 100, sign="<"),
    row("dis.hr_pct", 20, "percent", "[D] section 4.6", LOWER, 5, 20, sign="<="),
    row("dis.bp_readings", 2, "count", "[D] section 4.6", HIGHER, 2, 6),
    row("dis.spo2_min", 94, "percent", "[D] section 4.6", HIGHER, 94, 99, sign=">="),
    row("dis.spo2_held", 15, "min", "[D] section 4.6", HIGHER, 15, 60),
    row("dis.rr_low", 10, "per_min", "[D] section 4.6", HIGHER, 10, 14, sign=">="),
    row("dis.rr_high", 24, "per_min", "[D] section 4.6", LOWER, 18, 24, sign="<="),
    row("dis.cadss6_delta", 2, "score", "[D] section 4.6", LOWER, 0, 2, sign="<="),
    row("dis.orientation", 4, "score", "[D] section 4.6", FIXED),
    row("after.contact_from", 2, "hours", "[D] section 9", FREE, 1, 6),
    row("after.contact_by", 6, "hours", "[D] section 9", LOWER, 2, 6),
    row("after.attempts_until", 36, "hours", "[D] section 9", LOWER, 30, 36),
    row("after.welfare_check", 48, "hours", "[D] section 9", LOWER, 30, 48),
    row("after.first_dose_call", 72, "hours", "[D] section 9", LOWER, 24, 72),
    row("after.letter", 2, "business_days", "[D] section 9", LOWER, 1, 2),
    row("after.journal_nurse_gaps", 2, "count", "[D] section 9", LOWER, 1, 2),
    row("after.director_ack", 30, "min", "[D] section 9", LOWER, 5, 30),
)

ATTENDANCE: tuple[Parameter, ...] = (
    row("attend.presence", 12, "min", "not left alone [V:seed]; minutes [D]", LOWER, 2, 12),
    row("attend.ladder_step", 3, "min", "[D] section 1.3", LOWER, 1, 3),
    row("order.acknowledge", 2, "min", "[D] section 4.4", LOWER, 1, 2),
    row("ready.looks", (72, 24, 2), "hours", "[D] section 2.3, 4.2", FREE, 1, 336),
    row("ready.escort_confirmed", 24, "hours", "[D] section 4.2", HIGHER, 24, 168, sign="<="),
    row("ready.tell_after", 5, "min", "[D] section 4.2", LOWER, 1, 5),
    row("ready.mood_scale", True, "bool", "[D] PHQ-9 or QIDS at every session, 2.3, 11.41", HIGHER),
    row("ready.vitals_valid", 60, "min", "[D] baseline before the dose, 4.3", LOWER, 10, 60),
    row("dis.closing_page", 60, "min", "[D] section 11.5", HIGHER, 60, 240),
    row("dis.two_signatures", True, "bool", "[D] section 4.6", HIGHER),
)

ADVERSE_EVENTS: tuple[Parameter, ...] = (
    row("rems.pmf_escalate_hour", 18, "hour_of_day", "[D] section 11.24", LOWER, 8, 18),
    row("ae.at_once", 30, "min", "[D] section 8.3", LOWER, 5, 30),
    row("ae.device_report", 10, "business_days", "21 CFR 803 [K] section 8.3", FIXED),
)

SUICIDE_RISK: tuple[Parameter, ...] = (
    row("risk.qids_item12", 2, "score", "[D] section 6.3", LOWER, 1, 2, sign=">="),
    row("risk.no_contact", 60, "min", "[D] section 11.16", LOWER, 15, 60),
    row("risk.madrs_item10", 4, "score", "[D] section 6.3", LOWER, 1, 4, sign=">="),
)

COURSE: tuple[Parameter, ...] = (
    row("instr.clock_skew", 5, "min", "[D] a device clock ahead of ours", FREE, 0, 60),
    row("instr.worsening_phq9", 5, "score", "MCID [K]; [D] section 6.2", FREE, 2, 10, sign=">="),
    row("instr.prorate_missing", 2, "count", "[K] section 6.2", LOWER, 0, 2, sign="<="),
    row("reeval.trend_min", 1, "score", "[D] section 7.3 row 2", FREE, 1, 10, sign=">="),
    row("reeval.missing_hold", 2, "assessments", "[D] section 7.3 row 12", LOWER, 1, 2, sign=">="),
    row("reeval.maintenance_spacing", 180, "days", "[D] section 7.3 row 9", FREE, 30, 365),
    row("noshow.hold_after", 2, "count", "[D] section 11.1", LOWER, 1, 2, sign=">="),
    row("noshow.reoffer_within", 72, "hours", "[D] section 11.1", FREE, 24, 168),
    row("records.answer_within", 30, "days", "[D] section 11.50", LOWER, 1, 30),
    row("hold.review_within", 365, "days", "[D] section 0.4", LOWER, 7, 365, sign=">"),
    row("absence.ask_after", 30, "days", "[D] section 11.49", LOWER, 7, 30, sign=">="),
    row("bp.review_days", 2, "count", "[D] section 11.6", LOWER, 1, 2, sign=">="),
    row("bp.review_window", 7, "days", "[D] section 11.6", HIGHER, 7, 28, sign="<="),
    row("pmhp.replace_within", 14, "days", "[D] section 11.53", LOWER, 1, 14),
    row("gap.induction_restart", 14, "days", "[D] section 5.5", LOWER, 7, 14, sign=">="),
    row("gap.induction_missed_max", 2, "count", "[D] section 5.5", LOWER, 0, 2, sign=">"),
    row("gap.induction_window_max", 6, "weeks", "[D] section 5.5", LOWER, 4, 6, sign=">"),
    row("gap.reassess_intervals", 2, "multiple", "[D] section 5.5", LOWER, 1, 2, sign=">"),
    row("gap.refresh_after", 28, "days", "[D] section 5.5", LOWER, 7, 28, sign=">"),
    row("reeval.extend_sessions", 2, "infusions", "[D] section 7.3 rows 2, 3", LOWER, 1, 2),
    row("stop.safety_sessions", 2, "sessions", "[D] section 7.2 S3", LOWER, 1, 2, sign=">="),
    row("taper.step_backs_max", 2, "count", "[D] section 7.3 row 8", LOWER, 0, 2),
    row("maint.interval_min", 7, "days", "[V:R34] basis; [D]", HIGHER, 7, 42),
    row("maint.interval_max", 42, "days", "[V:R34] basis; [D]", LOWER, 7, 42),
    row("maint.month2_from", 30, "days", "Sanacora 2017 [K]; [D]", FREE, 14, 60),
    row("maint.trial_weeks", 4, "weeks", "[D] section 7.3 row 4", FREE, 1, 12),
    row("relapse.madrs", 22, "score", "SUSTAIN-1 [K]", FREE, 10, 60, sign=">="),
)
# fmt: on

RULES = (
    *ELIGIBILITY_AND_SCREENING, *DOSING, *CLINIC_DAY, *VITAL_SIGNS, *DISCHARGE_AND_AFTER_CARE,
    *ATTENDANCE,
    *ADVERSE_EVENTS, *SUICIDE_RISK, *COURSE,
)  # fmt: skip
