//! The small notations of Kubernetes and Go: durations and quantities.

/// Seconds of a Go duration such as `48h20m`, `1.5h` or `0`, rounded down.
pub(crate) fn duration_seconds(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut seconds = 0.0_f64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).filter(|at| *at > 0)?;
        let (number, after) = rest.split_at(digits);
        let unit_end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, next) = after.split_at(unit_end);
        let factor = match unit {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * factor;
        rest = next;
    }
    #[expect(clippy::cast_possible_truncation, reason = "bounded by the check before")]
    let whole = (seconds.abs() < 9e15).then(|| seconds.floor() as i64)?;
    Some(if negative { -whole } else { whole })
}

/// Value of a Kubernetes quantity such as `500m`, `4Gi` or `1e3`.
#[must_use]
pub fn quantity(text: &str) -> Option<f64> {
    let unit_at = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '+' | '-'))).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let factor = match unit {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1_048_576.0,
        "Gi" => 1_073_741_824.0,
        "Ti" => 1_099_511_627_776.0,
        "Pi" => 1_125_899_906_842_624.0,
        "Ei" => 1_152_921_504_606_846_976.0,
        exponent => {
            let digits = exponent.strip_prefix(['e', 'E'])?;
            10_f64.powi(digits.parse().ok()?)
        }
    };
    Some(number.parse::<f64>().ok().filter(|value| value.is_finite())? * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_go_durations() {
        for (text, seconds) in [
            ("48h20m", Some(174_000)),
            ("0", Some(0)),
            ("0s", Some(0)),
            ("1.5h", Some(5400)),
            ("90s", Some(90)),
            ("1500ms", Some(1)),
            ("-1m", Some(-60)),
            ("", None),
            ("5", None),
            ("5d", None),
            ("h", None),
            ("1h5", None),
        ] {
            assert_eq!(duration_seconds(text), seconds, "{text}");
        }
    }

    #[test]
    fn quantities_are_those_of_kubernetes() {
        for (text, value) in [
            ("500m", Some(0.5)),
            ("4Gi", Some(4_294_967_296.0)),
            ("16", Some(16.0)),
            ("1e3", Some(1000.0)),
            ("1.5k", Some(1500.0)),
            ("", None),
            ("4GiB", None),
            ("abc", None),
        ] {
            assert_eq!(quantity(text), value, "{text}");
        }
    }
}
