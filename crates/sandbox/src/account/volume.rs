//! `CreateVolume`, `ModifyVolume`, `DeleteVolume`.

use kedge_resource::Tags;
use serde::{Deserialize, Serialize};

use super::Account;
use super::api_error::{ApiError, ApiResult, require};
use super::tagging::{Service, merged};
use super::timer::Event;

/// Seconds until a new volume can be attached.
const AVAILABLE_SECONDS: u64 = 3;
/// Milliseconds between two modifications of a volume.
const BETWEEN_MODIFICATIONS_MS: u64 = 6 * 3_600_000;

/// What a volume is like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VolumeSpec {
    pub(crate) size: i32,
    pub(crate) volume_type: String,
    #[serde(default)]
    pub(crate) iops: Option<i32>,
    #[serde(default)]
    pub(crate) throughput: Option<i32>,
}

/// An EBS volume.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Volume {
    pub(crate) id: String,
    pub(crate) zone: String,
    pub(crate) spec: VolumeSpec,
    pub(crate) encrypted: bool,
    #[serde(default)]
    pub(crate) kms_key: Option<String>,
    /// `creating` or `available`.
    pub(crate) state: String,
    /// The instance that has it.
    #[serde(default)]
    pub(crate) attached_to: Option<String>,
    #[serde(default)]
    pub(crate) modified_ms: Option<u64>,
    pub(crate) tags: Tags,
}

impl VolumeSpec {
    /// Checks sizes and rates, and fills in what AWS gives by default.
    fn checked(&self) -> ApiResult<Self> {
        let bad = |message: String| ApiError::new("InvalidParameterValue", message);
        let (sizes, iops, throughput) = match self.volume_type.as_str() {
            "gp3" => (1..=65_536, Some((3000, 80_000)), Some((125, 2000))),
            "gp2" => (1..=16_384, None, None),
            "io1" => (4..=16_384, Some((100, 64_000)), None),
            "io2" => (4..=65_536, Some((100, 256_000)), None),
            "st1" | "sc1" => (125..=16_384, None, None),
            "standard" => (1..=1024, None, None),
            other => {
                let message = format!("Unknown volume type: {other}");
                return Err(ApiError::new("UnknownVolumeType", message));
            }
        };
        require(sizes.contains(&self.size), || {
            bad(format!("Volume of {} GiB is invalid; {} volumes have {sizes:?} GiB", self.size, self.volume_type))
        })?;
        let checked = |given: Option<i32>, range: Option<(i32, i32)>, what: &str| match (given, range) {
            (None, None) => Ok(None),
            (Some(_), None) => {
                let message = format!("The parameter {what} is not supported for {} volumes.", self.volume_type);
                Err(ApiError::new("InvalidParameterCombination", message))
            }
            (given, Some((low, high))) => {
                let given = given.unwrap_or(low);
                require((low..=high).contains(&given), || {
                    bad(format!("Volume {what} of {given} is invalid; it is from {low} to {high}"))
                })?;
                Ok(Some(given))
            }
        };
        require(!self.volume_type.starts_with("io") || self.iops.is_some(), || {
            let message = format!("The parameter iops must be specified for {} volumes.", self.volume_type);
            ApiError::new("MissingParameter", message)
        })?;
        Ok(Self {
            size: self.size,
            volume_type: self.volume_type.clone(),
            iops: checked(self.iops, iops, "iops")?,
            throughput: checked(self.throughput, throughput, "throughput")?,
        })
    }
}

impl Account {
    fn volume(&self, id: &str) -> ApiResult<&Volume> {
        self.volumes
            .get(id)
            .ok_or_else(|| ApiError::new("InvalidVolume.NotFound", format!("The volume '{id}' does not exist.")))
    }

    /// `CreateVolume`.
    pub(crate) fn create_volume(
        &mut self,
        zone: &str,
        spec: &VolumeSpec,
        encryption: (bool, Option<&str>),
        tags: &Tags,
        token: Option<&str>,
    ) -> ApiResult<Volume> {
        const CALL: &str = "CreateVolume";
        let known = token.and_then(|token| self.by_token(CALL, token));
        if let Some(known) = known.and_then(|id| self.volumes.get(&id)) {
            return Ok(known.clone());
        }
        require(self.availability_zones.iter().any(|known| known == zone), || {
            ApiError::new("InvalidZone.NotFound", format!("The zone '{zone}' does not exist."))
        })?;
        let spec = spec.checked()?;
        let (encrypted, kms_key) = encryption;
        require(encrypted || kms_key.is_none(), || {
            ApiError::new("InvalidParameterDependency", "The parameter KmsKeyId requires the parameter Encrypted.")
        })?;
        let tags = merged(Service::Ec2, &Tags::default(), tags)?;
        let id = self.new_id("vol", tags.name().unwrap_or_default());
        let volume = Volume {
            id: id.clone(),
            zone: zone.to_owned(),
            spec,
            encrypted,
            kms_key: kms_key.map(str::to_owned),
            state: "creating".to_owned(),
            attached_to: None,
            modified_ms: None,
            tags,
        };
        self.volumes.insert(id.clone(), volume.clone());
        self.after(AVAILABLE_SECONDS, Event::VolumeAvailable(id.clone()));
        if let Some(token) = token {
            self.remember_token(CALL, token, &id);
        }
        Ok(volume)
    }

