//! The command line as a user meets it: every folder with a file `command` below `tests/cli` is a case.
//!
//! `tests/README.md` says what is in a case, how to add one and how to record it again.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use camino::{Utf8Path, Utf8PathBuf};
use snapbox::{Assert, Data, Redactions};

type TestResult = Result<(), Box<dyn std::error::Error>>;

datatest_stable::harness! {
    { test = case, root = "../../tests/cli", pattern = r"command$" },
    { test = every_command_has_a_help_case, root = "../../tests/cli/help", pattern = r"kedge/command$" },
}

/// Who runs the commands, as records show it.
const USER: &str = "tester";

/// Runs the commands of a case one after the other in a directory of their own, and compares what they said.
fn case(command: &Path) -> TestResult {
    let command = Utf8Path::from_path(command).ok_or("the path is not UTF-8")?;
    let folder = command.parent().ok_or("a file is in a folder")?;
    let directory = Workspace::new(folder)?;
    let (mut stdout, mut stderr, mut codes) = (String::new(), String::new(), String::new());
    let text = fs_err::read_to_string(command)?;
    let commands: Vec<&str> = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    for line in &commands {
        let run = directory.run(line)?;
        if commands.len() > 1 {
            // Several commands share the files; a heading says whose words follow.
            for stream in [&mut stdout, &mut stderr] {
                writeln!(stream, "{}$ {line}", if stream.is_empty() { "" } else { "\n" })?;
            }
        }
        stdout += &settled(&run.stdout);
        stderr += &settled(&run.stderr);
        writeln!(codes, "{}", run.code)?;
    }
    let assert = Assert::new().action_env(snapbox::assert::DEFAULT_ACTION_ENV).redact_with(directory.redactions()?);
    for (name, actual) in [("stdout", stdout), ("stderr", stderr), ("code", codes)] {
        let expected = folder.join(name);
        // What is usual needs no file: nothing was said, and it succeeded.
        if !expected.exists() && (actual.is_empty() || name == "code" && actual.lines().all(|code| code == "0")) {
            continue;
        }
        let expected = Data::read_from(expected.as_std_path(), Some(snapbox::data::DataFormat::Text));
        assert.try_eq(Some(&format!("{folder}/{name}")), actual.into(), expected)?;
    }
    Ok(())
}

/// Every command that some help text lists has a case for its own help text, and every folder is a case.
fn every_command_has_a_help_case(kedge: &Path) -> TestResult {
    let help = Utf8Path::from_path(kedge).and_then(|path| path.parent()?.parent()).ok_or("a folder of help cases")?;
    let mut wanted = vec![vec!["kedge".to_owned()]];
    while let Some(words) = wanted.pop() {
        let folder = help.join(words.join("-"));
        if !folder.join("command").exists() {
            return Err(format!("there is no case for the help text of `{}`: add {folder}", words.join(" ")).into());
        }
        let output = Command::new(env!("CARGO_BIN_EXE_kedge")).args(words.iter().skip(1)).arg("--help").output()?;
        let text = String::from_utf8(output.stdout)?;
        let listed = text.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
        for name in listed.filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next()) {
            wanted.push([words.as_slice(), &[name.to_owned()]].concat());
        }
    }
    let areas = help.parent().ok_or("the folder of all cases")?;
    for area in areas.read_dir_utf8()? {
        for folder in area?.path().read_dir_utf8()? {
            let folder = folder?.into_path();
            if !folder.join("command").exists() {
                return Err(format!("{folder} is no case: it has no file `command`").into());
            }
        }
    }
    Ok(())
}

/// A directory with the input files of a case, and nothing of whoever runs the test.
struct Workspace {
    root: camino_tempfile::Utf8TempDir,
    stdin: Option<Utf8PathBuf>,
}

struct Run {
    stdout: String,
    stderr: String,
    code: i32,
}

impl Workspace {
    fn new(case: &Utf8Path) -> Result<Self, Box<dyn std::error::Error>> {
        let root = camino_tempfile::tempdir()?;
        for entry in case.read_dir_utf8()? {
            let entry = entry?;
            if !["command", "stdout", "stderr", "code"].contains(&entry.file_name()) {
                copy(entry.path(), &root.path().join(entry.file_name()))?;
            }
        }
        for folder in ["specs", "policies"] {
            let examples = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
            copy(&examples, &root.path().join(folder))?;
        }
        let stdin = Some(root.path().join("stdin")).filter(|path| path.exists());
        Ok(Self { root, stdin })
    }

