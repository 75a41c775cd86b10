-- Letters, waiting or remembered. `content` is NULL once a letter was
-- discarded: the row stays for its id. `forget_at_ms` is when it may go, and
-- NULL before the letter was discarded and, with the retention
-- 'until-settled', settled. A position is never used twice.
CREATE TABLE letter (
    position     INTEGER PRIMARY KEY AUTOINCREMENT,
    player       TEXT    NOT NULL,
    slot         TEXT    NOT NULL,
    id           TEXT    NOT NULL,
    posting      BLOB    NOT NULL CHECK (length(posting) = 16),
    sender       TEXT    NOT NULL,
    sent_at_ms   INTEGER NOT NULL,
    retention    TEXT    NOT NULL,
    forget_at_ms INTEGER,
    content      BLOB,
    UNIQUE (player, slot, id)
) STRICT;

CREATE INDEX letter_waiting ON letter (player, slot, position) WHERE content IS NOT NULL;
CREATE INDEX letter_by_age ON letter (forget_at_ms) WHERE forget_at_ms IS NOT NULL;

-- Verdicts on trades. `first_acted` and `second_acted` say which parties have
-- acted on it; when both have, `forget_at_ms` is when it may go.
CREATE TABLE verdict (
    trade        BLOB    NOT NULL PRIMARY KEY CHECK (length(trade) = 16),
    verdict      TEXT    NOT NULL,
    first_acted  INTEGER NOT NULL DEFAULT 0,
    second_acted INTEGER NOT NULL DEFAULT 0,
    forget_at_ms INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX verdict_by_age ON verdict (forget_at_ms) WHERE forget_at_ms IS NOT NULL;

-- Kept copies of slots, with the columns of the table `slot`.
CREATE TABLE version (
    player      TEXT    NOT NULL,
    slot        TEXT    NOT NULL,
    revision    INTEGER NOT NULL,
    kept_at_ms  INTEGER NOT NULL,
    write_id    BLOB,
    saved_at_ms INTEGER,
    schema      INTEGER,
    encoding    TEXT,
    body        BLOB    NOT NULL,
    PRIMARY KEY (player, slot, revision)
) STRICT;
