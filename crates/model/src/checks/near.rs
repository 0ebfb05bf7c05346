//! Names that somebody may have meant.

/// A hint that names what is near to `wanted`, or all there is if that is little.
pub(super) fn hint<'a>(wanted: &str, known: impl Iterator<Item = &'a str>, what: &str) -> Option<String> {
    let known: Vec<&str> = known.collect();
    let mut near: Vec<(usize, &str)> =
        known.iter().map(|&name| (strsim::damerau_levenshtein(wanted, name), name)).collect();
    near.sort_unstable();
    let nearest = near.first().map_or(usize::MAX, |(distance, _)| *distance);
    let close: Vec<&str> = near
        .iter()
        .take_while(|(distance, _)| *distance == nearest && nearest <= 2)
        .take(3)
        .map(|(_, name)| *name)
        .collect();
    if !close.is_empty() {
        return Some(format!("did you mean {}?", close.join(" or ")));
    }
    // More names than that nobody reads.
    const FEW: usize = 8;
    (!known.is_empty() && known.len() <= FEW).then(|| format!("{what}: {}", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::hint;

    #[test]
    fn near_names_come_before_all_names() {
        let known = ["t3.large", "t3.medium", "m5.large"];
        assert_eq!(hint("t3.lage", known.into_iter(), "known").as_deref(), Some("did you mean t3.large?"));
        assert_eq!(hint("x", known.into_iter(), "known").as_deref(), Some("known: t3.large, t3.medium, m5.large"));
        assert_eq!(hint("x", std::iter::empty(), "known"), None);
    }
}
