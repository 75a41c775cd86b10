//! `object_store`: an object per player, replaced on the condition that it is
//! the one last seen where the store can do that, and whatever it is where it
//! can't.

use std::{path::Path as Folder, sync::Arc};

use async_trait::async_trait;
use object_store::{
    ObjectStore, PutMode, UpdateVersion, local::LocalFileSystem, memory::InMemory, path::Path,
};
use playerdata_benches::documents::Standard;
use serde_json::Value;

use crate::saver::{PLAYERS, Saver, Savers, change, encode};

struct Object {
    store: Arc<dyn ObjectStore>,
    place: Path,
    document: Value,
    /// What the object has to be, if that is checked.
    seen: Option<UpdateVersion>,
}

#[async_trait]
impl Saver for Object {
    async fn save(&mut self) {
        change(&mut self.document);
        let mode = self.seen.take().map_or(PutMode::Overwrite, PutMode::Update);
        let is_checked = matches!(mode, PutMode::Update(_));
        let bytes = encode(&self.document);
        let put = self.store.put_opts(&self.place, bytes.into(), mode.into());
        let put = put.await.expect("nobody else writes the object");
        self.seen = is_checked.then(|| put.into());
    }
}

/// Players with an object each in memory, each replaced if its etag is known.
pub(crate) async fn in_memory(standard: Standard) -> Savers {
    savers(Arc::new(InMemory::new()), standard, true).await
}

/// Players with a file each in a folder, synced as each is replaced. The store
/// for files has no condition to replace one on.
pub(crate) async fn in_files(folder: &Folder, standard: Standard) -> Savers {
    let store = LocalFileSystem::new_with_prefix(folder);
    let store = store.expect("the folder is there").with_fsync(true);
    savers(Arc::new(store), standard, false).await
}

async fn savers(store: Arc<dyn ObjectStore>, standard: Standard, is_checked: bool) -> Savers {
    let document = standard.document().to_json();
    let mut savers: Savers = Vec::new();
    for player in 0..PLAYERS {
        let place = Path::from(format!("{player}/Slot1"));
        let bytes = encode(&document);
        let put = store.put_opts(&place, bytes.into(), PutMode::Create.into());
        let put = put.await.expect("the store is empty");
        savers.push(Box::new(Object {
            store: Arc::clone(&store),
            place,
            document: document.clone(),
            seen: is_checked.then(|| put.into()),
        }));
    }
    savers
}
