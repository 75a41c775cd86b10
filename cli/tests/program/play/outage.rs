//! A store that goes away, does not answer any more, keeps nothing, or can't be
//! trusted.

use std::time::Duration;

use playerdata_process::{Folder, Process};
use tokio::time::Instant;

use crate::{
    game::{Play as _, SHORT},
    stores::on_every_server,
};

on_every_server! {
    a_save_in_an_outage_is_told_and_so_is_what_is_not_saved_at_the_end,
}

/// As `operation_timeout` in the settings `SHORT`.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(1);

/// More than that, for the program to start and to end on a busy machine.
const ALLOWANCE: Duration = Duration::from_secs(15);

/// A player at 511, of which 501 is saved.
fn playing(folder: &Folder) -> Process {
    let mut play = folder.play(&[]);
    play.ask("inc Currency 1");
    assert_eq!(play.ask("save"), "saved revision 1");
    assert_eq!(play.ask("inc Currency 10"), "511");
    play
}

/// A save that the store does not answer: an error in time, and not a lost
/// session.
fn save_in_vain(play: &mut Process) {
    let start = Instant::now();
    let refusal = play.ask("save");
    let took = start.elapsed();
    assert!(
        refusal.starts_with("error: ") && refusal.contains("store unavailable"),
        "{refusal}"
    );
    assert!(took < OPERATION_TIMEOUT + ALLOWANCE, "{took:?}");
    assert_eq!(play.ask("get Currency"), "511", "the game goes on");
}

fn a_save_in_an_outage_is_told_and_so_is_what_is_not_saved_at_the_end(folder: &Folder) {
    folder.settings(SHORT);
    let mut play = playing(folder);
    folder.store().stop();
    save_in_vain(&mut play);
    let ended = play.end();
    assert_eq!(ended.code, Some(5), "{ended:#?}");
    assert!(
        ended.messages.contains("\"Currency\":511"),
        "what was not saved is reported: {ended:#?}"
    );
}

#[cfg(feature = "redis")]
mod one_server {
    use playerdata_process::Store;
    use playerdata_redis_server::TestServer;
    #[cfg(feature = "redis-tls")]
    use playerdata_redis_server::TlsFront;
    use tokio::runtime::Runtime;

    use super::*;

    #[test]
    fn a_server_that_keeps_nothing_is_told_at_the_start() {
        let runtime = Runtime::new().unwrap();
        let server = runtime.block_on(TestServer::start(&["--appendonly", "no"]));
        let folder = Folder::on(Store::at(server.url()));
        let ended = folder.run(&[], "").expect(0, &["ended"]);
        let told = "the store may lose player data hazard=no persistence";
        assert!(ended.messages.contains(told), "{ended:#?}");
    }

    /// The certificates that the operating system trusts can be named in a
    /// variable.
    #[cfg(feature = "redis-tls")]
    #[test]
    fn a_server_is_reached_by_tls_if_its_certificate_is_trusted() {
        let runtime = Runtime::new().unwrap();
        let server = runtime.block_on(TestServer::start(&[]));
        let front = runtime.block_on(TlsFront::of(server.port()));
        let folder = Folder::on(Store::at(front.url()));
        folder.write("trusted.pem", front.certificate());
        let play = || {
            let mut command = folder.program();
            command.args(["--store", &front.url()]);
            command
        };
        let trusting = Process::start(play().env("SSL_CERT_FILE", "trusted.pem"));
        trusting.end().expect(0, &["ended"]);
        let ended = Process::start(&mut play()).end().expect(5, &[]);
        assert!(ended.messages.contains("certificate"), "{ended:#?}");
    }

    #[test]
    fn a_hung_server_is_told_in_time_and_loses_nothing() {
        let server = Runtime::new().unwrap().block_on(TestServer::start(&[]));
        let folder = Folder::on(Store::at(server.url()));
        folder.settings(SHORT);
        let mut play = playing(&folder);
        server.freeze();
        save_in_vain(&mut play);

        let start = Instant::now();
        let late = folder.run(&["--player", "2"], "").expect(5, &[]);
        let took = start.elapsed();
        assert!(late.messages.contains("could not open"), "{late:#?}");
        assert!(took < OPERATION_TIMEOUT + ALLOWANCE, "{took:?}");

        server.thaw();
        play.end().expect(0, &["ended"]);
        folder
            .run(&[], "get Currency\n")
            .expect(0, &["511", "ended"]);
    }
}
