-- The gateway's own client keys, without their secrets. A name is free again when its key is revoked.
CREATE TABLE client_keys (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    digest BLOB NOT NULL,
    terms TEXT NOT NULL,
    created INTEGER NOT NULL,
    revoked INTEGER
) STRICT;

CREATE UNIQUE INDEX client_names ON client_keys (name) WHERE revoked IS NULL;

-- What each key has used: seconds of the last minute as [[second, requests], ...], the rest of one day.
CREATE TABLE client_tallies (
    key TEXT PRIMARY KEY,
    seconds TEXT NOT NULL,
    day INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    credits REAL NOT NULL,
    usual_tokens INTEGER NOT NULL,
    usual_credits REAL NOT NULL,
    last_used INTEGER NOT NULL
) STRICT;

-- Answers under way, each with what it holds of its key's budgets until it ends.
CREATE TABLE client_slots (
    key TEXT NOT NULL,
    number INTEGER NOT NULL,
    until INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    credits REAL NOT NULL,
    PRIMARY KEY (key, number)
) STRICT, WITHOUT ROWID;
