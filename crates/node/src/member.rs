//! The member of etcd behind the port of the agent.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use camino::{Utf8Path, Utf8PathBuf};
use jiff::{SignedDuration, Timestamp};
use kedge_agent::{Command, Etcd, Host, Member, MemberRequest, PortError, StepError};
use kedge_bootstrap::CRI_SOCKET;
use kedge_etcd::snapshots::{INTERVAL, RETENTION_DAYS};
use kedge_etcd::{
    Backups, ClientTls, EtcdError, Place, Prepared, StaticPods, Tended, Tool, Volume, Ways, manifest, prepare, restore,
    tend,
};
use kedge_store::Objects;

use crate::addresses::OldAddresses;

/// The etcd cluster that holds everything.
const MAIN: &str = "main";
/// The document that kubeadm takes images from.
const INIT: &str = "/etc/kubernetes/kedge/init.yaml";
/// How long fetching an image may take.
const PULLING: Duration = Duration::from_secs(300);
/// How long steps of a restore are taken one after the other before other duties have a turn, and the time between.
const RESTORING: Duration = Duration::from_secs(300);
const STEP: Duration = Duration::from_secs(3);
/// Port of API servers, as kedge has them.
const API_PORT: u16 = 443;

/// The member of the etcd cluster `main`.
#[derive(Debug)]
pub(crate) struct MainMember {
    cluster: String,
    root: Utf8PathBuf,
    backups: Backups,
    path: String,
    host: Arc<dyn Host>,
    interval: SignedDuration,
    retention_days: u32,
    ways: Ways,
}

impl MainMember {
    pub(crate) fn new(
        cluster: &str,
        root: &Utf8Path,
        objects: Arc<dyn Objects>,
        path: &str,
        host: Arc<dyn Host>,
    ) -> Self {
        Self {
            cluster: cluster.to_owned(),
            root: root.to_owned(),
            backups: Backups::new(objects, cluster, MAIN),
            path: path.to_owned(),
            host,
            interval: INTERVAL,
            retention_days: RETENTION_DAYS,
            ways: Ways::default(),
        }
    }

    /// The same, with snapshots as the manifest wants them: how many seconds apart, and kept for how many days.
    pub(crate) fn with_snapshots(self, seconds: Option<u32>, days: Option<u32>) -> Self {
        let interval = seconds.map_or(self.interval, |seconds| SignedDuration::from_secs(seconds.into()));
        Self { interval, retention_days: days.unwrap_or(self.retention_days), ..self }
    }

    fn at(&self, path: &str) -> Utf8PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    fn place(&self, request: &MemberRequest) -> Result<Place, PortError> {
        let MemberRequest { member, expected, node, address, volume, others, made } = request;
        let pki = |name: &str| {
            fs_err::read_to_string(self.at("etc/kubernetes/pki/etcd").join(name))
                .map_err(|error| PortError(error.to_string()))
        };
        let tls =
            ClientTls::from_pem(&pki("ca.crt")?, &pki("healthcheck-client.crt")?, &pki("healthcheck-client.key")?);
        Ok(Place {
            cluster: self.cluster.clone(),
            place: member.clone(),
            node: node.clone(),
            address: *address,
            expected: *expected,
            volume: Volume::new(&self.at(volume)),
            backups: self.backups.clone(),
            tls: tls.map_err(failed)?,
            instances: Some(others.iter().copied().collect()),
            initialised: *made,
        })
    }

    fn pods(&self) -> StaticPods {
        StaticPods::new(&self.at("etc/kubernetes/manifests"), &self.at("etc/kubernetes/kedge/parked"), API_PORT)
    }

    /// What makes data of a snapshot: `etcdutl`, of the instance or of the image of etcd, or else an `etcdctl` of the instance,
    /// which may be of any version and know nothing of it.
    async fn tool(&self, request: &MemberRequest) -> Result<Option<Tool>, PortError> {
        let own = Tool::find(&self.path);
        if own.as_ref().is_some_and(Tool::is_etcdutl) {
            return Ok(own);
        }
        let text = self.pods().etcd().ok().flatten();
        let image = match text.as_deref().and_then(manifest::image) {
            Some(image) => Some(image.to_owned()),
            None => self.image_to_come().await?,
        };
        Ok(image.map(|image| Tool::of_image(&image, &self.at(&request.volume))).or(own))
    }

