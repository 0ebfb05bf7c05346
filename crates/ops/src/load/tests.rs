use camino_tempfile::tempdir;

use super::*;

fn no_stdin() -> io::Result<String> {
    panic!("standard input was read")
}

#[test]
fn directories_are_read_in_order_and_only_yaml() {
    let dir = tempdir().unwrap();
    for (name, text) in [("b.yaml", "b: 1"), ("a.yml", "a: 1"), ("c.txt", "c"), ("d.json", "{}")] {
        fs_err::write(dir.path().join(name), text).unwrap();
    }
    let read = sources(&[Input::Path(dir.path().to_owned())], no_stdin).unwrap();
    let texts: Vec<&str> = read.iter().map(|source| source.text.as_str()).collect();
    assert_eq!(texts, ["a: 1", "b: 1"]);
    assert!(read[0].name.ends_with("/a.yml"));
}

#[test]
fn standard_input_is_read_once() {
    let read = sources(&[Input::parse("-")], || Ok("a: 1".to_owned())).unwrap();
    assert_eq!(read[0].name, "<stdin>");
    let twice = sources(&[Input::Stdin, Input::Stdin], || Ok("a: 1".to_owned()));
    assert!(matches!(twice, Err(LoadError::StdinTwice)));
}

#[test]
fn a_missing_file_names_a_similar_one() {
    let dir = tempdir().unwrap();
    fs_err::write(dir.path().join("cluster.yml"), "a: 1").unwrap();
    let wanted = dir.path().join("Cluster.yaml");
    let error = sources(&[Input::Path(wanted.clone())], no_stdin).unwrap_err();
    assert_eq!(error.to_string(), format!("{wanted} does not exist"));
    let LoadError::Missing { similar, .. } = error else { panic!("{error:?}") };
    assert_eq!(similar, Some(dir.path().join("cluster.yml")));
}

#[test]
fn empty_files_and_directories_are_errors() {
    let dir = tempdir().unwrap();
    let none = sources(&[Input::Path(dir.path().to_owned())], no_stdin);
    assert!(matches!(none, Err(LoadError::NoManifests { .. })));
    fs_err::write(dir.path().join("a.yaml"), " \n").unwrap();
    let empty = sources(&[Input::Path(dir.path().to_owned())], no_stdin);
    assert!(matches!(empty, Err(LoadError::Empty { .. })));
    fs_err::write(dir.path().join("a.yaml"), [0xff, 0xfe]).unwrap();
    let binary = sources(&[Input::Path(dir.path().join("a.yaml"))], no_stdin).unwrap_err();
    assert!(
        matches!(&binary, LoadError::Read { source, .. } if source.to_string() == "it is not UTF-8 text"),
        "{binary:?}"
    );
}

#[test]
fn facts_say_where_they_are_wrong() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("facts.json");
    fs_err::write(&path, "{\n  \"region\": 5\n}").unwrap();
    let LoadError::Facts { source, .. } = facts(&path).unwrap_err() else { panic!("not an error of facts") };
    assert_eq!(source.line(), 2);
}

#[test]
fn only_public_keys_are_keys() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("id.pub");
    for (text, good) in [
        ("ssh-ed25519 AAAAC3Nza me@example.com\n", true),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\n", false),
        ("hello world", false),
        ("ssh-rsa", false),
        ("ssh-rsa AAAA\nssh-rsa BBBB\n", false),
    ] {
        fs_err::write(&path, text).unwrap();
        assert_eq!(ssh_public_key(&path).is_ok(), good, "{text:?}");
    }
}

#[test]
fn a_directory_of_directories_stands_for_them() {
    let dir = tempdir().unwrap();
    for name in ["b", "a/deep", ".git"] {
        fs_err::create_dir_all(dir.path().join(name)).unwrap();
    }
    for name in ["b/x.yaml", "a/deep/y.yaml", ".git/z.yaml"] {
        fs_err::write(dir.path().join(name), name).unwrap();
    }
    let texts = || -> Vec<String> {
        let read = sources(&[Input::Path(dir.path().to_owned())], no_stdin).unwrap();
        read.iter().map(|source| source.text.clone()).collect()
    };
    assert_eq!(texts(), ["a/deep/y.yaml", "b/x.yaml"]);
    // With manifests of its own, what is below is something else.
    fs_err::write(dir.path().join("own.yaml"), "own").unwrap();
    assert_eq!(texts(), ["own"]);
}
