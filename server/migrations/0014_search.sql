-- Finding what is near. A cell is a hundredth of a degree in each direction as one integer
-- (domain/place.rs); a task that can be done anywhere has none.

ALTER TABLE task ADD COLUMN cell BIGINT;

-- With what a search narrows by, so that the index answers it alone.
CREATE INDEX task_open_by_cell ON task (cell, id, task_type, reward_micros, deadline_ms)
    WHERE status = 'PENDING' AND cell IS NOT NULL;
DROP INDEX task_open;
CREATE INDEX task_open ON task (id, task_type, reward_micros, deadline_ms)
    WHERE status = 'PENDING';

-- Where an operator works, by the operator's own word, to a tenth of a degree.
ALTER TABLE operator ADD COLUMN cell BIGINT;

CREATE INDEX operator_by_cell ON operator (cell, id)
    WHERE kyc_status = 'APPROVED' AND cell IS NOT NULL;