    /// The image of etcd that kubeadm will run, fetched, on an instance where it has not run yet: a restore needs its tool before.
    /// Where nobody asks for a restore there is none.
    async fn image_to_come(&self) -> Result<Option<String>, PortError> {
        let failed = |error: &dyn std::fmt::Display| PortError(format!("the image of etcd, for a restore: {error}"));
        let request = restore::current(&self.backups).await.map_err(|error| failed(&error))?;
        if !request.is_some_and(|request| request.is_open()) {
            return Ok(None);
        }
        let list = Command::new("kubeadm", ["config", "images", "list", "--config", INIT]);
        let listed = self.output(&list).await.map_err(|error| failed(&error))?;
        let Some(image) = listed.lines().map(str::trim).find(|line| line.contains("/etcd:")).map(str::to_owned) else {
            return Err(failed(&"`kubeadm config images list` names none"));
        };
        let pull = Command::new("crictl", ["--runtime-endpoint", CRI_SOCKET, "pull", &image]);
        self.output(&pull.within(PULLING)).await.map_err(|error| failed(&error))?;
        Ok(Some(image))
    }

    /// What a program says.
    async fn output(&self, command: &Command) -> Result<String, PortError> {
        let output = self.host.run(command).await.map_err(|error| PortError(error.to_string()))?;
        if output.is_ok() { Ok(output.text()) } else { Err(PortError(format!("`{command}`: {}", output.last_line()))) }
    }
}

fn failed(error: EtcdError) -> PortError {
    PortError(match error.hint() {
        Some(hint) => format!("{error}; {hint}"),
        None => error.to_string(),
    })
}

#[async_trait]
impl Etcd for MainMember {
    async fn prepare(&self, request: &MemberRequest) -> Result<Member, StepError> {
        let place = self.place(request)?;
        let say = |line: &str| self.host.say(&format!("etcd: {line}"));
        match prepare(&place, &self.pods(), self.tool(request).await?.as_ref(), &say).await.map_err(failed)? {
            Prepared::Bootstrap => Ok(Member::First),
            Prepared::Start { others, restored, before, .. } => Ok(Member::Known { others, restored, before }),
            Prepared::Join { .. } => Ok(Member::New),
            Prepared::Wait { why } => Err(StepError::Wait(format!("etcd: {why}"))),
            Prepared::Refuse { why } => Err(StepError::Refused(format!("etcd: {why}"))),
        }
    }

    async fn look_after(&self, request: &MemberRequest) -> Result<Option<String>, PortError> {
        let place = self.place(request)?;
        let say = |line: &str| self.host.say(&format!("etcd: {line}"));
        let tool = self.tool(request).await?;
        let (begin, pods) = (self.host.elapsed(), self.pods());
        let (mut last, days) = (String::new(), self.retention_days);
        let tended = loop {
            let tended = tend(&place, &pods, tool.as_ref(), Timestamp::now(), self.interval, days, &say);
            match tended.await.map_err(failed)? {
                // Everybody waits for everybody's next step, and there is no API: nothing else is worth doing.
                Tended::Restoring { why } if self.host.elapsed().saturating_sub(begin) < RESTORING => {
                    if why != last {
                        say(&format!("restoring: {why}"));
                        last = why;
                    }
                    self.host.sleep(STEP).await;
                }
                tended => break tended,
            }
        };
        let lost = matches!(tended, Tended::Wait { .. });
        let addresses = OldAddresses { host: &*self.host };
        if let Some(line) = self.ways.follow(&place, &addresses, lost).await.map_err(failed)? {
            say(&line);
        }
        match tended {
            Tended::Nothing => Ok(None),
            Tended::Restored => Ok(Some("restored".to_owned())),
            Tended::Snapshot { name, removed } => {
                Ok(Some(format!("snapshot {name} is written, {removed} old ones removed")))
            }
            Tended::Wait { why } => Err(PortError(why)),
            Tended::Restoring { why } => Err(PortError(format!("restoring: {why}"))),
            Tended::Alarms { alarms } => Err(PortError(format!(
                "etcd takes no more writes: {}; its database is full, or damaged \
                 (https://etcd.io/docs/v3.5/op-guide/maintenance)",
                alarms.join(", ")
            ))),
        }
    }

    async fn expect_data(&self) -> Result<(), PortError> {
        self.pods().expect_data().map_err(failed)
    }
}
