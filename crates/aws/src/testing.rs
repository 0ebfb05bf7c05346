//! An endpoint for unit tests, which replies as a test tells it to.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the endpoint does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Answers with a status and a body.
    Answer(u16, String),
    /// Closes the connection after it has read the request.
    Lose,
}

/// An endpoint that counts the requests.
pub(crate) struct Endpoint {
    pub(crate) url: String,
    requests: Arc<AtomicUsize>,
}

impl Endpoint {
    /// One that gives these replies, one a request, in their order.
    pub(crate) async fn start(replies: Vec<Reply>) -> Self {
        let replies = Mutex::new(VecDeque::from(replies));
        Self::answering(move |_| replies.lock().unwrap().pop_front().expect("a request that nobody expected")).await
    }

    /// One whose replies depend on the body of the request.
    pub(crate) async fn answering(reply: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let (count, reply) = (Arc::clone(&requests), Arc::new(reply));
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let (count, reply) = (Arc::clone(&count), Arc::clone(&reply));
                tokio::spawn(async move {
                    let body = read_request(&mut stream).await;
                    count.fetch_add(1, Ordering::SeqCst);
                    if let Reply::Answer(status, body) = reply(&body) {
                        let head = format!(
                            "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                            body.len()
                        );
                        stream.write_all(head.as_bytes()).await.unwrap();
                        stream.write_all(body.as_bytes()).await.unwrap();
                    }
                });
            }
        });
        Self { url, requests }
    }

    /// How many requests there were.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// Reads a whole request and returns its body.
pub(crate) async fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
            if body.len() >= length.map_or(0, |length| length.parse::<usize>().unwrap()) {
                return body.to_owned();
            }
        }
        let read = stream.read(&mut buffer).await.unwrap();
        assert_ne!(read, 0, "the client closed the connection in the middle of a request");
        bytes.extend_from_slice(&buffer[..read]);
    }
}
