-- Languages of mails, mails that cannot be sent, and old refresh tokens.

-- The language of the device on which the person last entered a code (ISO 639-1).
ALTER TABLE subject ADD COLUMN language TEXT NOT NULL DEFAULT 'en';

-- Jobs that failed and are retried, by what made them fail.
CREATE INDEX job_by_failed_lane ON job (lane) WHERE state = 'waiting' AND last_error <> '';

-- A session that is renewed for months deletes its expired tokens.
DROP INDEX refresh_token_by_session;
CREATE INDEX refresh_token_by_session ON refresh_token (session_id, expires_at_ms);
