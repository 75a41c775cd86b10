//! Every operation, each in a scene where it does all that it can do, so that
//! a fault can be tried at each of its calls.

use std::{collections::BTreeMap, pin::Pin, time::Duration};

use playerdata_core::{
    Revision,
    backend::{Backend, BackendError, Notice, NoticeKind, Party, Verdict},
};
use playerdata_dynamodb::DynamoDbBackend;

use super::{
    KEEP_ALWAYS, Store, acquired, body, claim, claimant, letter, letter_id, letter_until_settled,
    opened, player, posted, posting, server, session, slot, stamp, trade,
    wire::{Fault, Wire},
};

/// The outcome of an operation, to compare.
pub type Outcome = Result<String, BackendError>;

type Running<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// One operation, after session 1 holds the player with two slots claimed and
/// one of them saved (under write 1), if it is about a held player at all.
pub struct Scene {
    pub name: &'static str,
    /// Whether session 1 has released the player before.
    pub free: bool,
    pub run: for<'a> fn(&'a DynamoDbBackend) -> Running<'a>,
}

macro_rules! scene {
    ($name:literal, $free:literal, |$backend:ident| $run:expr) => {
        Scene {
            name: $name,
            free: $free,
            run: |$backend| {
                Box::pin(async move { $run.await.map(|outcome| format!("{outcome:?}")) })
            },
        }
    };
}

/// The operations that change something, and that a repetition does not
/// change further.
pub const REPEATABLE: &[Scene] = &[
    scene!("acquire", true, |backend| async {
        backend.acquire(&player("p"), &claimant(2), None).await
    }),
    scene!("take over", false, |backend| async {
        let replacing = Some(session(1));
        backend.acquire(&player("p"), &claimant(2), replacing).await
    }),
    scene!("release", false, |backend| async {
        backend.release(&player("p"), session(1)).await
    }),
    scene!("open", false, |backend| async {
        backend.open(&claim(&player("p"), 1, "saved", 2)).await
    }),
    scene!("save", false, |backend| async {
        let claim = claim(&player("p"), 1, "saved", 1);
        backend.save(&claim, &stamp(1, 2), &body("new")).await
    }),
    scene!("delete", false, |backend| async {
        let claim = claim(&player("p"), 1, "saved", 1);
        backend.delete(&claim, &stamp(1, 2)).await
    }),
    scene!("keep a version", false, |backend| async {
        let claim = claim(&player("p"), 1, "saved", 1);
        backend.keep_version(&claim, KEEP_ALWAYS).await
    }),
    scene!("keep nothing", false, |backend| async {
        let claim = claim(&player("p"), 1, "kept", 1);
        backend.keep_version(&claim, KEEP_ALWAYS).await
    }),
    scene!("erase", true, |backend| async {
        backend.erase(&player("p")).await
    }),
    scene!("drop a lease", false, |backend| async {
        backend.drop_lease(&server(1)).await
    }),
];

/// The operations that change something whoever holds the player, and that a
/// repetition does not change further.
pub const WITHOUT_LOCK: &[Scene] = &[
    scene!("post", false, |backend| async {
        let letter = letter("new", 9);
        backend.post(&player("p"), &slot("saved"), &letter).await
    }),
    scene!("post to nobody", false, |backend| async {
        let letter = letter("new", 9);
        backend.post(&player("q"), &slot("saved"), &letter).await
    }),
    scene!("discard", false, |backend| async {
        let (player, slot) = (player("p"), slot("saved"));
        let id = letter_id("timed");
        backend.discard(&player, &slot, &id, posting(1)).await
    }),
    scene!("discard before it is settled", false, |backend| async {
        let (player, slot) = (player("p"), slot("saved"));
        let id = letter_id("waits");
        backend.discard(&player, &slot, &id, posting(2)).await
    }),
    scene!("settle", false, |backend| async {
        let (player, slot) = (player("p"), slot("saved"));
        let id = letter_id("waits");
        backend.settle(&player, &slot, &id, posting(2)).await
    }),
    scene!("settle what is discarded", false, |backend| async {
        let (player, slot) = (player("p"), slot("saved"));
        let id = letter_id("gone");
        backend.settle(&player, &slot, &id, posting(3)).await
    }),
    scene!("decide", false, |backend| async {
        backend.decide(trade(2), Verdict::Abort).await
    }),
    scene!("forget", false, |backend| async {
        backend.forget_decision(trade(3), Party::First).await
    }),
    scene!("forget for good", false, |backend| async {
        backend.forget_decision(trade(1), Party::Second).await
    }),
];

