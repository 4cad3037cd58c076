-- Money as double entry. `world` and `platform` have no row in account: every transfer would have
-- to wait for it. Their balance is the sum of their transfers.

CREATE TABLE account (
    -- deposit:ag_…, escrow:task_…, pending:op_…
    id             TEXT PRIMARY KEY,
    balance_micros BIGINT NOT NULL CHECK (balance_micros >= 0)
);

CREATE TABLE transfer (
    -- What caused it. One event causes each code once, whoever retries.
    event_id       TEXT NOT NULL,
    code           TEXT NOT NULL,
    agent_id       TEXT NOT NULL REFERENCES agent (id),
    debit_account  TEXT NOT NULL,
    credit_account TEXT NOT NULL,
    amount_micros  BIGINT NOT NULL CHECK (amount_micros > 0),
    at_ms          BIGINT NOT NULL,
    PRIMARY KEY (event_id, code),
    CHECK (debit_account <> credit_account)
);

CREATE INDEX transfer_by_credit ON transfer (credit_account);

CREATE TABLE deposit (
    id            TEXT PRIMARY KEY,
    agent_id      TEXT NOT NULL REFERENCES agent (id),
    chain         TEXT NOT NULL,
    tx_hash       TEXT NOT NULL,
    amount_micros BIGINT NOT NULL CHECK (amount_micros > 0),
    status        TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    -- A transaction is credited once, whoever reports it.
    UNIQUE (chain, tx_hash)
);
