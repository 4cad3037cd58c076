-- Files that operators sent. The bytes lie in the folder of files, under the id. The same bytes
-- by the same operator for the same task are one upload; `task_id` is '' where none was named.
CREATE TABLE upload (
    id            TEXT   PRIMARY KEY,
    operator_id   TEXT   NOT NULL,
    task_id       TEXT   NOT NULL DEFAULT '',
    sha256        TEXT   NOT NULL,
    content_type  TEXT   NOT NULL,
    size_bytes    BIGINT NOT NULL CHECK (size_bytes > 0),
    width         BIGINT,
    height        BIGINT,
    created_at_ms BIGINT NOT NULL,
    UNIQUE (operator_id, task_id, sha256)
);
CREATE INDEX upload_by_content ON upload (sha256);

-- What an operator sent for a task. A task sent back for revision has several.
CREATE TABLE proof (
    task_id         TEXT NOT NULL REFERENCES task (id),
    submitted_at_ms BIGINT NOT NULL,
    operator_id     TEXT NOT NULL REFERENCES operator (id),
    -- The phone's own name for the submission: a repeated one is answered with the first result.
    submission_id   TEXT,
    -- JSON: pictures, files or a confirmation. A sealed credential has a table of its own.
    evidence        TEXT NOT NULL,
    notes           TEXT,
    PRIMARY KEY (task_id, submitted_at_ms)
);

CREATE UNIQUE INDEX proof_by_submission ON proof (operator_id, submission_id)
    WHERE submission_id IS NOT NULL;

-- Pictures that were sent as proof, by what they are and by how they look.
CREATE TABLE proof_picture (
    upload_id TEXT PRIMARY KEY REFERENCES upload (id),
    task_id   TEXT NOT NULL REFERENCES task (id),
    sha256    TEXT NOT NULL,
    -- 64 bits of how the picture looks, in hexadecimal; equal for a picture saved again.
    look      TEXT
);

CREATE INDEX proof_picture_by_sha256 ON proof_picture (sha256);
CREATE INDEX proof_picture_by_look ON proof_picture (look) WHERE look IS NOT NULL;

-- Sealed in the operator's browser: nothing here can be read by the server.
CREATE TABLE credential (
    task_id      TEXT PRIMARY KEY REFERENCES task (id),
    -- The envelope as JSON; empty once the agent has purged it.
    envelope     TEXT NOT NULL,
    stored_at_ms BIGINT NOT NULL,
    purged_at_ms BIGINT
);

-- Each time an envelope was handed out.
CREATE TABLE credential_access (
    task_id        TEXT NOT NULL REFERENCES credential (task_id),
    accessed_at_ms BIGINT NOT NULL,
    key_id         TEXT NOT NULL REFERENCES api_key (id),
    request_id     TEXT NOT NULL,
    PRIMARY KEY (task_id, request_id)
);
