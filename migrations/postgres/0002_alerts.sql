-- The same as for SQLite, where each table is explained.
CREATE TABLE alert_groups (
    id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    receiver     TEXT COLLATE "C" NOT NULL,
    occasion     TEXT COLLATE "C" NOT NULL,
    labels       TEXT COLLATE "C" NOT NULL,
    delivery     TEXT COLLATE "C" NOT NULL,
    opened_at    BIGINT  NOT NULL,
    last_news_at BIGINT  NOT NULL,
    joinable     BIGINT  NOT NULL,
    revision     BIGINT  NOT NULL,
    again        BIGINT  NOT NULL,
    due_at       BIGINT,
    escalate_at  BIGINT,
    told         BIGINT  NOT NULL,
    last_told_at BIGINT,
    handle       TEXT COLLATE "C",
    closed_at    BIGINT
);
CREATE UNIQUE INDEX alert_groups_joinable ON alert_groups (receiver, occasion, labels) WHERE joinable = 1;
CREATE INDEX alert_groups_due ON alert_groups (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX alert_groups_escalation ON alert_groups (escalate_at) WHERE escalate_at IS NOT NULL;
CREATE INDEX alert_groups_closed ON alert_groups (closed_at) WHERE closed_at IS NOT NULL;

CREATE TABLE alert_members (
    group_id   BIGINT NOT NULL REFERENCES alert_groups (id) ON DELETE CASCADE,
    finding_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (group_id, finding_id)
);
CREATE INDEX alert_members_by_finding ON alert_members (finding_id);

CREATE TABLE alert_news (
    id       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    group_id BIGINT  NOT NULL REFERENCES alert_groups (id) ON DELETE CASCADE,
    at       BIGINT  NOT NULL,
    body     TEXT COLLATE "C" NOT NULL
);
CREATE INDEX alert_news_by_group ON alert_news (group_id, id);

ALTER TABLE notices ADD COLUMN group_id BIGINT;
CREATE INDEX notices_by_group ON notices (group_id, id);
