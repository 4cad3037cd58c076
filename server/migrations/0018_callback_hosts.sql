-- How the callbacks of an agent answered lately at one host and port. Of an agent, because others
-- may share the host, and must neither profit nor suffer from how it answers this one.
CREATE TABLE callback_host (
    agent_id     TEXT   NOT NULL REFERENCES agent (id),
    host         TEXT   NOT NULL,
    -- Calls in a row that were not answered, less by half for each answer.
    failures     BIGINT NOT NULL,
    -- 1 if the last call was answered, and promptly.
    is_prompt    BIGINT NOT NULL,
    called_at_ms BIGINT NOT NULL,
    PRIMARY KEY (agent_id, host)
);
CREATE INDEX callback_host_by_time ON callback_host (called_at_ms);

-- The places that a job may take when it runs: 0 those of all ordinary work, 1 the few for hosts
-- that were not called yet, 2 the same for agents of which several hosts do not answer, 3 the few
-- for hosts that do not answer.
ALTER TABLE job ADD COLUMN pool BIGINT NOT NULL DEFAULT 0;
DROP INDEX job_by_due;
CREATE INDEX job_by_due ON job (pool, due_at_ms) WHERE state = 'waiting';
CREATE INDEX job_by_lane ON job (lane, owner) WHERE state = 'waiting' AND pool > 0;