    fn run(&self, line: &str) -> Result<Run, Box<dyn std::error::Error>> {
        let words = words(line);
        let Some(("kedge", arguments)) = words.split_first().map(|(first, rest)| (first.as_str(), rest)) else {
            return Err(format!("a command begins with kedge: {line}").into());
        };
        let stdin = match &self.stdin {
            Some(path) => Stdio::from(fs_err::File::open(path)?.into_parts().0),
            None => Stdio::null(),
        };
        let output = Command::new(env!("CARGO_BIN_EXE_kedge"))
            .args(arguments)
            .current_dir(self.root.path())
            .env_clear()
            .env("HOME", self.root.path())
            .env("COLUMNS", "80")
            .env("USER", USER)
            // No test may find credentials, or wait for an instance to have some.
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_CONFIG_FILE", "none")
            .env("AWS_SHARED_CREDENTIALS_FILE", "none")
            .stdin(stdin)
            .output()?;
        Ok(Run {
            stdout: String::from_utf8(output.stdout)?,
            stderr: String::from_utf8(output.stderr)?,
            code: output.status.code().ok_or("it was killed")?,
        })
    }

    fn redactions(&self) -> Result<Redactions, Box<dyn std::error::Error>> {
        let mut redactions = Redactions::new();
        redactions.insert("[DIR]", self.root.path().as_std_path().to_owned())?;
        redactions.insert("[VERSION]", env!("CARGO_PKG_VERSION"))?;
        Ok(redactions)
    }
}

/// Copies a file, or a folder with everything in it.
fn copy(from: &Utf8Path, to: &Utf8Path) -> std::io::Result<()> {
    if from.is_file() {
        return fs_err::copy(from, to).map(drop);
    }
    fs_err::create_dir(to)?;
    for entry in from.read_dir_utf8()? {
        let entry = entry?;
        copy(entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

/// Takes out of a text what is another one at each run: times, the machine, the process, the random part of a lease's id, the
/// digest of a saved plan.
fn settled(text: &str) -> String {
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        let mut line = masked(line, "dddd-dd-ddTdd:dd:ddZ", "[TIME]");
        line = masked(&line, "Lease d-xxxxxxxx", "Lease [LEASE]");
        // A saved plan names the history of the store, which is random.
        line = masked(&line, "`xxxxxxxxxxxx`)", "`[DIGEST]`)");
        if let Some((before, after)) = line.split_once(&format!("{USER}@")) {
            let rest = after.trim_start_matches(|c: char| !c.is_whitespace());
            let rest = match rest.strip_prefix(" (process ").and_then(|rest| rest.split_once(')')) {
                Some((_, rest)) => format!(" (process [PROCESS]){rest}"),
                None => rest.to_owned(),
            };
            line = format!("{before}{USER}@[HOST]{rest}");
        }
        // Columns are as wide as the name of the machine.
        if line.contains("[TIME]") && line.contains("@[HOST]") || line.starts_with("ID  STARTED") {
            let end = if line.ends_with('\n') { "\n" } else { "" };
            let cells: Vec<&str> = line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
            line = cells.join("  ") + end;
        }
        out += &line;
    }
    out
}

/// Replaces what looks like `pattern`, in which d is a digit and x a hexadecimal one.
fn masked(text: &str, pattern: &str, mask: &str) -> String {
    let fits = |at: usize| {
        let part = text.get(at..at + pattern.len())?;
        let mut pairs = part.chars().zip(pattern.chars());
        pairs
            .all(|(c, wanted)| match wanted {
                'd' => c.is_ascii_digit(),
                'x' => c.is_ascii_hexdigit(),
                other => c == other,
            })
            .then_some(())
    };
    match text.char_indices().map(|(at, _)| at).find(|at| fits(*at).is_some()) {
        Some(at) => {
            let (before, rest) = text.split_at(at);
            format!("{before}{mask}{}", masked(rest.get(pattern.len()..).unwrap_or_default(), pattern, mask))
        }
        None => text.to_owned(),
    }
}

/// Splits at spaces, but not between single quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (position, part) in line.split('\'').enumerate() {
        if position % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}
