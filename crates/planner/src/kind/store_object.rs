//! Objects of the state store.

use kedge_resource::kind::StoreObject;

/// The same digest is the same content, which nobody had to read.
pub(super) fn disregard(want: &StoreObject, have: &mut StoreObject) {
    if want.sha256.is_some() && want.sha256 == have.sha256 {
        have.content.clone_from(&want.content);
    }
}
