//! Names before a server of the test.

use super::*;

/// A server that answers questions with what `reply` makes of the question's bytes.
async fn server(reply: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 512];
        loop {
            let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
            socket.send_to(&reply(&buffer[..length]), from).await.unwrap();
        }
    });
    address
}

/// The question as an answer, with a code and records of the type that was asked for behind an alias.
fn answered(question: &[u8], code: u8, records: &[&[u8]]) -> Vec<u8> {
    let mut bytes = question.to_vec();
    (bytes[2], bytes[3]) = (0x81, 0x80 | code);
    bytes[7] = u8::try_from(records.len() + 1).unwrap();
    let kind = question[question.len() - 3];
    bytes.extend([0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 4, 1, b'x', 0xc0, 12]);
    for data in records {
        bytes.extend([0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 60, 0, u8::try_from(data.len()).unwrap()]);
        bytes.extend(*data);
    }
    bytes
}

fn resolver(server: SocketAddr) -> Resolver {
    Resolver { hosts: "/does/not/exist".to_owned(), servers: Some(vec![server]) }
}

#[tokio::test]
async fn addresses_of_both_families_come_from_the_server() {
    let at = server(|question| match question[question.len() - 3] {
        1 => answered(question, 0, &[&[10, 0, 0, 1], &[10, 0, 0, 2]]),
        _ => answered(question, 0, &[&[0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]]),
    })
    .await;
    let found = resolver(at).resolve("s3.eu-west-1.amazonaws.com").await.unwrap();
    let wanted = ["10.0.0.1", "10.0.0.2", "fd00::1"].map(|text| text.parse::<IpAddr>().unwrap());
    assert_eq!(found, wanted);
    assert_eq!(resolver(at).resolve("127.0.0.1").await.unwrap(), ["127.0.0.1".parse::<IpAddr>().unwrap()]);
}

#[tokio::test]
async fn what_is_not_there_and_what_fails_is_told() {
    let at = server(|question| answered(question, 3, &[])).await;
    let error = resolver(at).resolve("nowhere.example.com").await.unwrap_err().to_string();
    assert_eq!(error, "nowhere.example.com has no address");
    let at = server(|question| answered(question, 2, &[])).await;
    let error = resolver(at).resolve("x.example.com").await.unwrap_err().to_string();
    assert!(error.contains("the server fails"), "{error}");
    let error = resolver(at).resolve(&"x".repeat(64)).await.unwrap_err().to_string();
    assert!(error.contains("it is no name"), "{error}");
}

#[test]
fn answers_to_other_questions_do_not_count_and_no_bytes_are_too_few() {
    let question = message::question(7, "a.example.com", Kind::A).unwrap();
    let good = answered(&question, 0, &[&[10, 0, 0, 1]]);
    assert_eq!(message::answer(&good, &question, Kind::A), Answer::Addresses(vec!["10.0.0.1".parse().unwrap()]));
    let other = message::question(7, "b.example.com", Kind::A).unwrap();
    assert_eq!(message::answer(&answered(&other, 0, &[]), &question, Kind::A), Answer::Other);
    for length in 0..good.len() {
        let answer = message::answer(&good[..length], &question, Kind::A);
        assert!(matches!(answer, Answer::Other | Answer::Failed(_)), "{length}: {answer:?}");
    }
    let mut cut = good;
    cut[2] |= 2;
    assert_eq!(message::answer(&cut, &question, Kind::A), Answer::CutShort);
}

#[test]
fn files_of_the_machine() {
    let hosts = "127.0.0.1 localhost # x\n10.0.0.1 api.internal.c API # kedge\n# 10.0.0.2 api\nfd00::1 api\n";
    let wanted = ["10.0.0.1", "fd00::1"].map(|text| text.parse::<IpAddr>().unwrap());
    assert_eq!(in_hosts(hosts, "api"), wanted);
    assert!(in_hosts(hosts, "kedge").is_empty());
    let two = servers("search x\nnameserver 10.0.0.2\n nameserver fe80::1%eth0\noptions y\n");
    assert_eq!(two, ["10.0.0.2:53", "[fe80::1]:53"].map(|text| text.parse().unwrap()));
    assert_eq!(servers(""), ["127.0.0.1:53".parse().unwrap()]);
}
