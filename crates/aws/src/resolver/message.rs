//! Questions and answers of the domain name system (RFC 1035, section 4), as far as addresses need them.

use std::net::IpAddr;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Addresses of IPv4.
    A = 1,
    /// Addresses of IPv6.
    Aaaa = 28,
}

/// What an answer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It answers another question.
    Other,
    /// It has not all of them.
    CutShort,
    /// The server has no answer.
    Failed(&'static str),
    /// The addresses; none if there are none.
    Addresses(Vec<IpAddr>),
}

const HEADER: usize = 12;

/// A question; none if the name cannot be one.
pub(super) fn question(id: u16, name: &str, kind: Kind) -> Option<Vec<u8>> {
    let mut bytes = id.to_be_bytes().to_vec();
    // The server shall ask others; one question.
    bytes.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.trim_end_matches('.').split('.') {
        let length = u8::try_from(label.len()).ok().filter(|length| (1..=63).contains(length))?;
        bytes.push(length);
        bytes.extend(label.bytes());
    }
    bytes.extend([0, 0, kind as u8, 0, 1]);
    (bytes.len() <= HEADER + 255 + 4).then_some(bytes)
}

/// Reads an answer to a question.
pub(super) fn answer(bytes: &[u8], question: &[u8], kind: Kind) -> Answer {
    read(bytes, question, kind).unwrap_or(Answer::Failed("the answer is cut off"))
}

fn read(bytes: &[u8], question: &[u8], kind: Kind) -> Option<Answer> {
    let asked = question.get(HEADER..)?;
    let same = bytes.get(..2) == question.get(..2) && bytes.get(2)? & 0x80 != 0;
    let echoed = bytes.get(HEADER..HEADER + asked.len());
    if !same || !echoed.is_some_and(|echoed| echoed.eq_ignore_ascii_case(asked)) {
        return Some(Answer::Other);
    }
    if bytes.get(2)? & 0x02 != 0 {
        return Some(Answer::CutShort);
    }
    match bytes.get(3)? & 0x0f {
        0 => {}
        // There is no such name.
        3 => return Some(Answer::Addresses(Vec::new())),
        2 => return Some(Answer::Failed("the server fails")),
        5 => return Some(Answer::Failed("the server refuses")),
        _ => return Some(Answer::Failed("the server has no answer")),
    }
    let count = number(bytes, 6)?;
    let mut place = HEADER + asked.len();
    let mut found = Vec::new();
    for _ in 0..count {
        place = after_name(bytes, place)?;
        let (type_, length) = (number(bytes, place)?, usize::from(number(bytes, place + 8)?));
        let data = bytes.get(place + 10..place + 10 + length)?;
        if type_ == kind as u16 {
            found.extend(address(data));
        }
        place += 10 + length;
    }
    Some(Answer::Addresses(found))
}

fn number(bytes: &[u8], place: usize) -> Option<u16> {
    bytes.get(place..place + 2)?.try_into().ok().map(u16::from_be_bytes)
}

/// Where a name ends. One that goes on elsewhere ends here with two bytes.
fn after_name(bytes: &[u8], mut place: usize) -> Option<usize> {
    loop {
        match bytes.get(place)? {
            0 => return Some(place + 1),
            length if length & 0xc0 == 0xc0 => return Some(place + 2),
            length => place += 1 + usize::from(*length),
        }
    }
}

fn address(data: &[u8]) -> Option<IpAddr> {
    match data.len() {
        4 => <[u8; 4]>::try_from(data).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(data).ok().map(IpAddr::from),
        _ => None,
    }
}
