//! The names of the keys, and the hash slots that a Cluster sorts them into.

use crc::{CRC_16_XMODEM, Crc};
use playerdata_core::{
    ClaimNumber, PlayerId, ServerName, SessionId, SlotName, TradeId, backend::Claim,
};
use thiserror::Error;
use uuid::fmt::Hyphenated;

/// A namespace that can't be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{name:?} is not a valid namespace: it takes 1 to 64 bytes of A-Z a-z 0-9 _ - .")]
#[non_exhaustive]
pub struct InvalidNamespace {
    /// The text given, cut to its first 80 characters.
    pub name: String,
}

/// One of the 16 384 parts into which a Cluster divides its keys.
pub(crate) type HashSlot = u16;

/// How many hash slots there are.
pub(crate) const HASH_SLOTS: usize = 16_384;

/// What a slot can have beside its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BoxKind {
    Mail,
    Versions,
}

impl BoxKind {
    /// As the name of its key has it, which no claim's can: a session is
    /// longer.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Versions => "versions",
        }
    }
}

/// Names keys under one namespace.
///
/// What belongs together has one hash tag, the part of the name in braces, and
/// so one hash slot: the player's id, or the server's name. Neither they nor
/// the namespace can contain braces, and the namespace no colon, so that no
/// two things share a name.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    namespace: Box<str>,
}

impl Keys {
    pub(crate) fn new(namespace: &str) -> Result<Self, InvalidNamespace> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if namespace.is_empty() || namespace.len() > 64 || !namespace.chars().all(allowed) {
            return Err(InvalidNamespace {
                name: namespace.chars().take(80).collect(),
            });
        }
        Ok(Self {
            namespace: namespace.into(),
        })
    }

    /// The hash with the player's fence, lock and list of slots.
    pub(crate) fn player(&self, player: &PlayerId) -> String {
        name(|to| self.push_player(player, to))
    }

    /// The same, appended to a text, as are those below: calls that every player
    /// makes need them, so they are made without the detours of `format!`.
    pub(crate) fn push_player(&self, player: &PlayerId, to: &mut String) {
        push_all(to, [&self.namespace, ":{", player.as_str(), "}"]);
    }

    /// The pattern of the names that players' hashes have. Others' keys can fit
    /// it, too: see [`player_of`](Self::player_of).
    pub(crate) fn players(&self) -> String {
        [&self.namespace, ":{*}"].concat()
    }

    /// The player whose hash has this name, if it is such a name.
    pub(crate) fn player_of(&self, key: &str) -> Option<PlayerId> {
        let rest = key.strip_prefix(&*self.namespace)?;
        PlayerId::new(rest.strip_prefix(":{")?.strip_suffix('}')?).ok()
    }

    /// Where the value of a slot is while nobody has it open.
    pub(crate) fn rest(&self, player: &PlayerId, slot: &SlotName) -> String {
        name(|to| self.push_rest(player, slot, to))
    }

    pub(crate) fn push_rest(&self, player: &PlayerId, slot: &SlotName, to: &mut String) {
        self.push_player(player, to);
        push_all(to, [":", slot.as_str()]);
    }

    /// Where the value of a slot is while it is open under a claim.
    pub(crate) fn claim(&self, claim: &Claim) -> String {
        name(|to| self.push_claim(claim, to))
    }

    pub(crate) fn push_claim(&self, claim: &Claim, to: &mut String) {
        self.push_claimed(&claim.player, &claim.slot, claim.session, claim.number, to);
    }

    pub(crate) fn push_claimed(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        session: SessionId,
        number: ClaimNumber,
        to: &mut String,
    ) {
        let (mut guid, mut digits) = ([0; Hyphenated::LENGTH], itoa::Buffer::new());
        let session = session.as_uuid().hyphenated().encode_lower(&mut guid);
        self.push_rest(player, slot, to);
        push_all(to, [":", session, ":", digits.format(number.get())]);
    }

    /// The mailbox of a slot, or its versions.
    pub(crate) fn of_box(&self, player: &PlayerId, slot: &SlotName, kind: BoxKind) -> String {
        name(|to| self.push_box(player, slot, kind, to))
    }

    pub(crate) fn push_box(
        &self,
        player: &PlayerId,
        slot: &SlotName,
        kind: BoxKind,
        to: &mut String,
    ) {
        self.push_rest(player, slot, to);
        push_all(to, [":", kind.as_str()]);
    }

    /// The verdict on a trade, which has a hash tag of its own.
    pub(crate) fn trade(&self, trade: TradeId) -> String {
        format!("{}:trade:{{{trade}}}", self.namespace)
    }

    /// The lease, the latest incarnation, and the notices of a server.
    pub(crate) fn server(&self, server: &ServerName) -> [String; 3] {
        ["lease", "incarnation", "notices"]
            .map(|what| format!("{}:server:{{{server}}}:{what}", self.namespace))
    }
}

