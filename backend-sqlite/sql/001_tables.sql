-- One row per player who was ever locked. The row outlives releases and
-- erasures, because the fence must never fall (rule L3). While the player is
-- held, the last four columns say by whom; otherwise all four are NULL.
CREATE TABLE lock (
    player      TEXT    NOT NULL PRIMARY KEY,
    fence       INTEGER NOT NULL CHECK (fence > 0),
    session     BLOB    CHECK (length(session) = 16),
    server      TEXT,
    incarnation BLOB    CHECK (length(incarnation) = 16),
    since_ms    INTEGER,
    CHECK ((session IS NULL) = (server IS NULL)
       AND (session IS NULL) = (incarnation IS NULL)
       AND (session IS NULL) = (since_ms IS NULL))
) STRICT, WITHOUT ROWID;

-- One row per slot that was ever opened. The claim columns name the one live
-- claim; they are cleared together with the lock, so that a save needs to look
-- at this row only. `body` is NULL for a slot never written (revision 0) and
-- for a deleted one. The body comes last: the columns before it can be read
-- without reading its overflow pages.
CREATE TABLE slot (
    player        TEXT    NOT NULL,
    slot          TEXT    NOT NULL,
    claim_session BLOB    CHECK (length(claim_session) = 16),
    claim_number  INTEGER CHECK (claim_number >= 0),
    revision      INTEGER NOT NULL CHECK (revision >= 0),
    write_id      BLOB    CHECK (length(write_id) = 16),
    saved_at_ms   INTEGER,
    schema        INTEGER CHECK (schema >= 0),
    encoding      TEXT,
    body          BLOB,
    PRIMARY KEY (player, slot)
) STRICT;

-- One row per server name: the latest incarnation seen, and until when its
-- lease is live (0 once dropped). The row outlives the lease, so that a
-- superseded incarnation stays superseded.
CREATE TABLE lease (
    server            TEXT    NOT NULL PRIMARY KEY,
    incarnation       BLOB    NOT NULL CHECK (length(incarnation) = 16),
    expires_at_ms     INTEGER NOT NULL,
    remember_until_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX lease_by_age ON lease (remember_until_ms);

-- Messages to servers, drained oldest first by the addressee's next renewal.
CREATE TABLE notice (
    id               INTEGER PRIMARY KEY,
    server           TEXT    NOT NULL,
    kind             TEXT    NOT NULL,
    player           TEXT    NOT NULL,
    session          BLOB    NOT NULL CHECK (length(session) = 16),
    from_server      TEXT    NOT NULL,
    from_incarnation BLOB    NOT NULL CHECK (length(from_incarnation) = 16),
    keep_until_ms    INTEGER NOT NULL
) STRICT;

CREATE INDEX notice_by_server ON notice (server);
CREATE INDEX notice_by_player ON notice (player);
CREATE INDEX notice_by_age ON notice (keep_until_ms);
