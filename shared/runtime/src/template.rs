//! Configuration files from templates: `{{name}}` is replaced as text.

use std::collections::BTreeMap;

use thiserror::Error;

/// Why a template was not filled in.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TemplateError {
    /// A `{{` without `}}`.
    #[error("a placeholder is not closed")]
    Open,
    /// A placeholder that nobody gave a value.
    #[error("no value for {{{{{0}}}}}")]
    NoValue(String),
    /// A value that no placeholder takes.
    #[error("no placeholder takes {0}")]
    NotTaken(String),
    /// A value that cannot stand in a configuration file.
    #[error("the value of {0} contains a control character")]
    Control(String),
}

/// Fills the `{{name}}` placeholders of a template in. Values may contain anything but control characters; quotes and
/// backslashes are escaped, because text placeholders stand in double quotes.
pub fn render(template: &str, values: &BTreeMap<&str, String>) -> Result<String, TemplateError> {
    let mut out = String::with_capacity(template.len() + 256);
    let mut used = Vec::new();
    let mut rest = template;
    while let Some(start) = rest.find("{{") {
        let (before, after) = rest.split_at(start);
        out.push_str(before);
        let end = after.find("}}").ok_or(TemplateError::Open)?;
        let name = &after[2..end];
        let value = values.get(name).ok_or_else(|| TemplateError::NoValue(name.to_owned()))?;
        for c in value.chars() {
            match c {
                c if c.is_control() => return Err(TemplateError::Control(name.to_owned())),
                '"' | '\\' => out.extend(['\\', c]),
                c => out.push(c),
            }
        }
        used.push(name);
        rest = &after[end + 2..];
    }
    out.push_str(rest);
    match values.keys().find(|name| !used.contains(*name)) {
        Some(name) => Err(TemplateError::NotTaken((*name).to_owned())),
        None => Ok(out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(template: &str, values: &[(&'static str, &str)]) -> Result<String, TemplateError> {
        render(template, &values.iter().map(|(name, value)| (*name, (*value).to_owned())).collect())
    }

    #[test]
    fn values_are_escaped_and_all_of_them_used() {
        assert_eq!(filled("a \"{{x}}\" b", &[("x", "q\"\\")]).unwrap(), "a \"q\\\"\\\\\" b");
        assert_eq!(filled("{{x}}", &[]), Err(TemplateError::NoValue("x".into())));
        assert_eq!(filled("x", &[("x", "1")]), Err(TemplateError::NotTaken("x".into())));
        assert_eq!(filled("{{x}}", &[("x", "a\nb")]), Err(TemplateError::Control("x".into())));
        assert_eq!(filled("{{x", &[("x", "1")]), Err(TemplateError::Open));
    }
}
