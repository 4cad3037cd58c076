-- What POST /tasks takes beside the first fields, and the sandbox.

-- The least rating of an operator who may see and accept the task, in hundredths of a star.
ALTER TABLE task ADD COLUMN rating_min BIGINT NOT NULL DEFAULT 0;
-- 1 for a simulated task: it moves no money and reaches nobody.
ALTER TABLE task ADD COLUMN sandbox BIGINT NOT NULL DEFAULT 0;

-- The typed result beside the proof, as JSON.
ALTER TABLE proof ADD COLUMN result TEXT;

-- Simulated tasks of a day are counted apart from real ones, and spend nothing.
ALTER TABLE agent_day ADD COLUMN sandbox_tasks BIGINT NOT NULL DEFAULT 0;

-- The operator who does what is simulated. Nobody signs in as it, and it accepts nothing real.
INSERT INTO operator (id, name, email, skills, kyc_status, created_at_ms)
VALUES ('op_00000000000000000000000000', 'Sandbox Operator', 'sandbox@operator.invalid', '[]',
        'REJECTED', 0);
