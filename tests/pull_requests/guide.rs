//! The shell steps of `action.yml` and `docs/guide/ci.md`, as written, in a repository with the sandbox for an account and a stand-in
//! for `gh`.

use std::path::Path;

use crate::repository::{Repository, Run};

const CLUSTER: &str = include_str!("../../specs/minimal.yaml");
const ACTION: &str = include_str!("../../action.yml");
const GUIDE: &str = include_str!("../../docs/guide/ci.md");

/// What `gh` does in these steps: it keeps one comment, knows one merged pull request and one run with its artifact.
const GH: &str = r#"#!/usr/bin/env bash
set -euo pipefail
echo "$*" >> "$GH_STATE/calls"
case "$*" in
  *'--method PATCH'* | *'--method POST'*) cp comment.md "$GH_STATE/comment" ;;
  'api --paginate'*)
    if [ -f "$GH_STATE/comment" ] && [[ "$*" == *"startswith(\"$(head -n 1 "$GH_STATE/comment")\")"* ]]; then echo 7; fi ;;
  'api repos/'*'/pulls'*) cat "$GH_STATE/head" ;;
  'run list'*) echo 42 ;;
  'run download 42 '*) mkdir -p reviewed && cp -r "$GH_STATE/plans" reviewed/ ;;
  'issue create'*) cp drift.md "$GH_STATE/issue" ;;
  *) echo "unexpected: gh $*" >&2; exit 1 ;;
esac
"#;

/// The script of a step, without its indentation.
fn step(text: &str, name: &str) -> String {
    let mut lines = text.lines().skip_while(|line| line.trim() != format!("- name: {name}"));
    lines.next().expect("the step is there");
    let mut lines = lines.skip_while(|line| !line.trim_start().starts_with("run:"));
    let run = lines.next().expect("a script");
    let indent = |line: &str| line.len() - line.trim_start().len();
    match run.trim_start().strip_prefix("run: ") {
        Some("|") => {
            let depth = indent(run);
            let block: Vec<&str> = lines.take_while(|line| line.is_empty() || indent(line) > depth).collect();
            let least = block.iter().filter(|line| !line.is_empty()).map(|line| indent(line)).min().unwrap_or_default();
            block.iter().map(|line| line.get(least..).unwrap_or_default().to_owned() + "\n").collect()
        }
        Some(command) => command.to_owned(),
        None => String::new(),
    }
}

/// A repository whose main branch is applied, and what a runner has around it.
struct Runner {
    repository: Repository,
    base: String,
}

impl Runner {
    fn new() -> Self {
        let repository = Repository::new();
        repository.write("clusters/prod.yaml", CLUSTER);
        let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/open_ssh.rego");
        repository.write("policies/open_ssh.rego", &fs_err::read_to_string(policies).expect("a policy"));
        repository.write(".gitignore", "/runner/\n/plans/\n/reviewed/\n/*.md\n/*.txt\n/*.html\n");
        repository.commit("one");
        repository.git(&["remote", "add", "origin", "."]);
        repository.write("runner/bin/gh", GH);
        let bin = repository.path().join("runner/bin");
        repository.run("chmod", ".", &["+x", bin.join("gh").as_str()], &[]);
        repository.run("ln", ".", &["-s", env!("CARGO_BIN_EXE_kedge"), bin.join("kedge").as_str()], &[]);
        let base = repository.git(&["rev-parse", "HEAD"]).trim().to_owned();
        let runner = Self { repository, base };
        let applied = runner.script("kedge apply -f clusters --yes -q", &[]);
        assert_eq!(applied.code, 0, "{}", applied.stderr);
        runner
    }

    /// A branch with an edit.
    fn branch(&self, name: &str, manifest: &str) {
        self.repository.git(&["checkout", "-q", "-B", name, &self.base]);
        self.repository.write("clusters/prod.yaml", manifest);
        self.repository.commit(name);
    }

    fn file(&self, name: &str) -> String {
        fs_err::read_to_string(self.repository.path().join(name)).unwrap_or_default()
    }

    /// Runs a script as GitHub does, with the sandbox for AWS.
    fn script(&self, script: &str, environment: &[(&str, &str)]) -> Run {
        let sandbox = self.repository.path().join("runner/account");
        self.script_without_account(script, &[&[("KEDGE_SANDBOX", sandbox.as_str())], environment].concat())
    }

