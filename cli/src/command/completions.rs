//! `playerdata completions`.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::{Exit, Program, failure::Failure, output};

/// Write a shell's completions: playerdata completions bash > FILE
#[derive(Clone, Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(&self) -> Result<Exit, Failure> {
        let mut script = Vec::new();
        let mut program = Program::command();
        clap_complete::generate(self.shell, &mut program, "playerdata", &mut script);
        output::bytes(&script)?;
        Ok(Exit::Ended)
    }
}
