//! How a manager can do its steps in the wrong order, or leave one out.

/// One step that is left out, or taken too early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slip {
    /// A key is stored one write after its change.
    KeyAfterChange,
    /// The oldest keys are forgotten early.
    KeysForgotten,
    /// What is put back gets the keys of what it replaces as well.
    KeysOfReplaced,
    /// A letter of a game's is said to be sent, and is not.
    LetterNotSent,
    /// A letter is stored one write before its id.
    IdAfterLetter,
    /// A letter is discarded before the write that has it is acknowledged.
    DiscardBeforeSave,
    /// A letter is not discarded, and its id forgotten all the same.
    DiscardLeftOut,
    /// A load does not look for letters.
    LettersIgnored,
    /// Whoever holds a player is not told of their mail.
    HolderNotTold,
    /// A parcel leaves the document one write before it enters the outbox.
    OutboxAfterParcel,
    /// A parcel is sent before the write that has it is acknowledged.
    SendBeforeSave,
    /// A parcel leaves the outbox, and is not sent.
    SendLeftOut,
    /// A letter is settled while it is still in the outbox.
    SettleBeforeSave,
    /// A parcel leaves the document one write before it enters the escrow.
    EscrowAfterParcel,
    /// A trade is decided before both documents are known to be stored.
    DecideBeforeSave,
    /// A trade is not decided at the store.
    DecideLeftOut,
    /// A trade goes as was asked, whatever the store answers.
    VerdictIgnored,
    /// A document is loaded as if it were in no trade.
    EscrowIgnored,
    /// A load asks for the trade to be made.
    LoadAsksCommit,
    /// A verdict is forgotten before the documents have acted on it.
    ForgetBeforeAct,
    /// A verdict is forgotten before the document that acted on it is stored.
    ForgetBeforeSave,
    /// What a restored version replaces is not kept.
    ReplacedNotKept,
    /// A version is put back with what was on its way.
    OutboxPutBack,
    /// The newest record is put back, whichever was asked for.
    NewestPutBack,
}
