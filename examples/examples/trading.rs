//! A game server with two players, which does the trades and transfers that are
//! typed. Start two on one store, each with a name and players of its own, and
//! kill one whenever you like: nothing is made and nothing is lost.
//!
//! ```sh
//! PLAYERDATA_SERVER=one cargo run --example trading 1 2
//! PLAYERDATA_SERVER=two cargo run --example trading 3 4
//! ```
//!
//! `trade ID COINS LOAVES` lets the first player buy loaves from the second,
//! and `transfer ID PLAYER COINS` sends coins of the first player to anyone. An
//! id that is typed again moves nothing again.

use std::error::Error;

use playerdata::{Transferred, prelude::*};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Result<()> {
    // The store and the server's name are those of the environment.
    let manager = Config::from_env()?.builder().await?.start().await?;
    let mut players = std::env::args().skip(1);
    let mut player = || players.next().ok_or("two players, please");
    let ann = manager.start_session(player()?).await?;
    let bob = manager.start_session(player()?).await?;
    let (first, second) = (ann.load_slot("Slot1").await?, bob.load_slot("Slot1").await?);
    println!("ready");

    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        // What others have sent is in the gift bank.
        for slot in [&first, &second] {
            claim_gifts(slot)?;
        }
        let words: Vec<_> = line.split_whitespace().collect();
        let done = match words[..] {
            ["trade", id, coins, loaves] => {
                let price = Parcel::new().amount("Currency", coins.parse::<u64>()?);
                let bread = Parcel::new().item("Bread", loaves.parse()?);
                let trade = manager.trade(id, (&first, price), (&second, bread));
                trade.await.map(|outcome| match outcome {
                    TradeOutcome::Traded => "traded",
                    TradeOutcome::AlreadyTraded => "traded before",
                    _ => "aborted",
                })
            }
            ["transfer", id, to, coins] => {
                let coins = Parcel::new().amount("Currency", coins.parse::<u64>()?);
                let sent = first.transfer(id, coins, to, "Slot1").await;
                sent.map(|sent| match sent {
                    Transferred::Sent => "sent",
                    Transferred::AlreadyTransferred => "sent before",
                    _ => "on its way",
                })
            }
            _ => return Err(format!("{line:?} is neither a trade nor a transfer").into()),
        };
        match done {
            Ok(done) => println!("{done}"),
            Err(error) => println!("not done: {error}"),
        }
    }
    ann.end().await?;
    bob.end().await?;
    Ok(())
}

fn claim_gifts(slot: &Slot) -> Result<()> {
    let gifts: Vec<_> = slot.read(|player| player.gift_bank().ids().map(str::to_owned).collect());
    for gift in gifts {
        slot.claim_gift(&gift)?;
    }
    Ok(())
}
