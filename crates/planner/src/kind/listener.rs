//! Listeners: AWS picks a security policy for TLS where none is asked for.

use kedge_resource::kind::Listener;

pub(super) fn disregard(want: &Listener, have: &mut Listener) {
    if want.ssl_policy.is_none() && want.protocol == have.protocol {
        have.ssl_policy = None;
    }
}
