-- The clinic day: who sits where when, so that no chair and no nurse is promised twice; and the
-- readings of monitors, kept as evidence.

-- A place is a chair or a nurse. Training has places of its own: nobody rehearsed takes a chair
-- from a patient.
CREATE TABLE places (
    place_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    clinic text COLLATE "C" NOT NULL,
    training boolean NOT NULL,
    kind text NOT NULL,
    name text COLLATE "C" NOT NULL,
    CONSTRAINT a_place_stands_once UNIQUE (clinic, training, kind, name),
    CONSTRAINT kinds_are_known CHECK (kind IN ('chair', 'nurse'))
);

-- One row for one session's stay, from arrival to the end of its recovery buffer. A hold says
-- until when it stands; after that moment it blocks nobody, swept or not.
CREATE TABLE stays (
    session_id text COLLATE "C" PRIMARY KEY,
    journey_id text COLLATE "C" NOT NULL,
    clinic text COLLATE "C" NOT NULL,
    training boolean NOT NULL,
    scheduled_at timestamptz NOT NULL,
    stay tstzrange NOT NULL,
    status text NOT NULL,
    expires_at timestamptz,
    because text,
    CONSTRAINT statuses_are_known CHECK (status IN ('held', 'confirmed', 'released', 'expired')),
    CONSTRAINT only_a_hold_expires CHECK ((status = 'held') = (expires_at IS NOT NULL)),
    CONSTRAINT a_stay_has_two_ends
        CHECK (NOT isempty(stay) AND NOT lower_inf(stay) AND NOT upper_inf(stay))
);
CREATE INDEX stays_by_day ON stays USING gist (stay);
CREATE INDEX stays_that_expire ON stays (clinic, training, expires_at) WHERE status = 'held';

-- What a stay takes up. A place has eight hands, place_id * 8 and the seven after it: caring for
-- one patient takes one of them, sitting in a chair and observing a dose take all eight. So one
-- rule, with ranges only (no extension), says all three: a chair seats one, a nurse cares for as
-- many as the clinic allows, and whoever observes a dose does nothing else meanwhile.
CREATE TABLE bookings (
    session_id text COLLATE "C" NOT NULL REFERENCES stays ON DELETE CASCADE,
    purpose text NOT NULL,
    place_id integer NOT NULL REFERENCES places,
    hands int4range NOT NULL,
    during tstzrange NOT NULL,
    CONSTRAINT purposes_are_known CHECK (purpose IN ('chair', 'care', 'observation')),
    CONSTRAINT hands_are_the_places_own
        CHECK (NOT isempty(hands) AND hands <@ int4range(place_id * 8, place_id * 8 + 8)),
    CONSTRAINT a_booking_has_two_ends
        CHECK (NOT isempty(during) AND NOT lower_inf(during) AND NOT upper_inf(during)),
    CONSTRAINT no_hand_is_promised_twice EXCLUDE USING gist (hands WITH &&, during WITH &&)
);
CREATE INDEX bookings_by_session ON bookings (session_id);

-- What monitors sent, reading by reading: evidence, not decisions. Nothing of a patient but the
-- session's opaque id. Partitioned by the device's time, so that old months are detached in one
-- step; the key leads with the session because that is how it is read.
CREATE TABLE monitor_readings (
    session_id text COLLATE "C" NOT NULL,
    device text COLLATE "C" NOT NULL,
    taken_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    spo2_percent smallint,
    heart_rate_bpm smallint,
    systolic_mmhg smallint,
    diastolic_mmhg smallint,
    respiratory_rate_per_min smallint,
    temperature_c real,
    -- A device that sends a reading again sends the same reading.
    CONSTRAINT a_reading_counts_once PRIMARY KEY (session_id, device, taken_at)
) PARTITION BY RANGE (taken_at);
CREATE TABLE monitor_readings_rest PARTITION OF monitor_readings DEFAULT;
