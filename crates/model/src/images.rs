//! Which machine image a manifest's words mean.

use kedge_resource::Facts;
use kedge_resource::facts::Image;

/// Owners that manifests may name instead of their account.
const OWNER_ALIASES: [(&str, &str); 10] = [
    ("amazon", "137112412989"),
    ("amazon.com", "137112412989"),
    ("debian", "136693071363"),
    ("debian10", "136693071363"),
    ("debian11", "136693071363"),
    ("flatcar", "075585003325"),
    ("redhat", "309956199498"),
    ("redhat.com", "309956199498"),
    ("rocky", "792107900819"),
    ("ubuntu", "099720109477"),
];

/// The image that `words` mean: `ami-…`, `ssm:PARAMETER`, `OWNER/NAME`, or the name of an image of the account's own. Of
/// several the newest.
pub(crate) fn resolve<'a>(words: &str, facts: &'a Facts) -> Option<&'a Image> {
    if words.starts_with("ami-") {
        return facts.images.iter().find(|image| image.id == words);
    }
    if let Some(parameter) = words.strip_prefix("ssm:") {
        let id = facts.image_parameters.get(parameter).or_else(|| facts.image_parameters.get(words))?;
        return facts.images.iter().find(|image| image.id == *id);
    }
    let (owner, name) = words.split_once('/').unwrap_or((facts.account_id.as_str(), words));
    facts
        .images
        .iter()
        .filter(|image| owned_by(image, owner) && (image.name == name || image.name == words))
        .max_by(|a, b| (&a.creation_date, &a.id).cmp(&(&b.creation_date, &b.id)))
}

/// Whether the image's owner, an account or `alias (account)`, is the one that a manifest names.
fn owned_by(image: &Image, wanted: &str) -> bool {
    let account = |owner: &str| {
        OWNER_ALIASES
            .iter()
            .find(|(alias, _)| *alias == owner)
            .map_or_else(|| owner.to_owned(), |(_, id)| (*id).to_owned())
    };
    if image.owner == wanted {
        return true;
    }
    let owner = image.owner.as_str();
    let (alias, number) = match owner.split_once('(') {
        Some((alias, rest)) => (alias.trim(), rest.trim_end_matches(')').trim()),
        None => (owner, owner),
    };
    alias == wanted || account(number) == account(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn image(id: &str, owner: &str, name: &str, date: &str) -> Image {
        Image {
            id: id.to_owned(),
            owner: owner.to_owned(),
            name: name.to_owned(),
            root_device_name: "/dev/xvda".to_owned(),
            architecture: "x86_64".to_owned(),
            creation_date: date.to_owned(),
        }
    }

    #[test]
    fn every_way_to_name_an_image_is_understood() {
        let mut facts = testing::facts();
        facts.images = vec![
            image("ami-old", "ubuntu (099720109477)", "images/x", "2022-01-01T00:00:00.000Z"),
            image("ami-new", "099720109477", "images/x", "2023-01-01T00:00:00.000Z"),
            image("ami-mine", "123456789012", "golden", "2021-01-01T00:00:00.000Z"),
            image("ami-amazon", "amazon", "al2023", "2024-01-01T00:00:00.000Z"),
        ];
        facts.image_parameters.insert("/aws/x".to_owned(), "ami-old".to_owned());
        for (words, id) in [
            ("ami-old", Some("ami-old")),
            ("ubuntu/images/x", Some("ami-new")),
            ("099720109477/images/x", Some("ami-new")),
            ("golden", Some("ami-mine")),
            ("123456789012/golden", Some("ami-mine")),
            ("137112412989/al2023", Some("ami-amazon")),
            ("amazon/al2023", Some("ami-amazon")),
            ("ssm:/aws/x", Some("ami-old")),
            ("ssm:/aws/y", None),
            ("debian/images/x", None),
            ("ubuntu/images/y", None),
            ("ami-none", None),
        ] {
            assert_eq!(resolve(words, &facts).map(|image| image.id.as_str()), id, "{words}");
        }
    }
}
