-- How well an agent is known, what each of its keys may spend, and what a person approves first.

ALTER TABLE agent ADD COLUMN email_verified_at_ms BIGINT;
-- How often a mail with a link was asked for, and when last: each ask waits longer.
ALTER TABLE agent ADD COLUMN link_asks BIGINT NOT NULL DEFAULT 0;
ALTER TABLE agent ADD COLUMN link_asked_at_ms BIGINT;
-- JSON: what holds for a task that leaves it out.
ALTER TABLE agent ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';

-- The dialect of errors that this key is answered in; NULL leaves it to the agent's settings.
ALTER TABLE api_key ADD COLUMN dialect TEXT;
-- JSON: what the key may spend; NULL for a key that may do everything.
ALTER TABLE api_key ADD COLUMN policy TEXT;

-- Which key posted it; a key's spend of a day is the sum of its tasks.
ALTER TABLE task ADD COLUMN key_id TEXT;

-- Links that were mailed. The token itself is in the mail and nowhere else.
CREATE TABLE email_link (
    -- SHA-256 in hexadecimal.
    token_hash    TEXT   PRIMARY KEY,
    agent_id      TEXT   NOT NULL REFERENCES agent (id),
    expires_at_ms BIGINT NOT NULL
);

-- Requests that a person is asked about: one row for one request of one key.
CREATE TABLE approval (
    id             TEXT   PRIMARY KEY,
    agent_id       TEXT   NOT NULL REFERENCES agent (id),
    key_id         TEXT   NOT NULL REFERENCES api_key (id),
    -- SHA-256 of the request's JSON, whatever the order and spacing of its fields.
    digest         TEXT   NOT NULL,
    -- That JSON, without secrets, for the person who decides.
    request        TEXT   NOT NULL,
    total_micros   BIGINT NOT NULL CHECK (total_micros > 0),
    state          TEXT   NOT NULL
        CHECK (state IN ('PENDING', 'APPROVED', 'REJECTED', 'USED', 'EXPIRED')),
    created_at_ms  BIGINT NOT NULL,
    expires_at_ms  BIGINT NOT NULL,
    decided_at_ms  BIGINT,
    -- A key of the agent; NULL beside a decision for the host.
    decided_by     TEXT,
    -- What the approved request made.
    task_id        TEXT
);
CREATE INDEX approval_by_agent ON approval (agent_id, id);
-- One open question a request, whoever asks it how often.
CREATE UNIQUE INDEX approval_open ON approval (key_id, digest)
    WHERE state IN ('PENDING', 'APPROVED', 'REJECTED');
