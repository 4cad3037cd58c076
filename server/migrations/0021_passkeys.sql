-- Passkeys, and their ceremonies: registrations and sign-ins that have begun (WebAuthn level 3).

CREATE TABLE passkey (
    id              TEXT   PRIMARY KEY,
    subject_id      TEXT   NOT NULL REFERENCES subject (id),
    -- The id that the authenticator gave it, in base64url.
    credential_id   TEXT   NOT NULL UNIQUE,
    -- JSON of the library that verifies it: the public key, the counter, the state of its backup.
    credential      TEXT   NOT NULL,
    name            TEXT   NOT NULL,
    created_at_ms   BIGINT NOT NULL,
    last_used_at_ms BIGINT
);
CREATE INDEX passkey_by_subject ON passkey (subject_id, id);

CREATE TABLE passkey_ceremony (
    -- SHA-256 of the challenge in hexadecimal.
    challenge_hash TEXT   PRIMARY KEY,
    -- Who registers a passkey; NULL for a sign-in.
    subject_id     TEXT   REFERENCES subject (id),
    -- The network address that began a sign-in; NULL for a registration.
    client         TEXT,
    -- JSON of the library that verifies the response.
    state          TEXT   NOT NULL,
    expires_at_ms  BIGINT NOT NULL
);
CREATE INDEX passkey_ceremony_by_subject ON passkey_ceremony (subject_id)
    WHERE subject_id IS NOT NULL;
CREATE INDEX passkey_ceremony_by_client ON passkey_ceremony (client) WHERE client IS NOT NULL;
CREATE INDEX passkey_ceremony_by_end ON passkey_ceremony (expires_at_ms);
