-- What the host decided. Every deed is written down by the transaction that did it.

CREATE TABLE audit (
    id         TEXT PRIMARY KEY,
    -- `admin key 1a2b3c4d`, `command line`, `kyc provider`.
    who        TEXT   NOT NULL,
    action     TEXT   NOT NULL,
    subject    TEXT   NOT NULL,
    details    TEXT   NOT NULL,
    request_id TEXT,
    at_ms      BIGINT NOT NULL
);
CREATE INDEX audit_by_subject ON audit (subject, id);

-- Task types of which no new task is taken. A type without a row is switched on.
CREATE TABLE task_type_off (
    task_type TEXT   PRIMARY KEY,
    since_ms  BIGINT NOT NULL
);

-- Messages of the identity provider, by the SHA-256 of their bytes: one that is sent again, by
-- whomever, changes nothing.
CREATE TABLE kyc_message (
    digest      TEXT   PRIMARY KEY,
    operator_id TEXT   NOT NULL REFERENCES operator (id),
    heard_at_ms BIGINT NOT NULL
);

ALTER TABLE operator ADD COLUMN kyc_decided_at_ms BIGINT;
ALTER TABLE operator ADD COLUMN kyc_note TEXT;
CREATE INDEX operator_by_kyc ON operator (kyc_status, id);
