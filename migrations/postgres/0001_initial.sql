-- The same as for SQLite, where each table is explained. Text is compared byte by byte, as SQLite does.

CREATE TABLE scans (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    started_at  BIGINT NOT NULL,
    finished_at BIGINT NOT NULL,
    complete    BIGINT NOT NULL,
    body        TEXT COLLATE "C" NOT NULL
);
CREATE INDEX scans_by_time ON scans (finished_at);

CREATE TABLE sources (
    name          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    location      TEXT COLLATE "C" NOT NULL,
    serial        BIGINT,
    lineage       TEXT COLLATE "C",
    stamp         TEXT COLLATE "C",
    last_read     BIGINT NOT NULL,
    first_compared BIGINT,
    last_compared BIGINT
);

CREATE TABLE coverage (
    account      TEXT COLLATE "C" NOT NULL,
    region       TEXT COLLATE "C" NOT NULL,
    kind         TEXT COLLATE "C" NOT NULL,
    looked_at    BIGINT NOT NULL,
    complete_at  BIGINT,
    unmanaged_at BIGINT,
    scan_id      TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (account, region, kind)
);

CREATE TABLE findings (
    id            TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    finding_key   TEXT COLLATE "C" NOT NULL,
    revision      BIGINT NOT NULL,
    state         TEXT COLLATE "C" NOT NULL,
    severity      TEXT COLLATE "C" NOT NULL,
    severity_rank BIGINT NOT NULL,
    drift         TEXT COLLATE "C" NOT NULL,
    kind          TEXT COLLATE "C" NOT NULL,
    account       TEXT COLLATE "C" NOT NULL,
    region        TEXT COLLATE "C" NOT NULL,
    source        TEXT COLLATE "C",
    fingerprint   TEXT COLLATE "C" NOT NULL,
    first_seen    BIGINT NOT NULL,
    last_seen     BIGINT NOT NULL,
    state_since   BIGINT NOT NULL,
    expires_at    BIGINT,
    finding       TEXT COLLATE "C" NOT NULL,
    life          TEXT COLLATE "C" NOT NULL
);
CREATE INDEX findings_by_scope ON findings (account, region, kind);
CREATE INDEX findings_by_source ON findings (source);
CREATE INDEX findings_by_state ON findings (state, severity_rank);
CREATE INDEX findings_by_expiry ON findings (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE history (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    finding_id TEXT COLLATE "C" NOT NULL,
    at         BIGINT NOT NULL,
    transition TEXT COLLATE "C" NOT NULL,
    body       TEXT COLLATE "C" NOT NULL
);
CREATE INDEX history_by_finding ON history (finding_id, id);
CREATE INDEX history_by_time ON history (at);

CREATE TABLE events (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    time       BIGINT NOT NULL,
    name       TEXT COLLATE "C" NOT NULL,
    source     TEXT COLLATE "C" NOT NULL,
    account    TEXT COLLATE "C" NOT NULL,
    region     TEXT COLLATE "C" NOT NULL,
    actor      TEXT COLLATE "C" NOT NULL,
    error_code TEXT COLLATE "C",
    record     TEXT COLLATE "C" NOT NULL
);
CREATE INDEX events_by_time ON events (time);
CREATE TABLE event_resources (
    event_id TEXT COLLATE "C" NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    resource TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (event_id, resource)
);
CREATE INDEX event_resources_by_resource ON event_resources (resource);

CREATE TABLE marks (
    mark_key     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account      TEXT COLLATE "C" NOT NULL,
    region       TEXT COLLATE "C" NOT NULL,
    kind         TEXT COLLATE "C" NOT NULL,
    resource_id  TEXT COLLATE "C",
    address      TEXT COLLATE "C",
    not_before   BIGINT NOT NULL,
    newest_event BIGINT NOT NULL,
    event_id     TEXT COLLATE "C",
    generation   BIGINT NOT NULL,
    lease_owner  TEXT COLLATE "C",
    lease_until  BIGINT,
    token        BIGINT NOT NULL
);
CREATE INDEX marks_by_time ON marks (not_before);

CREATE TABLE jobs (
    id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_key      TEXT COLLATE "C" NOT NULL UNIQUE,
    kind         TEXT COLLATE "C" NOT NULL,
    queue        TEXT COLLATE "C",
    payload      TEXT COLLATE "C" NOT NULL,
    priority     BIGINT NOT NULL,
    state        TEXT COLLATE "C" NOT NULL,
    run_at       BIGINT NOT NULL,
    rerun_at     BIGINT,
    attempts     BIGINT NOT NULL,
    max_attempts BIGINT NOT NULL,
    lease_owner  TEXT COLLATE "C",
    lease_until  BIGINT,
    token        BIGINT NOT NULL,
    last_error   TEXT COLLATE "C"
);
CREATE INDEX jobs_by_time ON jobs (kind, state, run_at);
CREATE UNIQUE INDEX jobs_running ON jobs (queue) WHERE lease_owner IS NOT NULL;

CREATE TABLE notices (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    receiver    TEXT COLLATE "C" NOT NULL,
    dedupe_key  TEXT COLLATE "C" NOT NULL UNIQUE,
    payload     TEXT COLLATE "C" NOT NULL,
    state       TEXT COLLATE "C" NOT NULL,
    attempts    BIGINT NOT NULL,
    next_try    BIGINT NOT NULL,
    lease_until BIGINT,
    token       BIGINT NOT NULL,
    last_error  TEXT COLLATE "C",
    created_at  BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX notices_by_time ON notices (receiver, state, next_try);

CREATE TABLE proposals (
    finding_id  TEXT COLLATE "C" NOT NULL,
    finding_key TEXT COLLATE "C" NOT NULL,
    fingerprint TEXT COLLATE "C" NOT NULL,
    state       TEXT COLLATE "C" NOT NULL,
    url         TEXT COLLATE "C",
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    PRIMARY KEY (finding_id, fingerprint)
);

CREATE TABLE audit (
    id      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      BIGINT NOT NULL,
    actor   TEXT COLLATE "C" NOT NULL,
    action  TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    detail  TEXT COLLATE "C" NOT NULL
);
CREATE INDEX audit_by_time ON audit (at);

CREATE TABLE cursors (
    name       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value      TEXT COLLATE "C" NOT NULL,
    updated_at BIGINT NOT NULL
);
