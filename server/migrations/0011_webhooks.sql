-- The order of events. An id is made from a clock before its transaction commits, so a reader that
-- goes by id could pass an event that is not there yet. `position` is given to committed events
-- only, one after another, under the lock of the agent's head: see store/outbox.rs.
ALTER TABLE event ADD COLUMN position BIGINT;
-- The version that the task had after the move, which orders the events of one task.
ALTER TABLE event ADD COLUMN task_version BIGINT NOT NULL DEFAULT 0;
-- What the Guardian had said by then, as JSON.
ALTER TABLE event ADD COLUMN guardian_result TEXT;

CREATE TABLE event_head (
    agent_id TEXT   PRIMARY KEY REFERENCES agent (id),
    -- The position given last; 0 before the first.
    placed   BIGINT NOT NULL
);

DROP INDEX event_by_agent;
CREATE UNIQUE INDEX event_by_position ON event (agent_id, position) WHERE position IS NOT NULL;
CREATE INDEX event_unplaced ON event (agent_id, id) WHERE position IS NULL;

-- Jobs that must not crowd out others share a lane, of which few run at a time; '' is no lane.
ALTER TABLE job ADD COLUMN lane TEXT NOT NULL DEFAULT '';

-- What is to be told to a callback: written in the transaction of the move, with the job that
-- sends it. The body stays as it was, so every repetition sends the same bytes.
CREATE TABLE delivery (
    id              TEXT   PRIMARY KEY,
    event_id        TEXT   NOT NULL REFERENCES event (id),
    task_id         TEXT   NOT NULL REFERENCES task (id),
    agent_id        TEXT   NOT NULL REFERENCES agent (id),
    event_name      TEXT   NOT NULL,
    url             TEXT   NOT NULL,
    body            TEXT   NOT NULL,
    state           TEXT   NOT NULL
        CHECK (state IN ('PENDING', 'DELIVERED', 'FAILED', 'DISABLED')),
    -- Attempts since it was written, or since it was last asked for again.
    tries           BIGINT NOT NULL,
    -- 1 once somebody asked for it again: then it is sent to a disabled endpoint too.
    asked_again     BIGINT NOT NULL,
    created_at_ms   BIGINT NOT NULL,
    -- When it is tried next, while it is PENDING.
    due_at_ms       BIGINT,
    delivered_at_ms BIGINT
);
CREATE INDEX delivery_by_task ON delivery (task_id, id);
CREATE INDEX delivery_by_agent ON delivery (agent_id, id);

CREATE TABLE delivery_attempt (
    delivery_id TEXT   NOT NULL REFERENCES delivery (id),
    number      BIGINT NOT NULL,
    at_ms       BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL,
    -- The HTTP status, if there was an answer.
    status      BIGINT,
    -- The first characters of the answer, or why there was none.
    answer      TEXT,
    error       TEXT,
    PRIMARY KEY (delivery_id, number)
);

-- Callbacks that answered 410 Gone. A delivery that was asked for again and arrives removes one.
CREATE TABLE disabled_endpoint (
    agent_id       TEXT   NOT NULL REFERENCES agent (id),
    url            TEXT   NOT NULL,
    disabled_at_ms BIGINT NOT NULL,
    PRIMARY KEY (agent_id, url)
);
