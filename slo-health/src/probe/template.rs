//! Texts for people inside of templates.

/// A text inside a template of annotations, as that very text: `{{` would begin an action.
pub(super) fn untemplated(text: &str) -> String {
    // Each brace alone: one at the end of a text would otherwise join those of the action after it.
    text.replace('{', r#"{{ "{" }}"#)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_begin_no_template() {
        assert_eq!(untemplated("{{ evil }}{"), r#"{{ "{" }}{{ "{" }} evil }}{{ "{" }}"#);
    }
}
