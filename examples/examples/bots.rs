//! Players who move from one `game_server` to another all the time, and check
//! that nothing they were promised is ever taken back or counted twice.
//!
//! ```sh
//! cargo run --example bots 127.0.0.1:4000 127.0.0.1:4001
//! ```

use std::{env, io, ops::RangeInclusive, process::ExitCode, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    task::JoinSet,
    time::sleep,
};

const PLAYERS: u64 = 20;
/// How often each of them is to be let in.
const VISITS: usize = 5;
/// A server that is down is tried again; not for ever.
const ATTEMPTS: usize = 50;
const COINS_PER_VISIT: u64 = 10;

#[tokio::main]
async fn main() -> ExitCode {
    let servers: Vec<String> = env::args().skip(1).collect();
    let mut bots: JoinSet<_> = (0..PLAYERS)
        .map(|player| play(player, servers.clone()))
        .collect();
    let mut failed = false;
    while let Some(played) = bots.join_next().await {
        match played {
            Ok(Ok(coins)) => println!("a player has {coins} coins, as it should be"),
            Ok(Err(why)) => {
                failed = true;
                eprintln!("{why}");
            }
            Err(panic) => {
                failed = true;
                eprintln!("{panic}");
            }
        }
    }
    if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

async fn play(player: u64, servers: Vec<String>) -> Result<u64, String> {
    // What the player may have: a coin that was sent and not answered counts,
    // or does not.
    let mut coins = 500..=500;
    let mut visits = 0;
    for attempt in 0..ATTEMPTS {
        let server = &servers[(attempt + player as usize) % servers.len()];
        let entered = match Visit::begin(server, player).await {
            Ok((visit, found)) if coins.contains(&found) => {
                coins = found..=found;
                visit.earn(&mut coins).await?;
                true
            }
            Ok((_, found)) => {
                return Err(format!("player {player} has {found} coins, not {coins:?}"));
            }
            Err(_) => false,
        };
        match entered {
            true => visits += 1,
            false => sleep(Duration::from_millis(100)).await,
        }
        if visits == VISITS {
            return Ok(*coins.end());
        }
    }
    Err(format!("player {player} was let in {visits} times only"))
}

struct Visit {
    lines: Lines<BufReader<OwnedReadHalf>>,
    writer: OwnedWriteHalf,
}

impl Visit {
    /// Joins, and returns what the server says the player has.
    async fn begin(server: &str, player: u64) -> io::Result<(Self, u64)> {
        let (reader, writer) = TcpStream::connect(server).await?.into_split();
        let lines = BufReader::new(reader).lines();
        let mut visit = Self { lines, writer };
        let found = visit.ask(player).await?;
        Ok((visit, found))
    }

    async fn ask(&mut self, number: u64) -> io::Result<u64> {
        let line = format!("{number}\n");
        self.writer.write_all(line.as_bytes()).await?;
        let answer = self.lines.next_line().await?;
        let answer = answer.ok_or(io::ErrorKind::UnexpectedEof)?;
        answer.parse().map_err(io::Error::other)
    }

    /// Earns coins, one at a time, until there are enough or the server sends
    /// the player away. Then hangs up, without a word.
    async fn earn(mut self, coins: &mut RangeInclusive<u64>) -> Result<(), String> {
        for _ in 0..COINS_PER_VISIT {
            let had = *coins.start();
            *coins = had..=had + 1;
            match self.ask(1).await {
                Ok(has) if has == had + 1 => *coins = has..=has,
                Ok(has) => return Err(format!("{had} coins and one more are {has}")),
                Err(_) => break,
            }
        }
        Ok(())
    }
}
