//! `kedge diff` over git revisions, in repositories that the tests make.

use crate::repository::Repository;

const CLUSTER: &str = include_str!("../../specs/minimal.yaml");

fn repository() -> Repository {
    let repository = Repository::new();
    repository.write("clusters/prod.yaml", CLUSTER);
    repository.commit("one");
    repository
}

#[test]
fn the_working_tree_is_compared_with_a_revision() {
    let repository = repository();
    let run = repository.kedge(&["diff", "HEAD", "-f", "clusters", "--detailed-exitcode"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    assert!(run.stdout.contains("minimal.example.com: nothing differs"), "{}", run.stdout);
    repository.write("clusters/prod.yaml", &CLUSTER.replace("t3.large", "m5.large"));
    let run = repository.kedge(&["diff", "HEAD", "-f", "clusters", "--detailed-exitcode"]);
    assert_eq!(run.code, 2);
    assert!(run.stdout.contains("InstanceType: \"t3.large\" -> \"m5.large\""), "{}", run.stdout);
    // From within a directory paths count from there.
    let run = repository.kedge_in("clusters", &["diff", "HEAD", "-f", "prod.yaml"]);
    assert!(run.stdout.contains("InstanceType: \"t3.large\" -> \"m5.large\""), "{}", run.stdout);
    // Without -f, the file of one version is that of the other.
    let run = repository.kedge(&["diff", "HEAD", "clusters/prod.yaml", "--detailed-exitcode"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
}

#[test]
fn branches_are_compared_from_where_they_left_each_other() {
    let repository = repository();
    repository.git(&["checkout", "-q", "-b", "feature"]);
    repository.write("clusters/prod.yaml", &CLUSTER.replace("maxSize: 3", "maxSize: 5"));
    repository.commit("more nodes");
    repository.git(&["checkout", "-q", "main"]);
    repository.write("clusters/prod.yaml", &CLUSTER.replace("t3.large", "m5.large"));
    repository.commit("other machines");
    let run = repository.kedge(&["diff", "main...feature", "-f", "clusters"]);
    assert!(run.stdout.contains("MaxSize: 3 -> 5") && !run.stdout.contains("m5.large"), "{}", run.stdout);
    let run = repository.kedge(&["diff", "main..feature", "-f", "clusters"]);
    assert!(run.stdout.contains("\"m5.large\" -> \"t3.large\""), "{}", run.stdout);
    let run = repository.kedge(&["diff", "main:clusters/prod.yaml", "feature:clusters/prod.yaml"]);
    assert!(run.stdout.contains("From main:clusters/prod.yaml to feature:clusters/prod.yaml"), "{}", run.stdout);
}

#[test]
fn a_file_that_one_revision_lacks_is_a_cluster_that_comes_or_goes() {
    let repository = repository();
    repository.write("clusters/more.yaml", &CLUSTER.replace("minimal.example.com", "more.example.com"));
    repository.commit("two");
    let run = repository.kedge(&["diff", "HEAD~1", "HEAD", "-f", "clusters"]);
    assert!(run.stdout.contains("more.example.com is new"), "{}", run.stdout);
    let run = repository.kedge(&["diff", "HEAD~1", "HEAD", "-f", "clusters/more.yaml"]);
    assert!(run.stdout.contains("more.example.com is new") && !run.stdout.contains("minimal"), "{}", run.stdout);
    // A folder without manifests of its own stands for those below it.
    let run = repository.kedge(&["diff", "HEAD~1", "HEAD", "-f", "."]);
    assert!(run.stdout.contains("more.example.com is new"), "{}", run.stdout);
    let run = repository.kedge(&["diff", "HEAD", "HEAD~1", "-f", "clusters"]);
    assert!(run.stdout.contains("more.example.com is gone"), "{}", run.stdout);
}

#[test]
fn a_file_that_was_removed_is_a_cluster_that_goes() {
    let repository = repository();
    repository.git(&["rm", "-q", "clusters/prod.yaml"]);
    for path in ["clusters/prod.yaml", "clusters"] {
        let run = repository.kedge(&["diff", "HEAD", "-f", path, "--detailed-exitcode"]);
        assert_eq!(run.code, 2, "{}", run.stderr);
        assert!(run.stdout.contains("minimal.example.com is gone"), "{}", run.stdout);
    }
}

#[test]
fn a_broken_file_hides_its_own_cluster_only() {
    let repository = repository();
    repository.write("clusters/more.yaml", &CLUSTER.replace("minimal.example.com", "more.example.com"));
    repository.commit("two");
    repository.write("clusters/more.yaml", "kind: [");
    repository.write("clusters/prod.yaml", &CLUSTER.replace("t3.large", "m5.large"));
    let run = repository.kedge(&["diff", "HEAD", "-f", "clusters"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("clusters/more.yaml:1:"), "{}", run.stderr);
    assert!(run.stdout.contains("\"t3.large\" -> \"m5.large\""), "{}", run.stdout);
    assert!(run.stdout.contains("more.example.com: clusters is not valid"), "{}", run.stdout);
}

#[test]
fn what_git_cannot_give_is_said() {
    let repository = repository();
    for (arguments, said) in [
        (&["diff", "nowhere", "-f", "clusters"][..], "the git repository has no revision nowhere"),
        (&["diff", "--", "-q", "clusters"], "the git repository has no revision -q"),
        (&["diff", "HEAD", "-f", "nothing.yaml"], "neither HEAD:nothing.yaml nor nothing.yaml has manifests"),
        (
            &["diff", "HEAD:nothing.yaml", "HEAD:neither.yaml"],
            "neither HEAD:nothing.yaml nor HEAD:neither.yaml has manifests",
        ),
        (&["diff", "HEAD", "HEAD"], "nothing says which of its files are manifests"),
    ] {
        let run = repository.kedge(arguments);
        assert_eq!(run.code, 1, "{arguments:?}");
        assert!(run.stderr.contains(said), "{arguments:?}: {}", run.stderr);
    }
}
