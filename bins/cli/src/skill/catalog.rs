//! All skills of one place: what overrides what, who gets which, in which order.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::record::content;
use super::{BUILT_IN, Document, Manifest, Places, Record};

/// Entries of one directory that are looked at.
const MOST: usize = 500;

/// One skill, as good as it could be read.
#[derive(Clone, Debug)]
pub struct Skill {
    pub name: String,
    /// `built in`, or its directory.
    pub source: String,
    pub directory: Option<PathBuf>,
    pub document: Document,
    pub manifest: Manifest,
    /// Why it is not used, if it is not.
    pub problems: Vec<String>,
}

impl Skill {
    fn built_in((name, document, manifest): (&str, &str, &str)) -> Self {
        let read = Document::parse("SKILL.md", document).and_then(|d| Ok((d, Manifest::parse(manifest)?)));
        let (document, manifest, problems) = match read {
            Ok((document, manifest)) => (document, manifest, Vec::new()),
            // A test reads them all.
            Err(problem) => (Document::default(), Manifest::default(), vec![problem]),
        };
        Self { name: name.to_owned(), source: "built in".to_owned(), directory: None, document, manifest, problems }
    }

    /// Reads a directory with a `SKILL.md` or `skill.md`; `None` when it has neither.
    pub fn read(directory: &Path) -> Option<Self> {
        let name = directory.file_name()?.to_str()?.to_owned();
        let file = ["SKILL.md", "skill.md"].into_iter().find(|file| directory.join(file).is_file())?;
        let mut problems = Vec::new();
        let mut text = |file: &str| match fs::read(directory.join(file)).map(String::from_utf8) {
            Ok(Ok(text)) => Some(text),
            Ok(Err(_)) => {
                problems.push(format!("{file} is no text (UTF-8)"));
                None
            }
            Err(error) => {
                problems.push(format!("{file}: {error}"));
                None
            }
        };
        let document = text(file);
        let manifest = if directory.join("manifest.json").exists() { text("manifest.json") } else { None };
        let mut parsed = Document::default();
        if let Some(text) = document {
            match Document::parse(file, &text) {
                Ok(document) => {
                    problems.extend(document.problems(&name));
                    parsed = document;
                }
                Err(problem) => problems.push(problem),
            }
        }
        let manifest = match manifest.map(|text| Manifest::parse(&text)) {
            Some(Ok(manifest)) => {
                problems.extend(manifest.problems(&name));
                manifest
            }
            Some(Err(problem)) => {
                problems.push(problem);
                Manifest::default()
            }
            None => Manifest { name: name.clone(), description: parsed.description.clone(), ..Manifest::default() },
        };
        let (source, directory) = (directory.display().to_string(), Some(directory.to_path_buf()));
        Some(Self { name, source, directory, document: parsed, manifest, problems })
    }

    /// The text with the manifest's values filled in.
    pub fn text(&self) -> String {
        self.manifest.config.iter().fold(self.document.body.clone(), |text, (name, value)| {
            let value = match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            text.replace(&format!("{{{{{name}}}}}"), &value)
        })
    }
}

/// What is there, by name.
#[derive(Clone, Debug)]
pub struct Catalog {
    skills: BTreeMap<String, Skill>,
}

impl Catalog {
    /// The built-in ones, then what lies on disk, the more particular place last. What cannot be used overrides nothing,
    /// and neither does a copy that we installed ourselves: it may be older than this program.
    pub fn load(places: &Places, record: &Record) -> Self {
        let mut skills: BTreeMap<String, Skill> =
            BUILT_IN.into_iter().map(|built_in| (built_in.0.to_owned(), Skill::built_in(built_in))).collect();
        for root in places.roots() {
            let entries = fs::read_dir(&root).into_iter().flatten().flatten().take(MOST);
            let mut directories: Vec<PathBuf> =
                entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
            directories.sort();
            for skill in directories.iter().filter_map(|directory| Skill::read(directory)) {
                let copy = skills.contains_key(&skill.name) && is_copy(&skill, record);
                let worse = !skill.problems.is_empty() && skills.contains_key(&skill.name);
                if !copy && !worse {
                    skills.insert(skill.name.clone(), skill);
                }
            }
        }
        Self { skills }
    }

    pub fn get(&self, name: &str) -> Option<&Skill> {
        self.skills.get(name)
    }

    /// All of them; those with problems too.
    pub fn all(&self) -> impl Iterator<Item = &Skill> {
        self.skills.values()
    }

    /// What a session of this role gets, and these, with what they stand on, in the order in which they are to be read. The
    /// error is a sentence.
    pub fn select(&self, role: Option<&str>, names: &[String]) -> Result<Vec<&Skill>, String> {
        let usable = |skill: &&Skill| skill.problems.is_empty();
        let given =
            role.into_iter().flat_map(|role| self.all().filter(usable).filter(move |s| s.manifest.is_for(role)));
        let mut wanted: BTreeSet<&str> = given.map(|skill| skill.name.as_str()).collect();
        for name in names {
            let skill = self.get(name).ok_or_else(|| format!("there is no skill '{name}'"))?;
            wanted.insert(&skill.name);
        }
        let mut first: Vec<&Skill> = wanted.iter().filter_map(|name| self.get(name)).collect();
        first.sort_by(|a, b| b.manifest.priority.cmp(&a.manifest.priority).then(a.name.cmp(&b.name)));
        let (mut done, mut path) = (Vec::new(), Vec::new());
        for skill in first {
            self.visit(skill, &mut path, &mut done)?;
        }
        Ok(done)
    }

