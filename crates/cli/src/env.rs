//! Every environment variable that kedge itself reads, once, here.
//!
//! The AWS SDK reads its own (`AWS_PROFILE`, `AWS_REGION`, `AWS_ENDPOINT_URL` and so on).

use std::env::VarError;

use camino::Utf8PathBuf;

/// Directory of a sandbox account, as `--sandbox=DIR` has it. Set and empty is as good as not set, and so are `0`, `false`,
/// `no` and `off`, in capitals or not.
pub(crate) const KEDGE_SANDBOX: &str = "KEDGE_SANDBOX";
/// What developers want to see of the inside, as a filter of `tracing-subscriber`, for example `kedge_aws=debug`.
pub(crate) const KEDGE_LOG: &str = "KEDGE_LOG";
/// Set to anything but nothing: no colour, unless `--color always` asks for it. See <https://no-color.org>.
pub(crate) const NO_COLOR: &str = "NO_COLOR";
/// Set by CI services: no progress bars, even where they offer a terminal.
pub(crate) const CI: &str = "CI";
/// `dumb` for terminals that understand no control sequences.
pub(crate) const TERM: &str = "TERM";
/// Columns to write in where there is no terminal to ask.
pub(crate) const COLUMNS: &str = "COLUMNS";

/// State store, as `--store` has it.
pub(crate) const KEDGE_STATE_STORE: &str = "KEDGE_STATE_STORE";
/// State store of kops, which is taken where no other is named: kedge keeps its own objects beside those of kops. One in a
/// place that only kops knows is none.
pub(crate) const KOPS_STATE_STORE: &str = "KOPS_STATE_STORE";
/// How long a lease is that is not renewed: seconds, or a number with s or m behind it.
pub(crate) const KEDGE_LEASE_DURATION: &str = "KEDGE_LEASE_DURATION";
/// Kubeconfigs of kubectl, separated by colons.
pub(crate) const KUBECONFIG: &str = "KUBECONFIG";
/// Where the files of the user are.
pub(crate) const HOME: &str = "HOME";
/// Who is logged in, for records.
pub(crate) const USER: &str = "USER";
/// Folder with the programs for instances, as `--node-binaries` has it.
pub(crate) const KEDGE_NODE_BINARIES: &str = "KEDGE_NODE_BINARIES";
/// An endpoint of one's own for every service.
pub(crate) const AWS_ENDPOINT_URL: &str = "AWS_ENDPOINT_URL";
/// An endpoint of one's own, where buckets have no host names.
pub(crate) const AWS_ENDPOINT_URL_S3: &str = "AWS_ENDPOINT_URL_S3";

/// Variables of the AWS SDK that it takes as they are, even empty; then it ends in a panic or in a puzzling message.
const NEVER_EMPTY: [&str; 3] = ["AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION"];

/// What the environment says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Environment {
    /// [`KEDGE_SANDBOX`].
    pub(crate) sandbox: Option<String>,
    /// [`KEDGE_LOG`].
    pub(crate) log: Option<String>,
    /// [`NO_COLOR`] is set.
    pub(crate) no_color: bool,
    /// [`CI`] is set.
    pub(crate) ci: bool,
    /// [`TERM`] is `dumb`.
    pub(crate) dumb_terminal: bool,
    /// [`COLUMNS`].
    pub(crate) columns: Option<usize>,
    /// [`KEDGE_STATE_STORE`] or [`KOPS_STATE_STORE`].
    pub(crate) store: Option<String>,
    /// [`KEDGE_LEASE_DURATION`].
    pub(crate) lease_duration: Option<String>,
    /// [`USER`].
    pub(crate) user: Option<String>,
    /// [`KUBECONFIG`].
    pub(crate) kubeconfigs: Option<String>,
    /// [`HOME`].
    pub(crate) home: Option<String>,
    /// [`AWS_ENDPOINT_URL_S3`] is set.
    pub(crate) own_s3: bool,
    /// [`AWS_ENDPOINT_URL`] is set: something takes the place of all of AWS, and has no instances that boot.
    pub(crate) own_aws: bool,
    /// Where S3 is, if it is not that of AWS: instances have to know.
    pub(crate) s3_endpoint: Option<String>,
    /// [`KEDGE_NODE_BINARIES`].
    pub(crate) node_binaries: Option<Utf8PathBuf>,
    /// Those variables of the AWS SDK that are set and empty.
    pub(crate) empty: Vec<&'static str>,
}

