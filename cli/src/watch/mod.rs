//! Watching a store: who holds whom, as it changes.
//!
//! | module | its part |
//! | --- | --- |
//! | `looks` | looks at the store, again and again |
//! | `picture` | what follows from what was seen |
//! | `words` | that, as people and programs are shown it |
//! | `screen` | the terminal |

mod looks;
mod picture;
mod screen;
mod words;

use std::{
    cell::RefCell,
    io::{self, IsTerminal as _},
    num::{NonZeroU32, NonZeroU64},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

use self::{looks::Looks, screen::Screen, words::Recent};
use crate::{
    desk::Desk,
    failure::Failure,
    output::{answer, escaped},
    pace::Turns,
    play::signals::Signals,
};

/// How to watch.
pub(crate) struct Manner {
    pub(crate) interval: Duration,
    /// After how many updates it ends; without it, when somebody ends it.
    pub(crate) count: Option<NonZeroU64>,
    /// So many questions to the store a second.
    pub(crate) rate: NonZeroU32,
    pub(crate) json: bool,
}

/// Watches until it is ended.
pub(crate) async fn watch(desk: &Desk, manner: &Manner) -> Result<(), Failure> {
    let mut signals = Signals::listen().map_err(Failure::Signals)?;
    let looks = Looks::new(desk, Turns::new(Some(manner.rate)), manner.interval);
    let screen = match !manner.json && Screen::is_there() {
        true => Some(Screen::enter()?),
        false => None,
    };
    let quit = async {
        match &screen {
            Some(_) if io::stdin().is_terminal() => screen::quit().await,
            _ => std::future::pending().await,
        }
    };
    let last = RefCell::default();
    let told = tokio::select! {
        told = tell(&looks, manner, screen.as_ref(), &last) => told,
        () = looks.go_on() => Ok(()),
        () = quit => Ok(()),
        () = signals.received() => Ok(()),
    };
    if let Some(screen) = screen {
        drop(screen);
        // What was last seen stays to be read.
        answer(&last.take().join("\n"))?;
    }
    told
}

/// Tells of one update after the other, and leaves the `last` one's lines.
async fn tell(
    looks: &Looks<'_>,
    manner: &Manner,
    screen: Option<&Screen>,
    last: &RefCell<Vec<String>>,
) -> Result<(), Failure> {
    let mut recent = Recent::default();
    let mut left = manner.count.map(NonZeroU64::get);
    let mut next = Instant::now();
    while left != Some(0) {
        next += manner.interval;
        sleep_until(next).await;
        let (update, progress) = looks.update();
        let lines = words::lines(&update, &progress, recent.add(&update.changes));
        if manner.json {
            answer(&escaped(&words::json(&update, &progress).to_string()))?;
        } else if let Some(screen) = screen {
            screen.show(&lines)?;
            last.replace(lines);
        } else {
            answer(&format!("{}\n", lines.join("\n")))?;
        }
        left = left.map(|left| left - 1);
    }
    Ok(())
}
