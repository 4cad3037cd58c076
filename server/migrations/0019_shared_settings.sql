-- Settings that the servers of a database and the command line must share, as the server that
-- started last has them.
CREATE TABLE shared_setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
