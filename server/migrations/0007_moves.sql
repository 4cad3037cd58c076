-- What the whole table of moves needs of a task, and beside it: disputes, messages, ratings.

-- When the clock makes the next move, if nobody does before; its job waits in the table job.
ALTER TABLE task ADD COLUMN due_at_ms BIGINT;
-- How long the operator said that it will take, as JSON.
ALTER TABLE task ADD COLUMN estimate TEXT;
-- What the agent asked to be done better, as JSON.
ALTER TABLE task ADD COLUMN revision TEXT;
-- How the host decided a dispute, as JSON.
ALTER TABLE task ADD COLUMN resolution TEXT;
ALTER TABLE task ADD COLUMN cancel_reason TEXT;
ALTER TABLE task ADD COLUMN settled_at_ms BIGINT;

-- Stars are added up where they are read: an account's mean needs no walk over its tasks.
ALTER TABLE operator ADD COLUMN stars_sum BIGINT NOT NULL DEFAULT 0;
ALTER TABLE operator ADD COLUMN stars_count BIGINT NOT NULL DEFAULT 0;
ALTER TABLE agent ADD COLUMN stars_sum BIGINT NOT NULL DEFAULT 0;
ALTER TABLE agent ADD COLUMN stars_count BIGINT NOT NULL DEFAULT 0;

CREATE TABLE dispute (
    id             TEXT PRIMARY KEY,
    task_id        TEXT NOT NULL REFERENCES task (id),
    opened_by      TEXT NOT NULL,
    reason         TEXT,
    opened_at_ms   BIGINT NOT NULL,
    resolved_at_ms BIGINT,
    outcome        TEXT,
    note           TEXT
);
-- A task has one open dispute at most.
CREATE UNIQUE INDEX dispute_open ON dispute (task_id) WHERE resolved_at_ms IS NULL;
CREATE INDEX dispute_by_task ON dispute (task_id, id);

CREATE TABLE message (
    id                     TEXT PRIMARY KEY,
    task_id                TEXT NOT NULL REFERENCES task (id),
    -- Whose claim it belongs to: the next operator does not read what was written to the last.
    operator_id            TEXT NOT NULL REFERENCES operator (id),
    author                 TEXT NOT NULL CHECK (author IN ('agent', 'operator', 'system')),
    body                   TEXT NOT NULL,
    created_at_ms          BIGINT NOT NULL,
    read_by_agent_at_ms    BIGINT,
    read_by_operator_at_ms BIGINT
);
CREATE INDEX message_by_task ON message (task_id, id);

CREATE TABLE rating (
    task_id     TEXT NOT NULL REFERENCES task (id),
    author      TEXT NOT NULL CHECK (author IN ('agent', 'operator')),
    stars       BIGINT NOT NULL CHECK (stars BETWEEN 1 AND 5),
    comment     TEXT,
    rated_at_ms BIGINT NOT NULL,
    PRIMARY KEY (task_id, author)
);

-- Tasks of before come under the clock too. A claimed one has an hour beyond its deadline; one
-- that was completed is held for seven days, and one in review is released after three.
UPDATE task SET due_at_ms = deadline_ms WHERE status IN ('PENDING', 'ESTIMATE_PENDING');
UPDATE task SET due_at_ms = deadline_ms + 3600000 WHERE status IN ('ACCEPTED', 'IN_PROGRESS');
UPDATE task SET due_at_ms = submitted_at_ms + 900000 WHERE status = 'SUBMITTED';
UPDATE task SET due_at_ms = submitted_at_ms + 259200000 WHERE status = 'MANUAL_REVIEW';
UPDATE task SET due_at_ms = completed_at_ms + 604800000 WHERE status = 'COMPLETED';
INSERT INTO job (payload, kind, state, due_at_ms, turn, attempts, last_error)
SELECT '{"kind":"move_by_clock","task_id":"' || id || '"}', 'move_by_clock', 'waiting', due_at_ms,
       0, 0, ''
FROM task WHERE due_at_ms IS NOT NULL;
