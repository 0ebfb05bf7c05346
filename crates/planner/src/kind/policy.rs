//! Policy documents mean the same in many spellings.

use std::collections::BTreeMap;

use kedge_resource::PolicyDocument;
use kedge_resource::policy::Statement;

/// Takes the wanted document if the two mean the same: statements have no order, and statements that differ in nothing but
/// their actions may be one.
pub(super) fn disregard(want: &PolicyDocument, have: &mut PolicyDocument) {
    if want.version == have.version && canonical(want) == canonical(have) {
        have.clone_from(want);
    }
}

fn canonical(document: &PolicyDocument) -> Vec<Statement> {
    let mut merged: BTreeMap<Statement, Statement> = BTreeMap::new();
    for statement in &document.statement {
        // Labels tell statements apart; what is excluded cannot be merged by uniting it.
        let mut rest = statement.clone();
        if statement.sid.is_none() && statement.not_action.is_empty() {
            rest.action.clear();
        }
        match merged.get_mut(&rest) {
            Some(other) => other.action.extend(statement.action.iter().cloned()),
            None => {
                merged.insert(rest, statement.clone());
            }
        }
    }
    let mut statements: Vec<Statement> = merged.into_values().collect();
    statements.sort();
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(json: &str) -> PolicyDocument {
        PolicyDocument::parse(json).unwrap()
    }

    #[test]
    fn the_same_permissions_do_not_differ() {
        let want = document(
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["a:x","a:y"],"Resource":"*"},
                {"Effect":"Allow","Action":"b:z","Resource":"r"}]}"#,
        );
        let mut have = document(
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"b:z","Resource":["r"]},
                {"Effect":"Allow","Action":"a:y","Resource":"*"},{"Effect":"Allow","Action":"a:x","Resource":"*"}]}"#,
        );
        disregard(&want, &mut have);
        assert_eq!(have, want);
        let mut more = document(
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["a:x","a:y"],"Resource":"*"},
                {"Effect":"Allow","Action":["b:z","b:more"],"Resource":"r"}]}"#,
        );
        disregard(&want, &mut more);
        assert_ne!(more, want);
    }
}
