-- Who may call: agents with their keys, and operators.

CREATE TABLE agent (
    id               TEXT PRIMARY KEY,
    name             TEXT NOT NULL,
    -- Lower-cased at the edge: one address is one account.
    email            TEXT NOT NULL UNIQUE,
    company          TEXT,
    tier             TEXT NOT NULL CHECK (tier IN ('SANDBOX', 'VERIFIED', 'STANDARD')),
    -- All deposits ever, which lift the tier.
    deposited_micros BIGINT NOT NULL DEFAULT 0 CHECK (deposited_micros >= 0),
    created_at_ms    BIGINT NOT NULL
);

CREATE TABLE api_key (
    id              TEXT PRIMARY KEY,
    agent_id        TEXT NOT NULL REFERENCES agent (id),
    name            TEXT NOT NULL,
    -- What is shown of the key; the key itself is never stored.
    prefix          TEXT NOT NULL,
    -- SHA-256 in hexadecimal.
    hash            TEXT NOT NULL UNIQUE,
    created_at_ms   BIGINT NOT NULL,
    last_used_at_ms BIGINT,
    revoked_at_ms   BIGINT
);

CREATE INDEX api_key_by_agent ON api_key (agent_id, id);

-- What an agent did in a UTC day: the limits of its tier, and the trailing spend of its fee.
CREATE TABLE agent_day (
    agent_id     TEXT NOT NULL REFERENCES agent (id),
    -- Days since 1970.
    day          BIGINT NOT NULL,
    tasks        BIGINT NOT NULL CHECK (tasks >= 0),
    spent_micros BIGINT NOT NULL CHECK (spent_micros >= 0),
    PRIMARY KEY (agent_id, day)
);

CREATE TABLE operator (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL,
    email         TEXT NOT NULL UNIQUE,
    phone         TEXT,
    city          TEXT,
    country       TEXT,
    -- A JSON list of task types; empty means all.
    skills        TEXT NOT NULL,
    kyc_status    TEXT NOT NULL CHECK (kyc_status IN ('PENDING', 'APPROVED', 'REJECTED')),
    created_at_ms BIGINT NOT NULL
);
