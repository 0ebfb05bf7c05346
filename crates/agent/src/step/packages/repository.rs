//! The repositories that packages come from beside those of the image.

use super::Manager;

/// A repository, and what signs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Repository {
    /// Its name in files.
    pub(super) name: &'static str,
    /// Where the packages for apt are.
    pub(super) deb: String,
    /// Suite and component for apt; none where the packages stand in the folder itself.
    pub(super) component: Option<&'static str>,
    /// Where the packages for dnf are.
    pub(super) rpm: String,
    key_deb: String,
    key_rpm: String,
    /// Fingerprint of the key.
    pub(super) fingerprint: &'static str,
    /// Packages that are not upgraded with the others.
    pub(super) held: &'static str,
}

impl Repository {
    /// The community's packages of a minor version: <https://kubernetes.io/docs/tasks/administer-cluster/kubeadm/>.
    pub(super) fn kubernetes(version: &str) -> Self {
        let minor = version.splitn(3, '.').take(2).collect::<Vec<_>>().join(".");
        let top = format!("https://pkgs.k8s.io/core:/stable:/v{minor}");
        Self {
            name: "kubernetes",
            deb: format!("{top}/deb/"),
            component: None,
            rpm: format!("{top}/rpm/"),
            key_deb: format!("{top}/deb/Release.key"),
            key_rpm: format!("{top}/rpm/repodata/repomd.xml.key"),
            fingerprint: "DE15B14486CD377B9E876E1A234654DA9A296436",
            held: "kubelet kubeadm kubectl cri-tools kubernetes-cni",
        }
    }

    /// Docker's packages of containerd: <https://docs.docker.com/engine/install/>.
    pub(super) fn docker(image: &str, manager: Manager) -> Self {
        let system = match (image, manager) {
            ("ubuntu" | "debian" | "rhel" | "fedora", _) => image,
            (_, Manager::Apt) => "debian",
            (_, Manager::Rpm) => "centos",
        };
        let top = format!("https://download.docker.com/linux/{system}");
        Self {
            name: "docker",
            deb: top.clone(),
            component: Some("stable"),
            rpm: format!("{top}/$releasever/$basearch/stable"),
            key_deb: format!("{top}/gpg"),
            key_rpm: format!("{top}/gpg"),
            fingerprint: match manager {
                Manager::Apt => "9DC858229FC7DD38854AE2D88D81803C0EBFCD88",
                Manager::Rpm => "060A61C51B558A7F742B77AAC52FEB6B621E9F35",
            },
            held: "containerd.io",
        }
    }

    /// Where its key is.
    pub(super) fn key(&self, manager: Manager) -> String {
        match manager {
            Manager::Apt => self.key_deb.clone(),
            Manager::Rpm => self.key_rpm.clone(),
        }
    }
}
