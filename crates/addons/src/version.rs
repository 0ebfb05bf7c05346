//! Which version of Kubernetes an add-on needs.
//!
//! While control planes are replaced one by one, those of before and those of the new version serve the same cluster. What
//! follows the version of Kubernetes must not be newer than any of them: kube-proxy, the cloud controller, whatever asks for
//! APIs that an older server does not have.

use crate::addon::Addon;

impl Addon {
    /// Whether it may run where the oldest control plane has a version, such as `v1.34.1`.
    #[must_use]
    pub fn fits(&self, oldest: &str) -> bool {
        self.kubernetes.as_deref().is_none_or(|needed| numbers(oldest) >= numbers(needed))
    }
}

/// The three numbers of a version; what is no number counts as nothing, so that the version is an old one.
fn numbers(version: &str) -> [u32; 3] {
    let mut parts = version.trim_start_matches('v').split('.');
    [(); 3].map(|()| {
        let digits: String = parts.next().unwrap_or_default().chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap_or_default()
    })
}

/// The lower one of two versions.
#[must_use]
pub fn older<'a>(one: &'a str, other: &'a str) -> &'a str {
    if numbers(other) < numbers(one) { other } else { one }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::addon::{FORMAT_VERSION, Wave};

    #[test]
    fn versions_are_compared_by_their_numbers() {
        let mut addon = Addon {
            format_version: FORMAT_VERSION,
            name: "a".to_owned(),
            version: "v1".to_owned(),
            wave: Wave::System,
            kubernetes: Some("1.34.9".to_owned()),
            namespace: None,
            upstream: Vec::new(),
            patches: Vec::new(),
            objects: Vec::new(),
            registry: None,
            certificates: Vec::new(),
        };
        for (oldest, fits) in
            [("v1.34.9", true), ("v1.34.10-eks-1", true), ("v1.35.0", true), ("v1.34.8", false), ("", false)]
        {
            assert_eq!(addon.fits(oldest), fits, "{oldest}");
        }
        addon.kubernetes = None;
        assert!(addon.fits(""));
        assert_eq!(older("v1.9.0", "v1.10.0"), "v1.9.0");
        assert_eq!(older("v1.34.10", "v1.34.9"), "v1.34.9");
    }
}
