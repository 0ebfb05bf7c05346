//! Names to addresses without glibc, for programs that are linked statically with it.
//!
//! `getaddrinfo` of a static glibc loads the modules that `/etc/nsswitch.conf` of the machine names (`resolve`, `myhostname`),
//! and with them the machine's own glibc beside the one within the program: they have to be of the same version, or the
//! program crashes. What AWS needs is less: `/etc/hosts`, and the servers of `/etc/resolv.conf` asked for whole names.

mod message;

use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};

use message::{Answer, Kind};

/// Whether this program resolves names itself.
static OWN: AtomicBool = AtomicBool::new(false);

/// From now on names are resolved here and not by the C library: for a program that knows of itself that it is linked
/// statically. Connections that were used before stay as they are.
pub fn resolve_names_without_libc() {
    OWN.store(true, Ordering::Relaxed);
}

/// Whether names are resolved here.
pub(crate) fn is_needed() -> bool {
    OWN.load(Ordering::Relaxed)
}

/// How long a server may take.
const TIME: Duration = Duration::from_secs(3);
/// How often all servers are asked.
const ROUNDS: usize = 2;
/// Most bytes of an answer over UDP.
const MOST: usize = 4096;
/// How many servers glibc would ask.
const SERVERS: usize = 3;

/// Asks servers itself.
#[derive(Clone, Debug)]
pub(crate) struct Resolver {
    hosts: String,
    /// Servers and their port, where they are not those of the machine.
    servers: Option<Vec<SocketAddr>>,
}

impl Resolver {
    /// With the files of the machine.
    pub(crate) fn system() -> Self {
        Self { hosts: "/etc/hosts".to_owned(), servers: None }
    }

    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        if let Ok(address) = name.trim_matches(['[', ']']).parse() {
            return Ok(vec![address]);
        }
        let hosts = tokio::fs::read_to_string(&self.hosts).await.unwrap_or_default();
        let found = in_hosts(&hosts, name);
        if !found.is_empty() {
            return Ok(found);
        }
        let servers = match &self.servers {
            Some(servers) => servers.clone(),
            None => servers(&tokio::fs::read_to_string("/etc/resolv.conf").await.unwrap_or_default()),
        };
        let (four, six) = tokio::join!(ask(&servers, name, Kind::A), ask(&servers, name, Kind::Aaaa));
        match (four, six) {
            (Err(error), Err(_)) => Err(error),
            (four, six) => {
                let found = [four.unwrap_or_default(), six.unwrap_or_default()].concat();
                if found.is_empty() {
                    Err(io::Error::new(io::ErrorKind::NotFound, format!("{name} has no address")))
                } else {
                    Ok(found)
                }
            }
        }
    }
}

impl ResolveDns for Resolver {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move { self.resolve(name).await.map_err(ResolveDnsError::new) })
    }
}

/// What a hosts file says of a name.
fn in_hosts(text: &str, name: &str) -> Vec<IpAddr> {
    let lines = text.lines().filter_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let address = words.next()?.parse().ok()?;
        words.any(|word| word.eq_ignore_ascii_case(name)).then_some(address)
    });
    lines.collect()
}

/// The servers of the machine; itself, if none are named.
fn servers(text: &str) -> Vec<SocketAddr> {
    let named = text.lines().filter_map(|line| line.trim().strip_prefix("nameserver"));
    let parsed = named.filter_map(|rest| rest.trim().split('%').next()?.parse::<IpAddr>().ok());
    let found: Vec<SocketAddr> = parsed.take(SERVERS).map(|address| SocketAddr::new(address, 53)).collect();
    if found.is_empty() { vec![SocketAddr::from(([127, 0, 0, 1], 53))] } else { found }
}

async fn ask(servers: &[SocketAddr], name: &str, kind: Kind) -> io::Result<Vec<IpAddr>> {
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "no server was asked");
    for server in servers.iter().cycle().take(servers.len() * ROUNDS) {
        match tokio::time::timeout(TIME, exchange(*server, name, kind)).await {
            Ok(Ok(found)) => return Ok(found),
            Ok(Err(error)) => failure = error,
            Err(_) => {
                let why = format!("{server} does not answer about {name}");
                failure = io::Error::new(io::ErrorKind::TimedOut, why);
            }
        }
    }
    Err(failure)
}

async fn exchange(server: SocketAddr, name: &str, kind: Kind) -> io::Result<Vec<IpAddr>> {
    let wrong = |why: &str| io::Error::new(io::ErrorKind::InvalidData, format!("{server} about {name}: {why}"));
    // A number by chance, as is the port: so that nobody answers in the server's place.
    let id = u16::try_from(RandomState::new().hash_one(name) & 0xffff).unwrap_or_default();
    let question = message::question(id, name, kind).ok_or_else(|| wrong("it is no name"))?;
    let any = if server.is_ipv4() { IpAddr::from(Ipv4Addr::UNSPECIFIED) } else { IpAddr::from(Ipv6Addr::UNSPECIFIED) };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0)).await?;
    socket.connect(server).await?;
    socket.send(&question).await?;
    let mut buffer = vec![0; MOST];
    loop {
        let length = socket.recv(&mut buffer).await?;
        let bytes = buffer.get(..length).unwrap_or_default();
        match message::answer(bytes, &question, kind) {
            Answer::Other => {}
            Answer::Addresses(found) => return Ok(found),
            Answer::Failed(why) => return Err(wrong(why)),
            Answer::CutShort => break,
        }
    }
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(question.len()).map_err(|_| wrong("it is no name"))?;
    stream.write_all(&[&length.to_be_bytes(), question.as_slice()].concat()).await?;
    let length = stream.read_u16().await?;
    let mut bytes = vec![0; usize::from(length)];
    stream.read_exact(&mut bytes).await?;
    match message::answer(&bytes, &question, kind) {
        Answer::Addresses(found) => Ok(found),
        Answer::Failed(why) => Err(wrong(why)),
        Answer::Other | Answer::CutShort => Err(wrong("the answer is none")),
    }
}

#[cfg(test)]
mod tests;
