-- Money that comes through a payment provider and goes out to operators, and each agent's ledger.

-- How many transfers touched the account; the next one is one more.
ALTER TABLE account ADD COLUMN entries BIGINT NOT NULL DEFAULT 0;

-- A payout stands in no agent's books, so agent_id may be NULL; and an agent's ledger is read in
-- the order in which its deposit account changed, which the time of an event does not tell.
CREATE TABLE transfer_in_books (
    -- What caused it. One event causes each code once, whoever retries.
    event_id             TEXT NOT NULL,
    code                 TEXT NOT NULL,
    agent_id             TEXT REFERENCES agent (id),
    -- The deposit that it credits.
    deposit_id           TEXT,
    debit_account        TEXT NOT NULL,
    credit_account       TEXT NOT NULL,
    amount_micros        BIGINT NOT NULL CHECK (amount_micros > 0),
    at_ms                BIGINT NOT NULL,
    -- Where it touches the agent's deposit account: which entry there it is, and what it left.
    agent_nth            BIGINT,
    agent_balance_micros BIGINT,
    PRIMARY KEY (event_id, code),
    CHECK (debit_account <> credit_account)
);

INSERT INTO transfer_in_books
    SELECT event_id, code, agent_id,
           (SELECT MIN(deposit.id) FROM deposit
            WHERE transfer.code = 'deposit' AND deposit.agent_id = transfer.agent_id
              AND deposit.created_at_ms = transfer.at_ms
              AND deposit.amount_micros = transfer.amount_micros
            HAVING COUNT(*) = 1),
           debit_account, credit_account, amount_micros, at_ms,
           ROW_NUMBER() OVER (PARTITION BY agent_id ORDER BY at_ms, event_id, code),
           CAST(SUM(CASE WHEN credit_account = 'deposit:' || agent_id THEN amount_micros
                         ELSE -amount_micros END)
                OVER (PARTITION BY agent_id ORDER BY at_ms, event_id, code) AS BIGINT)
    FROM transfer
    WHERE debit_account = 'deposit:' || agent_id OR credit_account = 'deposit:' || agent_id;

INSERT INTO transfer_in_books
    SELECT event_id, code, agent_id, NULL, debit_account, credit_account, amount_micros, at_ms,
           NULL, NULL
    FROM transfer
    WHERE debit_account <> 'deposit:' || agent_id AND credit_account <> 'deposit:' || agent_id;

DROP TABLE transfer;
ALTER TABLE transfer_in_books RENAME TO transfer;

CREATE INDEX transfer_by_credit ON transfer (credit_account);
CREATE UNIQUE INDEX transfer_by_agent ON transfer (agent_id, agent_nth)
    WHERE agent_nth IS NOT NULL;
CREATE UNIQUE INDEX transfer_by_deposit ON transfer (deposit_id) WHERE deposit_id IS NOT NULL;

UPDATE account SET entries =
    (SELECT COUNT(*) FROM transfer
     WHERE account.id IN (transfer.debit_account, transfer.credit_account));

-- Money that an agent pays in by card or by bank, and what became of it.
CREATE TABLE fiat_payment (
    id            TEXT PRIMARY KEY,
    agent_id      TEXT NOT NULL REFERENCES agent (id),
    -- The provider's name for it, which its notices repeat.
    order_id      TEXT NOT NULL UNIQUE,
    method        TEXT NOT NULL CHECK (method IN ('card', 'bank_transfer')),
    amount_micros BIGINT NOT NULL CHECK (amount_micros > 0),
    status        TEXT NOT NULL CHECK (status IN ('pending', 'completed', 'failed', 'cancelled')),
    -- Where the payer goes, once the provider has said so.
    redirect_url  TEXT,
    -- What a retried request is known by, so that it finds the payment that it began.
    once_key      TEXT UNIQUE,
    once_digest   TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    settled_at_ms BIGINT
);

CREATE TABLE payout (
    id            TEXT PRIMARY KEY,
    operator_id   TEXT NOT NULL REFERENCES operator (id),
    amount_micros BIGINT NOT NULL CHECK (amount_micros > 0),
    -- Where the money goes, as JSON.
    destination   TEXT NOT NULL,
    status        TEXT NOT NULL CHECK (status IN ('pending', 'completed', 'failed')),
    created_at_ms BIGINT NOT NULL,
    settled_at_ms BIGINT
);

CREATE INDEX payout_by_operator ON payout (operator_id, id);
