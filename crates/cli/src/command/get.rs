//! `kedge get`.

use clap::{Args, Subcommand, ValueEnum};
use kedge_ops::get::{self, Found, Instance, InstanceGroup, ResourceSummary};
use kedge_ops::kops_store;
use kedge_render::events::telling_id;
use kedge_render::{Line, Role, Text, table};
use kedge_resource::{ClusterName, Ownership};
use kedge_store::Location;
use serde::Serialize;

use super::keypairs;
use crate::args::Output;
use crate::backend::Backend;
use crate::error::CliError;
use crate::exit_code::ExitCode;
use crate::session::{Session, block_on};
use crate::state;
use crate::ui::Ui;

const EXAMPLES: &str = "\
EXAMPLES:
  kedge get clusters --region us-east-1
  kedge get instancegroups --name prod.example.com
  kedge get ig nodes --name prod.example.com -o yaml
  kedge get instances --name prod.example.com -o json
  kedge get resources -f cluster.yaml
  kedge get -o yaml --name prod.example.com
  kedge get instancegroups -o yaml --name prod.example.com
  kedge get keypairs --name prod.example.com
  kedge get manifests --name prod.example.com --at 3
  kedge get manifests --from-kops s3://kops-state --name prod.example.com > prod.yaml";

/// Show what the account holds, or the manifests of a cluster
///
/// Everything that is shown was read from the account just now; kedge keeps no copy. With -f the cluster and the region are
/// those of the manifests.
///
/// With -o yaml the manifests of the last apply are printed, out of the state store: all of them, or those of the clusters or
/// instance groups alone.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, disable_help_subcommand = true, after_help = EXAMPLES)]
pub(crate) struct GetArgs {
    #[command(subcommand)]
    what: Option<What>,

    /// Form of the answer
    #[arg(short = 'o', long, value_name = "FORM", default_value = "text", global = true)]
    output: GetOutput,
}

/// Forms of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum GetOutput {
    /// For people
    Text,
    /// For programs
    Json,
    /// The manifests themselves
    Yaml,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List the clusters of the region
    ///
    /// A cluster is listed if something in the region carries its ownership tag.
    #[command(visible_alias = "cluster", after_help = EXAMPLES)]
    Clusters {
        /// This one alone
        #[arg(value_name = "CLUSTER", value_parser = ClusterName::parse)]
        cluster: Option<ClusterName>,
    },
    /// List the instance groups of a cluster
    ///
    /// Shows sizes, machine types and how many instances each group has.
    #[command(visible_alias = "ig", after_help = EXAMPLES)]
    Instancegroups {
        /// These alone
        #[arg(value_name = "GROUP")]
        groups: Vec<String>,
    },
    /// List the instances of a cluster
    ///
    /// Shows each instance with its group, state and address.
    #[command(visible_alias = "instance", after_help = EXAMPLES)]
    Instances,
    /// List every resource of a cluster
    ///
    /// Shows keys and ids, and whether a resource is the cluster's own. Resources of others are listed if they stand under
    /// names that the cluster could have.
    #[command(after_help = EXAMPLES)]
    Resources,
    /// List the keys and authorities of a cluster
    ///
    /// Out of the state store; no key is needed. Shows which one of each kind is in use, which others are trusted, and until
    /// when.
    #[command(visible_alias = "keypair", after_help = EXAMPLES)]
    Keypairs,
    /// Print manifests of a cluster out of a state store
    ///
    /// Those of the last apply, or earlier ones by their number: `kedge op log` shows the numbers. With --from-kops those of a
    /// kops cluster, from the place that KOPS_STATE_STORE names for kops; nothing there is changed.
    #[command(visible_alias = "manifest", after_help = EXAMPLES)]
    Manifests {
        /// Number of the manifests
        #[arg(long, value_name = "SERIAL", conflicts_with = "from_kops")]
        at: Option<u64>,

        /// State store of kops: s3://bucket/prefix or file:///directory
        #[arg(long, value_name = "URL")]
        from_kops: Option<String>,
    },
}

