//! A program under test: what is typed at it, what it answers, how it ends.

use std::{
    env::{self, consts::EXE_SUFFIX},
    fs,
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::stores::Store;

/// Longer than anything under test takes, also on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// Live servers notice each other soon.
pub(crate) const QUICK: &str = "heartbeat_interval = '200ms'";
/// A crashed server's players are free soon.
pub(crate) const SHORT: &str =
    "lock_expiry = '2s'\nheartbeat_interval = '500ms'\noperation_timeout = '1s'";

/// Where cargo has put an example of this package: beside the folder of this
/// test. It builds the examples along with the tests, unless it is told to
/// build some of them only.
fn example(name: &str) -> PathBuf {
    let test = env::current_exe().expect("a test knows where it is");
    let profile = test.ancestors().nth(2).expect("tests are in deps");
    let example = profile.join("examples").join(format!("{name}{EXE_SUFFIX}"));
    assert!(
        example.exists(),
        "{} is missing: `cargo build -p playerdata-examples --example {name}` makes it",
        example.display()
    );
    example
}

/// A folder to play in, empty at first, and the store that is played on.
pub(crate) struct Folder {
    folder: TempDir,
    store: Store,
}

impl Folder {
    /// One on the default store.
    pub(crate) fn new() -> Self {
        Self::on(Store::sqlite())
    }

    pub(crate) fn on(store: Store) -> Self {
        let folder = TempDir::new().expect("a temporary folder can be made");
        Self { folder, store }
    }

    /// One with a `settings.toml` in it.
    pub(crate) fn with_settings(settings: &str) -> Self {
        let folder = Self::new();
        folder.settings(settings);
        folder
    }

    /// What is played with from now on.
    pub(crate) fn settings(&self, settings: &str) {
        self.write("settings.toml", settings);
    }

    #[cfg(any(feature = "redis", feature = "dynamodb"))]
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).expect("the folder can be written");
    }

    /// An example to be run in this folder.
    pub(crate) fn command(&self, name: &str) -> Command {
        let mut command = Command::new(example(name));
        command.current_dir(self.path()).env_remove("RUST_LOG");
        command
    }

    /// Starts `play` on the store, with the folder's settings if it has some.
    pub(crate) fn play(&self, arguments: &[&str]) -> Process {
        let mut command = self.command("play");
        if self.path().join("settings.toml").exists() {
            command.args(["--config", "settings.toml"]);
        }
        if let Some(address) = self.store.address() {
            command.args(["--store", address]);
        }
        Process::start(command.args(arguments))
    }

    /// Runs `play` on these lines.
    pub(crate) fn run(&self, arguments: &[&str], input: impl AsRef<[u8]>) -> Ended {
        let mut play = self.play(arguments);
        // It may have refused to begin, and not read any of it.
        let _ = play.input().write_all(input.as_ref());
        play.end()
    }
}

/// A process, killed when the test is done with it.
pub(crate) struct Process {
    child: Child,
    input: Option<ChildStdin>,
    answers: Receiver<String>,
    messages: Receiver<String>,
}

/// How a process ended, and what it said that nobody had asked for yet.
#[derive(Debug)]
pub(crate) struct Ended {
    /// `None` if a signal killed it.
    pub(crate) code: Option<i32>,
    pub(crate) answers: Vec<String>,
    pub(crate) messages: String,
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        let command = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program can be started");
        Self {
            input: child.stdin.take(),
            answers: lines(child.stdout.take().expect("it is piped")),
            messages: lines(child.stderr.take().expect("it is piped")),
            child,
        }
    }

    pub(crate) fn input(&mut self) -> &mut ChildStdin {
        self.input.as_mut().expect("its input is open")
    }

    /// Takes its input away, to be fed and closed elsewhere.
    pub(crate) fn take_input(&mut self) -> ChildStdin {
        self.input.take().expect("its input is open")
    }

    /// The answer to one line.
    pub(crate) fn ask(&mut self, line: &str) -> String {
        writeln!(self.input(), "{line}").expect("the program reads its input");
        self.answer()
    }

    /// The next line of its standard output.
    pub(crate) fn answer(&mut self) -> String {
        match self.answers.recv_timeout(PATIENCE) {
            Ok(answer) => answer,
            Err(error) => panic!("no answer: {error}; {:?}", self.messages.try_iter()),
        }
    }

    /// The next line of its standard error that has `part` in it.
    pub(crate) fn message_with(&mut self, part: &str) -> String {
        let mut others = Vec::new();
        loop {
            match self.messages.recv_timeout(PATIENCE) {
                Ok(message) if message.contains(part) => return message,
                Ok(other) => others.push(other),
                Err(error) => panic!("{part:?} was not told: {error}; {others:?}"),
            }
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("the process is there");
    }

    /// Ends its input and waits for its end.
    pub(crate) fn end(mut self) -> Ended {
        drop(self.input.take());
        self.ended()
    }

    /// Waits for its end, which comes although its input goes on.
    pub(crate) fn ended(&mut self) -> Ended {
        let answers = rest(&self.answers);
        let messages = rest(&self.messages).join("\n");
        // Both are closed, so it is over, or about to be.
        let status = self.child.wait().expect("it can be waited for");
        Ended {
            code: status.code(),
            answers,
            messages,
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// Checks how it ended; tells all that is known if it was otherwise.
    #[track_caller]
    pub(crate) fn expect(self, code: i32, answers: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert_eq!(self.answers, answers, "{self:#?}");
        self
    }
}

/// The lines of a stream, each as soon as it is there.
fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stream).lines() {
            let line = line.expect("the program writes UTF-8");
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// All lines up to the end of the stream.
fn rest(lines: &Receiver<String>) -> Vec<String> {
    let mut rest = Vec::new();
    loop {
        match lines.recv_timeout(PATIENCE) {
            Ok(line) => rest.push(line),
            Err(mpsc::RecvTimeoutError::Disconnected) => return rest,
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("it does not end; {rest:?}"),
        }
    }
}
