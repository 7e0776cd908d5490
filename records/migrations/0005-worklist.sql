-- The worklist: what people do with a task beside deciding it. The tasks themselves are derived
-- from the record and may be rebuilt; who has one is told by nobody else, so it is kept apart.
-- New tables and indexes only: the release before neither reads nor writes them.
-- depends: 0001-journey-record

CREATE TABLE task_handling (
    task_id text COLLATE "C" PRIMARY KEY,
    -- Counts every act: whoever acts says which one they saw, and only one of two can be right.
    version integer NOT NULL DEFAULT 0,
    -- Since when it waits. Never changed: an edit must not make an old task look new.
    entered_at timestamptz NOT NULL,
    claimed_by text COLLATE "C",
    claimed_at timestamptz,
    assigned_by text COLLATE "C",
    snoozed_until timestamptz,
    snooze_reason text,
    -- 0 critical, 1 high, 2 normal, 3 low.
    raised_rank smallint,
    raise_reason text,
    reminded_at timestamptz,
    changed_by text COLLATE "C",
    changed_at timestamptz,
    CONSTRAINT whoever_has_it_has_it_since CHECK ((claimed_by IS NULL) = (claimed_at IS NULL)),
    CONSTRAINT a_snooze_has_a_reason CHECK ((snoozed_until IS NULL) = (snooze_reason IS NULL)),
    CONSTRAINT a_raise_has_a_reason CHECK ((raised_rank IS NULL) = (raise_reason IS NULL)),
    CONSTRAINT ranks_are_four CHECK (raised_rank BETWEEN 0 AND 3)
);
CREATE INDEX task_handling_snoozed ON task_handling (snoozed_until)
    WHERE snoozed_until IS NOT NULL;
CREATE INDEX task_handling_by_person ON task_handling (claimed_by) WHERE claimed_by IS NOT NULL;

-- One line for each act, for ever.
CREATE TABLE task_acts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task_id text COLLATE "C" NOT NULL,
    clinic text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    act text NOT NULL,
    actor_id text COLLATE "C" NOT NULL,
    actor_role text NOT NULL,
    command_id text COLLATE "C" NOT NULL,
    person text,
    until_at timestamptz,
    rank smallint,
    reason text NOT NULL DEFAULT '',
    at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    -- As in journey_events: what is new is what no older transaction can still precede.
    transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    CONSTRAINT an_act_is_one_version UNIQUE (task_id, version),
    -- A form that is sent twice counts once.
    CONSTRAINT an_act_counts_once UNIQUE (task_id, actor_id, command_id)
);
CREATE INDEX task_acts_in_feed_order ON task_acts (transaction_id);
CREATE TRIGGER task_acts_are_for_ever
    BEFORE UPDATE OR DELETE OR TRUNCATE ON task_acts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE saved_filters (
    filter_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner text COLLATE "C" NOT NULL,
    name text NOT NULL,
    query text NOT NULL,
    -- NULL: the owner's alone.
    shared_with text COLLATE "C",
    saved_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT a_person_names_a_filter_once UNIQUE (owner, name)
);
CREATE INDEX saved_filters_by_clinic ON saved_filters (shared_with) WHERE shared_with IS NOT NULL;

CREATE TABLE absences (
    absence_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person text COLLATE "C" NOT NULL,
    delegate text COLLATE "C" NOT NULL,
    from_at timestamptz NOT NULL,
    until_at timestamptz NOT NULL,
    told_by text COLLATE "C" NOT NULL,
    told_at timestamptz NOT NULL DEFAULT now(),
    -- Where it stands; NULL: everywhere. A colleague's is told for the teller's clinics alone.
    clinics text[] COLLATE "C",
    -- Taken back before its time. Kept: it says who could see whose tasks until when.
    ended_at timestamptz,
    ended_by text COLLATE "C",
    CONSTRAINT somebody_takes_an_absence_back CHECK ((ended_at IS NULL) = (ended_by IS NULL)),
    CONSTRAINT an_absence_ends_after_it_begins CHECK (from_at < until_at),
    CONSTRAINT nobody_stands_in_for_themselves CHECK (person <> delegate)
);
CREATE INDEX absences_by_delegate ON absences (delegate, until_at);
CREATE INDEX absences_by_person ON absences (person, until_at);

-- What the presets of the worklist ask of the tasks.
CREATE INDEX tasks_pending_by_kind ON tasks (kind, due_at, task_id) WHERE status = 'pending';
CREATE INDEX tasks_by_end ON tasks (closed_at DESC, task_id DESC) WHERE closed_at IS NOT NULL;
