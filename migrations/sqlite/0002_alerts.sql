-- What is told together to one receiver: one act of a person, a digest, a first look.
CREATE TABLE alert_groups (
    id           INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    receiver     TEXT    NOT NULL,
    -- opened, digest, baseline, escalated, health
    occasion     TEXT    NOT NULL,
    -- What its findings have in common, as JSON with sorted keys.
    labels       TEXT    NOT NULL,
    -- How it is told, as JSON: what the route said when it began.
    delivery     TEXT    NOT NULL,
    opened_at    BIGINT  NOT NULL,
    last_news_at BIGINT  NOT NULL,
    -- Does it take new findings? One group of a receiver and its labels does at a time.
    joinable     BIGINT  NOT NULL,
    -- Counts what was written of it: whoever tells it must have read all of it.
    revision     BIGINT  NOT NULL,
    -- Microseconds between two of its messages, at least.
    again        BIGINT  NOT NULL,
    due_at       BIGINT,
    escalate_at  BIGINT,
    -- Messages that were written; the number of the last one.
    told         BIGINT  NOT NULL,
    last_told_at BIGINT,
    -- What the receiver gave for an earlier message: where its thread is.
    handle       TEXT,
    closed_at    BIGINT
);
CREATE UNIQUE INDEX alert_groups_joinable ON alert_groups (receiver, occasion, labels) WHERE joinable = 1;
CREATE INDEX alert_groups_due ON alert_groups (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX alert_groups_escalation ON alert_groups (escalate_at) WHERE escalate_at IS NOT NULL;
CREATE INDEX alert_groups_closed ON alert_groups (closed_at) WHERE closed_at IS NOT NULL;

-- The findings of a group.
CREATE TABLE alert_members (
    group_id   BIGINT NOT NULL REFERENCES alert_groups (id) ON DELETE CASCADE,
    finding_id TEXT   NOT NULL,
    PRIMARY KEY (group_id, finding_id)
);
CREATE INDEX alert_members_by_finding ON alert_members (finding_id);

-- What is new and not told yet; gone with the notice that tells it.
CREATE TABLE alert_news (
    id       INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    group_id BIGINT  NOT NULL REFERENCES alert_groups (id) ON DELETE CASCADE,
    at       BIGINT  NOT NULL,
    body     TEXT    NOT NULL
);
CREATE INDEX alert_news_by_group ON alert_news (group_id, id);

-- Notices of one group are sent one after the other.
ALTER TABLE notices ADD COLUMN group_id BIGINT;
CREATE INDEX notices_by_group ON notices (group_id, id);