impl Environment {
    /// Reads the environment of the process.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub(crate) fn read() -> Self {
        Self::from_lookup(|name| match std::env::var(name) {
            Ok(value) => Some(value),
            Err(VarError::NotPresent) => None,
            Err(VarError::NotUnicode(value)) => Some(value.to_string_lossy().into_owned()),
        })
    }

    fn from_lookup(variable: impl Fn(&str) -> Option<String>) -> Self {
        let lookup = |name| variable(name).filter(|value| !value.is_empty());
        Self {
            empty: NEVER_EMPTY
                .into_iter()
                .filter(|name| variable(name).is_some_and(|value| value.is_empty()))
                .collect(),
            // What elsewhere switches something off is no name of a directory here.
            sandbox: lookup(KEDGE_SANDBOX).filter(|text| !is_off(text)),
            log: lookup(KEDGE_LOG),
            no_color: lookup(NO_COLOR).is_some(),
            ci: lookup(CI).is_some_and(|value| value != "false"),
            dumb_terminal: lookup(TERM).is_some_and(|value| value == "dumb"),
            store: lookup(KEDGE_STATE_STORE).or_else(|| lookup(KOPS_STATE_STORE).filter(|store| is_known_place(store))),
            lease_duration: lookup(KEDGE_LEASE_DURATION),
            user: lookup(USER),
            kubeconfigs: lookup(KUBECONFIG),
            home: lookup(HOME),
            own_s3: lookup(AWS_ENDPOINT_URL_S3).is_some(),
            own_aws: lookup(AWS_ENDPOINT_URL).is_some(),
            s3_endpoint: lookup(AWS_ENDPOINT_URL_S3).or_else(|| lookup(AWS_ENDPOINT_URL)),
            node_binaries: lookup(KEDGE_NODE_BINARIES).map(Utf8PathBuf::from),
            columns: lookup(COLUMNS).and_then(|value| value.parse().ok()),
        }
    }
}

impl Environment {
    /// The kubeconfig that kubectl writes to.
    pub(crate) fn kubeconfig(&self) -> Option<Utf8PathBuf> {
        let named = self.kubeconfigs.iter().flat_map(|list| list.split(':')).find(|path| !path.is_empty());
        named.map(Utf8PathBuf::from).or_else(|| Some(Utf8PathBuf::from(self.home.as_ref()?).join(".kube/config")))
    }
}

/// Whether somebody switches something off.
fn is_off(text: &str) -> bool {
    ["0", "false", "no", "off"].iter().any(|word| text.trim().eq_ignore_ascii_case(word))
}

/// Whether a store of kops is in a place where kedge can keep objects too.
fn is_known_place(store: &str) -> bool {
    ["s3://", "file://"].iter().any(|scheme| store.starts_with(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_become_values() {
        let pairs = [
            (NO_COLOR, "1"),
            (CI, "false"),
            (TERM, "dumb"),
            (COLUMNS, "120"),
            (KEDGE_SANDBOX, "/tmp/x"),
            ("AWS_REGION", ""),
            (KEDGE_LOG, ""),
            (KOPS_STATE_STORE, "s3://kops-state"),
            (KEDGE_LEASE_DURATION, "5s"),
            (USER, "alice"),
        ];
        let lookup = |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let read = Environment::from_lookup(lookup);
        let expected = Environment {
            sandbox: Some("/tmp/x".to_owned()),
            log: None,
            no_color: true,
            ci: false,
            dumb_terminal: true,
            columns: Some(120),
            store: Some("s3://kops-state".to_owned()),
            lease_duration: Some("5s".to_owned()),
            user: Some("alice".to_owned()),
            kubeconfigs: None,
            home: None,
            own_s3: false,
            own_aws: false,
            s3_endpoint: None,
            node_binaries: None,
            empty: vec!["AWS_REGION"],
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn a_sandbox_can_be_switched_off() {
        let sandbox = |value: &'static str| {
            Environment::from_lookup(|key| (key == KEDGE_SANDBOX).then(|| value.to_owned())).sandbox
        };
        for off in ["", "0", "false", "False", "no", "OFF", "off "] {
            assert_eq!(sandbox(off), None, "{off:?}");
        }
        assert_eq!(sandbox("office").as_deref(), Some("office"));
    }

    #[test]
    fn the_kubeconfig_of_kubectl() {
        let path = |kubeconfigs: Option<&str>, home: Option<&str>| {
            let text = |value: &str| value.to_owned();
            let environment =
                Environment { kubeconfigs: kubeconfigs.map(text), home: home.map(text), ..Environment::default() };
            environment.kubeconfig().map(Utf8PathBuf::into_string)
        };
        assert_eq!(path(Some(":/a:/b"), Some("/h")).as_deref(), Some("/a"));
        assert_eq!(path(None, Some("/h")).as_deref(), Some("/h/.kube/config"));
        assert_eq!(path(None, None), None);
    }

    #[test]
    fn a_store_that_only_kops_knows_is_none() {
        let store = |name: &'static str, value: &'static str| {
            Environment::from_lookup(|key| (key == name).then(|| value.to_owned())).store
        };
        assert_eq!(store(KOPS_STATE_STORE, "gs://state"), None);
        assert_eq!(store(KOPS_STATE_STORE, "file:///state").as_deref(), Some("file:///state"));
        // a mistake in kedge's own variable is said
        assert_eq!(store(KEDGE_STATE_STORE, "gs://state").as_deref(), Some("gs://state"));
    }
}