/// The operations that change nothing.
pub const READS: &[Scene] = &[
    scene!("view", false, |backend| async {
        backend.view(&player("p"), &slot("saved")).await
    }),
    scene!("list", false, |backend| async {
        backend.list(&player("p")).await
    }),
    scene!("letters", false, |backend| async {
        let (player, slot) = (player("p"), slot("saved"));
        backend.letters(&player, &slot, None, 10).await
    }),
    scene!("versions", false, |backend| async {
        backend.versions(&player("p"), &slot("kept")).await
    }),
    scene!("version", false, |backend| async {
        let (player, slot) = (player("p"), slot("kept"));
        backend.version(&player, &slot, Revision::new(1)).await
    }),
    scene!("players", false, |backend| async {
        backend.players(None, 100).await
    }),
    scene!("holder", false, |backend| async {
        backend.holder(&player("p")).await
    }),
    scene!("look at a lease", false, |backend| async {
        backend.lease_is_live(&server(1)).await
    }),
];

/// The operations that a repetition changes: a lease is renewed again, which
/// would lose notices; a notice is queued twice, which does no harm.
pub const OTHERS: &[Scene] = &[
    scene!("renew a lease", false, |backend| async {
        backend
            .renew_lease(&server(1), Duration::from_secs(60))
            .await
    }),
    scene!("notify", false, |backend| async {
        backend.notify(&server(1).name, &notice()).await
    }),
];

/// Session 2 asks for the player.
pub fn notice() -> Notice {
    Notice {
        player: player("p"),
        session: session(1),
        kind: NoticeKind::HandOver,
        from: server(2),
    }
}

/// What an operation came to.
pub struct Played {
    pub outcome: Outcome,
    /// The table before.
    pub before: Vec<BTreeMap<String, String>>,
    /// The table afterwards.
    pub stored: Vec<BTreeMap<String, String>>,
    pub operations: Vec<String>,
}

impl Scene {
    /// A table in which the operation has everything to do.
    pub async fn set(&self) -> Store {
        let store = Store::open().await;
        let backend = store.backend();
        let player = player("p");
        let lease = Duration::from_secs(60);
        backend.renew_lease(&server(1), lease).await.unwrap();
        acquired(&backend, &player, &claimant(1), None).await;
        for (number, name) in [(1, "saved"), (1, "never-saved")] {
            opened(&backend, &claim(&player, 1, name, number)).await;
        }
        let kept = claim(&player, 1, "kept", 1);
        opened(&backend, &kept).await;
        for claim in [&claim(&player, 1, "saved", 1), &kept] {
            let outcome = backend.save(claim, &stamp(0, 1), &body("old")).await;
            outcome.unwrap();
        }
        backend.keep_version(&kept, KEEP_ALWAYS).await.unwrap();
        Self::set_mail(&backend).await;
        if self.free {
            backend.release(&player, session(1)).await.unwrap();
        }
        store
    }

    /// Letters that wait and one that is remembered, and verdicts.
    async fn set_mail(backend: &DynamoDbBackend) {
        let (player, slot) = (player("p"), slot("saved"));
        posted(backend, &player, &slot, &letter("timed", 1)).await;
        for (id, number) in [("waits", 2), ("gone", 3)] {
            let letter = letter_until_settled(id, number);
            posted(backend, &player, &slot, &letter).await;
        }
        let gone = letter_id("gone");
        let discarded = backend.discard(&player, &slot, &gone, posting(3)).await;
        discarded.unwrap();
        for number in [1, 3] {
            let decided = backend.decide(trade(number), Verdict::Commit).await;
            decided.unwrap();
        }
        let first = backend.forget_decision(trade(1), Party::First);
        first.await.unwrap();
    }

    /// The operation, on a table of its own, with faults by call.
    pub async fn play(
        &self,
        plan: impl FnMut(usize, &super::wire::Sent) -> Fault + Send + 'static,
    ) -> Played {
        let store = self.set().await;
        let wire = Wire::new();
        let backend = store.backend_on(&wire);
        let before = store.dump().await;
        wire.plan(plan);
        let outcome = (self.run)(&backend).await;
        Played {
            outcome,
            before,
            stored: store.dump().await,
            operations: wire.operations(),
        }
    }

    /// The operation without any fault.
    pub async fn play_well(&self) -> Played {
        let played = self.play(|_, _| Fault::None).await;
        assert!(played.outcome.is_ok(), "{}", self.name);
        played
    }
}