/// Does it.
pub(crate) fn run(args: &GetArgs, session: &Session) -> Result<ExitCode, CliError> {
    let ui = &session.ui;
    let Some(what) = &args.what else {
        if args.output != GetOutput::Yaml {
            return Err(CliError::user("it is not said what to show")
                .hint("`kedge get --help` lists what there is; `kedge get -o yaml` prints the manifests"));
        }
        let (cluster, _) = session.cluster()?;
        return block_on(documents(session, &cluster, None, &[]));
    };
    if args.output == GetOutput::Yaml {
        let kind = match what {
            What::Clusters { .. } => Some("Cluster"),
            What::Instancegroups { .. } => Some("InstanceGroup"),
            What::Manifests { .. } => None,
            What::Instances | What::Keypairs | What::Resources => {
                return Err(CliError::user("what an account holds is no manifest")
                    .hint("-o json is for programs; clusters, instancegroups and manifests have -o yaml"));
            }
        };
        if kind.is_some() {
            let cluster = match what {
                What::Clusters { cluster: Some(cluster) } => cluster.clone(),
                What::Clusters { cluster: None }
                    if session.globals.name.is_none() && session.globals.filename.is_empty() =>
                {
                    return Err(CliError::user("-o yaml prints the manifests of one cluster, and none is named")
                        .hint("name it: `kedge get clusters CLUSTER -o yaml`; without -o yaml all are listed"));
                }
                _ => session.cluster()?.0,
            };
            let groups: &[String] = if let What::Instancegroups { groups } = what { groups } else { &[] };
            return block_on(documents(session, &cluster, kind, groups));
        }
    }
    let output = if args.output == GetOutput::Json { Output::Json } else { Output::Text };
    if let What::Clusters { cluster: wanted } = what {
        return block_on(async {
            let backend = session.open(None).await?;
            let mut clusters = ui.patiently("reading the account", get::clusters(&backend)).await?;
            if let Some(wanted) = wanted {
                clusters.retain(|cluster| cluster.name == *wanted);
                if clusters.is_empty() {
                    return Err(CliError::user(format!(
                        "nothing in this region carries the ownership tag of {wanted}"
                    ))
                    .hint("`kedge get clusters` lists those that there are; --region names another region"));
                }
            }
            let rows = clusters
                .iter()
                .map(|cluster| {
                    vec![
                        cluster.name.to_string(),
                        or_dash(cluster.vpc.as_deref()),
                        cluster.instance_groups.len().to_string(),
                        cluster.instances.to_string(),
                    ]
                })
                .collect();
            let none = "No clusters: nothing in this region carries an ownership tag of a cluster.";
            show(ui, output, &clusters, &["NAME", "VPC", "GROUPS", "INSTANCES"], rows, none)
        });
    }
    let (cluster, specification) = session.cluster()?;
    if let What::Manifests { at, from_kops } = what {
        return block_on(manifests(output, session, &cluster, *at, from_kops.as_deref()));
    }
    if let What::Keypairs = what {
        return block_on(keypairs::list(output, session, &cluster));
    }
    block_on(async {
        let backend = session.open(specification.as_ref()).await?;
        of_cluster(what, output, ui, &backend, &cluster).await
    })
}

/// What `manifests -o json` prints.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StoredManifests {
    store: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial: Option<u64>,
    manifests: String,
}

async fn manifests(
    output: Output,
    session: &Session,
    cluster: &ClusterName,
    at: Option<u64>,
    from_kops: Option<&str>,
) -> Result<ExitCode, CliError> {
    let found = if let Some(url) = from_kops {
        let objects = state::open(session, None, &Location::parse(url)?).await?;
        let found = kops_store::read(&*objects, cluster).await?;
        if !found.keys.is_empty() {
            let keys = found.keys.join(", ");
            session.ui.detail(format!("key pairs that stay in {}: {keys}", objects.place()));
        }
        StoredManifests { store: objects.place(), serial: None, manifests: found.manifests }
    } else {
        stored(session, cluster, at).await?
    };
    match output {
        Output::Json => session.ui.data_json(&found)?,
        Output::Text => session.ui.data_text(&found.manifests)?,
    }
    Ok(ExitCode::Done)
}

/// Manifests in the state store: those with that number, or the current ones.
async fn stored(session: &Session, cluster: &ClusterName, at: Option<u64>) -> Result<StoredManifests, CliError> {
    let store = state::needed(session, cluster).await?;
    let current = store.snapshot().await?.head.map(|head| head.serial).unwrap_or_default();
    let serial = at.unwrap_or(current);
    if serial == 0 {
        return Err(CliError::user(format!("the state store {} has no manifests of {cluster}", store.place()))
            .hint("`kedge apply -f …` records those that it applies"));
    }
    Ok(StoredManifests { store: store.place(), serial: Some(serial), manifests: store.manifests(serial).await? })
}

/// The current manifests, or those of one kind and of these names, as they were given to the last apply.
async fn documents(
    session: &Session,
    cluster: &ClusterName,
    kind: Option<&str>,
    names: &[String],
) -> Result<ExitCode, CliError> {
    let found = stored(session, cluster, None).await?;
    let documents = kedge_spec::manifest_texts(&found.manifests);
    let of_kind = documents.into_iter().filter(|document| kind.is_none_or(|kind| document.kind == kind));
    let of_kind: Vec<_> = of_kind.collect();
    known(names, of_kind.iter().map(|document| document.name.as_str()), cluster)?;
    let wanted = of_kind.into_iter().filter(|document| names.is_empty() || names.contains(&document.name));
    let texts: Vec<String> = wanted.map(|document| document.text).collect();
    session.ui.data_text(&texts.join("---\n"))?;
    Ok(ExitCode::Done)
}

