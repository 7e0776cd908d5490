-- One active course of treatment for one person, whichever clinics and referrals it came through.
-- New tables only: the release before neither reads nor writes them.
-- depends: 0001-journey-record

-- What people are known by is kept as keyed hashes: neither a row, a log line nor the message of a
-- violated constraint says anything of a patient. The key is made on first use.
CREATE TABLE identity_key (
    the_only_one boolean PRIMARY KEY DEFAULT true,
    key bytea NOT NULL,
    CONSTRAINT there_is_one_key CHECK (the_only_one),
    CONSTRAINT a_key_is_256_bits CHECK (octet_length(key) = 32)
);

-- Whose journeys are known, in the order in which they became so: of two that match, the later one
-- is asked about.
CREATE TABLE people_known (
    journey_id text COLLATE "C" PRIMARY KEY,
    clinic text COLLATE "C" NOT NULL,
    training boolean NOT NULL,
    known_order bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    known_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    claimed_at timestamptz,
    ended_at timestamptz,
    -- The clinic that goes on with the treatment: the course is its to claim.
    transferred_to text COLLATE "C"
);

-- `namesake` is set for as long as the journey has its person's active course, and NULL otherwise.
-- It is 0, and only where people have told two persons of one name apart it counts on. So one rule
-- refuses a second course whoever comes past the lock that is taken before it.
CREATE TABLE identity_marks (
    journey_id text COLLATE "C" NOT NULL REFERENCES people_known,
    mark bytea NOT NULL,
    kind text NOT NULL,
    namesake integer,
    PRIMARY KEY (journey_id, mark),
    CONSTRAINT one_active_course_a_person UNIQUE (mark, namesake),
    CONSTRAINT a_mark_is_a_keyed_hash CHECK (octet_length(mark) = 32),
    CONSTRAINT kinds_are_known
        CHECK (kind IN ('identifier', 'name_and_birth_date', 'contact_and_birth_date')),
    CONSTRAINT namesakes_count_from_zero CHECK (namesake >= 0)
);

-- What people have said of two journeys: about one person, or about two. Derived from their facts.
CREATE TABLE identity_verdicts (
    one text COLLATE "C" NOT NULL,
    other text COLLATE "C" NOT NULL,
    different boolean NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (one, other),
    CONSTRAINT a_pair_is_written_once CHECK (one < other)
);
