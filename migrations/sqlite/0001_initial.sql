-- Types are TEXT and BIGINT alone, so that every statement is the same on PostgreSQL. Times are microseconds since 1970, UTC;
-- truth values are 0 and 1.

-- One row per cycle: the outcome without its findings.
CREATE TABLE scans (
    id          TEXT   NOT NULL PRIMARY KEY,
    started_at  BIGINT NOT NULL,
    finished_at BIGINT NOT NULL,
    complete    BIGINT NOT NULL,
    body        TEXT   NOT NULL
);
CREATE INDEX scans_by_time ON scans (finished_at);

-- Sources of desired state, as they were last read.
CREATE TABLE sources (
    name          TEXT   NOT NULL PRIMARY KEY,
    location      TEXT   NOT NULL,
    serial        BIGINT,
    lineage       TEXT,
    stamp         TEXT,
    last_read     BIGINT NOT NULL,
    first_compared BIGINT,
    last_compared BIGINT
);

-- When a kind was last looked at in a scope, as a whole.
CREATE TABLE coverage (
    account      TEXT   NOT NULL,
    region       TEXT   NOT NULL,
    kind         TEXT   NOT NULL,
    looked_at    BIGINT NOT NULL,
    complete_at  BIGINT,
    unmanaged_at BIGINT,
    scan_id      TEXT   NOT NULL,
    PRIMARY KEY (account, region, kind)
);

-- Findings as they are now. `finding` and `life` are the whole; the columns are what is searched by.
CREATE TABLE findings (
    id            TEXT   NOT NULL PRIMARY KEY,
    finding_key   TEXT   NOT NULL,
    revision      BIGINT NOT NULL,
    state         TEXT   NOT NULL,
    severity      TEXT   NOT NULL,
    severity_rank BIGINT NOT NULL,
    drift         TEXT   NOT NULL,
    kind          TEXT   NOT NULL,
    account       TEXT   NOT NULL,
    region        TEXT   NOT NULL,
    source        TEXT,
    fingerprint   TEXT   NOT NULL,
    first_seen    BIGINT NOT NULL,
    last_seen     BIGINT NOT NULL,
    state_since   BIGINT NOT NULL,
    expires_at    BIGINT,
    finding       TEXT   NOT NULL,
    life          TEXT   NOT NULL
);
CREATE INDEX findings_by_scope ON findings (account, region, kind);
CREATE INDEX findings_by_source ON findings (source);
CREATE INDEX findings_by_state ON findings (state, severity_rank);
CREATE INDEX findings_by_expiry ON findings (expires_at) WHERE expires_at IS NOT NULL;

-- Every step of every finding; only ever appended to.
CREATE TABLE history (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    finding_id TEXT    NOT NULL,
    at         BIGINT  NOT NULL,
    transition TEXT    NOT NULL,
    body       TEXT    NOT NULL
);
CREATE INDEX history_by_finding ON history (finding_id, id);
CREATE INDEX history_by_time ON history (at);

-- CloudTrail events as evidence, redacted before they come here.
CREATE TABLE events (
    id         TEXT   NOT NULL PRIMARY KEY,
    time       BIGINT NOT NULL,
    name       TEXT   NOT NULL,
    source     TEXT   NOT NULL,
    account    TEXT   NOT NULL,
    region     TEXT   NOT NULL,
    actor      TEXT   NOT NULL,
    error_code TEXT,
    record     TEXT   NOT NULL
);
CREATE INDEX events_by_time ON events (time);
CREATE TABLE event_resources (
    event_id TEXT NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    resource TEXT NOT NULL,
    PRIMARY KEY (event_id, resource)
);
CREATE INDEX event_resources_by_resource ON event_resources (resource);

-- What may have changed and is to be read again, once for each resource, however many events tell of it.
CREATE TABLE marks (
    mark_key     TEXT   NOT NULL PRIMARY KEY,
    account      TEXT   NOT NULL,
    region       TEXT   NOT NULL,
    kind         TEXT   NOT NULL,
    resource_id  TEXT,
    address      TEXT,
    not_before   BIGINT NOT NULL,
    newest_event BIGINT NOT NULL,
    event_id     TEXT,
    generation   BIGINT NOT NULL,
    lease_owner  TEXT,
    lease_until  BIGINT,
    token        BIGINT NOT NULL
);
CREATE INDEX marks_by_time ON marks (not_before);

-- The queue. An id is never used twice, so that id and token name one lease for ever.
CREATE TABLE jobs (
    id           INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    job_key      TEXT    NOT NULL UNIQUE,
    kind         TEXT    NOT NULL,
    queue        TEXT,
    payload      TEXT    NOT NULL,
    priority     BIGINT  NOT NULL,
    state        TEXT    NOT NULL,
    run_at       BIGINT  NOT NULL,
    rerun_at     BIGINT,
    attempts     BIGINT  NOT NULL,
    max_attempts BIGINT  NOT NULL,
    lease_owner  TEXT,
    lease_until  BIGINT,
    token        BIGINT  NOT NULL,
    last_error   TEXT
);
CREATE INDEX jobs_by_time ON jobs (kind, state, run_at);
-- Jobs of one queue run one after the other.
CREATE UNIQUE INDEX jobs_running ON jobs (queue) WHERE lease_owner IS NOT NULL;

-- What receivers are to be told: the outbox.
CREATE TABLE notices (
    id          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    receiver    TEXT    NOT NULL,
    dedupe_key  TEXT    NOT NULL UNIQUE,
    payload     TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    attempts    BIGINT  NOT NULL,
    next_try    BIGINT  NOT NULL,
    lease_until BIGINT,
    token       BIGINT  NOT NULL,
    last_error  TEXT,
    created_at  BIGINT  NOT NULL,
    finished_at BIGINT
);
CREATE INDEX notices_by_time ON notices (receiver, state, next_try);

-- Fixes that were proposed, each for one content of a finding.
CREATE TABLE proposals (
    finding_id  TEXT   NOT NULL,
    finding_key TEXT   NOT NULL,
    fingerprint TEXT   NOT NULL,
    state       TEXT   NOT NULL,
    url         TEXT,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    PRIMARY KEY (finding_id, fingerprint)
);

-- Who did what with driftd, and what driftd did.
CREATE TABLE audit (
    id      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at      BIGINT  NOT NULL,
    actor   TEXT    NOT NULL,
    action  TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    detail  TEXT    NOT NULL
);
CREATE INDEX audit_by_time ON audit (at);

-- How far something was read: the position of an event source.
CREATE TABLE cursors (
    name       TEXT   NOT NULL PRIMARY KEY,
    value      TEXT   NOT NULL,
    updated_at BIGINT NOT NULL
);
