-- How many requests of a minute were taken, where several servers share this database.
--
-- Rows of minutes that are over are swept; nothing refers to them.

CREATE TABLE request_window (
    begins_at_ms BIGINT NOT NULL,
    -- Whom the requests are counted for: an IPv4 address, or the /64 of an IPv6 address.
    client TEXT NOT NULL,
    -- The path's template, or what else has a limit of its own.
    template TEXT NOT NULL,
    -- Asked for by all servers together; what lies beyond the limit was not granted.
    asked BIGINT NOT NULL,
    PRIMARY KEY (begins_at_ms, client, template)
);
