-- Finding what is near, and counting what there is without walking over it.

-- A hundredth of a degree in each direction as one integer (domain/place.rs); a task that can be
-- done anywhere has none.
ALTER TABLE task ADD COLUMN cell BIGINT;

-- With what a search narrows by, so that the index answers it alone.
CREATE INDEX task_open_by_cell
    ON task (cell, id, task_type, reward_micros, deadline_ms, rating_min)
    WHERE status = 'PENDING' AND sandbox = 0 AND cell IS NOT NULL;
DROP INDEX task_open;
CREATE INDEX task_open ON task (id, task_type, reward_micros, deadline_ms, rating_min)
    WHERE status = 'PENDING' AND sandbox = 0;
CREATE INDEX task_by_status ON task (agent_id, status, id);
CREATE INDEX task_by_external_id ON task (agent_id, external_id, id)
    WHERE external_id IS NOT NULL;

-- How many tasks an agent has, counted by the transactions that move them.
CREATE TABLE task_tally (
    agent_id  TEXT   NOT NULL REFERENCES agent (id),
    -- 1 for simulated tasks.
    sandbox   BIGINT NOT NULL,
    task_type TEXT   NOT NULL,
    status    TEXT   NOT NULL,
    tasks     BIGINT NOT NULL CHECK (tasks >= 0),
    PRIMARY KEY (agent_id, sandbox, task_type, status)
);
INSERT INTO task_tally (agent_id, sandbox, task_type, status, tasks)
SELECT agent_id, sandbox, task_type, status, COUNT(*) FROM task
GROUP BY agent_id, sandbox, task_type, status;

-- Where an operator works, by the operator's own word, to a tenth of a degree.
ALTER TABLE operator ADD COLUMN cell BIGINT;

CREATE INDEX operator_by_cell ON operator (cell, id)
    WHERE kyc_status = 'APPROVED' AND cell IS NOT NULL;
