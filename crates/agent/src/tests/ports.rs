//! What is outside a machine: the metadata service, the store, AWS, the cluster.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use kedge_store::{BootstrapToken, Condition, Object, Objects, OuterKey, Put, Secret, StoreError, Version, Wrapped};

use super::machine::Machine;
use super::world::State;
use crate::error::{PortError, StepError};
use crate::identity::Identity;
use crate::ports::{
    AddOns, ApiNode, AttachedTo, Cluster, Etcd, EtcdVolume, Instance, Instances, Interfaces, Member, MemberRequest,
    Metadata, Records, Volumes,
};

/// Wraps keys so that a test sees whether they were unwrapped.
#[derive(Debug)]
pub(super) struct TestKey;

#[async_trait]
impl OuterKey for TestKey {
    async fn wrap(&self, key: &Secret, _context: &str) -> Result<Wrapped, String> {
        let ciphertext = key.expose().iter().map(|byte| byte ^ 0x55).collect();
        Ok(Wrapped::Kms { key: "test".to_owned(), ciphertext })
    }

    async fn unwrap(&self, wrapped: &Wrapped, _context: &str) -> Result<Secret, String> {
        let Wrapped::Kms { ciphertext, .. } = wrapped else { return Err("a passphrase".to_owned()) };
        Ok(Secret::new(ciphertext.iter().map(|byte| byte ^ 0x55).collect()))
    }
}

/// Content, number of the version, and when it was written.
type Stored = (Vec<u8>, u64, Duration);

/// A store in memory. Objects age with the time of the world.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    world: Arc<Mutex<State>>,
    objects: Arc<Mutex<BTreeMap<String, Stored>>>,
}

impl Memory {
    pub(super) fn new(world: Arc<Mutex<State>>) -> Self {
        Self { world, objects: Arc::default() }
    }

    pub(super) fn set(&self, key: &str, bytes: &[u8]) -> Version {
        let now = self.world.lock().unwrap().elapsed;
        let mut objects = self.objects.lock().unwrap();
        let number = objects.get(key).map_or(1, |(_, number, _)| number + 1);
        objects.insert(key.to_owned(), (bytes.to_vec(), number, now));
        Version::new(number.to_string())
    }

    pub(super) fn text(&self, key: &str) -> Option<String> {
        self.objects.lock().unwrap().get(key).map(|(bytes, ..)| String::from_utf8(bytes.clone()).unwrap())
    }
}

#[async_trait]
impl Objects for Memory {
    fn place(&self) -> String {
        "s3://state".to_owned()
    }

    async fn get(&self, key: &str) -> Result<Option<Object>, StoreError> {
        let now = self.world.lock().unwrap().elapsed;
        let object = self.objects.lock().unwrap().get(key).cloned();
        Ok(object.map(|(bytes, number, then)| Object {
            bytes,
            version: Version::new(number.to_string()),
            age: Some(now.saturating_sub(then)),
        }))
    }

    async fn put(&self, key: &str, bytes: &[u8], condition: &Condition) -> Result<Put, StoreError> {
        let there = self.objects.lock().unwrap().get(key).map(|(_, number, _)| Version::new(number.to_string()));
        let holds = match condition {
            Condition::Any => true,
            Condition::Absent => there.is_none(),
            Condition::Is(wanted) => there.as_ref() == Some(wanted),
        };
        Ok(if holds { Put::Done(self.set(key, bytes)) } else { Put::Refused })
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.objects.lock().unwrap().remove(key);
        Ok(())
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        Ok(self.objects.lock().unwrap().keys().filter(|key| key.starts_with(prefix)).cloned().collect())
    }

    async fn worries(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }
}

/// Everything outside a machine, which is killed at its writes as well.
#[derive(Debug)]
pub(super) struct Outside(pub(super) Machine);

#[async_trait]
impl Objects for Outside {
    fn place(&self) -> String {
        self.0.world.memory.place()
    }

    async fn get(&self, key: &str) -> Result<Option<Object>, StoreError> {
        tokio::task::yield_now().await;
        self.0.world.memory.get(key).await
    }

