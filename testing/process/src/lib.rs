//! A program under test: what is typed at it, what it answers, how it ends, and
//! the store that it runs on.

mod store;

use std::{
    env::{self, consts::EXE_SUFFIX},
    ffi::OsStr,
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

pub use store::Store;

/// Longer than anything under test takes, also on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// Where cargo has put an example of the package under test: beside the folder
/// of this test. It builds the examples along with the tests, unless it is told
/// to build some of them only.
///
/// # Panics
///
/// If it is not there.
#[must_use]
pub fn example(name: &str) -> PathBuf {
    let test = env::current_exe().expect("a test knows where it is");
    let profile = test.ancestors().nth(2).expect("tests are in deps");
    let example = profile.join("examples").join(format!("{name}{EXE_SUFFIX}"));
    assert!(
        example.exists(),
        "{} is missing: `cargo build --example {name}` makes it",
        example.display()
    );
    example
}

/// A folder to play in, empty at first, and the store that is played on.
pub struct Folder {
    folder: TempDir,
    store: Store,
}

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

impl Folder {
    /// One on the default store.
    pub fn new() -> Self {
        Self::on(Store::sqlite())
    }

    /// One on this store.
    pub fn on(store: Store) -> Self {
        let folder = TempDir::new().expect("a temporary folder can be made");
        Self { folder, store }
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file in it.
    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).expect("the folder can be written");
    }

    /// A program to be run in this folder, with none of the variables that the
    /// tests are run with and that it would go by.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path()).env_remove("RUST_LOG");
        for (name, _) in env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"PLAYERDATA_") {
                command.env_remove(name);
            }
        }
        command
    }
}

/// A process, killed when the test is done with it.
pub struct Process {
    child: Child,
    input: Option<ChildStdin>,
    answers: Receiver<String>,
    messages: Receiver<String>,
}

/// How a process ended, and what it said that nobody had asked for yet.
#[derive(Debug)]
pub struct Ended {
    /// `None` if a signal killed it.
    pub code: Option<i32>,
    /// The lines of its standard output.
    pub answers: Vec<String>,
    /// All of its standard error.
    pub messages: String,
}

impl Process {
    /// Starts it, with pipes at all three ends.
    pub fn start(command: &mut Command) -> Self {
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

    /// Its standard input.
    pub fn input(&mut self) -> &mut ChildStdin {
        self.input.as_mut().expect("its input is open")
    }

    /// Takes its input away, to be fed and closed elsewhere.
    pub fn take_input(&mut self) -> ChildStdin {
        self.input.take().expect("its input is open")
    }

    /// The answer to one line.
    pub fn ask(&mut self, line: &str) -> String {
        writeln!(self.input(), "{line}").expect("the program reads its input");
        self.answer()
    }

    /// The next line of its standard output.
    pub fn answer(&mut self) -> String {
        match self.answers.recv_timeout(PATIENCE) {
            Ok(answer) => answer,
            Err(error) => panic!("no answer: {error}; {:?}", self.messages.try_iter()),
        }
    }

    /// The next line of its standard error that has `part` in it.
    pub fn message_with(&mut self, part: &str) -> String {
        let mut others = Vec::new();
        loop {
            match self.messages.recv_timeout(PATIENCE) {
                Ok(message) if message.contains(part) => return message,
                Ok(other) => others.push(other),
                Err(error) => panic!("{part:?} was not told: {error}; {others:?}"),
            }
        }
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("the process is there");
    }

    /// Ends its input and waits for its end.
    pub fn end(mut self) -> Ended {
        drop(self.input.take());
        self.ended()
    }

    /// Waits for its end, which comes although its input goes on.
    pub fn ended(&mut self) -> Ended {
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
    /// Checks how it ended; panics with all that is known if it was otherwise.
    #[track_caller]
    pub fn expect(self, code: i32, answers: &[&str]) -> Self {
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
