use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::*;
use crate::testing::{Endpoint, Reply, read_request};

fn error(status: u16, code: &str) -> Reply {
    let body =
        format!("<Response><Errors><Error><Code>{code}</Code><Message>{code}</Message></Error></Errors></Response>");
    Reply::Answer(status, body)
}

fn vpcs(ids: &[&str]) -> Reply {
    let items: String = ids.iter().map(|id| format!("<item><vpcId>{id}</vpcId></item>")).collect();
    Reply::Answer(200, format!("<DescribeVpcsResponse><vpcSet>{items}</vpcSet></DescribeVpcsResponse>"))
}

fn created(id: &str) -> Reply {
    Reply::Answer(200, format!("<CreateVpcResponse><vpc><vpcId>{id}</vpcId></vpc></CreateVpcResponse>"))
}

async fn describe(aws: &Aws) -> Result<Vec<String>, CloudError> {
    let answer = aws.read("ec2:DescribeVpcs", || aws.ec2().describe_vpcs().send()).await?;
    Ok(answer.vpcs.unwrap_or_default().into_iter().filter_map(|vpc| vpc.vpc_id).collect())
}

async fn create(aws: &Aws) -> Result<String, CloudError> {
    aws.create(
        "ec2:CreateVpc",
        &|_| {},
        || aws.ec2().create_vpc().cidr_block("10.0.0.0/16").send(),
        |answer| answer.vpc?.vpc_id,
        || async { Ok(describe(aws).await?.into_iter().next()) },
    )
    .await
}

async fn write(aws: &Aws) -> Result<(), CloudError> {
    aws.write("ec2:DeleteVpc", || aws.ec2().delete_vpc().vpc_id("vpc-1").send()).await.map(|_| ())
}

#[tokio::test]
async fn reads_are_tried_again() {
    let endpoint =
        Endpoint::start(vec![Reply::Lose, error(500, "InternalError"), error(503, "Throttling"), vpcs(&["vpc-1"])])
            .await;
    assert_eq!(describe(&Aws::at(&endpoint.url)).await.unwrap(), ["vpc-1"]);
    assert_eq!(endpoint.requests(), 4);
}

#[tokio::test]
async fn denied_reads_are_not() {
    let endpoint = Endpoint::start(vec![error(403, "UnauthorizedOperation")]).await;
    let error = describe(&Aws::at(&endpoint.url)).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Denied);
    assert_eq!(error.call, "ec2:DescribeVpcs");
    assert_eq!(endpoint.requests(), 1);
}

#[tokio::test]
async fn writes_are_tried_again_only_when_nothing_was_done() {
    let done = Reply::Answer(200, "<DeleteVpcResponse><return>true</return></DeleteVpcResponse>".to_owned());
    let endpoint = Endpoint::start(vec![error(503, "RequestLimitExceeded"), done]).await;
    write(&Aws::at(&endpoint.url)).await.unwrap();
    assert_eq!(endpoint.requests(), 2);
    for lost in [Reply::Lose, error(500, "InternalError"), Reply::Answer(502, "<html>".to_owned())] {
        let endpoint = Endpoint::start(vec![lost.clone()]).await;
        let error = write(&Aws::at(&endpoint.url)).await.unwrap_err();
        assert_eq!(error.class, ErrorClass::Ambiguous, "{lost:?}");
        assert_eq!(endpoint.requests(), 1, "{lost:?}");
    }
}

#[tokio::test]
async fn a_creation_whose_answer_was_lost_is_found() {
    let endpoint = Endpoint::start(vec![Reply::Lose, vpcs(&[]), vpcs(&["vpc-1"])]).await;
    assert_eq!(create(&Aws::at(&endpoint.url)).await.unwrap(), "vpc-1");
    assert_eq!(endpoint.requests(), 3);
}

#[tokio::test]
async fn a_creation_that_was_not_done_is_made_again() {
    let mut replies = vec![error(500, "InternalError")];
    replies.extend(vec![vpcs(&[]); 5]);
    replies.push(created("vpc-2"));
    let endpoint = Endpoint::start(replies).await;
    assert_eq!(create(&Aws::at(&endpoint.url)).await.unwrap(), "vpc-2");
    assert_eq!(endpoint.requests(), 7);
}

#[tokio::test]
async fn a_creation_waits_for_what_is_not_visible_yet() {
    let endpoint = Endpoint::start(vec![error(400, "InvalidVpcID.NotFound"), created("vpc-1")]).await;
    assert_eq!(create(&Aws::at(&endpoint.url)).await.unwrap(), "vpc-1");
}

#[tokio::test]
async fn an_endpoint_that_nobody_listens_at_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = write(&Aws::at(&url)).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Unreachable);
    assert!(error.message.contains(&url), "{}", error.message);
    assert!(error.hint.unwrap().contains("AWS_ENDPOINT_URL"));
}

#[tokio::test]
async fn an_endpoint_that_was_reached_before_is_away_in_passing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let once = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await;
        let body = "<DescribeVpcsResponse/>";
        let head = format!("HTTP/1.1 200 X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
        stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    });
    let aws = Aws::at(&url);
    describe(&aws).await.unwrap();
    once.await.unwrap();
    let error = write(&aws).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Transient);
    assert!(error.message.contains(&url), "{}", error.message);
}

#[test]
fn client_tokens_never_repeat() {
    let aws = Aws::at("http://127.0.0.1:1");
    assert_ne!(aws.client_token(), aws.client_token());
    assert_ne!(aws.client_token(), Aws::at("http://127.0.0.1:1").client_token());
    assert!(aws.client_token().len() <= 64);
}

#[tokio::test]
async fn an_endpoint_that_never_answers_is_not_waited_for_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    tokio::spawn(async move {
        let mut open = Vec::new();
        loop {
            open.push(listener.accept().await.unwrap());
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    let error = describe(&Aws::at(&url)).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Unreachable);
    assert_eq!(error.message, format!("{url} gave no answer within 2 s"));
    assert_eq!(taken.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_endpoint_that_is_no_address_is_named() {
    let error = describe(&Aws::at("nonsense")).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::Invalid, "{error}");
    assert!(error.hint.unwrap().contains("AWS_ENDPOINT_URL"));
}

#[tokio::test]
async fn what_answers_may_not_be_aws() {
    let endpoint = Endpoint::start(vec![Reply::Answer(404, "<html>".to_owned())]).await;
    let error = describe(&Aws::at(&endpoint.url)).await.unwrap_err();
    assert!(error.hint.unwrap().contains("not AWS"));
    assert_eq!(endpoint.requests(), 1);
}