    fn visit<'a>(&'a self, skill: &'a Skill, path: &mut Vec<&'a str>, done: &mut Vec<&'a Skill>) -> Result<(), String> {
        if done.iter().any(|known| known.name == skill.name) {
            return Ok(());
        }
        if let Some(start) = path.iter().position(|name| *name == skill.name) {
            return Err(format!(
                "skills depend on each other in a circle: {} -> {}",
                path[start..].join(" -> "),
                skill.name
            ));
        }
        path.push(&skill.name);
        for name in &skill.manifest.dependencies {
            let next = self.get(name).filter(|next| next.problems.is_empty());
            let next = next.ok_or_else(|| format!("the skill '{}' needs '{name}', which is not there", skill.name))?;
            self.visit(next, path, done)?;
        }
        path.pop();
        done.push(skill);
        Ok(())
    }
}

fn is_copy(skill: &Skill, record: &Record) -> bool {
    let Some(directory) = &skill.directory else { return false };
    let files = fs::read_dir(directory).into_iter().flatten().flatten().take(MOST).map(|entry| entry.path());
    files.into_iter().all(|path| content(&path).is_some() && record.is_ours(&path))
}

/// Skills as one text for an agent that has no skills directory.
pub fn prompt(skills: &[&Skill]) -> String {
    let mut text = String::new();
    for skill in skills {
        let version = &skill.manifest.version;
        let version = if version.is_empty() { String::new() } else { format!(" version=\"{version}\"") };
        text.push_str(&format!("<skill name=\"{}\"{version}>\n{}\n</skill>\n\n", skill.name, skill.text()));
    }
    text.truncate(text.trim_end().len());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, name: &str, manifest: Option<&str>, body: &str) {
        let directory = root.join(name);
        fs::create_dir_all(&directory).unwrap();
        let text = format!("---\nname: {name}\ndescription: d\n---\n{body}\n");
        fs::write(directory.join("SKILL.md"), text).unwrap();
        if let Some(manifest) = manifest {
            fs::write(directory.join("manifest.json"), manifest).unwrap();
        }
    }

    fn places(root: &Path) -> Places {
        let (user, home, project) = (root.join("user"), root.join("home"), root.join("project"));
        fs::create_dir_all(project.join(".git")).unwrap();
        Places::new(Some(user), Some(home), &project)
    }

    fn names(found: &[&Skill]) -> Vec<String> {
        found.iter().map(|skill| skill.name.clone()).collect()
    }

    #[test]
    fn a_project_overrides_a_person_and_a_person_what_is_built_in() {
        let root = tempfile::tempdir().unwrap();
        let places = places(root.path());
        let body = |catalog: &Catalog| catalog.get("maestro-cli").unwrap().document.body.clone();
        let load = || Catalog::load(&places, &Record::default());
        assert!(body(&load()).starts_with("# The maestro command line"));
        write(&root.path().join("user/.claude/skills"), "maestro-cli", None, "the person's");
        assert_eq!(body(&load()), "the person's");
        write(&root.path().join("home/skills"), "maestro-cli", None, "the home's");
        assert_eq!(body(&load()), "the home's");
        write(&root.path().join("project/.agents/skills"), "maestro-cli", None, "the project's");
        assert_eq!(body(&load()), "the project's");
        // One that cannot be used overrides nothing.
        write(&root.path().join("project/.maestro/skills"), "maestro-cli", Some("{"), "broken");
        assert_eq!(body(&load()), "the project's");
    }

    #[test]
    fn a_role_gets_its_skills_in_the_order_of_what_they_stand_on() {
        let root = tempfile::tempdir().unwrap();
        let places = places(root.path());
        let skills = root.path().join("project/.maestro/skills");
        let manifest = |name: &str, priority: i64, dependencies: &str| {
            format!(
                r#"{{"name":"{name}","version":"2","assignTo":["worker"],"priority":{priority},
                    "dependencies":[{dependencies}],"config":{{"limit":80}}}}"#
            )
        };
        write(&skills, "a-late", Some(&manifest("a-late", 1, "")), "x");
        write(&skills, "top", Some(&manifest("top", 900, "\"base\"")), "at most {{limit}} columns, {{other}}");
        write(&skills, "base", None, "b");
        let catalog = Catalog::load(&places, &Record::default());
        let found = catalog.select(Some("worker"), &[]).unwrap();
        assert_eq!(names(&found), ["base", "top", "maestro-cli", "maestro-worker", "a-late"]);
        assert_eq!(names(&catalog.select(Some("orchestrator"), &[]).unwrap()), ["maestro-cli", "maestro-orchestrator"]);
        let text = prompt(&[catalog.get("base").unwrap(), catalog.get("top").unwrap()]);
        let wanted = "<skill name=\"base\">\nb\n</skill>\n\n\
                      <skill name=\"top\" version=\"2\">\nat most 80 columns, {{other}}\n</skill>";
        assert_eq!(text, wanted);
    }

    #[test]
    fn circles_and_missing_skills_are_told() {
        let root = tempfile::tempdir().unwrap();
        let places = places(root.path());
        let skills = root.path().join("user/.agents/skills");
        for (name, needs) in [("a", "b"), ("b", "c"), ("c", "b"), ("d", "nowhere")] {
            let manifest = format!(r#"{{"name":"{name}","version":"1","dependencies":["{needs}"]}}"#);
            write(&skills, name, Some(&manifest), "x");
        }
        let catalog = Catalog::load(&places, &Record::default());
        let circle = catalog.select(None, &["a".to_owned()]).unwrap_err();
        assert!(circle.ends_with("b -> c -> b"), "{circle}");
        assert!(catalog.select(None, &["d".to_owned()]).unwrap_err().contains("'nowhere'"));
        assert!(catalog.select(None, &["e".to_owned()]).unwrap_err().contains("'e'"));
    }
}
