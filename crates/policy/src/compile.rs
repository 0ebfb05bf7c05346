//! From texts to policies, with the place of what is wrong with them.

use std::collections::BTreeSet;
use std::sync::Arc;

use kedge_diag::{Diagnostic, Diagnostics, Source, Span};

use crate::Policies;

/// Whether a file holds tests of policies and not policies.
#[must_use]
pub fn is_test(name: &str) -> bool {
    name.ends_with("_test.rego")
}

impl Policies {
    /// Compiles policies. Those that have errors are reported all at once.
    ///
    /// # Errors
    /// What does not compile, with file, line and column.
    pub fn compile(sources: &[Arc<Source>]) -> Result<Self, Diagnostics> {
        let mut engine = regorus::Engine::new();
        let mut problems = Diagnostics::default();
        for source in sources {
            if let Err(error) = engine.add_policy(source.name.clone(), source.text.clone()) {
                problems.extend(located(sources, &error.to_string()));
            }
        }
        if problems.has_errors() {
            return Err(problems);
        }
        if !sources.iter().any(|source| source.text.lines().any(is_rule)) {
            let detail = "none of the files has a rule `deny` or `warn`, which is all that is asked of policies";
            problems.push(
                Diagnostic::error("no-rule", "the policies check nothing", detail)
                    .hint("write `deny contains message if { … }`; policies/ has some to begin with"),
            );
            return Err(problems);
        }
        let packages = engine.get_packages().map_err(|error| located(sources, &error.to_string()))?;
        let packages: BTreeSet<String> =
            packages.into_iter().map(|package| package.trim_start_matches("data.").to_owned()).collect();
        // Variables, functions and rules are looked at when something is evaluated for the first time.
        let mut trial = engine.clone();
        trial.set_input(regorus::Value::new_object());
        for package in &packages {
            for rule in ["deny", "warn"] {
                if let Err(error) = trial.eval_query(format!("data.{package}.{rule}"), false) {
                    return Err(located(sources, &error.to_string()));
                }
            }
        }
        Ok(Self { engine, sources: sources.to_vec(), packages })
    }
}

/// Whether a line begins a rule that is asked for.
fn is_rule(line: &str) -> bool {
    let rest = ["deny", "warn"].iter().find_map(|rule| line.trim_start().strip_prefix(rule));
    rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
}

/// A diagnostic of a message such as `--> a.rego:6:7 … error: expecting …`.
pub(crate) fn located(sources: &[Arc<Source>], message: &str) -> Diagnostics {
    let place = message.lines().find_map(|line| line.trim_start().strip_prefix("--> "));
    let place = place.and_then(|place| {
        let (rest, column) = place.trim().rsplit_once(':')?;
        let (name, line) = rest.rsplit_once(':')?;
        Some((name, line.parse::<usize>().ok()?, column.parse::<usize>().ok()?))
    });
    let detail = message.lines().find_map(|line| line.trim_start().strip_prefix("error: "));
    let detail = detail.unwrap_or_else(|| message.trim());
    let span = place.and_then(|(name, line, column)| {
        let source = sources.iter().find(|source| source.name == name)?;
        Some(span(source, line, column))
    });
    // Without the text, the place is at least named.
    let detail = match (&span, place) {
        (None, Some((name, line, column))) => format!("{name}:{line}:{column}: {detail}"),
        _ => detail.to_owned(),
    };
    let mut diagnostic = Diagnostic::error("policy", "the policy cannot be used", detail);
    diagnostic.span = span;
    one(diagnostic)
}

pub(crate) fn failed(code: &'static str, detail: &str) -> Diagnostics {
    one(Diagnostic::error(code, "the policy cannot be used", detail))
}

fn one(diagnostic: Diagnostic) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    diagnostics.push(diagnostic);
    diagnostics
}

/// The word at a line and column, both from 1.
fn span(source: &Arc<Source>, line: usize, column: usize) -> Span {
    let before: usize = source.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let text = source.text.get(before..).unwrap_or_default().lines().next().unwrap_or_default();
    let skip: usize = text.chars().take(column.saturating_sub(1)).map(char::len_utf8).sum();
    let word = text.get(skip..).unwrap_or_default().chars().take_while(|c| !c.is_whitespace());
    let length: usize = word.map(char::len_utf8).sum();
    Span::new(source.clone(), before + skip, before + skip + length.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<(String, Option<(usize, usize)>)> {
        let source = Arc::new(Source { name: "policies/a.rego".to_owned(), text: text.to_owned() });
        let problems = Policies::compile(&[source]).err().unwrap_or_default();
        problems.iter().map(|problem| (problem.detail.clone(), problem.span.as_ref().map(Span::line_column))).collect()
    }

    #[test]
    fn files_without_a_rule_that_is_asked_for_are_no_policies() {
        let head = "package kedge.a\n\nimport rego.v1\n\n";
        for nothing in ["denied contains \"x\" if input.plan\n", "allow := true\n", "# deny is missing\n"] {
            let found = problems(&format!("{head}{nothing}"));
            assert!(found.len() == 1 && found[0].0.contains("`deny` or `warn`"), "{nothing}: {found:?}");
        }
        assert_eq!(problems(&format!("{head}deny contains \"x\" if input.plan\n")), []);
        assert_eq!(problems(&format!("{head}warn contains \"x\" if input.plan\n")), []);
    }

    #[test]
    fn what_does_not_compile_has_a_place() {
        let head = "package kedge.a\n\nimport rego.v1\n\n";
        let syntax = problems(&format!("{head}deny contains msg if {{\n  msg := \n}}\n"));
        assert_eq!(syntax.len(), 1);
        assert_eq!(syntax[0].1, Some((6, 7)), "{syntax:?}");
        let undefined = problems(&format!("{head}deny contains \"x\" if {{\n  message == 1\n}}\n"));
        assert_eq!(undefined[0].1, Some((6, 3)), "{undefined:?}");
        let unknown = problems(&format!("{head}deny contains \"x\" if {{\n  nothing_like_it(1)\n}}\n"));
        assert_eq!(unknown[0].1.map(|(line, _)| line), Some(6), "{unknown:?}");
        assert_eq!(problems(&format!("{head}deny contains \"x\" if {{\n  input.x == 1\n}}\n")), []);
    }
}
