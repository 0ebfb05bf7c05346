//! The port to the machine: files, programs, time, console.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use kedge_bootstrap::Proxy;

use crate::error::HostError;

/// How long a program may take unless something else is said.
const USUAL: Duration = Duration::from_secs(600);

/// Most bytes of a command that a message shows.
const LONGEST_SHOWN: usize = 100;

/// A program with its arguments. They are shown in messages, so that nothing secret goes there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The program, found on the `PATH`.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Variables beside those that `kedge-node` has.
    pub environment: Vec<(&'static str, String)>,
    /// How long it may take.
    pub within: Duration,
}

impl Command {
    /// A program with arguments.
    pub fn new<'a>(program: &str, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        let arguments = arguments.into_iter().map(str::to_owned).collect();
        Self { program: program.to_owned(), arguments, environment: Vec::new(), within: USUAL }
    }

    /// With a variable.
    #[must_use]
    pub fn env(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    /// Reaching out by a proxy, where there is one.
    #[must_use]
    pub fn by(mut self, proxy: Option<&Proxy>) -> Self {
        self.environment.extend(proxy.iter().flat_map(|proxy| proxy.variables()));
        self
    }

    /// As messages show it: whole if that is short, otherwise what it is about.
    #[must_use]
    pub fn shown(&self) -> String {
        let whole = self.to_string();
        if whole.len() <= LONGEST_SHOWN {
            return whole;
        }
        let verb = self.arguments.iter().find(|word| word.chars().all(|c| c.is_ascii_lowercase()));
        verb.map_or_else(|| format!("{} …", self.program), |verb| format!("{} {verb} …", self.program))
    }

    /// With so much time.
    #[must_use]
    pub fn within(mut self, time: Duration) -> Self {
        self.within = time;
        self
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.program)?;
        self.arguments.iter().try_for_each(|argument| write!(f, " {argument}"))
    }
}

/// What a program left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Its exit status; none if a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to its output.
    pub stdout: Vec<u8>,
    /// What it wrote to its error output.
    pub stderr: Vec<u8>,
}

impl Output {
    /// Whether it ended well.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.code == Some(0)
    }

    /// What it wrote, as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// The last line that it said, of errors if there are any.
    #[must_use]
    pub fn last_line(&self) -> String {
        let last = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            text.lines().rev().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned)
        };
        last(&self.stderr).or_else(|| last(&self.stdout)).unwrap_or_else(|| "it said nothing".to_owned())
    }
}

/// The machine.
#[async_trait]
pub trait Host: fmt::Debug + Send + Sync {
    /// What a file holds; none if there is none.
    async fn read(&self, path: &str) -> Result<Option<Vec<u8>>, HostError>;

    /// The first bytes of a file or device; none if there is none.
    async fn start_of(&self, path: &str, bytes: usize) -> Result<Option<Vec<u8>>, HostError>;

    /// SHA-256 of a file as hexadecimal digits; none if there is none.
    async fn digest(&self, path: &str) -> Result<Option<String>, HostError>;

    /// Permissions of a file; none if there is none.
    async fn mode(&self, path: &str) -> Result<Option<u32>, HostError>;

    /// Writes a file in one step, with its folders: whoever reads it sees all or nothing of it, also after a power failure.
    async fn write(&self, path: &str, content: &[u8], mode: u32) -> Result<(), HostError>;

    /// Moves a file in one step and gives it permissions.
    async fn place(&self, from: &str, to: &str, mode: u32) -> Result<(), HostError>;

    /// Removes a file; it is no error if there is none.
    async fn remove(&self, path: &str) -> Result<(), HostError>;

    /// The names in a folder, sorted; none if there is no folder.
    async fn list(&self, folder: &str) -> Result<Vec<String>, HostError>;

    /// Runs a program. Its ending badly is no error here.
    async fn run(&self, command: &Command) -> Result<Output, HostError>;

    /// Waits.
    async fn sleep(&self, time: Duration);

    /// The time by the clock of the machine.
    fn now(&self) -> Timestamp;

    /// Time that has passed since some moment, which setting the clock does not change.
    fn elapsed(&self) -> Duration;

    /// Says a line where whoever looks at the instance sees it.
    fn say(&self, line: &str);
}

/// Runs a program that has to end well.
pub(crate) async fn done(host: &dyn Host, command: Command) -> Result<Output, HostError> {
    let output = host.run(&command).await?;
    if output.is_ok() {
        return Ok(output);
    }
    let status = output.code.map_or_else(|| "a signal".to_owned(), |code| code.to_string());
    Err(HostError::Failed { command: command.shown(), status, said: output.last_line() })
}

/// Whether a program ends well.
pub(crate) async fn succeeds(host: &dyn Host, command: Command) -> Result<bool, HostError> {
    Ok(host.run(&command).await?.is_ok())
}

/// Starts a unit that does not run.
pub(crate) async fn ensure_active(host: &dyn Host, unit: &str) -> Result<(), HostError> {
    if !succeeds(host, Command::new("systemctl", ["is-active", "--quiet", unit])).await? {
        done(host, Command::new("systemctl", ["start", unit])).await?;
    }
    Ok(())
}

/// Makes a file what it should be; says whether it was something else.
pub(crate) async fn ensure(host: &dyn Host, path: &str, content: &[u8], mode: u32) -> Result<bool, HostError> {
    let right = host.read(path).await?.is_some_and(|there| there == content) && host.mode(path).await? == Some(mode);
    if !right {
        host.write(path, content, mode).await?;
    }
    Ok(!right)
}
