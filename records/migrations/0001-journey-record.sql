-- The journey record: what happened, for ever, and what the worklists read.

-- Ids are compared byte by byte (COLLATE "C"): faster, and an upgrade of the system's collations
-- cannot silently break an index of the clinical record.

CREATE TABLE chain_heads (
    workflow_id text COLLATE "C" PRIMARY KEY,
    last_sequence bigint NOT NULL DEFAULT 0,
    -- SHA-256 of the last line; all zeros before the first. Kept apart from the lines, so that
    -- lines cut off at the end are missed.
    last_hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
    CONSTRAINT a_hash_is_sha256 CHECK (octet_length(last_hash) = 32)
);

CREATE TABLE journey_events (
    id bigserial PRIMARY KEY,
    workflow_id text COLLATE "C" NOT NULL,
    journey_id text COLLATE "C" NOT NULL,
    clinic text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL,
    kind text NOT NULL,
    at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    actor_id text NOT NULL,
    actor_role text NOT NULL,
    command_id text,
    data jsonb NOT NULL,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL,
    -- Which transaction wrote the line: the outgoing feed shows a line only when no older
    -- transaction is still open. Ids alone are drawn before the commit, so a reader that
    -- remembers the highest id would skip a line that commits late. (After a logical restore into
    -- a new cluster, move its transaction counter past the highest value here first.)
    transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    -- One fact for one sequence: a batch that is retried adds nothing.
    CONSTRAINT a_fact_is_recorded_once UNIQUE (workflow_id, sequence),
    CONSTRAINT sequences_count_from_one CHECK (sequence >= 1),
    CONSTRAINT a_hash_is_sha256
        CHECK (octet_length(previous_hash) = 32 AND octet_length(hash) = 32)
);
CREATE INDEX journey_events_by_journey ON journey_events (journey_id, id);
CREATE INDEX journey_events_in_feed_order ON journey_events (transaction_id, id);

-- The hash of one line: SHA-256 over the hash before it and every column a person relies on,
-- as one JSON array (unambiguous, whatever the values contain). Moments are microseconds since
-- 1970, so that no session's time zone changes them.
CREATE FUNCTION journey_event_hash(
    previous_hash bytea, workflow_id text, journey_id text, clinic text, sequence bigint,
    kind text, at timestamptz, recorded_at timestamptz, actor_id text, actor_role text,
    command_id text, data jsonb
) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS $body$
    SELECT sha256(previous_hash || convert_to(jsonb_build_array(
        workflow_id, journey_id, clinic, sequence, kind,
        (extract(epoch FROM at) * 1000000)::bigint,
        (extract(epoch FROM recorded_at) * 1000000)::bigint,
        actor_id, actor_role, command_id, data
    )::text, 'UTF8'))
$body$;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION 'the clinical record is append-only: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation',
              HINT = 'a mistake is corrected by a new fact that says so';
END
$body$;

CREATE TRIGGER journey_events_are_for_ever
    BEFORE UPDATE OR DELETE OR TRUNCATE ON journey_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The long tail of at-most-once: a workflow forgets old commands, this table does not.
CREATE TABLE commands (
    workflow_id text COLLATE "C" NOT NULL,
    command_id text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL,
    kind text NOT NULL,
    at timestamptz NOT NULL,
    -- The first fact that a command led to stands for it.
    CONSTRAINT a_command_takes_effect_once PRIMARY KEY (workflow_id, command_id)
);

-- Projections: derived from the lines above, rebuilt at any time.

