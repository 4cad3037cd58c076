-- Answers given under an Idempotency-Key, kept for 48 hours. `scope` is the account and the path.
-- `status` is 0 only inside the transaction that is carrying the request out.
CREATE TABLE idempotent_answer (
    scope           TEXT   NOT NULL,
    idempotency_key TEXT   NOT NULL,
    digest          TEXT   NOT NULL,
    status          BIGINT NOT NULL,
    body            TEXT   NOT NULL,
    kept_at_ms      BIGINT NOT NULL,
    PRIMARY KEY (scope, idempotency_key)
);
CREATE INDEX idempotent_answer_by_age ON idempotent_answer (kept_at_ms);
