//! A game server whose players send a number per line, which is added to their
//! currency. Start two on one store, and let `bots` move players between them:
//!
//! ```sh
//! cargo run --example game_server 127.0.0.1:4000
//! cargo run --example game_server 127.0.0.1:4001
//! cargo run --example bots 127.0.0.1:4000 127.0.0.1:4001
//! ```

use std::{env, error::Error, time::Duration};

use playerdata::prelude::*;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    signal::unix::{SignalKind, signal},
};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    // The store and the settings are those of the environment: PLAYERDATA_STORE.
    let manager = Config::from_env()?.builder().await?.start().await?;
    let mut terminate = signal(SignalKind::terminate())?;
    let address = env::args().nth(1);
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:4000")).await?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        tokio::select! {
            connection = listener.accept() => {
                let (connection, _) = connection?;
                let manager = manager.clone();
                tokio::spawn(async move {
                    if let Err(error) = play(&manager, connection).await {
                        eprintln!("{error}");
                    }
                });
            }
            _ = terminate.recv() => break,
        }
    }
    // Everybody is saved, released and sent away.
    let report = manager.shutdown(Duration::from_secs(20)).await;
    println!("{} players saved", report.ended);
    if report.is_complete() {
        Ok(())
    } else {
        Err(format!("{report:?}").into())
    }
}

async fn play(manager: &SessionManager, mut connection: TcpStream) -> Result<()> {
    let (reader, mut writer) = connection.split();
    let mut lines = BufReader::new(reader).lines();
    let player: u64 = lines.next_line().await?.ok_or("nobody")?.parse()?;

    // Join. A server that has the player is asked to save and release them.
    let (session, slot) = manager.start_and_load(player, "Slot1").await?;
    let coins: u64 = slot.get("Currency")?;
    writer.write_all(format!("{coins}\n").as_bytes()).await?;

    // Play. An error drops the session, which ends it in the background.
    loop {
        tokio::select! {
            line = lines.next_line() => {
                let Some(line) = line? else { break };
                let coins = slot.increment("Currency", line.parse::<u64>()?)?;
                writer.write_all(format!("{coins}\n").as_bytes()).await?;
            }
            // Kick: another server has the player now, or this one shuts down.
            _ = session.ended() => return Ok(()),
        }
    }

    // Leave: a last save, and the player is free.
    session.end().await?;
    Ok(())
}
