//! `playerdata man`.

use std::path::PathBuf;

use clap::{Args, CommandFactory as _};
use clap_mangen::Man as Page;

use crate::{Exit, Program, failure::Failure, output};

/// Write the manual page, or a page for each command into a folder
#[derive(Clone, Debug, Args)]
pub(crate) struct Man {
    /// An existing folder for playerdata.1, playerdata-show.1 and so on
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

impl Man {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let program = Program::command();
        if let Some(path) = self.folder {
            let written = clap_mangen::generate_to(program, &path);
            return match written {
                Ok(()) => Ok(Exit::Ended),
                Err(source) => Err(Failure::Save { path, source }),
            };
        }
        let mut page = Vec::new();
        Page::new(program).render(&mut page)?;
        output::bytes(&page)?;
        Ok(Exit::Ended)
    }
}
