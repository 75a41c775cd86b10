//! What changes something asks first.

use std::io::{self, IsTerminal as _, Write as _};

use clap::Args;
use playerdata::backend::HazardKind;

use crate::failure::Failure;

/// How a command that changes something is to go about it.
#[derive(Clone, Debug, Args)]
pub(crate) struct Consent {
    /// Don't ask for confirmation; needed where nobody can be asked
    #[arg(long, short)]
    yes: bool,

    /// Report what would be done, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Work on a store despite this risk that it loses what is written
    #[arg(long, value_name = "KIND", value_parser = hazard)]
    pub(crate) accept_hazard: Vec<HazardKind>,
}

fn hazard(name: &str) -> Result<HazardKind, String> {
    let known = HazardKind::ALL.iter().find(|kind| kind.as_str() == name);
    known.copied().ok_or_else(|| {
        let names: Vec<_> = HazardKind::ALL.map(HazardKind::as_str).into();
        format!("the kinds are {}", names.join(", "))
    })
}

/// What somebody wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Go ahead.
    Do,
    /// Don't.
    Leave,
    /// Only say what would be done.
    Say,
}

impl Consent {
    /// Asks whether to do something: `free player 1`.
    pub(crate) fn to(&self, what: &str) -> Result<Wish, Failure> {
        if self.dry_run {
            return Ok(Wish::Say);
        }
        if self.yes {
            return Ok(Wish::Do);
        }
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return Err(Failure::NobodyToAsk(what.to_owned()));
        }
        let mut terminal = io::stderr().lock();
        write!(terminal, "{}? [y/N] ", capitalised(what))?;
        terminal.flush()?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        let yes = matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes");
        Ok(if yes { Wish::Do } else { Wish::Leave })
    }
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(characters).collect()
    })
}
