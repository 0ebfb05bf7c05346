//! Objects that stand under the right key and hold something else.
//!
//! A key says what an object has to hold, and a plan reads none of them. So what a list tells beside keys is compared with what
//! is wanted: sizes always, digests where the place tells them. What nothing of this shows `kedge store check` finds, which
//! reads everything.

use kedge_resource::kind::StoreObject;
use kedge_resource::{Inventory, Kind, Properties, Resource, ResourceKey};
use kedge_store::{Listed, StoreError};
use md5::{Digest as _, Md5};

use super::objects::Name;
use super::store::BootSource;

/// Which of the objects that look as they are wanted hold something else.
pub(super) async fn of(
    source: &BootSource,
    wanted: &[Resource],
    inventory: &Inventory,
) -> Result<Vec<ResourceKey>, StoreError> {
    let mut damaged = Vec::new();
    // Whether a digest that does not fit means anything: a key of KMS makes others of them.
    let mut telling = true;
    for observed in inventory.resources.iter().filter(|observed| observed.key.kind == Kind::StoreObject) {
        let want = wanted.iter().find(|resource| resource.key == observed.key).map(|resource| &resource.properties);
        let (Some(Properties::StoreObject(want)), Properties::StoreObject(have)) = (want, &observed.properties) else {
            continue;
        };
        if want.sha256.is_none() || want.sha256 != have.sha256 {
            continue;
        }
        let Some(listed) = source.listed(&observed.handle.id).await? else { continue };
        let Some(size) = size(source, &observed.key, want) else { continue };
        let content = want.content.as_deref().map(str::as_bytes);
        if listed.size != size {
            damaged.push(observed.key.clone());
        } else if let Some(content) = content.filter(|content| telling && listed.md5.is_some() && !is(listed, content))
        {
            let object = source.store.objects().get(&source.store.key(&listed.key)).await?;
            if object.is_some_and(|object| object.bytes == content) {
                telling = false;
            } else {
                damaged.push(observed.key.clone());
            }
        }
    }
    Ok(damaged)
}

/// Whether the list says that an object holds just this.
pub(super) fn is(listed: &Listed, content: &[u8]) -> bool {
    let digits = || Md5::digest(content).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    listed.size == content.len() as u64 && listed.md5.as_ref().is_some_and(|md5| *md5 == digits())
}

/// How long an object has to be, where that is known here.
fn size(source: &BootSource, key: &ResourceKey, want: &StoreObject) -> Option<u64> {
    match (&want.content, Name::parse(&key.name)) {
        (Some(content), _) => Some(content.len() as u64),
        (None, Some(Name::Program(arch))) => {
            source.programs.get(arch).filter(|program| Some(&program.sha256) == want.sha256.as_ref()).map(|it| it.size)
        }
        _ => None,
    }
}
