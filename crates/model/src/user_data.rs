//! User data: what an instance runs at boot. So far that is what the group's manifest adds, and nothing else.

use kedge_spec::resolved::UserDataPart;

/// Types of which cloud-init knows a text by how it begins, so that one part can stand alone.
const MARKS: [(&str, &str); 5] = [
    ("text/x-shellscript", "#!"),
    ("text/cloud-config", "#cloud-config"),
    ("text/cloud-boothook", "#cloud-boothook"),
    ("text/x-include-url", "#include"),
    ("text/jinja2", "## template: jinja"),
];

/// The user data of these parts: nothing, the one part as it is, or all of them in one MIME message.
pub(crate) fn render(parts: &[UserDataPart]) -> Option<String> {
    match parts {
        [] => None,
        [part] if says_its_type(part) => Some(part.content.clone()),
        parts => Some(multipart(parts)),
    }
}

fn says_its_type(part: &UserDataPart) -> bool {
    MARKS.iter().any(|(content_type, mark)| part.content_type == *content_type && part.content.starts_with(mark))
}

fn multipart(parts: &[UserDataPart]) -> String {
    let boundary = boundary(parts);
    let mut lines = vec![
        format!("Content-Type: multipart/mixed; boundary=\"{boundary}\""),
        "MIME-Version: 1.0".to_owned(),
        String::new(),
    ];
    for part in parts {
        lines.push(format!("--{boundary}"));
        lines.push(format!("Content-Disposition: attachment; filename=\"{}\"", part.name.replace('"', "_")));
        lines.push("Content-Transfer-Encoding: 8bit".to_owned());
        lines.push(format!("Content-Type: {}; charset=\"utf-8\"", part.content_type));
        lines.push("MIME-Version: 1.0".to_owned());
        lines.push(String::new());
        lines.push(part.content.clone());
    }
    lines.push(format!("--{boundary}--"));
    lines.push(String::new());
    lines.join("\r\n")
}

/// A line that occurs in no part, and that is the same for the same parts: another one would be a new template.
fn boundary(parts: &[UserDataPart]) -> String {
    let mut boundary = "MIMEBOUNDARY".to_owned();
    while parts.iter().any(|part| part.content.contains(&format!("--{boundary}"))) {
        boundary.push('X');
    }
    boundary
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(content_type: &str, content: &str) -> UserDataPart {
        UserDataPart { name: "a.sh".to_owned(), content_type: content_type.to_owned(), content: content.to_owned() }
    }

    #[test]
    fn one_script_stands_alone() {
        assert_eq!(render(&[]), None);
        assert_eq!(render(&[part("text/x-shellscript", "#!/bin/sh\n")]).as_deref(), Some("#!/bin/sh\n"));
    }

    #[test]
    fn several_parts_become_one_message() {
        let text = render(&[part("text/x-shellscript", "#!/bin/sh\necho ü"), part("text/x-other", "x")]).unwrap();
        let expected = "Content-Type: multipart/mixed; boundary=\"MIMEBOUNDARY\"\r\nMIME-Version: 1.0\r\n\r\n\
            --MIMEBOUNDARY\r\nContent-Disposition: attachment; filename=\"a.sh\"\r\n\
            Content-Transfer-Encoding: 8bit\r\nContent-Type: text/x-shellscript; charset=\"utf-8\"\r\n\
            MIME-Version: 1.0\r\n\r\n#!/bin/sh\necho ü\r\n\
            --MIMEBOUNDARY\r\nContent-Disposition: attachment; filename=\"a.sh\"\r\n\
            Content-Transfer-Encoding: 8bit\r\nContent-Type: text/x-other; charset=\"utf-8\"\r\n\
            MIME-Version: 1.0\r\n\r\nx\r\n--MIMEBOUNDARY--\r\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_part_cannot_end_the_message() {
        let text = render(&[part("text/x-other", "--MIMEBOUNDARY--")]).unwrap();
        assert!(text.ends_with("\r\n--MIMEBOUNDARYX--\r\n"));
    }
}
