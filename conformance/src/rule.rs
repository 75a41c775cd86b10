//! The rules that cases, and runs of a simulation, prove.

use std::fmt;

/// A rule of playerdata's contract that a backend, or what stands on it, can
/// break.
///
/// It prints as its number and its text, which is how a failed case names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs)] // `text` says what each is
pub enum Rule {
    L1,
    L2,
    L3,
    L4,
    L5,
    L6,
    L7,
    L8,
    L9,
    L10,
    S1,
    S2,
    S3,
    S4,
    S5,
    S6,
    S8,
    S9,
    S10,
    A1,
    A3,
    A6,
    A9,
    E1,
    E2,
    E3,
    E4,
    E5,
    E7,
    X1,
    X2,
    X3,
    M1,
    M2,
    M3,
    M4,
    M6,
    P2,
    P3,
    P4,
    H1,
    H4,
    H5,
    Atomic,
    Bodies,
    Erasure,
    Kept,
    Names,
    NoPanic,
    Notices,
    Numbers,
    OneWriter,
    Outage,
    Players,
    Recovered,
    Repeats,
    Views,
    /// Not one rule but all of them.
    Model,
    /// Not a rule of the store: how a fixture has to be.
    Fixture,
}

impl Rule {
    /// What the rule says.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::L1 => "at most one session holds a player's lock at a time",
            Self::L2 => "a lock is replaced only by who names its session",
            Self::L3 => "the fence grows with every acquisition and never repeats or falls",
            Self::L4 => "once a lock is replaced, nothing under the old one succeeds",
            Self::L5 => "no lock means lost, also when the thief has gone",
            Self::L6 => "release is idempotent and never removes another session's lock",
            Self::L7 => "renewing brings back no lock, and a superseded incarnation never renews",
            Self::L8 => "a start or a first load that fails leaves no lock behind",
            Self::L9 => "a session whose lease lapsed, but whose lock nobody took, is the holder",
            Self::L10 => "wrong clocks never cost an acknowledged save",
            Self::S1 => "an acknowledged write is what the next open returns",
            Self::S2 => {
                "opening a slot again kills the claim in doubt, and shows what happened to it"
            }
            Self::S3 => "the revision grows by one per applied write, on its base only",
            Self::S4 => "nothing found is an answer, and an error never looks like it",
            Self::S5 => "a body that can't be decoded is an error, and stays as it is",
            Self::S6 => "a newer schema is refused untouched, an older one is migrated once",
            Self::S8 => "a body over the limit is refused and changes nothing",
            Self::S9 => "several slots can be open at once, each with its own document",
            Self::S10 => "a new player's document is stored at its first save, changed or not",
            Self::A1 => "the autosave writes what changed, and nothing else",
            Self::A3 => "a save that failed is reported and tried again",
            Self::A6 => "the forced cycle writes every open slot",
            Self::A9 => "game code that keeps a document holds up nobody else",
            Self::E1 => "an end saves and then releases; what can't be saved keeps the lock",
            Self::E2 => "a lost session is closed, and the game is told who took the player",
            Self::E3 => "a store that is down is not a lost session",
            Self::E4 => "a shutdown ends every session, and leaves no lease",
            Self::E5 => "a dropped session ends in the background",
            Self::E7 => "nothing is left half done because nobody waits for it",
            Self::X1 => "a change with a key is applied at most once: both are in one write",
            Self::X2 => "no key is forgotten before its time",
            Self::X3 => "a version that is put back has its own keys",
            Self::M1 => "a letter needs no lock; of one id the first counts, and none is dropped",
            Self::M2 => "a letter that was taken out is not taken in again",
            Self::M3 => "a letter is found by the next load, or its sender told who has the player",
            Self::M4 => "letters are read in order of arrival, past those that stay",
            Self::M6 => "erasing a player erases their mail, and what it remembers",
            Self::P2 => "the id of a letter from an outbox is remembered until it is settled",
            Self::P3 => "the first verdict on a trade stands, for everybody and for good",
            Self::P4 => "nothing is made and nothing is lost",
            Self::H1 => "a version is a record as it was stored, and the newest ones stay",
            Self::H4 => "versions are read without the lock",
            Self::H5 => "only the holder keeps a version, and an erasure takes all of them",
            Self::Atomic => "each method takes effect at one point in time, or not at all",
            Self::Bodies => "bodies are opaque: kept byte for byte, from none to the limit",
            Self::Erasure => "erasing removes everything but the fence, and refuses while locked",
            Self::Kept => {
                "every saved document goes back to the one before it: no change is dropped"
            }
            Self::Names => "names that differ are different things, every allowed one of them",
            Self::NoPanic => "no code panics",
            Self::Notices => "a notice is drained once, by the next renewal of its server",
            Self::Numbers => {
                "numbers and times are kept as they came, or refused without an effect"
            }
            Self::OneWriter => {
                "all changes between one stored document and the next are by who saved it"
            }
            Self::Outage => {
                "a store that is down is an error, in every method, and never an outcome"
            }
            Self::Players => "whoever has something stored is listed, in pages that come to an end",
            Self::Recovered => "when the faults stop, every player can be loaded again",
            Self::Repeats => "calling again does what the method's contract says, and no more",
            Self::Views => "a view is a record as it was acknowledged, never half of one",
            Self::Model => "every answer is that of the simplest store that keeps the contract",
            Self::Fixture => "a fixture opens two clients on one namespace that is empty",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}: {}", self.text())
    }
}
