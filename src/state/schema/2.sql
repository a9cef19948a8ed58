-- Things that may be forgotten: sealed, bounded and ending. The oldest have the lowest numbers.
CREATE TABLE shelves (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    shelf TEXT NOT NULL,
    key BLOB NOT NULL,
    part BLOB NOT NULL,
    value BLOB NOT NULL,
    expires INTEGER NOT NULL,
    UNIQUE (shelf, key, part)
) STRICT;
