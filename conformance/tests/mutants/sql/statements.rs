//! The statements, much as the SQLite backend has them. Numbers of 64 bits are
//! stored with their sign turned, so that they sort as they are.

/// What a new file begins with.
pub(crate) const SCHEMA: &str = "
    CREATE TABLE lock (
        player TEXT PRIMARY KEY, fence INTEGER NOT NULL,
        session BLOB, server TEXT, incarnation BLOB, since INTEGER);
    CREATE TABLE slot (
        player TEXT NOT NULL, slot TEXT NOT NULL,
        claim_session BLOB, claim_number INTEGER,
        revision INTEGER NOT NULL, write_id BLOB, saved_at INTEGER,
        schema INTEGER, encoding TEXT, body BLOB,
        PRIMARY KEY (player, slot));
    CREATE TABLE server (name TEXT PRIMARY KEY, incarnation BLOB NOT NULL, lapses_at INTEGER);
    CREATE TABLE notice (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        server TEXT NOT NULL, player TEXT NOT NULL, session BLOB NOT NULL,
        kind INTEGER NOT NULL, asker TEXT NOT NULL, asker_incarnation BLOB NOT NULL);";

pub(crate) const BEGIN: &str = "BEGIN IMMEDIATE";

pub(crate) const TAKE: &str = "
    INSERT INTO lock (player, fence, session, server, incarnation, since)
    VALUES (:player, :first_fence, :session, :server, :incarnation, :since)
    ON CONFLICT (player) DO UPDATE
    SET fence = fence + 1,
        session = excluded.session,
        server = excluded.server,
        incarnation = excluded.incarnation,
        since = excluded.since
    WHERE (session IS NULL OR session = :replacing)
      AND session IS NOT excluded.session
    RETURNING fence";

pub(crate) const KILL_CLAIMS: &str = "
    UPDATE slot SET claim_session = NULL, claim_number = NULL
    WHERE player = :player AND claim_session IS NOT NULL";

pub(crate) const FREE: &str = "
    UPDATE lock SET session = NULL, server = NULL, incarnation = NULL, since = NULL
    WHERE player = :player AND session = :session";

pub(crate) const HOLDER: &str = "
    SELECT session, server, incarnation, fence, since FROM lock
    WHERE player = :player AND session IS NOT NULL";

pub(crate) const ERASE: &str = "
    DELETE FROM slot WHERE player = :player";

pub(crate) const CLAIM: &str = "
    INSERT INTO slot (player, slot, claim_session, claim_number, revision)
    SELECT player, :slot, session, :number, :first_revision FROM lock
    WHERE player = :player AND session = :session AND fence = :fence
    ON CONFLICT (player, slot) DO UPDATE
    SET claim_session = excluded.claim_session, claim_number = excluded.claim_number
    WHERE NOT (claim_session IS excluded.claim_session
               AND claim_number > excluded.claim_number)
    RETURNING revision, write_id, saved_at, schema, encoding, body";

pub(crate) const WRITE: &str = "
    UPDATE slot
    SET revision = :made, write_id = :write_id, saved_at = :at,
        schema = :schema, encoding = :encoding, body = :body
    WHERE player = :player AND slot = :slot
      AND claim_session = :session AND claim_number = :number AND revision = :base";

pub(crate) const IS_APPLIED: &str = "
    SELECT 1 FROM slot
    WHERE player = :player AND slot = :slot
      AND claim_session = :session AND claim_number = :number
      AND revision = :made AND write_id = :write_id";

pub(crate) const VIEW: &str = "
    SELECT revision, write_id, saved_at, schema, encoding, body FROM slot
    WHERE player = :player AND slot = :slot AND body IS NOT NULL";

pub(crate) const LIST: &str = "
    SELECT slot, revision, saved_at, schema, length(body) FROM slot
    WHERE player = :player AND body IS NOT NULL ORDER BY slot";

pub(crate) const RENEW: &str = "
    INSERT INTO server (name, incarnation, lapses_at)
    VALUES (:name, :incarnation, :lapses_at)
    ON CONFLICT (name) DO UPDATE
    SET incarnation = excluded.incarnation, lapses_at = excluded.lapses_at
    WHERE incarnation <= excluded.incarnation
    RETURNING 1";

pub(crate) const LATEST: &str = "
    SELECT incarnation FROM server WHERE name = :name";

pub(crate) const WAITING: &str = "
    SELECT player, session, kind, asker, asker_incarnation FROM notice
    WHERE server = :name ORDER BY number";

pub(crate) const FORGET: &str = "
    DELETE FROM notice WHERE server = :name";

pub(crate) const DROP: &str = "
    UPDATE server SET lapses_at = NULL
    WHERE name = :name AND incarnation = :incarnation AND lapses_at IS NOT NULL";

pub(crate) const IS_LIVE: &str = "
    SELECT lapses_at FROM server
    WHERE name = :name AND incarnation = :incarnation AND lapses_at > :now";

pub(crate) const NOTIFY: &str = "
    INSERT INTO notice (server, player, session, kind, asker, asker_incarnation)
    SELECT :name, :player, :session, :kind, :asker, :asker_incarnation
    WHERE (SELECT count(*) FROM notice WHERE server = :name) < :most";

/// All of them.
pub(crate) const ALL: &[&str] = &[
    BEGIN,
    TAKE,
    KILL_CLAIMS,
    FREE,
    HOLDER,
    ERASE,
    CLAIM,
    WRITE,
    IS_APPLIED,
    VIEW,
    LIST,
    RENEW,
    LATEST,
    WAITING,
    FORGET,
    DROP,
    IS_LIVE,
    NOTIFY,
];
