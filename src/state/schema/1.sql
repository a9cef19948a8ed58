-- Facts about the database itself: its own id, where its key rests, and what proves the key.
CREATE TABLE facts (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

-- What authorises requests, sealed. A session's generation grows with each renewal.
CREATE TABLE secrets (
    id TEXT PRIMARY KEY,
    secret BLOB NOT NULL,
    bearer BLOB,
    expires INTEGER,
    renew_at INTEGER,
    generation INTEGER NOT NULL DEFAULT 0,
    ended TEXT,
    changed_at INTEGER NOT NULL
) STRICT;

-- The accounts that were signed in or added.
CREATE TABLE accounts (
    id TEXT PRIMARY KEY REFERENCES secrets (id),
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('api-key', 'session', 'anonymous')),
    uid TEXT,
    email TEXT,
    display_name TEXT,
    added_at INTEGER NOT NULL
) STRICT;

-- What a pool service has lent and must get back, and the lock that whoever borrowed it holds while it lives.
CREATE TABLE allocations (
    session_id TEXT NOT NULL,
    root TEXT NOT NULL,
    lock TEXT NOT NULL,
    PRIMARY KEY (root, session_id)
) STRICT;

-- Why an account, or one model of it, rests; '' is every model.
CREATE TABLE standings (
    account TEXT NOT NULL,
    model TEXT NOT NULL,
    until INTEGER,
    reason TEXT NOT NULL,
    PRIMARY KEY (account, model)
) STRICT;

CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;

CREATE TABLE notes (
    name TEXT PRIMARY KEY,
    text TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
