-- Work that waits, written by the transaction that caused it. The key is the job itself, so the
-- same work is never queued twice. A claimed job is due again when its lease ends; `turn` tells
-- one claim from the next. What was done is gone; what failed for good stays to be looked at.
CREATE TABLE job (
    payload      TEXT   PRIMARY KEY,
    kind         TEXT   NOT NULL,
    state        TEXT   NOT NULL CHECK (state IN ('waiting', 'failed')),
    due_at_ms    BIGINT NOT NULL,
    turn         BIGINT NOT NULL,
    attempts     BIGINT NOT NULL,
    last_error   TEXT   NOT NULL
);
CREATE INDEX job_by_due ON job (due_at_ms) WHERE state = 'waiting';

-- What happened, in order: ids sort by creation. Written in the transaction of the move.
CREATE TABLE event (
    id              TEXT PRIMARY KEY,
    task_id         TEXT NOT NULL REFERENCES task (id),
    agent_id        TEXT NOT NULL REFERENCES agent (id),
    name            TEXT NOT NULL,
    previous_status TEXT,
    status          TEXT NOT NULL,
    at_ms           BIGINT NOT NULL
);

CREATE INDEX event_by_task ON event (task_id, id);
CREATE INDEX event_by_agent ON event (agent_id, id);
