//! The clock: requests to AWS are signed with the time, and certificates begin and end.

use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use kedge_bootstrap::StorePlace;

use crate::agent::Agent;
use crate::error::StepError;
use crate::host::{Command, done};

/// How far off the clock may be. S3 takes a quarter of an hour; certificates begin five minutes before they are made.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(120);

/// Compares the clock with that of the store, and waits until it is right.
///
/// The date of any answer will do, so the question is not signed: a signed one is refused just when the clock is wrong. The
/// certificate of the store is not checked either, because with a wrong clock none is good; nothing but a waiting time
/// depends on the answer.
pub(super) async fn ensure(agent: &Agent) -> Result<String, StepError> {
    let host = agent.host();
    let url = url(&agent.config.store);
    let arguments = ["--silent", "--show-error", "--insecure", "--head", "--max-time", "20", url.as_str()];
    let before = host.now();
    let answer = done(host, Command::new("curl", arguments).by(agent.config.proxy.as_ref())).await?;
    let Some(theirs) = date(&answer.text()) else {
        return Err(StepError::wait(format!("{url} answers without a date: is there a proxy in between?")));
    };
    // The answer has whole seconds, and took a while.
    let offset = before.duration_since(theirs);
    if offset.abs() <= TOLERANCE {
        return Ok(format!("it is that of the store, but for {} s", offset.abs().as_secs()));
    }
    // Whichever of the two looks after the time of the image.
    for command in [Command::new("chronyc", ["makestep"]), Command::new("timedatectl", ["set-ntp", "true"])] {
        if host.run(&command).await.is_ok_and(|output| output.is_ok()) {
            break;
        }
    }
    let direction = if offset.is_positive() { "ahead of" } else { "behind" };
    Err(StepError::wait(format!(
        "the clock is far off: {} s {direction} the store; `timedatectl` and `chronyc tracking` say who sets it",
        offset.abs().as_secs()
    )))
}

/// Where the store answers.
fn url(store: &StorePlace) -> String {
    let domain = if store.region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    match &store.endpoint {
        Some(endpoint) => endpoint.clone(),
        None => format!("https://s3.dualstack.{}.{domain}/", store.region),
    }
}

/// The date in the head of an answer.
fn date(head: &str) -> Option<Timestamp> {
    let line = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("date").then(|| value.trim().to_owned())
    })?;
    rfc2822::DateTimeParser::new().parse_timestamp(&line).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_answers() {
        let head = "HTTP/1.1 403 Forbidden\r\nServer: x\r\ndate: Wed, 01 Jul 2026 12:00:00 GMT\r\n\r\n";
        assert_eq!(date(head), Some("2026-07-01T12:00:00Z".parse().unwrap()));
        assert_eq!(date("HTTP/1.1 200 OK\r\nDate: soon\r\n"), None);
        assert_eq!(date(""), None);
    }

    #[test]
    fn the_store_is_asked_where_it_is() {
        let mut store = StorePlace {
            region: "cn-north-1".to_owned(),
            bucket: "b".to_owned(),
            prefix: "c".to_owned(),
            endpoint: None,
        };
        assert_eq!(url(&store), "https://s3.dualstack.cn-north-1.amazonaws.com.cn/");
        store.endpoint = Some("http://127.0.0.1:5000".to_owned());
        assert_eq!(url(&store), "http://127.0.0.1:5000");
    }
}
