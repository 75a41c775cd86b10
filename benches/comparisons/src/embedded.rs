//! `redb`: an embedded key-value store, with a transaction for each save that
//! checks the revision. One process at a time has the file.

use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use playerdata_benches::documents::Standard;
use redb::{Database, ReadableTable, TableDefinition};
use serde_json::Value;
use tokio::task;

use crate::saver::{PLAYERS, Saver, Savers, change, encode};

/// Revision and document by player.
const SAVES: TableDefinition<'_, u64, (u64, &[u8])> = TableDefinition::new("saves");

struct Embedded {
    db: Arc<Database>,
    player: u64,
    revision: u64,
    document: Value,
}

#[async_trait]
impl Saver for Embedded {
    async fn save(&mut self) {
        change(&mut self.document);
        let bytes = encode(&self.document);
        let (db, player, revision) = (Arc::clone(&self.db), self.player, self.revision);
        let saving = task::spawn_blocking(move || write(&db, player, revision, &bytes));
        let saved = saving.await.expect("a write does not panic");
        assert!(saved.expect("the disk has room"), "nobody else writes");
        self.revision += 1;
    }
}

/// Writes a document if its revision is still this one; whether it was.
/// Committing syncs the file.
fn write(db: &Database, player: u64, revision: u64, bytes: &[u8]) -> Result<bool, redb::Error> {
    let transaction = db.begin_write()?;
    {
        let mut saves = transaction.open_table(SAVES)?;
        let found = saves.get(player)?.map_or(0, |row| row.value().0);
        if found != revision {
            return Ok(false);
        }
        saves.insert(player, (revision + 1, bytes))?;
    }
    transaction.commit()?;
    Ok(true)
}

/// Players in a file of their own.
pub(crate) fn savers(path: &Path, standard: Standard) -> Savers {
    let db = Arc::new(Database::create(path).expect("the file is new"));
    let document = standard.document().to_json();
    let player = |player| {
        let saver = Embedded {
            db: Arc::clone(&db),
            player,
            revision: 0,
            document: document.clone(),
        };
        Box::new(saver) as Box<dyn Saver>
    };
    (0..PLAYERS).map(player).collect()
}
