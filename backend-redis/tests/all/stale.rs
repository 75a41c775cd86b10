//! A game server that sleeps through a take-over.

use crate::support;

use playerdata_core::{
    ClaimNumber, Revision,
    backend::{Backend, Claim, Opening, Release, WriteOutcome},
};
use support::{Proxy, RawSession, TestServer, body, connect, options};

/// L4: all of these were sent before the take-over and arrive after it.
#[tokio::test]
async fn l4_every_late_command_of_a_replaced_session_is_refused_by_the_server() {
    let server = TestServer::start(&[]).await;
    let proxy = Proxy::to(server.port()).await;
    let options = options();
    let stale = connect(&[proxy.url()], &options).await;
    let fresh = connect(&[server.url()], &options).await;

    let mut game = RawSession::start(&stale, "4711").await;
    game.save(&stale, "old").await;

    proxy.pause();
    let (claim, stamp) = (game.claim.clone(), game.stamp());
    let reclaim = Claim {
        number: claim.number.next(),
        ..claim.clone()
    };
    let other_claim = Claim {
        slot: "Slot2".parse().unwrap(),
        ..reclaim.clone()
    };
    let body = body("late");
    let late = async {
        tokio::join!(
            stale.save(&claim, &stamp, &body),
            stale.delete(&claim, &stamp),
            stale.open(&reclaim),
            stale.open(&other_claim),
            stale.save(&reclaim, &stamp, &body),
            stale.release(&game.claim.player, game.id()),
        )
    };
    let take_over = async {
        let mut thief = RawSession::of("4711");
        thief.take(&fresh, Some(&game)).await;
        let opened = thief.open(&fresh).await;
        assert_eq!(opened.revision, Revision::new(1));
        thief.save(&fresh, "new").await;
        proxy.resume();
        thief
    };
    let (outcomes, mut thief) = tokio::join!(late, take_over);

    let holder = fresh.holder(&thief.claim.player).await.unwrap();
    assert_eq!(holder.as_ref().unwrap().session, thief.id());
    let not_opened = Opening::Lost {
        holder: holder.clone(),
    };
    let lost = WriteOutcome::Lost { holder };
    assert_eq!(outcomes.0.unwrap(), lost);
    assert_eq!(outcomes.1.unwrap(), lost);
    assert_eq!(outcomes.2.unwrap(), not_opened);
    assert_eq!(outcomes.3.unwrap(), not_opened);
    assert_eq!(outcomes.4.unwrap(), lost);
    assert_eq!(outcomes.5.unwrap(), Release::NotHeld);

    assert_eq!(thief.stored(&fresh).await.as_deref(), Some("new"));
    assert_eq!(fresh.list(&thief.claim.player).await.unwrap().len(), 1);
    thief.save(&fresh, "newer").await;

    // L5: also when the thief has gone, there is no way back.
    thief.release(&fresh).await;
    let outcome = game.try_save(&stale, "late").await.unwrap();
    assert_eq!(outcome, WriteOutcome::Lost { holder: None });
    assert_eq!(thief.stored(&fresh).await.as_deref(), Some("newer"));
}

/// S2: claim numbers are compared as numbers, up to the greatest there is.
#[tokio::test]
async fn s2_a_late_opening_under_a_lower_number_changes_nothing() {
    let server = TestServer::start(&[]).await;
    let backend = connect(&[server.url()], &options()).await;
    let mut game = RawSession::start(&backend, "4711").await;
    game.save(&backend, "saved").await;
    let top = u64::MAX;
    for (late_number, number) in [
        (1, 2),
        (9, 10),
        (99, 100),
        (1 << 53, (1 << 53) + 1),
        (top - 1, top),
    ] {
        game.claim.number = ClaimNumber::new(number - 1);
        game.open(&backend).await;
        let mut late = game.clone();
        late.claim.number = ClaimNumber::new(late_number);
        let opening = backend.open(&late.claim).await.unwrap();
        assert_eq!(
            opening,
            Opening::Overtaken,
            "{} after {number}",
            late.claim.number
        );
        let outcome = late.try_save(&backend, "late").await.unwrap();
        assert_eq!(
            outcome,
            WriteOutcome::Overtaken,
            "{} after {number}",
            late.claim.number
        );
        game.save(&backend, "newer").await;
    }
}
