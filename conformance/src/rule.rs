//! The rules that cases, and runs of a simulation, prove.

use std::fmt;

macro_rules! rules {
    ($($name:ident: $text:literal,)*) => {
        /// A rule of playerdata's contract that a backend, or what stands on it, can
        /// break.
        ///
        /// It prints as its number and its text, which is how a failed case names it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Rule {
            $(#[doc = $text] $name,)*
        }

        impl Rule {
            /// What the rule says.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

rules! {
    L1: "at most one session holds a player's lock at a time",
    L2: "a lock is replaced only by who names its session",
    L3: "the fence grows with every acquisition and never repeats or falls",
    L4: "once a lock is replaced, nothing under the old one succeeds",
    L5: "no lock means lost, also when the thief has gone",
    L6: "release is idempotent and never removes another session's lock",
    L7: "renewing brings back no lock, and a superseded incarnation never renews",
    L8: "a start or a first load that fails leaves no lock behind",
    L9: "a session whose lease lapsed, but whose lock nobody took, is the holder",
    L10: "wrong clocks never cost an acknowledged save",
    S1: "an acknowledged write is what the next open returns",
    S2: "opening a slot again kills the claim in doubt, and shows what happened to it",
    S3: "the revision grows by one per applied write, on its base only",
    S4: "nothing found is an answer, and an error never looks like it",
    S5: "a body that can't be decoded is an error, and stays as it is",
    S6: "a newer schema is refused untouched, an older one is migrated once",
    S8: "a body over the limit is refused and changes nothing",
    S9: "several slots can be open at once, each with its own document",
    S10: "a new player's document is stored at its first save, changed or not",
    A1: "the autosave writes what changed, and nothing else",
    A3: "a save that failed is reported and tried again",
    A6: "the forced cycle writes every open slot",
    A9: "game code that keeps a document holds up nobody else",
    E1: "an end saves and then releases; what can't be saved keeps the lock",
    E2: "a lost session is closed, and the game is told who took the player",
    E3: "a store that is down is not a lost session",
    E4: "a shutdown ends every session, and leaves no lease",
    E5: "a dropped session ends in the background",
    E7: "nothing is left half done because nobody waits for it",
    X1: "a change with a key is applied at most once: both are in one write",
    X2: "no key is forgotten before its time",
    X3: "a version that is put back has its own keys",
    M1: "a letter needs no lock; of one id the first counts, and none is dropped",
    M2: "a letter that was taken out is not taken in again",
    M3: "a letter is found by the next load, or its sender told who has the player",
    M4: "letters are read in order of arrival, past those that stay",
    M6: "erasing a player erases their mail, and what it remembers",
    P2: "the id of a letter from an outbox is remembered until it is settled",
    P3: "the first verdict on a trade stands, for everybody and for good",
    P4: "nothing is made and nothing is lost",
    H1: "a version is a record as it was stored, and the newest ones stay",
    H4: "versions are read without the lock",
    H5: "only the holder keeps a version, and an erasure takes all of them",
    Atomic: "each method takes effect at one point in time, or not at all",
    Bodies: "bodies are opaque: kept byte for byte, from none to the limit",
    Erasure: "erasing removes everything but the fence, and refuses while locked",
    Kept: "every saved document goes back to the one before it: no change is dropped",
    Names: "names that differ are different things, every allowed one of them",
    NoPanic: "no code panics",
    Notices: "a notice is drained once, by the next renewal of its server",
    Numbers: "numbers and times are kept as they came, or refused without an effect",
    OneWriter: "all changes between one stored document and the next are by who saved it",
    Outage: "a store that is down is an error, in every method, and never an outcome",
    Players: "whoever has something stored is listed, in pages that come to an end",
    Recovered: "when the faults stop, every player can be loaded again",
    Repeats: "calling again does what the method's contract says, and no more",
    Views: "a view is a record as it was acknowledged, never half of one",
    Model: "every answer is that of the simplest store that keeps the contract",
    Fixture: "a fixture opens two clients on one namespace that is empty",
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}: {}", self.text())
    }
}
