//! Texts as lists of lines, in documents that people compare.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A text, stored as what stands between its line breaks.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Lines(Vec<String>);

impl From<String> for Lines {
    fn from(text: String) -> Self {
        Self(text.split('\n').map(str::to_owned).collect())
    }
}

impl From<Lines> for String {
    fn from(lines: Lines) -> Self {
        lines.0.join("\n")
    }
}

pub(crate) fn serialize<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    Lines::from(text.to_owned()).serialize(serializer)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Lines::deserialize(deserializer).map(String::from)
}

/// For a text that may be absent.
pub(crate) mod optional {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use super::Lines;

    pub(crate) fn serialize<S: Serializer>(text: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
        text.clone().map(Lines::from).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
        Ok(Option::<Lines>::deserialize(deserializer)?.map(String::from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_back() {
        for text in ["", "a", "a\n", "\n\na\r\nb\n\n", "a\u{2028}b"] {
            assert_eq!(String::from(Lines::from(text.to_owned())), text);
        }
    }
}
