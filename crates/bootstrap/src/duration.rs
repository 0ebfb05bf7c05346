//! Durations as Go writes them, such as `1h30m` or `100ms`.

/// Nanoseconds of a duration; none for a text that is no duration, or one that is negative.
pub(crate) fn nanoseconds(text: &str) -> Option<u64> {
    if text == "0" {
        return Some(0);
    }
    let mut rest = text;
    let mut sum = 0_u64;
    while !rest.is_empty() || text.is_empty() {
        let number = rest.find(|c: char| c != '.' && !c.is_ascii_digit())?;
        let (number, after) = rest.split_at_checked(number)?;
        let unit = after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, next) = after.split_at_checked(unit)?;
        let unit = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => MILLISECOND,
            "s" => 1_000 * MILLISECOND,
            "m" => 60_000 * MILLISECOND,
            "h" => 3_600_000 * MILLISECOND,
            _ => return None,
        };
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && part.is_empty() {
            return None;
        }
        let whole = if whole.is_empty() { 0 } else { whole.parse::<u64>().ok()? };
        sum = sum.checked_add(whole.checked_mul(unit)?)?.checked_add(fraction(part, unit)?)?;
        rest = next;
    }
    Some(sum)
}

/// Nanoseconds of a millisecond.
pub(crate) const MILLISECOND: u64 = 1_000_000;

/// The digits behind the point of a number of units, in nanoseconds.
fn fraction(digits: &str, unit: u64) -> Option<u64> {
    let mut scale = unit;
    let mut sum = 0_u64;
    for digit in digits.chars() {
        scale /= 10;
        sum = sum.checked_add(u64::from(digit.to_digit(10)?).checked_mul(scale)?)?;
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_go() {
        let second = 1_000 * MILLISECOND;
        for (text, wanted) in [
            ("0", 0),
            ("0s", 0),
            ("100ms", 100 * MILLISECOND),
            ("1.5s", 1_500 * MILLISECOND),
            (".5h", 1_800 * second),
            ("1h2m3s", 3_723 * second),
            ("2µs", 2_000),
        ] {
            assert_eq!(nanoseconds(text), Some(wanted), "{text}");
        }
        for text in ["", "1", "s", ".s", "-1s", "1d", "1s2", "99999999999999999999h", "1.2.3s", "é"] {
            assert_eq!(nanoseconds(text), None, "{text}");
        }
    }
}
