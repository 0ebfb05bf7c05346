//! Machine images, as manifests write them: by id, by owner and name, or by a Systems Manager parameter.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{ArchitectureValues, Filter, Image as Raw};
use futures_util::future::{try_join, try_join_all};
use kedge_cloud::CloudError;
use kedge_resource::facts::Image;

use super::filter;
use crate::client::Aws;

/// How many parameters one `GetParameters` may name.
const PARAMETERS: usize = 10;
/// How many values a filter may have.
const VALUES: usize = 200;

/// The images that were found, and the parameters that name some of them.
#[derive(Debug, Default)]
pub(super) struct Images {
    pub(super) images: Vec<Image>,
    pub(super) parameters: BTreeMap<String, String>,
}

/// What manifests ask for, by the calls that answer it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wanted {
    ids: BTreeSet<String>,
    parameters: BTreeSet<String>,
    /// Names by owner.
    names: BTreeMap<String, BTreeSet<String>>,
}

impl Wanted {
    fn of(texts: &BTreeSet<String>) -> Self {
        let mut wanted = Self::default();
        for text in texts {
            if text.starts_with("ami-") {
                wanted.ids.insert(text.clone());
            } else if let Some(parameter) = text.strip_prefix("ssm:") {
                wanted.parameters.insert(parameter.to_owned());
            } else {
                let (owner, name) = text.split_once('/').unwrap_or(("self", text));
                wanted.names.entry(account(owner).to_owned()).or_default().insert(name.to_owned());
            }
        }
        wanted
    }
}

/// The account behind the name of a well-known owner; others are account ids, `self`, or aliases that AWS knows.
fn account(owner: &str) -> &str {
    match owner {
        "amazon" | "amazon.com" => "137112412989",
        "debian" | "debian11" => "136693071363",
        "flatcar" => "075585003325",
        "redhat" | "redhat.com" => "309956199498",
        "rocky" | "rockylinux" => "792107900819",
        "ubuntu" => "099720109477",
        other => other,
    }
}

/// The images that `texts` ask for.
pub(super) async fn read(aws: &Aws, texts: &BTreeSet<String>) -> Result<Images, CloudError> {
    let Wanted { ids, parameters, names } = Wanted::of(texts);
    let ((parameters, by_id), by_name) = try_join(
        Box::pin(by_id(aws, ids, &parameters)),
        try_join_all(names.iter().flat_map(|(owner, names)| {
            let names: Vec<_> = names.iter().cloned().collect();
            let chunks: Vec<_> = names.chunks(VALUES).map(<[String]>::to_vec).collect();
            chunks.into_iter().map(|names| Box::pin(describe(aws, Some(owner), filter("name", names))))
        })),
    )
    .await?;
    let mut images: Vec<Image> = by_id.into_iter().chain(by_name.into_iter().flatten()).filter_map(fact).collect();
    images.sort_by(|a, b| (&a.owner, &a.name, &a.id).cmp(&(&b.owner, &b.name, &b.id)));
    images.dedup();
    Ok(Images { images, parameters })
}

async fn by_id(
    aws: &Aws,
    mut ids: BTreeSet<String>,
    parameters: &BTreeSet<String>,
) -> Result<(BTreeMap<String, String>, Vec<Raw>), CloudError> {
    let parameters = resolve(aws, parameters).await?;
    ids.extend(parameters.values().cloned());
    let ids: Vec<_> = ids.into_iter().collect();
    let chunks = ids.chunks(VALUES).map(|ids| Box::pin(describe(aws, None, filter("image-id", ids.to_vec()))));
    let images = try_join_all(chunks).await?;
    Ok((parameters, images.into_iter().flatten().collect()))
}

/// The image ids that parameters hold; a parameter that does not exist is absent.
async fn resolve(aws: &Aws, parameters: &BTreeSet<String>) -> Result<BTreeMap<String, String>, CloudError> {
    let parameters: Vec<_> = parameters.iter().cloned().collect();
    let answers = try_join_all(parameters.chunks(PARAMETERS).map(|names| {
        Box::pin(async move {
            aws.read("ssm:GetParameters", || aws.ssm().get_parameters().set_names(Some(names.to_vec())).send()).await
        })
    }));
    let found = answers.await?.into_iter().flat_map(|answer| answer.parameters.unwrap_or_default());
    Ok(found.filter_map(|parameter| Some((parameter.name?, parameter.value?))).collect())
}

/// Deprecated images too: a cluster may well run one, and its manifest names it.
async fn describe(aws: &Aws, owner: Option<&str>, wanted: Filter) -> Result<Vec<Raw>, CloudError> {
    let mut images = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let page = aws
            .read("ec2:DescribeImages", || {
                aws.ec2()
                    .describe_images()
                    .set_owners(owner.map(|owner| vec![owner.to_owned()]))
                    .filters(wanted.clone())
                    .include_deprecated(true)
                    .set_next_token(token.clone())
                    .send()
            })
            .await?;
        images.extend(page.images.unwrap_or_default());
        token = page.next_token.filter(|next| !next.is_empty());
        if token.is_none() {
            return Ok(images);
        }
    }
}

fn fact(raw: Raw) -> Option<Image> {
    let account = raw.owner_id?;
    Some(Image {
        id: raw.image_id?,
        owner: match raw.image_owner_alias {
            Some(alias) if !alias.is_empty() && alias != account => format!("{alias} ({account})"),
            _ => account,
        },
        name: raw.name.unwrap_or_default(),
        root_device_name: raw.root_device_name.unwrap_or_default(),
        architecture: raw.architecture.as_ref().map_or("", ArchitectureValues::as_str).to_owned(),
        creation_date: raw.creation_date.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(texts: &[&str]) -> BTreeSet<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn images_are_asked_for_in_few_calls() {
        let texts =
            ["ami-1", "ubuntu/images/a", "099720109477/ubuntu/b", "mine", "ssm:/aws/service/x", "aws-marketplace/c"];
        assert_eq!(
            Wanted::of(&set(&texts)),
            Wanted {
                ids: set(&["ami-1"]),
                parameters: set(&["/aws/service/x"]),
                names: BTreeMap::from([
                    ("099720109477".to_owned(), set(&["images/a", "ubuntu/b"])),
                    ("aws-marketplace".to_owned(), set(&["c"])),
                    ("self".to_owned(), set(&["mine"])),
                ]),
            }
        );
    }

    #[test]
    fn owners_are_accounts_with_their_alias() {
        let raw = |alias: Option<&str>| {
            Raw::builder()
                .image_id("ami-1")
                .owner_id("137112412989")
                .set_image_owner_alias(alias.map(str::to_owned))
                .build()
        };
        assert_eq!(fact(raw(Some("amazon"))).unwrap().owner, "amazon (137112412989)");
        assert_eq!(fact(raw(None)).unwrap().owner, "137112412989");
    }
}
