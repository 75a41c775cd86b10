//! Leases and notices in SQL.

use std::time::Duration;

use playerdata_core::{
    ServerId, ServerName, UnixMillis,
    backend::{MAX_NOTICES, Notice, Notification, Renewal},
};
use rusqlite::{Result, named_params};

use super::{
    columns,
    database::Session,
    flaws::Flaw,
    statements::{DROP, FORGET, IS_LIVE, LATEST, NOTIFY, RENEW, WAITING},
};

pub(crate) fn renew(
    db: &Session<'_>,
    server: &ServerId,
    now: UnixMillis,
    ttl: Duration,
) -> Result<Renewal> {
    let lapses_at = now.saturating_add(ttl).get();
    let name = server.name.as_str();
    db.together(db.has(Flaw::NoticesForgottenLater), || {
        let params = named_params! {
            ":name": name,
            ":incarnation": server.incarnation.as_uuid().as_bytes(),
            ":lapses_at": columns::number(lapses_at),
        };
        if db.row(RENEW, params, |_| Ok(()))?.is_none() {
            let params = named_params! { ":name": name };
            let latest = db.row(LATEST, params, |row| columns::get_incarnation(row, 0))?;
            let by = latest.unwrap_or(server.incarnation);
            return Ok(Renewal::Superseded { by });
        }
        let notices = db.rows(WAITING, named_params! { ":name": name }, columns::notice)?;
        if db.has(Flaw::NoticesForgottenLater) {
            db.pause();
        }
        db.change(FORGET, named_params! { ":name": name })?;
        Ok(Renewal::Renewed { notices })
    })
}

pub(crate) fn end(db: &Session<'_>, server: &ServerId) -> Result<()> {
    db.together(false, || {
        let params = named_params! {
            ":name": server.name.as_str(),
            ":incarnation": server.incarnation.as_uuid().as_bytes(),
        };
        if db.change(DROP, params)? > 0 {
            db.change(FORGET, named_params! { ":name": server.name.as_str() })?;
        }
        Ok(())
    })
}

/// When the lease of the server lapses, if it is live.
pub(crate) fn lapses_at(
    db: &Session<'_>,
    server: &ServerId,
    now: UnixMillis,
) -> Result<Option<u64>> {
    let params = named_params! {
        ":name": server.name.as_str(),
        ":incarnation": server.incarnation.as_uuid().as_bytes(),
        ":now": columns::number(now.get()),
    };
    db.row(IS_LIVE, params, |row| columns::get_number(row, 0))
}

pub(crate) fn notify(
    db: &Session<'_>,
    server: &ServerName,
    notice: &Notice,
) -> Result<Notification> {
    let params = named_params! {
        ":name": server.as_str(),
        ":player": notice.player.as_str(),
        ":session": notice.session.as_uuid().as_bytes(),
        ":kind": columns::kind(notice.kind),
        ":asker": notice.from.name.as_str(),
        ":asker_incarnation": notice.from.incarnation.as_uuid().as_bytes(),
        ":most": MAX_NOTICES as i64,
    };
    Ok(match db.change(NOTIFY, params)? {
        0 => Notification::Full,
        _ => Notification::Queued,
    })
}
