-- People who sign in, their codes, sessions and refresh tokens, and the keys that sign tokens.

CREATE TABLE subject (
    -- The `sub` of our access tokens.
    id            TEXT PRIMARY KEY,
    -- 'builtin', or the URL of an OpenID Connect issuer.
    issuer        TEXT NOT NULL,
    -- The `sub` that the issuer gave; our own id for the built-in issuer.
    issuer_sub    TEXT NOT NULL,
    -- In the spelling of accounts; NULL if another issuer named none.
    email         TEXT,
    -- When a code proved the address; NULL until then.
    verified_at_ms BIGINT,
    operator_id   TEXT REFERENCES operator (id),
    created_at_ms BIGINT NOT NULL,
    -- A JSON list of the times of the last codes, which are limited per hour.
    code_times    TEXT NOT NULL DEFAULT '[]',
    UNIQUE (issuer, issuer_sub)
);
CREATE UNIQUE INDEX subject_by_email ON subject (email) WHERE issuer = 'builtin';
CREATE UNIQUE INDEX subject_by_operator ON subject (operator_id, issuer)
    WHERE operator_id IS NOT NULL;
CREATE INDEX subject_unverified ON subject (created_at_ms) WHERE verified_at_ms IS NULL;

-- Codes that were mailed. The digits themselves are in the mail and nowhere else.
CREATE TABLE sign_in_code (
    subject_id    TEXT   NOT NULL REFERENCES subject (id),
    -- Random bytes in hexadecimal, hashed together with the digits.
    salt          TEXT   NOT NULL,
    -- SHA-256 in hexadecimal.
    code_hash     TEXT   NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    -- Wrong guesses while this code was valid.
    tries         BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (subject_id, salt)
);
CREATE INDEX sign_in_code_by_end ON sign_in_code (expires_at_ms);

-- One row a device. All refresh tokens of a session are one family.
CREATE TABLE session (
    id              TEXT   PRIMARY KEY,
    subject_id      TEXT   NOT NULL REFERENCES subject (id),
    device          TEXT   NOT NULL,
    created_at_ms   BIGINT NOT NULL,
    last_used_at_ms BIGINT NOT NULL,
    expires_at_ms   BIGINT NOT NULL,
    ended_at_ms     BIGINT
);
CREATE INDEX session_by_subject ON session (subject_id, id);
CREATE INDEX session_by_end ON session (expires_at_ms);

CREATE TABLE refresh_token (
    -- SHA-256 in hexadecimal.
    token_hash    TEXT   PRIMARY KEY,
    session_id    TEXT   NOT NULL REFERENCES session (id),
    uses          BIGINT NOT NULL DEFAULT 0,
    first_used_at_ms BIGINT,
    expires_at_ms BIGINT NOT NULL
);
CREATE INDEX refresh_token_by_session ON refresh_token (session_id);

CREATE TABLE signing_key (
    -- The JWK thumbprint of the public key (RFC 7638).
    kid           TEXT   PRIMARY KEY,
    -- PKCS#8 in DER.
    private_key   BYTEA  NOT NULL,
    -- A JWK in JSON.
    public_key    TEXT   NOT NULL,
    created_at_ms BIGINT NOT NULL,
    -- When a newer key took over.
    retired_at_ms BIGINT
);