async fn of_cluster(
    what: &What,
    output: Output,
    ui: &Ui,
    backend: &Backend,
    cluster: &ClusterName,
) -> Result<ExitCode, CliError> {
    let reading = "reading the account";
    let none = |what: &str| format!("No {what}: this account holds none of {cluster} in this region.");
    match what {
        What::Clusters { .. } | What::Keypairs | What::Manifests { .. } | What::Instancegroups { .. } => {
            let groups: &[String] = if let What::Instancegroups { groups } = what { groups } else { &[] };
            let mut found = ui.patiently(reading, get::instance_groups(backend, cluster)).await?;
            unreadable(ui, &found);
            known(groups, found.items.iter().map(|group| group.name.as_str()), cluster)?;
            found.items.retain(|group| groups.is_empty() || groups.contains(&group.name));
            let rows = found.items.iter().map(group_row).collect();
            let headings = ["NAME", "ROLE", "MACHINE", "MIN", "MAX", "INSTANCES", "SUBNETS"];
            show(ui, output, &found.items, &headings, rows, &none("instance groups"))
        }
        What::Instances => {
            let found = ui.patiently(reading, get::instances(backend, cluster)).await?;
            unreadable(ui, &found);
            let rows = found.items.iter().map(instance_row).collect();
            let headings = ["ID", "GROUP", "MACHINE", "STATE", "ADDRESS"];
            show(ui, output, &found.items, &headings, rows, &none("instances"))
        }
        What::Resources => {
            let found = ui.patiently(reading, get::resources(backend, cluster)).await?;
            unreadable(ui, &found);
            let rows = found.items.iter().map(resource_row).collect();
            show(ui, output, &found.items, &["OWNER", "ID", "KEY"], rows, &none("resources"))
        }
    }
}

/// Refuses names of instance groups that there are none of.
fn known<'a>(
    wanted: &[String],
    there: impl Iterator<Item = &'a str> + Clone,
    cluster: &ClusterName,
) -> Result<(), CliError> {
    match wanted.iter().find(|name| !there.clone().any(|known| known == *name)) {
        Some(name) => Err(CliError::user(format!("{cluster} has no instance group {name}"))
            .hint(format!("it has {}", there.collect::<Vec<_>>().join(", ")))),
        None => Ok(()),
    }
}

fn show(
    ui: &Ui,
    output: Output,
    items: &impl Serialize,
    headings: &[&str],
    rows: Vec<Vec<String>>,
    none: &str,
) -> Result<ExitCode, CliError> {
    match output {
        Output::Json => ui.data_json(items)?,
        Output::Text if rows.is_empty() => ui.say_line(Line::plain(none)),
        Output::Text => ui.data(&table::render(headings, &rows))?,
    }
    Ok(ExitCode::Done)
}

fn unreadable<T>(ui: &Ui, found: &Found<T>) {
    let mut text = Text::new();
    for part in &found.unreadable {
        text.push(
            Line::of(Role::Warning, "warning:")
                .with(Role::Plain, format!(" {} could not be read: {} failed: {}", part.kind, part.call, part.why)),
        );
    }
    ui.complain(&text);
}

fn group_row(group: &InstanceGroup) -> Vec<String> {
    vec![
        group.name.clone(),
        or_dash(Some(&group.role)),
        or_dash(group.machine_type.as_deref()),
        group.min_size.to_string(),
        group.max_size.to_string(),
        group.instances.to_string(),
        group.subnets.to_string(),
    ]
}

fn instance_row(instance: &Instance) -> Vec<String> {
    vec![
        instance.id.clone(),
        or_dash(instance.group.as_deref()),
        instance.machine_type.clone(),
        instance.state.clone(),
        or_dash(instance.private_ip_address.as_deref()),
    ]
}

fn resource_row(resource: &ResourceSummary) -> Vec<String> {
    let owner = match resource.ownership {
        Ownership::Owned => "cluster",
        Ownership::Foreign => "foreign",
    };
    // Keys come last, because some are longer than a line; what their ids add to them is in the JSON.
    let id = telling_id(&resource.key, &resource.id);
    vec![owner.to_owned(), or_dash(id), resource.key.to_string()]
}

fn or_dash(text: Option<&str>) -> String {
    text.filter(|text| !text.is_empty()).unwrap_or("-").to_owned()
}