    async fn put(&self, key: &str, bytes: &[u8], condition: &Condition) -> Result<Put, StoreError> {
        let memory = &self.0.world.memory;
        while self.0.world.state().store_hangs {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // Nothing else runs between looking and writing: nothing here waits.
        self.0.deed(&format!("put {key}"), || {}, || memory.put(key, bytes, condition)).await.await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.0.world.memory.delete(key).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.0.world.memory.list(prefix).await
    }

    async fn worries(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Metadata for Outside {
    async fn get(&self, path: &str) -> Result<Option<String>, PortError> {
        if !self.0.disk().metadata_answers {
            return Err(PortError("the metadata service does not answer".to_owned()));
        }
        Ok(Some(match path {
            "instance-id" => self.0.id.clone(),
            "placement/region" => "eu-west-1".to_owned(),
            "placement/availability-zone" => self.0.zone.clone(),
            "local-hostname" => format!("ip-{}.eu-west-1.compute.internal", self.0.id),
            "instance-type" => "t3.medium".to_owned(),
            "local-ipv4" => self.0.address.to_string(),
            _ => return Ok(None),
        }))
    }
}

#[async_trait]
impl Volumes for Outside {
    async fn of_etcd(&self, identity: &Identity, cluster: &str, etcd: &str) -> Result<Vec<EtcdVolume>, PortError> {
        assert_eq!((cluster, etcd), (super::world::CLUSTER, "main"));
        let state = self.0.world.state();
        let volumes = state.volumes.iter().filter(|(_, volume)| volume.zone == identity.zone);
        let attached =
            |to: &(String, String)| AttachedTo { instance: to.0.clone(), device: to.1.clone(), complete: true };
        Ok(volumes
            .map(|(id, volume)| EtcdVolume {
                id: id.clone(),
                member: volume.member.clone(),
                members: volume.members.clone(),
                attached: volume.attached.as_ref().map(attached),
            })
            .collect())
    }

    async fn attach(&self, identity: &Identity, volume: &str, device: &str) -> Result<(), PortError> {
        self.0
            .deed(
                &format!("attach {volume}"),
                || {},
                || {
                    let mut state = self.0.world.state();
                    if state.attach_fails {
                        return Err(PortError("ec2:AttachVolume: the volume is in another zone".to_owned()));
                    }
                    let volume = state.volumes.get_mut(volume).unwrap();
                    assert!(volume.attached.is_none());
                    volume.attached = Some((identity.instance.clone(), device.to_owned()));
                    Ok(())
                },
            )
            .await
    }
}

#[async_trait]
impl Instances for Outside {
    async fn running(&self, _: &Identity, _: &str) -> Result<Vec<Instance>, PortError> {
        let state = self.0.world.state();
        let instances = state.instances.iter().map(|(id, (group, control_plane, address))| Instance {
            id: id.clone(),
            group: group.clone(),
            control_plane: *control_plane,
            private_dns: format!("ip-{id}"),
            private: vec![*address],
            public: Vec::new(),
        });
        Ok(instances.collect())
    }

    async fn interfaces(&self, _: &Identity, machine: &str) -> Result<Interfaces, PortError> {
        let found = self.0.world.state().machine_types.get(machine).copied();
        let (most, addresses) = found.ok_or_else(|| PortError(format!("EC2 knows no {machine}")))?;
        Ok(Interfaces { most, addresses })
    }

    async fn pod_range(&self, _: &Identity, instance: &str) -> Result<String, PortError> {
        if self.0.world.state().prefix_fails.as_deref() == Some(instance) {
            return Err(PortError("ec2:AssignIpv6Addresses: the subnet has none left".to_owned()));
        }
        let known = self.0.world.state().prefixes.get(instance).cloned().unwrap_or_default();
        // EC2 takes its time, and gives another one to everybody who asks.
        tokio::task::yield_now().await;
        if let Some(first) = known.first() {
            return Ok(first.clone());
        }
        let assign = || {
            let mut state = self.0.world.state();
            let number = state.prefixes.values().flatten().count();
            let prefix = format!("2001:db8:0:{number:x}::/80");
            state.prefixes.entry(instance.to_owned()).or_default().push(prefix.clone());
            Ok(prefix)
        };
        self.0.deed(&format!("assign a prefix to {instance}"), || {}, assign).await
    }
}

#[async_trait]
impl Records for Outside {
    async fn point(&self, name: &str, _: bool, addresses: &[IpAddr]) -> Result<bool, PortError> {
        let there = self.0.world.state().records.get(name).cloned();
        if there.as_deref() == Some(addresses) {
            return Ok(false);
        }
        self.0
            .deed(
                &format!("point {name}"),
                || {},
                || {
                    self.0.world.state().records.insert(name.to_owned(), addresses.to_vec());
                },
            )
            .await;
        Ok(true)
    }
}

fn down() -> PortError {
    PortError("the API server of this instance does not answer".to_owned())
}

#[async_trait]
impl Cluster for Outside {
    async fn ready(&self) -> Result<(), PortError> {
        let state = self.0.world.state();
        match &state.api {
            Some(api) if api.up && !state.etcd_waits && !state.not_ready => Ok(()),
            _ => Err(down()),
        }
    }

    async fn make_token(&self, group: &str, expires: Timestamp) -> Result<BootstrapToken, PortError> {
        self.0
            .deed(
                &format!("token for {group}"),
                || {},
                || {
                    let mut state = self.0.world.state();
                    let api = state.api.as_mut().filter(|api| api.up).ok_or_else(down)?;
                    api.made_tokens += 1;
                    let text = format!("{0:06}.{0:016}", api.made_tokens);
                    api.tokens.insert(text.clone(), expires);
                    Ok(BootstrapToken::parse(&text).unwrap())
                },
            )
            .await
    }

    async fn has_token(&self, id: &str) -> Result<bool, PortError> {
        let now = self.0.world.now();
        let state = self.0.world.state();
        let api = state.api.as_ref().filter(|api| api.up).ok_or_else(down)?;
        Ok(api
            .tokens
            .iter()
            .any(|(token, end)| token.split_once('.').is_some_and(|(known, _)| known == id) && *end > now))
    }

    async fn nodes(&self) -> Result<Vec<ApiNode>, PortError> {
        let state = self.0.world.state();
        let api = state.api.as_ref().filter(|api| api.up).ok_or_else(down)?;
        let node = |(name, labels): (&String, &BTreeMap<String, String>)| ApiNode {
            name: name.clone(),
            labels: labels.clone(),
            instance: None,
            pod_ranges: api.ranges.get(name).cloned().into_iter().collect(),
        };
        Ok(api.nodes.iter().map(node).collect())
    }

    async fn take_turn(&self) -> Result<bool, PortError> {
        let mut state = self.0.world.state();
        let living: Vec<String> = state.instances.keys().cloned().collect();
        let api = state.api.as_mut().filter(|api| api.up).ok_or_else(down)?;
        api.turn = api.turn.take().filter(|holder| living.contains(holder));
        Ok(*api.turn.get_or_insert_with(|| self.0.id.clone()) == self.0.id)
    }

    async fn end_turn(&self) -> Result<(), PortError> {
        let mut state = self.0.world.state();
        let api = state.api.as_mut().filter(|api| api.up).ok_or_else(down)?;
        api.turn = api.turn.take().filter(|holder| *holder != self.0.id);
        Ok(())
    }

    async fn give_range(&self, node: &str, range: &str) -> Result<(), PortError> {
        let give = || {
            let mut state = self.0.world.state();
            let before = state.api.as_mut().unwrap().ranges.insert(node.to_owned(), range.to_owned());
            assert!(before.is_none_or(|before| before == range), "ranges of a node cannot be changed");
        };
        self.0.deed(&format!("give {node} {range}"), || {}, give).await;
        Ok(())
    }

    async fn label(&self, node: &str, labels: &BTreeMap<String, String>) -> Result<(), PortError> {
        self.0
            .deed(
                &format!("label {node}"),
                || {},
                || {
                    let mut state = self.0.world.state();
                    state.api.as_mut().unwrap().nodes.get_mut(node).unwrap().extend(labels.clone());
                },
            )
            .await;
        Ok(())
    }
}

#[async_trait]
impl Etcd for Outside {
    async fn prepare(&self, request: &MemberRequest) -> Result<Member, StepError> {
        assert_eq!(request.address, self.0.address);
        assert!(self.0.file("/etc/kubernetes/pki/etcd/healthcheck-client.crt").is_some());
        let leads = self.0.world.state().leads.as_deref() == Some(self.0.id.as_str());
        if leads {
            // It makes the data of the snapshot.
            let id = self.0.world.state().api.as_ref().unwrap().id.clone();
            self.0.write_file("/var/lib/etcd/member/cluster", id.as_bytes(), 0o600);
            return Ok(Member::Known { others: false, restored: true, before: None });
        }
        if self.0.file("/var/lib/etcd/member/cluster").is_some() {
            let state = self.0.world.state();
            let mut members = state.api.iter().filter(|api| api.up).flat_map(|api| &api.etcd_members);
            return Ok(Member::Known {
                others: members.any(|member| *member != self.0.id && state.instances.contains_key(member)),
                restored: false,
                before: Some(IpAddr::from([10, 0, 9, 9])),
            });
        }
        let answers = self.0.world.state().api.as_ref().is_some_and(|api| api.up);
        match (request.made, request.expected) {
            (false, _) if answers => Ok(Member::New),
            (false, _) => Ok(Member::First),
            (true, 1) => {
                Err(StepError::refused("the data of the only member is gone: `kedge etcd restore` brings it back"))
            }
            (true, _) => Ok(Member::New),
        }
    }

    async fn look_after(&self, request: &MemberRequest) -> Result<Option<String>, PortError> {
        assert!(request.made);
        self.0.world.state().learns = false;
        if self.0.file("/etc/kubernetes/kedge/coming-back").is_some() {
            // It runs, and finds those that run as well.
            let place = request.member.clone();
            let mut state = self.0.world.state();
            state.gathered.insert(place);
            if state.gathered.len() * 2 <= request.expected {
                return Err(PortError(format!("{} of {} members answer", state.gathered.len(), request.expected)));
            }
        }
        let waited = std::mem::take(&mut self.0.world.state().etcd_waits);
        Ok(waited.then(|| "restored".to_owned()))
    }

    async fn expect_data(&self) -> Result<(), PortError> {
        let path = "/etc/kubernetes/manifests/etcd.yaml";
        if self.0.file(path).is_some() {
            self.0.deed("expect data", || {}, || self.0.write_file(path, b"existing", 0o600)).await;
        }
        Ok(())
    }
}

#[async_trait]
impl AddOns for Outside {
    async fn apply(&self) -> Result<Option<String>, PortError> {
        self.0
            .deed(
                "apply add-ons",
                || {},
                || {
                    let mut state = self.0.world.state();
                    if let Some(why) = &state.addons_fail {
                        return Err(PortError(why.clone()));
                    }
                    let api = state.api.as_mut().unwrap();
                    let first = api.applied == 0;
                    api.applied = 1;
                    Ok(first.then(|| "applied cilium".to_owned()))
                },
            )
            .await
    }
}
