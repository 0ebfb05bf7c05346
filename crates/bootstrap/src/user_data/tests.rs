use super::*;

fn data() -> UserData {
    let payload = |key: &str, digit: &str| Payload { key: key.to_owned(), sha256: digit.repeat(64) };
    UserData {
        region: "eu-west-1".to_owned(),
        bucket: "example-state".to_owned(),
        endpoint: None,
        proxy: None,
        node: [(Arch::Amd64, payload("p/c.example.com/nodes/bin/amd64", "a"))].into(),
        config: payload("p/c.example.com/nodes/nodes/config.json", "b"),
    }
}

fn added(name: &str, content: &str) -> UserDataPart {
    UserDataPart { name: name.to_owned(), content_type: "text/x-shellscript".to_owned(), content: content.to_owned() }
}

#[test]
fn the_program_comes_first_and_holds_its_settings() {
    let text = data().write(&[added("a.sh", "#!/bin/sh\necho a\n"), added("b.sh", "echo é\n")]).unwrap();
    assert!(
        text.starts_with("Content-Type: multipart/mixed; boundary=\"==kedge==\"\nMIME-Version: 1.0\n\n--==kedge==\n")
    );
    assert!(text.ends_with("\n--==kedge==--\n"));
    assert!(UserData::is_in(&text) && !UserData::is_in("#!/bin/sh\necho kedge\n"));
    assert_eq!(text.matches("--==kedge==\n").count(), 3);
    assert!(text.contains(
        "CONFIG = {\n  \"region\": \"eu-west-1\",\n  \"bucket\": \"example-state\",\n  \"node\": {\n    \"amd64\": "
    ));
    assert!(!text.contains(SETTINGS));
    assert!(text.contains("filename=\"a.sh\"\nContent-Transfer-Encoding: 7bit\n\n#!/bin/sh\necho a\n"));
    assert!(text.contains(&STANDARD.encode("echo é\n")));
    assert!(text.len() < LIMIT * 2 / 3, "{}", text.len());
}

#[test]
fn no_part_ends_another() {
    let text = data().write(&[added("a", "--==kedge==--\n")]).unwrap();
    assert!(text.ends_with("\n--===kedge==--\n"));
    let bad = data().write(&[added("a\"\nX: y", "")]).unwrap_err();
    assert_eq!(bad, UserDataError::Part { name: "a\"\nX: y".to_owned() });
}

#[test]
fn too_much_is_refused() {
    let error = data().write(&[added("a", &"x\n".repeat(8000))]).unwrap_err();
    assert!(matches!(error, UserDataError::TooLarge { added: 16_000, .. }), "{error}");
}
