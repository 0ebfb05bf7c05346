//! The certificates of a cluster, with the names, organisations and usages that kubeadm gives them.
//!
//! kubeadm leaves certificates alone that are there and fit, so that a control plane can bring its own. What differs from its
//! own: the key usage has no key encipherment, which ECDSA keys are not for.

use std::net::IpAddr;

use crate::keyset::Purpose;

/// Organisation of users whom API servers let do everything, whatever the rules of the cluster say.
const MASTERS: &str = "system:masters";
/// Organisation that kubeadm's rules make administrators; API servers are it before kubelets. Since 1.36.1 kubeadm gives them
/// no organisation there and binds the user instead, which clusters of earlier versions lack: the organisation works with all.
const CLUSTER_ADMINS: &str = "kubeadm:cluster-admins";
/// Organisation of kubelets.
const NODES: &str = "system:nodes";

/// A certificate that an authority of the cluster issues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leaf {
    /// What an API server shows to its clients.
    ApiServer {
        /// Names and addresses by which it is reached, [`Leaf::api_server`] gathers them.
        names: Vec<String>,
    },
    /// An API server before kubelets.
    ApiServerKubeletClient,
    /// An API server before etcd.
    ApiServerEtcdClient,
    /// An API server before extension API servers.
    FrontProxyClient,
    /// What a member of etcd shows to its clients.
    EtcdServer {
        /// Name of the node.
        node: String,
        /// Further names and addresses.
        names: Vec<String>,
    },
    /// A member of etcd before its peers.
    EtcdPeer {
        /// Name of the node.
        node: String,
        /// Further names and addresses.
        names: Vec<String>,
    },
    /// Probes before etcd.
    EtcdHealthcheckClient,
    /// A person who administers the cluster.
    Admin {
        /// How audit logs call them.
        user: String,
    },
    /// The controller manager before the API.
    ControllerManager,
    /// The scheduler before the API.
    Scheduler,
    /// A kubelet before the API.
    Kubelet {
        /// Name of the node.
        node: String,
    },
}

/// Whom a certificate names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Common name: the user in Kubernetes.
    pub common_name: String,
    /// Organisation: the group in Kubernetes.
    pub organization: Option<&'static str>,
}

impl Leaf {
    /// The certificate of an API server. `domain` is that of services (`cluster.local`), `service` the first address of
    /// their range, `further` names and addresses such as the public name.
    #[must_use]
    pub fn api_server(domain: &str, service: IpAddr, further: impl IntoIterator<Item = String>) -> Self {
        let inside = "kubernetes.default.svc";
        let own = ["kubernetes", "kubernetes.default", inside].map(str::to_owned);
        let own = own.into_iter().chain([format!("{inside}.{domain}"), service.to_string()]);
        let mut names: Vec<String> = Vec::new();
        for name in own.chain(further) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Self::ApiServer { names }
    }

    /// The authority that issues it.
    #[must_use]
    pub fn issuer(&self) -> Purpose {
        match self {
            Self::ApiServerEtcdClient
            | Self::EtcdServer { .. }
            | Self::EtcdPeer { .. }
            | Self::EtcdHealthcheckClient => Purpose::EtcdCa,
            Self::FrontProxyClient => Purpose::FrontProxyCa,
            Self::ApiServer { .. }
            | Self::ApiServerKubeletClient
            | Self::Admin { .. }
            | Self::ControllerManager
            | Self::Scheduler
            | Self::Kubelet { .. } => Purpose::KubernetesCa,
        }
    }

    /// Whom it names.
    #[must_use]
    pub fn subject(&self) -> Subject {
        let (common_name, organization) = match self {
            Self::ApiServer { .. } => ("kube-apiserver", None),
            Self::ApiServerKubeletClient => ("kube-apiserver-kubelet-client", Some(CLUSTER_ADMINS)),
            Self::ApiServerEtcdClient => ("kube-apiserver-etcd-client", None),
            Self::FrontProxyClient => ("front-proxy-client", None),
            Self::EtcdServer { node, .. } | Self::EtcdPeer { node, .. } => (node.as_str(), None),
            Self::EtcdHealthcheckClient => ("kube-etcd-healthcheck-client", None),
            Self::Admin { user } => (user.as_str(), Some(MASTERS)),
            Self::ControllerManager => ("system:kube-controller-manager", None),
            Self::Scheduler => ("system:kube-scheduler", None),
            Self::Kubelet { node } => {
                return Subject { common_name: format!("system:node:{node}"), organization: Some(NODES) };
            }
        };
        Subject { common_name: common_name.to_owned(), organization }
    }

    /// Names and addresses by which it is reached.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        match self {
            Self::ApiServer { names } => names.clone(),
            Self::EtcdServer { node, names } | Self::EtcdPeer { node, names } => {
                let mut all: Vec<String> = Vec::new();
                let own = [node.as_str(), "localhost", "127.0.0.1", "::1"];
                for name in own.into_iter().chain(names.iter().map(String::as_str)) {
                    if !all.iter().any(|known| known == name) {
                        all.push(name.to_owned());
                    }
                }
                all
            }
            _ => Vec::new(),
        }
    }

    /// Whether servers use it.
    #[must_use]
    pub fn is_server(&self) -> bool {
        matches!(self, Self::ApiServer { .. } | Self::EtcdServer { .. } | Self::EtcdPeer { .. })
    }

    /// Whether clients use it. Members of etcd are both: their gateway speaks to itself.
    #[must_use]
    pub fn is_client(&self) -> bool {
        !matches!(self, Self::ApiServer { .. })
    }

    /// Its file below `/etc/kubernetes`, without the ending `.crt`; none for what goes into a kubeconfig.
    #[must_use]
    pub fn file(&self) -> Option<&'static str> {
        match self {
            Self::ApiServer { .. } => Some("pki/apiserver"),
            Self::ApiServerKubeletClient => Some("pki/apiserver-kubelet-client"),
            Self::ApiServerEtcdClient => Some("pki/apiserver-etcd-client"),
            Self::FrontProxyClient => Some("pki/front-proxy-client"),
            Self::EtcdServer { .. } => Some("pki/etcd/server"),
            Self::EtcdPeer { .. } => Some("pki/etcd/peer"),
            Self::EtcdHealthcheckClient => Some("pki/etcd/healthcheck-client"),
            Self::Admin { .. } | Self::ControllerManager | Self::Scheduler | Self::Kubelet { .. } => None,
        }
    }
}
