//! An update as people and programs are shown it.

use std::time::Duration;

use playerdata::{Clock as _, ServerId, SystemClock};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    looks::Rounds,
    picture::{Change, Row, Update},
};
use crate::{
    desk::time,
    output::{
        document::table,
        escaped,
        style::{ERROR, NAME, styled},
    },
};

/// How many changes people are shown.
const SHOWN: usize = 10;

pub(super) fn json(update: &Update, rounds: &Rounds) -> Value {
    let now = time(SystemClock.now());
    let seconds = |lasting: Duration| lasting.as_secs_f64();
    let servers = update.rows.iter().map(|row| {
        json!({
            "server": row.server.name,
            "incarnation": row.server.incarnation,
            "lease_is_live": row.is_live,
            "sessions": row.sessions,
            "saves_per_second": row.saves,
            "lost": row.ended.lost,
            "changed_hands": row.ended.changed_hands,
        })
    });
    let changes = update.changes.iter().map(|change| {
        json!({
            "player": change.player,
            "from": change.from.name,
            "to": change.to.as_ref().map(|to| &to.name),
            "lost": change.is_lost,
        })
    });
    json!({
        "at": now,
        "rounds": rounds.ended,
        "round_seconds": rounds.last.map(|(took, _)| seconds(took)),
        "players": rounds.last.map(|(_, players)| players),
        "players_of_this_round": rounds.players,
        "oldest_look_seconds": update.oldest.map(|at| seconds(at.elapsed())),
        "failure": rounds.failure,
        "sessions": sessions(&update.rows),
        "saves_per_second": saves(&update.rows),
        "lost": update.total.lost,
        "changed_hands": update.total.changed_hands,
        "servers": servers.collect::<Value>(),
        "changes": changes.collect::<Value>(),
        "changes_left_out": update.changes_left_out,
    })
}

fn sessions(rows: &[Row]) -> u64 {
    rows.iter().map(|row| row.sessions).sum()
}

/// None before any session was looked at twice.
fn saves(rows: &[Row]) -> Option<f64> {
    let known: Vec<_> = rows.iter().filter_map(|row| row.saves).collect();
    (!known.is_empty()).then(|| known.iter().sum())
}

/// The update as lines; `recent` are the last changes, newest first.
pub(super) fn lines(update: &Update, rounds: &Rounds, recent: &[Change]) -> Vec<String> {
    let mut lines = vec![heading(update, rounds), how_old(update.oldest, rounds)];
    if let Some(failure) = &rounds.failure {
        lines.push(styled(
            ERROR,
            &format!("looking failed: {}", escaped(failure)),
        ));
    }
    lines.push(String::new());
    if update.rows.is_empty() {
        lines.push("no server holds a player".to_owned());
    } else {
        let titles = [
            "server",
            "lease",
            "sessions",
            "saves/s",
            "lost",
            "changed hands",
        ];
        let rows = update.rows.iter().map(|row| {
            vec![
                name(&row.server),
                if row.is_live { "live" } else { "lapsed" }.to_owned(),
                row.sessions.to_string(),
                row.saves.map_or_else(|| "…".to_owned(), rate),
                row.ended.lost.to_string(),
                row.ended.changed_hands.to_string(),
            ]
        });
        lines.extend(table(&titles, rows).lines().map(str::to_owned));
    }
    if !recent.is_empty() {
        lines.push(String::new());
        lines.extend(recent.iter().map(change));
    }
    lines
}

fn heading(update: &Update, rounds: &Rounds) -> String {
    let players = match rounds.last {
        Some((_, players)) => format!("of {players} players"),
        None => format!("so far, with {} players looked at", rounds.players),
    };
    let saves = saves(&update.rows).map_or_else(|| "…".to_owned(), rate);
    format!(
        "{} sessions {players}, {saves} saves/s; {} lost and {} changed hands since the beginning",
        sessions(&update.rows),
        update.total.lost,
        update.total.changed_hands
    )
}

/// How old the picture is.
fn how_old(oldest: Option<Instant>, rounds: &Rounds) -> String {
    let short = |time: Duration| format!("{:.1} s", time.as_secs_f64());
    let round = match rounds.last {
        Some((took, _)) => format!("a round through all players took {}", short(took)),
        None => "the first round through all players is under way".to_owned(),
    };
    match oldest {
        Some(at) => format!("{round}; the oldest look was {} ago", short(at.elapsed())),
        None => round,
    }
}

fn rate(saves: f64) -> String {
    format!("{saves:.1}")
}

fn name(server: &ServerId) -> String {
    escaped(server.name.as_str())
}

pub(super) fn change(change: &Change) -> String {
    let player = styled(NAME, &escaped(change.player.as_str()));
    let from = name(&change.from);
    match (&change.to, change.is_lost) {
        (Some(to), true) => format!("{player}: lost by {from}, taken by {}", name(to)),
        (Some(to), false) => format!("{player}: from {from} to {}", name(to)),
        (None, _) => format!("{player}: lost by {from}, now free"),
    }
}

/// The last changes, newest first.
#[derive(Default)]
pub(super) struct Recent(Vec<Change>);

impl Recent {
    pub(super) fn add(&mut self, changes: &[Change]) -> &[Change] {
        let newest = changes.iter().rev().take(SHOWN).cloned();
        self.0.splice(0..0, newest);
        self.0.truncate(SHOWN);
        &self.0
    }
}
