//! Players put into a store at once, from lines of an export.

use playerdata_process::Folder;
use serde_json::{Value, json};

use super::Operator as _;

/// When the first revision was saved, in ms since 1970: 2026-02-27, at noon.
const FIRST_DAY: u64 = 1_772_193_600_000;
/// A day, in ms.
const DAY: u64 = 86_400_000;

/// A player with one slot, of which some versions are kept.
pub(super) struct Figure {
    player: String,
    /// What the slot had, day by day, and has now.
    documents: Vec<Value>,
    letters: Vec<Value>,
    days_later: u64,
}

impl Figure {
    /// Each document is a revision of `Slot1`, a day after the one before; all
    /// but the last are kept as versions.
    pub(super) fn new(player: &str, documents: impl IntoIterator<Item = Value>) -> Self {
        Self {
            player: player.to_owned(),
            documents: documents.into_iter().collect(),
            letters: Vec::new(),
            days_later: 0,
        }
    }

    /// All of it happened this many days later.
    pub(super) fn later(mut self, days: u64) -> Self {
        self.days_later = days;
        self
    }

    /// Has a letter wait for the slot.
    pub(super) fn with_letter(mut self, id: &str, content: &Value) -> Self {
        self.letters.push(json!({
            "id": id,
            "posting": "6f0a7a52-3b0f-4a63-9f04-6f6f3f7f1a11",
            "sender": "shop",
            "sent_at_ms": FIRST_DAY,
            "retention": "timed",
            "content": content,
        }));
        self
    }

    fn line(&self) -> String {
        let record = |(revision, document): (u64, &Value)| {
            json!({
                "revision": revision,
                "schema": 1,
                "saved_at_ms": FIRST_DAY + (revision - 1 + self.days_later) * DAY,
                "write_id": "6f0a7a52-3b0f-4a63-9f04-6f6f3f7f1a11",
                "document": document,
                "envelope": {"v": 1},
            })
        };
        let mut records: Vec<_> = (1..).zip(&self.documents).map(record).collect();
        let mut slot = records.pop().unwrap_or_else(|| json!({}));
        slot["slot"] = json!("Slot1");
        slot["versions"] = json!(records);
        slot["letters"] = json!(self.letters);
        json!({"format": 1, "player": self.player, "slots": [slot]}).to_string() + "\n"
    }
}

/// A document with so much currency, as the game of the tests has it.
pub(super) fn rich(currency: u64) -> Value {
    json!({"Currency": currency, "Inventory": []})
}

/// Puts them into the store of the folder.
#[track_caller]
pub(super) fn put_in_place(folder: &Folder, figures: &[Figure]) {
    let lines: String = figures.iter().map(Figure::line).collect();
    folder.write("scene.jsonl", &lines);
    let imported = folder.json(0, &["import", "scene.jsonl", "--yes"]);
    assert_eq!(imported["written"], json!(figures.len()));
}
