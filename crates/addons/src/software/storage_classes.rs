//! Classes of storage, under the names that kops gives them: claims of workloads refer to them.

use serde_json::json;

use crate::addon::{Addon, Wave};
use crate::context::Context;
use crate::objects::{object, put};
use crate::problem::Problem;

/// Version of the classes: that of kops's definitions. Their parameters cannot be changed once they exist.
const VERSION: &str = "1.21.0";

pub(super) fn make(context: &Context<'_>, _: &mut Vec<Problem>) -> Option<Addon> {
    if context.settings("cloudConfig").boolean("manageStorageClasses") == Some(false) {
        return None;
    }
    let class = |name: &str, provisioner: &str, usual: Option<bool>, fields: serde_json::Value| {
        let mut class = object("storage.k8s.io/v1", "StorageClass", "", name, fields);
        put(&mut class, &["provisioner"], provisioner.into());
        if let Some(usual) = usual {
            put(
                &mut class,
                &["metadata", "annotations"],
                json!({ "storageclass.kubernetes.io/is-default-class": usual.to_string() }),
            );
        }
        class
    };
    let (old, driver) = ("kubernetes.io/aws-ebs", "ebs.csi.aws.com");
    let mut addon = context.addon("storage-classes", Wave::System);
    VERSION.clone_into(&mut addon.version);
    addon.objects = vec![
        class("default", old, None, json!({ "parameters": { "type": "gp2" } })),
        class("gp2", old, Some(false), json!({ "parameters": { "type": "gp2" } })),
        class(
            "kops-csi-1-21",
            driver,
            Some(true),
            json!({
                "allowVolumeExpansion": true,
                "parameters": { "encrypted": "true", "type": "gp3" },
                "volumeBindingMode": "WaitForFirstConsumer",
            }),
        ),
        class(
            "kops-ssd-1-17",
            old,
            Some(false),
            json!({
                "allowVolumeExpansion": true,
                "parameters": { "encrypted": "true", "type": "gp2" },
                "volumeBindingMode": "WaitForFirstConsumer",
            }),
        ),
    ];
    Some(addon)
}