    /// The same for a fork: no account at all.
    fn script_without_account(&self, script: &str, environment: &[(&str, &str)]) -> Run {
        let runner = self.repository.path().join("runner");
        #[expect(clippy::disallowed_methods, reason = "tools are found where whoever runs the test has them")]
        let path = format!("{runner}/bin:{}", std::env::var("PATH").expect("a path"));
        let (output, summary) = (runner.join("output"), runner.join("summary"));
        let (env, temp) = (runner.join("env"), runner.join("temp"));
        fs_err::create_dir_all(&temp).expect("a folder");
        let usual = [
            ("PATH", path.as_str()),
            ("GITHUB_OUTPUT", output.as_str()),
            ("GITHUB_STEP_SUMMARY", summary.as_str()),
            ("GITHUB_ENV", env.as_str()),
            ("RUNNER_TEMP", temp.as_str()),
            ("GITHUB_REPOSITORY", "example/clusters"),
            ("GITHUB_SHA", "main"),
            ("GH_STATE", runner.as_str()),
            ("CI", "true"),
        ];
        let all: Vec<(&str, &str)> = usual.into_iter().chain(environment.iter().copied()).collect();
        self.repository.run("bash", ".", &["--noprofile", "--norc", "-eo", "pipefail", "-c", script], &all)
    }

    /// Runs a step of the action for a pull request.
    fn action(&self, name: &str) -> Run {
        let environment = [
            ("BASE", self.base.as_str()),
            ("MANIFESTS", "clusters"),
            ("POLICIES", "policies"),
            ("MARKER", "pull-request"),
            ("NUMBER", "5"),
            ("LINK", "https://ci.example.com/runs/1"),
        ];
        self.script(&step(ACTION, name), &environment)
    }

    /// The steps of a plan; returns the code that they put out.
    fn plan(&self) -> String {
        for name in ["Take the policies of the base", "Plan", "Comment"] {
            let run = self.action(name);
            assert_eq!(run.code, 0, "{name}: {}{}", run.stdout, run.stderr);
        }
        self.file("runner/output").lines().next_back().unwrap_or_default().to_owned()
    }
}

#[test]
fn a_pull_request_gets_one_comment_that_later_pushes_change() {
    let runner = Runner::new();
    runner.branch("more", &CLUSTER.replace("maxSize: 3", "maxSize: 5"));
    assert_eq!(runner.plan(), "code=2");
    let comment = runner.file("runner/comment");
    assert!(comment.starts_with("<!-- kedge: pull-request -->\n"), "{comment}");
    assert!(comment.contains("MaxSize") && comment.contains("https://ci.example.com/runs/1"), "{comment}");
    assert!(runner.file("runner/summary").contains("MaxSize"));
    runner.branch("more", &CLUSTER.replace("maxSize: 3", "maxSize: 6"));
    assert_eq!(runner.plan(), "code=2");
    let calls = runner.file("runner/calls");
    let writes: Vec<&str> = calls.lines().filter(|line| line.contains("--method")).collect();
    assert!(writes.len() == 2 && writes[0].contains("POST") && writes[1].contains("PATCH"), "{calls}");
    assert!(writes[1].contains("issues/comments/7"), "{calls}");
    let outcome = step(ACTION, "Fail if there is no plan or a policy denies it");
    assert_eq!(["0", "2", "1"].map(|code| runner.script(&outcome, &[("CODE", code)]).code), [0, 0, 1]);
}

#[test]
fn an_edit_cannot_remove_the_policy_that_it_breaks() {
    let runner = Runner::new();
    runner.repository.git(&["checkout", "-q", "-b", "open"]);
    runner.repository.git(&["rm", "-q", "-r", "policies"]);
    runner.repository.write("clusters/prod.yaml", &CLUSTER.replace("203.0.113.0/24", "0.0.0.0/0"));
    runner.repository.commit("open");
    assert_eq!(runner.plan(), "code=1");
    assert!(runner.file("runner/comment").contains("open_ssh"), "{}", runner.file("runner/comment"));
    assert_eq!(runner.file("plans/minimal.example.com.json"), "", "what is denied is not there to be applied");
}

