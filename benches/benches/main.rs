//! What each part costs, line by line, beside the least that it could.
//!
//! `cargo bench -p playerdata-benches -- save/SQLite`
//!
//! All of it is one program, since linking takes longer than most of what is
//! measured. Only the groups that are asked for are begun.

mod autosave;
mod codec;
mod document;
mod load;
mod lock;
mod save;

use playerdata_benches::harness;

fn main() {
    let subjects = [
        autosave::GROUPS,
        codec::GROUPS,
        document::GROUPS,
        load::GROUPS,
        lock::GROUPS,
        save::GROUPS,
    ];
    harness::run(&subjects.concat());
}
