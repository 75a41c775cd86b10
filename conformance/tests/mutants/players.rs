//! Listings of the plain store.

use playerdata_core::{
    PlayerId,
    backend::{BackendError, Effect, ErrorKind, PlayersCursor, PlayersPage, Result},
};

use crate::{flaws::Flaw, locks::Player, store::PlainStore};

/// What a cursor of this store begins with.
const CURSOR: &str = "after:";

impl PlainStore {
    pub(crate) fn page(&self, after: Option<&PlayersCursor>, limit: usize) -> Result<PlayersPage> {
        let after = match after.map(|after| after.as_str().strip_prefix(CURSOR)) {
            None => None,
            Some(Some(after)) => Some(after.to_owned()),
            Some(None) if self.has(Flaw::ForeignCursorBegins) => None,
            Some(None) => {
                let what = "not a cursor of this store";
                return Err(BackendError::new(ErrorKind::Rejected, Effect::None, what));
            }
        };
        let all = self.listed();
        let numbered = self.has(Flaw::PagesCountPlayers);
        let start = match &after {
            None => 0,
            Some(after) if numbered => after.parse().unwrap_or(0),
            Some(after) => all.partition_point(|player| player <= after),
        };
        let rest = &all[start.min(all.len())..];
        let page = &rest[..rest.len().min(limit)];
        let mut next = match page.last().filter(|_| page.len() == limit) {
            Some(_) if numbered => Some((start + page.len()).to_string()),
            Some(last) => Some(last.clone()),
            None if self.has(Flaw::ListingBeginsAgain) => Some(String::new()),
            None => None,
        };
        if self.has(Flaw::PlayerOnTheEdgeLost)
            && page.len() == limit
            && let Some(lost) = rest.get(limit)
        {
            next = Some(lost.clone());
        }
        let players = page
            .iter()
            .map(|key| PlayerId::new(key).expect("a player's id"));
        let mut players: Vec<_> = players.collect();
        if self.has(Flaw::PlayerForEachSlot) {
            players = self.for_each_slot(&players);
        }
        let next = next.map(|next| PlayersCursor::new(format!("{CURSOR}{next}")));
        Ok(PlayersPage { players, next })
    }

    /// The keys of all players who have anything.
    fn listed(&self) -> Vec<String> {
        let state = self.state();
        let listed = state.players.iter().filter(|(_, player)| {
            let held = player.lock.is_some() && self.has(Flaw::HeldPlayersUnlisted);
            self.has_anything(player) && !held
        });
        listed.map(|(key, _)| key.clone()).collect()
    }

    fn has_anything(&self, player: &Player) -> bool {
        let record = player.slots.values().any(|slot| slot.record.is_some());
        let mut mailboxes = player.mailboxes.values();
        let mail = mailboxes.any(|mailbox| !mailbox.waiting.is_empty());
        let version = !player.versions.is_empty();
        match self.flaw {
            Some(Flaw::EverybodyKnownIsListed) => true,
            Some(Flaw::MailAloneUnlisted) => record || version,
            Some(Flaw::VersionAloneUnlisted) => record || mail,
            _ => record || mail || version,
        }
    }

    fn for_each_slot(&self, players: &[PlayerId]) -> Vec<PlayerId> {
        let state = self.state();
        let slots = |player: &PlayerId| {
            let player = state.players.get(&self.key(player));
            player.map_or(1, |player| player.slots.len().max(1))
        };
        players
            .iter()
            .flat_map(|player| vec![player.clone(); slots(player)])
            .collect()
    }
}