    /// `ModifyVolume`: volumes grow, and only every six hours.
    pub(crate) fn modify_volume(&mut self, id: &str, spec: &VolumeSpec) -> ApiResult<()> {
        let spec = spec.checked()?;
        let now = self.now_ms;
        let volume = self.volume(id)?;
        require(volume.state == "available", || {
            ApiError::new("IncorrectState", format!("The volume '{id}' is in the state {}.", volume.state))
        })?;
        require(spec.size >= volume.spec.size, || {
            let message = format!("New size cannot be smaller than existing size ({} GiB).", volume.spec.size);
            ApiError::new("InvalidParameterValue", message)
        })?;
        require(volume.modified_ms.is_none_or(|at| at + BETWEEN_MODIFICATIONS_MS <= now), || {
            ApiError::new(
                "VolumeModificationRateExceeded",
                "You've reached the maximum modification rate per volume limit. Wait at least 6 hours between \
                modifications per EBS volume.",
            )
        })?;
        if let Some(volume) = self.volumes.get_mut(id) {
            volume.spec = spec;
            volume.modified_ms = Some(now);
        }
        Ok(())
    }

    /// `DeleteVolume`: only a detached one.
    pub(crate) fn delete_volume(&mut self, id: &str) -> ApiResult<()> {
        let volume = self.volume(id)?;
        if let Some(instance) = &volume.attached_to {
            let message = format!("Volume {id} is currently attached to {instance}");
            return Err(ApiError::new("VolumeInUse", message));
        }
        self.volumes.remove(id);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, code, pass, tags};
    use super::*;

    fn spec(volume_type: &str, size: i32, iops: Option<i32>) -> VolumeSpec {
        VolumeSpec { size, volume_type: volume_type.to_owned(), iops, throughput: None }
    }

    #[test]
    fn types_sizes_and_rates() {
        let mut account = account();
        let zone = account.availability_zones[0].clone();
        let mut make = |spec: VolumeSpec| code(account.create_volume(&zone, &spec, (false, None), &tags("v"), None));
        assert_eq!(make(spec("gp9", 20, None)), "UnknownVolumeType");
        assert_eq!(make(spec("gp3", 0, None)), "InvalidParameterValue");
        assert_eq!(make(spec("gp3", 20, Some(100))), "InvalidParameterValue");
        assert_eq!(make(spec("gp2", 20, Some(3000))), "InvalidParameterCombination");
        assert_eq!(make(spec("io1", 20, None)), "MissingParameter");
        assert!(make(spec("gp3", 20, None)).contains("iops: Some(3000)"));
        let key = account.create_volume(&zone, &spec("gp3", 20, None), (false, Some("arn")), &tags("v"), None);
        assert_eq!(code(key), "InvalidParameterDependency");
        let zone = account.create_volume("x", &spec("gp3", 20, None), (false, None), &tags("v"), None);
        assert_eq!(code(zone), "InvalidZone.NotFound");
    }

    #[test]
    fn volumes_grow_now_and_then() {
        let mut account = account();
        let zone = account.availability_zones[0].clone();
        let id = account.create_volume(&zone, &spec("gp3", 20, None), (false, None), &tags("v"), Some("t")).unwrap().id;
        let again = account.create_volume(&zone, &spec("gp3", 20, None), (false, None), &tags("v"), Some("t"));
        assert_eq!(again.unwrap().id, id);
        assert_eq!(code(account.modify_volume(&id, &spec("gp3", 30, None))), "IncorrectState");
        pass(&mut account, 10);
        assert_eq!(code(account.modify_volume(&id, &spec("gp3", 10, None))), "InvalidParameterValue");
        account.modify_volume(&id, &spec("gp3", 30, None)).unwrap();
        assert_eq!(code(account.modify_volume(&id, &spec("gp3", 40, None))), "VolumeModificationRateExceeded");
        pass(&mut account, 6 * 3600);
        account.modify_volume(&id, &spec("gp3", 40, None)).unwrap();
        account.volumes.get_mut(&id).unwrap().attached_to = Some("i-1".to_owned());
        assert_eq!(code(account.delete_volume(&id)), "VolumeInUse");
        assert_eq!(code(account.delete_volume("vol-1")), "InvalidVolume.NotFound");
    }
}
