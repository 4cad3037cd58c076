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
