//! A game server that sleeps through a take-over.

use crate::support;

use playerdata_core::{
    ClaimNumber, Revision,
    backend::{Backend, Opening, Release, WriteOutcome},
};
use support::{Game, Proxy, TestServer, body, connect, options};

/// L4: all of these were sent before the take-over and arrive after it.
#[tokio::test]
async fn l4_every_late_command_of_a_replaced_session_is_refused_by_the_server() {
    let server = TestServer::start(&[]).await;
    let proxy = Proxy::to(server.port()).await;
    let options = options();
    let stale = connect(&[proxy.url()], &options).await;
    let fresh = connect(&[server.url()], &options).await;

    let mut game = Game::start(&stale, "4711").await;
    game.save(&stale, "old").await;
    let mut reopening = game.clone();
    reopening.number = game.number.next();
    let other_slot = Game {
        slot: "Slot2".parse().unwrap(),
        ..reopening.clone()
    };

    proxy.pause();
    let (claim, stamp) = (game.claim(), game.stamp());
    let (reclaim, other_claim) = (reopening.claim(), other_slot.claim());
    let body = body("late");
    let late = async {
        tokio::join!(
            stale.save(&claim, &stamp, &body),
            stale.delete(&claim, &stamp),
            stale.open(&reclaim),
            stale.open(&other_claim),
            stale.save(&reclaim, &stamp, &body),
            stale.release(&game.player, game.session()),
        )
    };
    let take_over = async {
        let mut thief = Game::of("4711");
        thief.take(&fresh, Some(&game)).await;
        let opened = thief.open(&fresh).await;
        assert_eq!(opened.revision, Revision::new(1));
        thief.save(&fresh, "new").await;
        proxy.resume();
        thief
    };
    let (outcomes, mut thief) = tokio::join!(late, take_over);

    let holder = fresh.holder(&thief.player).await.unwrap();
    assert_eq!(holder.as_ref().unwrap().session, thief.session());
    let lost = WriteOutcome::Lost {
        holder: holder.clone(),
    };
    assert_eq!(outcomes.0.unwrap(), lost);
    assert_eq!(outcomes.1.unwrap(), lost);
    assert_eq!(
        outcomes.2.unwrap(),
        Opening::Lost {
            holder: holder.clone()
        }
    );
    assert_eq!(outcomes.3.unwrap(), Opening::Lost { holder });
    assert_eq!(outcomes.4.unwrap(), lost);
    assert_eq!(outcomes.5.unwrap(), Release::NotHeld);

    assert_eq!(thief.stored(&fresh).await.as_deref(), Some("new"));
    assert_eq!(fresh.list(&thief.player).await.unwrap().len(), 1);
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
    let mut game = Game::start(&backend, "4711").await;
    game.save(&backend, "saved").await;
    let top = u64::MAX;
    for (late, number) in [
        (1, 2),
        (9, 10),
        (99, 100),
        (1 << 53, (1 << 53) + 1),
        (top - 1, top),
    ] {
        game.number = ClaimNumber::new(number - 1);
        game.open(&backend).await;
        let late = Game {
            number: ClaimNumber::new(late),
            ..game.clone()
        };
        let opening = backend.open(&late.claim()).await.unwrap();
        assert_eq!(
            opening,
            Opening::Overtaken,
            "{} after {number}",
            late.number
        );
        let outcome = late.try_save(&backend, "late").await.unwrap();
        assert_eq!(
            outcome,
            WriteOutcome::Overtaken,
            "{} after {number}",
            late.number
        );
        game.save(&backend, "newer").await;
    }
}