#[test]
fn a_fork_has_no_credentials_and_sees_what_it_changes() {
    let runner = Runner::new();
    let snapshot = runner.script("kedge snapshot -f clusters --out runner/account.json", &[]);
    assert_eq!(snapshot.code, 0, "{}", snapshot.stderr);
    runner.branch("fork", &CLUSTER.replace("maxSize: 3", "maxSize: 5"));
    let environment = [("BASE", runner.base.as_str()), ("MANIFESTS", "clusters"), ("POLICIES", "")];
    let compared = runner.script_without_account(&step(ACTION, "Compare"), &environment);
    assert_eq!(compared.code, 0, "{}", compared.stderr);
    assert!(runner.file("runner/summary").contains("MaxSize: 3 -> 5"), "{}", runner.file("runner/summary"));
    assert_eq!(runner.file("runner/output"), "code=2\n");
    let plan = "kedge plan -f clusters --snapshot runner/account.json --max-age 24h --detailed-exitcode";
    let planned = runner.script_without_account(plan, &[]);
    assert_eq!(planned.code, 2, "{}", planned.stderr);
    assert!(planned.stdout.contains("MaxSize: 3 -> 5"), "{}", planned.stdout);
}

#[test]
fn what_was_reviewed_is_applied_once_and_nothing_else() {
    let runner = Runner::new();
    runner.branch("more", &CLUSTER.replace("maxSize: 3", "maxSize: 5"));
    assert_eq!(runner.plan(), "code=2");
    let head = runner.repository.git(&["rev-parse", "HEAD"]);
    runner.repository.write("runner/head", &head);
    runner.script("cp -r plans runner/plans", &[]);
    runner.repository.git(&["checkout", "-q", "main"]);
    runner.repository.git(&["merge", "-q", "--no-ff", "-m", "merge", "more"]);
    let found = runner.script(&step(GUIDE, "Find what was reviewed"), &[]);
    assert_eq!(found.code, 0, "{}", found.stderr);
    assert_eq!(runner.file("runner/env"), format!("REVIEWED={head}"));
    let reviewed = [("REVIEWED", head.trim())];
    let same = step(GUIDE, "Refuse other manifests than were reviewed");
    assert_eq!(runner.script(&same, &reviewed).code, 0);
    let apply = step(GUIDE, "Apply");
    let applied = runner.script(&apply, &[]);
    assert_eq!(applied.code, 0, "{}{}", applied.stdout, applied.stderr);
    assert!(applied.stdout.contains("Done: 1 change."), "{}", applied.stdout);
    let again = runner.script(&apply, &[]);
    assert!(again.code == 1 && again.stderr.contains("the manifests have moved"), "{}{}", again.stdout, again.stderr);
    runner.repository.write("clusters/prod.yaml", &CLUSTER.replace("maxSize: 3", "maxSize: 9"));
    runner.repository.commit("past the review");
    assert_eq!(runner.script(&same, &reviewed).code, 1);
}

#[test]
fn drift_becomes_an_issue() {
    let runner = Runner::new();
    let look = step(GUIDE, "Look for drift");
    let clusters = [("CLUSTERS", "minimal.example.com")];
    let quiet = runner.script(&look, &clusters);
    assert_eq!((quiet.code, runner.file("runner/issue").as_str()), (0, ""), "{}{}", quiet.stdout, quiet.stderr);
    runner.repository.write("theirs.yaml", &CLUSTER.replace("maxSize: 3", "maxSize: 9"));
    let theirs = format!("file://{}/runner/theirs", runner.repository.path());
    runner.script("kedge apply -f theirs.yaml --yes -q --store \"$THEIRS\"", &[("THEIRS", &theirs)]);
    let loud = runner.script(&look, &clusters);
    assert_eq!(loud.code, 1, "{}{}", loud.stdout, loud.stderr);
    assert!(runner.file("runner/issue").contains("MaxSize"), "{}", runner.file("runner/issue"));
}

#[test]
fn every_script_of_the_guide_is_one() {
    let blocks: Vec<&str> = GUIDE.split("```").skip(1).step_by(2).collect();
    let shell: Vec<&str> = blocks.iter().filter_map(|block| block.strip_prefix("sh\n")).collect();
    let gitlab = blocks.iter().find(|block| block.contains("\nstages: ")).expect("the GitLab example");
    let scripts = gitlab.split("    - |\n").skip(1).map(|rest| {
        rest.lines().take_while(|line| line.starts_with("      ")).map(|line| format!("{line}\n")).collect::<String>()
    });
    let all: Vec<String> = shell.into_iter().map(str::to_owned).chain(scripts).collect();
    assert!(all.len() >= 5, "{all:#?}");
    let place = Repository::new();
    for script in all {
        let checked = place.run("bash", ".", &["-n", "-c", &script], &[]);
        assert_eq!(checked.code, 0, "{}\n{script}", checked.stderr);
    }
}