fn name(push: impl FnOnce(&mut String)) -> String {
    let mut name = String::new();
    push(&mut name);
    name
}

fn push_all<const N: usize>(to: &mut String, parts: [&str; N]) {
    for part in parts {
        to.push_str(part);
    }
}

/// The hash slot of keys with this hash tag.
pub(crate) fn hash_slot(tag: &str) -> HashSlot {
    const CRC: Crc<u16> = Crc::<u16>::new(&CRC_16_XMODEM);
    CRC.checksum(tag.as_bytes()) % 16_384
}

#[cfg(test)]
mod tests {
    use playerdata_core::Fence;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn all_keys_of_a_player_carry_its_hash_tag() {
        let keys = Keys::new("game.eu").unwrap();
        let player = PlayerId::from(4711);
        let claim = Claim {
            player: player.clone(),
            session: SessionId::from_uuid(Uuid::nil()),
            fence: Fence::new(1),
            slot: SlotName::new("Slot1").unwrap(),
            number: ClaimNumber::new(3),
        };
        assert_eq!(keys.player(&player), "game.eu:{4711}");
        assert_eq!(keys.rest(&player, &claim.slot), "game.eu:{4711}:Slot1");
        assert_eq!(
            keys.claim(&claim),
            "game.eu:{4711}:Slot1:00000000-0000-0000-0000-000000000000:3"
        );
        assert_eq!(
            keys.of_box(&player, &claim.slot, BoxKind::Mail),
            "game.eu:{4711}:Slot1:mail"
        );
        let trade = keys.trade(TradeId::from_uuid(Uuid::nil()));
        assert_eq!(
            trade,
            "game.eu:trade:{00000000-0000-0000-0000-000000000000}"
        );
        let server = ServerName::new("eu-1").unwrap();
        assert_eq!(keys.server(&server)[0], "game.eu:server:{eu-1}:lease");
    }

    #[test]
    fn players_are_told_from_other_keys() {
        let keys = Keys::new("game.eu").unwrap();
        let player = PlayerId::new("a:b*").unwrap();
        assert_eq!(keys.player_of(&keys.player(&player)), Some(player.clone()));
        let slot = SlotName::new("Slot1").unwrap();
        for other in [
            &*keys.rest(&player, &slot),
            &keys.of_box(&player, &slot, BoxKind::Versions),
            &keys.trade(TradeId::from_uuid(Uuid::nil())),
            &keys.server(&ServerName::new("eu-1").unwrap())[0],
            "game.eu2:{4711}",
            "game.eu:{}",
            "game.eu:{a}b}",
            "game.eu:{two words}",
            "{4711}",
        ] {
            assert_eq!(keys.player_of(other), None, "{other}");
        }
    }

    #[test]
    fn hash_slots_are_those_of_the_cluster_specification() {
        assert_eq!(hash_slot("123456789"), 0x31c3);
        assert_eq!(hash_slot("foo"), 12_182);
    }

    #[test]
    fn a_namespace_that_would_move_the_hash_tag_or_reach_into_another_is_refused() {
        for bad in ["", "a{b}", "a:server", "a b", &"n".repeat(65)] {
            assert!(Keys::new(bad).is_err(), "{bad:?}");
        }
        assert!(Keys::new(&"n".repeat(64)).is_ok());
    }
}
