"""How the story calls the outside and how long one run may grow: every number with its why."""

from datetime import timedelta

from temporalio.common import RetryPolicy

RUN_EVENT_BUDGET = 190
"""Events after which a journey turns to a new run at its next wait. Replay costs about half a
millisecond an event, so a run that a worker has to read again stays near a tenth of a second."""

GROWN_LONG = timedelta(milliseconds=1)
"""A timer of a moment, so that a run's length is known from an event of its own: whatever a worker
is handed together, the story leaves this run at the same place."""

PRESSING_EVENT_BUDGET = 230
"""When messages keep coming so that the desk is never empty: from here on the next run takes the
rest along instead of waiting for it. Leaves room for what is in flight: a run of 260 events
replays in an eighth of a second."""

PHASE_EVENT_BUDGET = 150
"""The same between two phases, where turning over costs nothing but the turning."""

LENGTH_TURN, ERRAND_TURN, SAFETY_TURN, RECORD_TURN = range(6, 10)
MESSAGE_TURN, PLACES_TURN, LETTER_TURN, FORM_TURN, OUTCOME_TURN = range(10, 15)
"""After how many passes each clerk speaks: all after the story, and never two at once. What does
not wait for the record speaks before it; messages, wishes for places and letters wait until it is
done, so that nobody is told what is not on record. Letters and forms, which nobody waits for, come
after them, and how a day ended that nobody heard of comes last."""

STOCK_TURN = 20
"""The same for a question to the drug log, which is asked after all of them, with room between."""

REFUSED_REMEMBERED, REASONS_REMEMBERED = 20, 20
"""Commands to a drug cabinet that were refused only once the log was read, and reasons of each."""

REPORT_AHEAD = timedelta(days=7)
"""A report that the law gives weeks for is listed at once, and people are reminded of it only from
so long before its day."""

FACTS_IN_A_BATCH = 50
"""Facts flushed by one activity; with every text capped this stays far below the payload limit."""

ROUTINE_FACTS = 8
"""Routine facts (a reading in range) wait until so many have gathered, or an urgent one comes."""

LEDGER_ENTRIES = 500
LEDGER_AGE = timedelta(days=90)
"""Commands remembered across runs: the newest of these, and none older; the record in PostgreSQL
keeps the long tail under a unique key."""

DEAD_LETTERS = 20
"""Messages that could not be understood, kept in sight; the count goes on."""

RISKS_REMEMBERED = 40
"""Words of danger from the chair, so that none is raised twice: a day has a few, and is heard of no
more once it has closed."""

NAME_SHOWN = 60
"""How much is shown of a signal's name, which whoever sends it may choose."""

HAND_OVER_PATIENCE = timedelta(minutes=1)
"""A run that has grown long waits so long for what is on its way, and once more for what began
meanwhile; then the next run begins it again. As long as one attempt to tell people may take, so
that only an outside that does not answer is ever cut short; and the story, which stands still
meanwhile, stands for two minutes at most."""

ENVELOPE_BYTES = 256 * 1024
"""A larger signal is not read: it is dead-lettered."""

RECORDS_TIMEOUT = timedelta(seconds=30)
RECORDS_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=500),
    backoff_coefficient=2,
    maximum_interval=timedelta(seconds=10),
    non_retryable_error_types=["PayloadsTooLarge"],
)
"""The record is never given up on; while it is away the journey goes on and facts gather."""

RECORDS_PATIENCE = timedelta(seconds=20)
"""A record that has not answered for so long is away. Somebody at a chair who waits for leave to
start hears so within half a minute (fact sheet 11.25)."""

RECORDS_SILENCE = timedelta(seconds=5)
"""A records worker that says nothing for so long is dead, and another writes in its place: a
patient sits in the chair while the dose log is not on record. A write done twice is one write."""

READINGS_SHOWN = 20
"""Earlier readings that a session shows to whoever judges its monitor's stream: enough for every
rule about time, and little to ask for every few seconds."""

PLACE_HOLD = timedelta(minutes=15)
"""How long a place stays held before its session is booked. Usually that takes a second; what was
held for a booking that never came gives itself back after this."""

NOTIFY_TIMEOUT = timedelta(seconds=60)
NOTIFY_SILENCE = timedelta(seconds=10)
"""The same for messages, about safety too. Longer: one believed dead in error may send a copy."""

NOTIFY_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2,
    maximum_interval=timedelta(minutes=1),
    non_retryable_error_types=["PayloadsTooLarge"],
)

GIVE_UP_AFTER = timedelta(days=3)
"""A message that is not about safety is worth nothing after this; that it was never sent is
put on record. A message about safety is never given up on."""

FORM_TIME = timedelta(hours=1)
"""A form that could not be faxed within this is a person's again: there are days left to send it.
"""

SEEN_DEAD_AFTER = timedelta(seconds=5)
"""A worker that took a treatment day's task and died is noticed after so long, and another takes
it: somebody lies in the chair. A whole day replays in well under a second."""

ASK_AGAIN_AFTER = timedelta(hours=12)
"""A treatment day that a new run adopted and of which nothing was heard so long after its hour:
it is asked again, and looked for on record if it is gone."""

REFUSED_REMEMBERED = 100
"""Commands refused for their signature that are remembered, so that each is on record once. Whoever
sends more of them is on record a hundred times already."""

TROUBLE_PAUSE = timedelta(minutes=1)
"""After an activity failed for good: look again after this pause; a journey never fails for it."""
