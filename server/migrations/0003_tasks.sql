-- Tasks. The status is written by store/moves.rs alone.

CREATE TABLE task (
    id              TEXT PRIMARY KEY,
    agent_id        TEXT NOT NULL REFERENCES agent (id),
    operator_id     TEXT REFERENCES operator (id),
    status          TEXT NOT NULL,
    -- Counts the moves: of two at once, one finds another version and comes too late.
    version         BIGINT NOT NULL,
    -- What the agent stated, as JSON; the columns below it are copies that lists search by.
    stated          TEXT NOT NULL,
    task_type       TEXT NOT NULL,
    external_id     TEXT,
    reward_micros   BIGINT NOT NULL CHECK (reward_micros > 0),
    deadline_ms     BIGINT NOT NULL,
    fee_micros      BIGINT NOT NULL CHECK (fee_micros >= 0),
    -- The Guardian's result on the latest proof, as JSON.
    guardian_result TEXT,
    -- Why the agent rejected that proof, as JSON.
    rejection       TEXT,
    created_at_ms   BIGINT NOT NULL,
    accepted_at_ms  BIGINT,
    submitted_at_ms BIGINT,
    verified_at_ms  BIGINT,
    completed_at_ms BIGINT,
    cancelled_at_ms BIGINT
);

-- Ids sort by creation, so they are the order of every list, and its cursor.
CREATE INDEX task_by_agent ON task (agent_id, id);
CREATE INDEX task_by_operator ON task (operator_id, id) WHERE operator_id IS NOT NULL;
CREATE INDEX task_open ON task (id) WHERE status = 'PENDING';
