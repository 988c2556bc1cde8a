//! `SKILL.md`: front matter and body, after the Agent Skills specification.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The specification's bounds.
const NAME: usize = 64;
const DESCRIPTION: usize = 1_024;
const COMPATIBILITY: usize = 500;
const LINES: usize = 500;
/// More than any skill has; what is larger is not read.
pub const LARGEST: u64 = 256 * 1024;

/// A skill's text. Unknown fields of the front matter belong to other programs.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
pub struct Document {
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub license: Option<String>,
    #[serde(default)]
    pub compatibility: Option<String>,
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// What is taught.
    #[serde(skip)]
    pub body: String,
}

impl Document {
    /// Reads front matter and body. The error is a sentence.
    pub fn parse(name: &str, text: &str) -> Result<Self, String> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let rest = text.strip_prefix("---").and_then(|rest| rest.strip_prefix('\n').or(rest.strip_prefix("\r\n")));
        let Some(rest) = rest else { return Err(format!("{name} does not begin with front matter (---)")) };
        let mut at = 0;
        let end = rest.split_inclusive('\n').find_map(|line| {
            let start = at;
            at += line.len();
            (line.trim_end() == "---").then_some((start, at))
        });
        let Some((end, body)) = end else { return Err(format!("the front matter of {name} is not closed (---)")) };
        let mut document: Self = serde_yaml_ng::from_str(&rest[..end])
            .map_err(|error| format!("the front matter of {name} cannot be read: {error}"))?;
        rest[body..].trim().clone_into(&mut document.body);
        Ok(document)
    }

    /// What the specification does not allow; `directory` is the name of the skill's directory.
    pub fn problems(&self, directory: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut unless = |holds: bool, text: String| {
            if !holds {
                found.push(text);
            }
        };
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        unless(!self.name.is_empty(), "name is missing".to_owned());
        unless(self.name.len() <= NAME, format!("name has {} characters; {NAME} is the most", self.name.len()));
        unless(self.name.chars().all(fits), format!("name '{}' has other characters than a-z, 0-9 and -", self.name));
        let hyphens = self.name.starts_with('-') || self.name.ends_with('-') || self.name.contains("--");
        unless(!hyphens, format!("name '{}' begins or ends with -, or has two in a row", self.name));
        unless(self.name == directory, format!("name '{}' is not its directory's name '{directory}'", self.name));
        let length = self.description.chars().count();
        unless(!self.description.trim().is_empty(), "description is missing".to_owned());
        unless(length <= DESCRIPTION, format!("description has {length} characters; {DESCRIPTION} is the most"));
        if let Some(text) = &self.compatibility {
            let length = text.chars().count();
            let fits = (1..=COMPATIBILITY).contains(&length);
            unless(fits, format!("compatibility has {length} characters; 1 to {COMPATIBILITY} are allowed"));
        }
        let lines = self.body.lines().count();
        unless(lines <= LINES, format!("the body has {lines} lines; {LINES} is the most"));
        unless(!self.body.is_empty(), "the body is empty".to_owned());
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn front_matter_and_body_are_told_apart() {
        let text = "---\nname: a-b\ndescription: >\n  Two\n  lines\nallowed-tools: Bash\n---\n\n# T\n\n---\nrest\n";
        let read = Document::parse("SKILL.md", text).unwrap();
        assert_eq!((read.name.as_str(), read.description.trim()), ("a-b", "Two lines"));
        assert_eq!(read.body, "# T\n\n---\nrest");
        assert!(read.problems("a-b").is_empty());
        for wrong in ["", "# no front matter", "---\nname: x\n", "---\nname: [\n---\n", "---\nname: {}\n---\nx"] {
            assert!(Document::parse("SKILL.md", wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn what_the_specification_forbids_is_named() {
        let of = |name: &str, description: &str| Document {
            name: name.into(),
            description: description.into(),
            body: "x".into(),
            ..Document::default()
        };
        for name in ["Upper", "-a", "a-", "a--b", "a_b", "ä", &"x".repeat(65)] {
            assert!(!of(name, "d").problems(name).is_empty(), "{name}");
        }
        assert!(of("a", "d").problems("b")[0].contains("directory"));
        assert!(of("a", &"x".repeat(1_025)).problems("a")[0].contains("1025"));
        assert_eq!(of("a", " ").problems("a"), ["description is missing"]);
    }
}
