//! Listeners.

use aws_sdk_elasticloadbalancingv2::types::{Action, ActionTypeEnum, Certificate, Listener as Raw, ProtocolEnum};
use kedge_cloud::{CloudError, ErrorClass, StepChange};
use kedge_resource::kind::Listener;
use kedge_resource::{Handle, Kind, Observed, Ownership, Ref};

use crate::call::incomplete;
use crate::client::Aws;
use crate::realize::{Task, after, before, gone};
use crate::shared::entry;

const CREATE: &str = "elasticloadbalancing:CreateListener";
const DESCRIBE: &str = "elasticloadbalancing:DescribeListeners";

/// The listeners of a load balancer.
pub(super) async fn list(aws: &Aws, balancer: &str) -> Result<Vec<Raw>, CloudError> {
    let mut all = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let page = aws
            .read(DESCRIBE, || {
                aws.elbv2().describe_listeners().load_balancer_arn(balancer).set_marker(marker.clone()).send()
            })
            .await?;
        all.extend(page.listeners.unwrap_or_default());
        marker = page.next_marker.filter(|next| !next.is_empty());
        if marker.is_none() {
            return Ok(all);
        }
    }
}

/// The entry of a listener of the load balancer with this key name and ARN; none without a port or a target group, as no
/// listener of a network load balancer is.
pub(super) fn observed(raw: &Raw, balancer: &str, arn: &str, ownership: Ownership) -> Option<Observed> {
    let port = raw.port?;
    let handle = Handle::new(raw.listener_arn.clone()?);
    let target_group = raw.default_actions.iter().flatten().find_map(|action| {
        let weighted = action.forward_config.as_ref().and_then(|forward| forward.target_groups.as_ref()?.first());
        action.target_group_arn.clone().or_else(|| weighted?.target_group_arn.clone())
    })?;
    // what only encrypted listeners have
    let encrypted = matches!(raw.protocol, Some(ProtocolEnum::Tls | ProtocolEnum::Https));
    let mut certificates = raw.certificates.iter().flatten().filter(|_| encrypted);
    let listener = Listener {
        load_balancer: Ref::existing(arn),
        port,
        protocol: raw.protocol.as_ref().map_or("", ProtocolEnum::as_str).to_owned(),
        target_group: Ref::existing(target_group),
        certificate_arn: certificates.find_map(|certificate| certificate.certificate_arn.clone()),
        ssl_policy: raw.ssl_policy.clone().filter(|policy| encrypted && !policy.is_empty()),
    };
    Some(entry(Kind::Listener, format!("{balancer} {port}"), handle, ownership, listener))
}

/// Makes it. AWS answers the same request with the listener that exists; one of other settings on the port is changed.
pub(super) async fn create(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let aws = task.aws;
    let wanted: &Listener = after(change)?;
    let balancer = task.handles.resolve(&wanted.load_balancer)?;
    let actions = actions(task, wanted)?;
    let answer = aws
        .write_settling(CREATE, task.progress, || {
            aws.elbv2()
                .create_listener()
                .load_balancer_arn(&balancer)
                .port(wanted.port)
                .protocol(ProtocolEnum::from(wanted.protocol.as_str()))
                .set_default_actions(Some(actions.clone()))
                .set_certificates(certificates(wanted))
                .set_ssl_policy(wanted.ssl_policy.clone())
                .send()
        })
        .await;
    match answer {
        Ok(answer) => {
            let raw = answer.listeners.unwrap_or_default().into_iter().next();
            Ok(Handle::new(raw.and_then(|raw| raw.listener_arn).ok_or_else(|| incomplete(CREATE))?))
        }
        Err(error) if error.class == ErrorClass::AlreadyExists => {
            let listeners = list(aws, &balancer).await?;
            let same_port = listeners.into_iter().find(|raw| raw.port == Some(wanted.port));
            let Some(arn) = same_port.and_then(|raw| raw.listener_arn) else { return Err(error) };
            modify(task, &arn, wanted).await?;
            Ok(Handle::new(arn))
        }
        Err(error) => Err(error),
    }
}

/// Makes it what it shall be, all in one call.
pub(super) async fn update(task: &Task<'_>, change: &StepChange) -> Result<Handle, CloudError> {
    let handle = before(change)?.handle.clone();
    modify(task, &handle.id, after(change)?).await?;
    Ok(handle)
}

/// Removes it.
pub(super) async fn delete(task: &Task<'_>, change: &StepChange) -> Result<(), CloudError> {
    let arn = &before(change)?.handle.id;
    let answer = task
        .aws
        .write_idempotent("elasticloadbalancing:DeleteListener", || {
            task.aws.elbv2().delete_listener().listener_arn(arn).send()
        })
        .await;
    gone(answer)
}

async fn modify(task: &Task<'_>, arn: &str, wanted: &Listener) -> Result<(), CloudError> {
    let actions = actions(task, wanted)?;
    task.aws
        .write_settling("elasticloadbalancing:ModifyListener", task.progress, || {
            task.aws
                .elbv2()
                .modify_listener()
                .listener_arn(arn)
                .protocol(ProtocolEnum::from(wanted.protocol.as_str()))
                .set_default_actions(Some(actions.clone()))
                .set_certificates(certificates(wanted))
                .set_ssl_policy(wanted.ssl_policy.clone())
                .send()
        })
        .await?;
    Ok(())
}

fn actions(task: &Task<'_>, wanted: &Listener) -> Result<Vec<Action>, CloudError> {
    let group = task.handles.resolve(&wanted.target_group)?;
    Ok(vec![Action::builder().r#type(ActionTypeEnum::Forward).target_group_arn(group).build()])
}

fn certificates(wanted: &Listener) -> Option<Vec<Certificate>> {
    let arn = wanted.certificate_arn.as_ref()?;
    Some(vec![Certificate::builder().certificate_arn(arn).build()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(protocol: ProtocolEnum) -> Raw {
        Raw::builder()
            .listener_arn("arn:listener")
            .port(443)
            .protocol(protocol)
            .certificates(Certificate::builder().certificate_arn("arn:certificate").build())
            .ssl_policy("ELBSecurityPolicy-2016-08")
            .default_actions(Action::builder().r#type(ActionTypeEnum::Forward).target_group_arn("arn:group").build())
            .build()
    }

    #[test]
    fn a_listener_is_known_by_its_port() {
        let raw = raw(ProtocolEnum::Tls);
        let observed = observed(&raw, "api.a.example.com", "arn:balancer", Ownership::Owned).unwrap();
        assert_eq!(observed.key.name, "api.a.example.com 443");
        let listener: &Listener = (&observed.properties).try_into().unwrap();
        assert_eq!(listener.target_group, Ref::existing("arn:group"));
        assert_eq!(listener.certificate_arn.as_deref(), Some("arn:certificate"));
        assert_eq!(listener.ssl_policy.as_deref(), Some("ELBSecurityPolicy-2016-08"));
    }

    #[test]
    fn only_encrypted_listeners_have_certificate_and_policy() {
        let observed =
            observed(&raw(ProtocolEnum::Tcp), "api.a.example.com", "arn:balancer", Ownership::Owned).unwrap();
        let listener: &Listener = (&observed.properties).try_into().unwrap();
        assert_eq!((&listener.certificate_arn, &listener.ssl_policy), (&None, &None));
    }
}
