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
        kind INTEGER NOT NULL, asker TEXT NOT NULL, asker_incarnation BLOB NOT NULL);
    CREATE TABLE letter (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        player TEXT NOT NULL, slot TEXT NOT NULL, id TEXT NOT NULL,
        posting BLOB NOT NULL, sender TEXT NOT NULL, sent_at INTEGER NOT NULL,
        timed INTEGER NOT NULL, content BLOB NOT NULL,
        waits INTEGER NOT NULL, until INTEGER,
        UNIQUE (player, slot, id));
    CREATE TABLE trade (
        trade BLOB PRIMARY KEY, verdict TEXT NOT NULL,
        first INTEGER NOT NULL, second INTEGER NOT NULL, until INTEGER);
    CREATE TABLE version (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        player TEXT NOT NULL, slot TEXT NOT NULL,
        revision INTEGER NOT NULL, write_id BLOB NOT NULL, saved_at INTEGER NOT NULL,
        schema INTEGER NOT NULL, encoding TEXT NOT NULL, body BLOB NOT NULL,
        kept_at INTEGER NOT NULL);
    CREATE INDEX version_of_slot ON version (player, slot);";

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
    RETURNING revision, write_id, saved_at, schema, encoding, body,
        EXISTS (SELECT 1 FROM letter
                WHERE letter.player = slot.player AND letter.slot = slot.slot AND waits)";

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

pub(crate) const KNOWN: &str = "
    SELECT posting FROM letter
    WHERE player = :player AND slot = :slot AND id = :id
      AND (waits OR until IS NULL OR until > :now)";

pub(crate) const COUNT_LETTERS: &str = "
    SELECT count(*) FROM letter WHERE player = :player AND slot = :slot AND waits";

pub(crate) const POST_AGAIN: &str = "
    DELETE FROM letter
    WHERE player = :player AND slot = :slot AND id = :id AND NOT waits";

pub(crate) const POST: &str = "
    INSERT INTO letter (player, slot, id, posting, sender, sent_at, timed, content, waits)
    VALUES (:player, :slot, :id, :posting, :sender, :sent_at, :timed, :content, 1)
    ON CONFLICT (player, slot, id) DO UPDATE SET content = excluded.content";

pub(crate) const LETTERS: &str = "
    SELECT position, id, posting, sender, sent_at, timed, content FROM letter
    WHERE player = :player AND slot = :slot AND waits AND position > :after
    ORDER BY position LIMIT :limit";

pub(crate) const KNOWN_LETTERS: &str = "
    SELECT slot, id, posting, timed, waits FROM letter
    WHERE player = :player AND (slot, id) > (:slot, :id)
    ORDER BY slot, id LIMIT :limit";

pub(crate) const DISCARD: &str = "
    UPDATE letter SET waits = 0, content = x'', until = CASE WHEN timed THEN :until END
    WHERE player = :player AND slot = :slot AND id = :id AND waits AND posting = :posting";

pub(crate) const SETTLE: &str = "
    UPDATE letter SET timed = 1, until = CASE WHEN waits THEN NULL ELSE :until END
    WHERE player = :player AND slot = :slot AND id = :id AND posting = :posting";

pub(crate) const ERASE_LETTERS: &str = "
    DELETE FROM letter WHERE player = :player";

pub(crate) const FORGET_VERDICT: &str = "
    DELETE FROM trade WHERE trade = :trade AND until <= :now";

pub(crate) const DECIDE: &str = "
    INSERT INTO trade (trade, verdict, first, second) VALUES (:trade, :verdict, 0, 0)
    ON CONFLICT (trade) DO NOTHING";

pub(crate) const VERDICT: &str = "
    SELECT verdict FROM trade WHERE trade = :trade";

pub(crate) const FORGET_TRADE: &str = "
    UPDATE trade
    SET first = first OR :first, second = second OR :second,
        until = CASE WHEN (first OR :first) AND (second OR :second) THEN :until END
    WHERE trade = :trade";

pub(crate) const NEWEST_VERSION: &str = "
    SELECT revision, kept_at FROM version
    WHERE player = :player AND slot = :slot ORDER BY number DESC LIMIT 1";

pub(crate) const KEEP: &str = "
    INSERT INTO version
        (player, slot, revision, write_id, saved_at, schema, encoding, body, kept_at)
    SELECT player, slot, revision, write_id, saved_at, schema, encoding, body, :kept_at
    FROM slot WHERE player = :player AND slot = :slot AND body IS NOT NULL";

pub(crate) const DROP_VERSIONS: &str = "
    DELETE FROM version WHERE number IN (
        SELECT number FROM version WHERE player = :player AND slot = :slot
        ORDER BY number DESC LIMIT -1 OFFSET :most)";

pub(crate) const VERSIONS: &str = "
    SELECT revision, saved_at, kept_at, schema, length(body) FROM version
    WHERE player = :player AND slot = :slot ORDER BY number DESC";

pub(crate) const VERSION: &str = "
    SELECT revision, write_id, saved_at, schema, encoding, body FROM version
    WHERE player = :player AND slot = :slot AND revision = :revision";

pub(crate) const ERASE_VERSIONS: &str = "
    DELETE FROM version WHERE player = :player";

pub(crate) const PLAYERS: &str = "
    SELECT player FROM (
        SELECT player FROM slot WHERE body IS NOT NULL
        UNION SELECT player FROM letter WHERE waits
        UNION SELECT player FROM version)
    WHERE player > :after ORDER BY player LIMIT :limit";

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
    KNOWN,
    COUNT_LETTERS,
    POST_AGAIN,
    POST,
    LETTERS,
    KNOWN_LETTERS,
    DISCARD,
    SETTLE,
    ERASE_LETTERS,
    FORGET_VERDICT,
    DECIDE,
    VERDICT,
    FORGET_TRADE,
    NEWEST_VERSION,
    KEEP,
    DROP_VERSIONS,
    VERSIONS,
    VERSION,
    ERASE_VERSIONS,
    PLAYERS,
];
