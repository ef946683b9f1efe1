//! The Windows builds, Wine, and programs of the tests' own that do what only a Windows program does.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

/// What an environment variable names, as an absolute path.
fn named(variable: &str) -> PathBuf {
    let path = std::env::var_os(variable).unwrap_or_else(|| panic!("{variable} is not set: .ci/run sets it"));
    std::path::absolute(path).unwrap()
}

/// The builds: for Windows 10 and later, and for Server 2008 R2 to 2012 R2.
pub fn builds() -> [PathBuf; 2] {
    [named("WHY503_EXE"), named("WHY503_EXE_WIN7")]
}

/// The build for Windows 10 and later.
pub fn build() -> PathBuf {
    named("WHY503_EXE")
}

/// What runs a Windows program.
pub fn wine() -> PathBuf {
    named("WHY503_WINE")
}

/// A path as a Windows program sees it.
pub fn windows(path: &Path) -> String {
    format!("Z:{}", path.to_str().unwrap().replace('/', "\\"))
}

/// Wine's server ends soon after the last program, and whoever starts just then is lost: a shell that waits for its input keeps it up
/// until the tests have ended.
static KEEPER: OnceLock<Child> = OnceLock::new();

/// A Windows program, with nothing of the machine's own settings.
pub fn under_wine(program: &Path) -> Command {
    KEEPER.get_or_init(|| {
        let mut shell = Command::new(wine());
        shell.arg("cmd").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = shell.spawn().unwrap();
        // It is up when it says something.
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        child
    });
    let mut command = Command::new(wine());
    command.arg(program).stdin(Stdio::null()).env_remove("NO_COLOR").env_remove("TERM");
    command
}

/// A file of the tests' own.
pub fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wine_support").join(name)
}

/// Compiles one of the tests' own programs.
pub fn compiled(source: &str, folder: &Path) -> PathBuf {
    let program = folder.join(source).with_extension("exe");
    compile(&[], source, &program);
    program
}

/// Compiles a library.
pub fn library(source: &str, library: &Path) {
    compile(&["-shared", "-Wall", "-Werror"], source, library);
}

fn compile(flags: &[&str], source: &str, to: &Path) {
    let compiler = Command::new("x86_64-w64-mingw32-gcc").arg("-O1").args(flags).arg("-o").args([to, &file(source)]).status();
    assert!(compiler.unwrap().success(), "{source}");
}

/// A Windows program that writes logs.
pub struct Writer {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Writer {
    /// Started in the folder of the logs.
    pub fn start(program: &Path, logs: &Path) -> Self {
        let mut child = under_wine(program).current_dir(logs).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (orders, answers) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, orders, answers }
    }

    /// Has it do something, and waits until it is done.
    #[track_caller]
    pub fn does(&mut self, order: &str) {
        self.orders.write_all(order.as_bytes()).unwrap();
        self.orders.write_all(b"\n").unwrap();
        self.orders.flush().unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        assert!(answer.starts_with("done"), "{order:.60}: {answer}");
    }

    /// Has it write a text, as far as its buffer overflows.
    #[track_caller]
    pub fn appends(&mut self, text: &str) {
        self.does(&format!("append {}\n{text}", text.len()));
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Gone already, or ended here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