CREATE TABLE journeys (
    journey_id text COLLATE "C" PRIMARY KEY,
    clinic text COLLATE "C" NOT NULL,
    phase text NOT NULL,
    phase_entered_at timestamptz,
    training boolean NOT NULL,
    protocol_version text NOT NULL,
    patient_name text,
    patient_birth_date date,
    awaiting_role text,
    attention boolean NOT NULL DEFAULT false,
    hold_reason text,
    next_action_at timestamptz,
    began_at timestamptz,
    closed boolean NOT NULL DEFAULT false,
    -- The sequence of the newest batch whose card is shown: a late batch changes no card.
    card_sequence bigint NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX journeys_by_clinic_and_phase ON journeys (clinic, phase);
CREATE INDEX journeys_by_next_action
    ON journeys ((coalesce(next_action_at, 'infinity'::timestamptz)), journey_id);
CREATE INDEX journeys_that_need_attention ON journeys (clinic) WHERE attention;

CREATE TABLE tasks (
    task_id text COLLATE "C" PRIMARY KEY,
    workflow_id text COLLATE "C" NOT NULL,
    journey_id text COLLATE "C" NOT NULL,
    session_id text COLLATE "C",
    clinic text COLLATE "C" NOT NULL,
    kind text NOT NULL,
    is_approval boolean NOT NULL,
    key text NOT NULL,
    title text NOT NULL,
    slots text[] NOT NULL,
    still_needed text[] NOT NULL,
    stand_ins text[] NOT NULL DEFAULT '{}',
    owed_to text NOT NULL,
    options text[] NOT NULL,
    evidence jsonb NOT NULL,
    requested_by_id text NOT NULL,
    requested_by_role text NOT NULL,
    requested_at timestamptz NOT NULL,
    opens_at timestamptz,
    due_at timestamptz NOT NULL,
    next_at timestamptz NOT NULL,
    on_expiry text NOT NULL,
    reminded integer NOT NULL,
    escalated integer NOT NULL,
    version integer NOT NULL,
    status text NOT NULL,
    votes jsonb NOT NULL,
    closed_at timestamptz,
    -- What has ended says when; what waits has no end. Lists rest on either.
    CONSTRAINT a_closed_task_has_its_moment CHECK ((status = 'pending') = (closed_at IS NULL))
);
CREATE INDEX tasks_pending_by_clinic ON tasks (clinic, due_at) WHERE status = 'pending';
CREATE INDEX tasks_pending_by_owner ON tasks (owed_to, due_at) WHERE status = 'pending';
CREATE INDEX tasks_pending_in_order ON tasks (due_at, task_id) WHERE status = 'pending';
CREATE INDEX tasks_by_journey ON tasks (journey_id, requested_at);

-- A session is told of by two workflows, its own and its journey's; either may be recorded first,
-- so what only the journey knows (modality, number, appointment) may still be missing.
CREATE TABLE sessions (
    session_id text COLLATE "C" PRIMARY KEY,
    journey_id text COLLATE "C" NOT NULL,
    clinic text COLLATE "C" NOT NULL,
    modality text,
    number integer,
    attempt integer,
    scheduled_at timestamptz,
    phase text NOT NULL DEFAULT 'BOOKED',
    outcome text,
    ordered_mg double precision,
    drawn_mg double precision,
    delivered_mg double precision,
    weight_kg double precision,
    lot text,
    checked_in_at timestamptz,
    dosed_at timestamptz,
    last_reading_at timestamptz,
    last_vitals jsonb,
    ended_at timestamptz,
    lost_at timestamptz,
    result jsonb,
    CONSTRAINT an_ended_session_has_its_result CHECK ((ended_at IS NULL) = (result IS NULL))
);
CREATE INDEX sessions_by_journey ON sessions (journey_id, number);
CREATE INDEX sessions_by_day ON sessions (clinic, scheduled_at);

CREATE TABLE assessments (
    workflow_id text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL,
    ordinal integer NOT NULL,
    journey_id text COLLATE "C" NOT NULL,
    clinic text COLLATE "C" NOT NULL,
    instrument text NOT NULL,
    total double precision NOT NULL,
    suicidality integer,
    taken_at timestamptz NOT NULL,
    -- One answer of one fact is one row, however often the fact is read.
    CONSTRAINT an_assessment_is_recorded_once PRIMARY KEY (workflow_id, sequence, ordinal)
);
CREATE INDEX assessments_by_journey ON assessments (journey_id, instrument, taken_at);

-- Deliveries are no projection: the notifications queue writes them and nothing rebuilds them.
CREATE TABLE notifications (
    workflow_id text COLLATE "C" NOT NULL,
    occurrence text COLLATE "C" NOT NULL,
    journey_id text COLLATE "C" NOT NULL,
    clinic text COLLATE "C" NOT NULL,
    template text NOT NULL,
    channel text NOT NULL,
    kind text NOT NULL,
    recipient_role text,
    address text,
    status text NOT NULL,
    attempts integer NOT NULL DEFAULT 1,
    provider_id text,
    claimed_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz,
    -- One row for one occurrence: a retry is not a second message.
    CONSTRAINT an_occurrence_is_told_once PRIMARY KEY (workflow_id, occurrence),
    CONSTRAINT statuses_are_known
        CHECK (status IN ('claimed', 'sent', 'undeliverable', 'unknown', 'deferred')),
    CONSTRAINT what_was_sent_says_when CHECK ((status = 'sent') = (sent_at IS NOT NULL))
);
CREATE INDEX notifications_by_journey ON notifications (journey_id, claimed_at);
