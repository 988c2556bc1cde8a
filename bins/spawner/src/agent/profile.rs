//! Agent profiles as data: what stands in a TOML file about one agent.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use maestro_domain::AgentName;
use serde::{Deserialize, Serialize};

/// The profiles that come with the spawner.
const BUILTIN: [(&str, &str); 5] = [
    ("claude", include_str!("builtin/claude.toml")),
    ("codex", include_str!("builtin/codex.toml")),
    ("gemini", include_str!("builtin/gemini.toml")),
    ("opencode", include_str!("builtin/opencode.toml")),
    ("shell", include_str!("builtin/shell.toml")),
];

/// More files than this are nobody's profiles, and none is larger.
const MOST: usize = 200;
const LARGEST: u64 = 256 * 1024;
/// How many profiles may stand on each other.
const DEEPEST: usize = 8;

/// Whether the agent has a terminal that somebody may work in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    #[default]
    Interactive,
    /// It gets its prompt, works, and ends.
    Headless,
}

/// How the prompt reaches the agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PromptBy {
    /// As `{prompt}` among the arguments.
    #[default]
    Argument,
    /// On stdin, which then ends. Headless only.
    Stdin,
    /// Pasted into the terminal once it has been quiet for a moment. Interactive only.
    Typed,
    /// It is a script that the program runs.
    Script,
}

/// Where the agent's login may lie; one of them is enough.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Login {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environment: Vec<String>,
    /// `~/` is the user's home.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
}

/// What is merged into a JSON file of the agent, so that it trusts the workspace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Trust {
    pub file: String,
    pub value: serde_json::Value,
}

/// One agent. What is absent is taken from the profile that it extends.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Profile {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extends: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Found on the PATH, or an absolute path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// Arguments that make it print its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<PromptBy>,
    /// When the session names none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permission_mode: Option<String>,
    /// Arguments of one's own, in the place of `{extra}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra: Option<Vec<String>>,
    /// Groups of arguments; a group with a placeholder that has no value is left out as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interactive: Option<Vec<Vec<String>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headless: Option<Vec<Vec<String>>>,
    /// The file that holds a conversation which can be resumed, with `{resume}` for its name; one part of the path may
    /// be `*`. Absent: whatever has a name is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<String>,
    /// Variables that it gets on top.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
    /// Variables that it must not inherit; a name that ends with `_` stands for all that begin so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remove: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<Login>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<Trust>,
    /// Written for the session alone, into `{files}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
    /// Written likewise: what `maestro` with these words prints, as in `["hook", "opencode", "plugin"]`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub printed: BTreeMap<String, Vec<String>>,
    /// Whether it calls `maestro hook`: then its hooks say when it may be typed to. Absent: when its terminal is quiet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hooks: Option<bool>,
    /// Whether messages are typed into its terminal. Absent: yes, unless its prompt is a script.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages: Option<bool>,
}

impl Profile {
    /// This one over the one that it extends.
    fn over(self, base: Self) -> Self {
        let joined = |mut base: BTreeMap<String, String>, own: BTreeMap<String, String>| {
            base.extend(own);
            base
        };
        Self {
            extends: self.extends,
            about: self.about.or(base.about),
            program: self.program.or(base.program),
            version: self.version.or(base.version),
            mode: self.mode.or(base.mode),
            prompt: self.prompt.or(base.prompt),
            model: self.model.or(base.model),
            permission_mode: self.permission_mode.or(base.permission_mode),
            extra: self.extra.or(base.extra),
            interactive: self.interactive.or(base.interactive),
            headless: self.headless.or(base.headless),
            conversation: self.conversation.or(base.conversation),
            environment: joined(base.environment, self.environment),
            remove: self.remove.or(base.remove),
            login: self.login.or(base.login),
            trust: self.trust.or(base.trust),
            files: joined(base.files, self.files),
            printed: {
                let mut printed = base.printed;
                printed.extend(self.printed);
                printed
            },
            hooks: self.hooks.or(base.hooks),
            messages: self.messages.or(base.messages),
        }
    }

    pub fn mode(&self) -> Mode {
        self.mode.unwrap_or_default()
    }

    pub fn prompt(&self) -> PromptBy {
        self.prompt.unwrap_or_default()
    }

    /// The groups of arguments of its mode.
    pub fn arguments(&self) -> impl Iterator<Item = &Vec<String>> {
        let groups = match self.mode() {
            Mode::Interactive => self.interactive.as_ref(),
            Mode::Headless => self.headless.as_ref(),
        };
        groups.into_iter().flatten()
    }

    /// Whether a placeholder stands among its arguments.
    pub fn names(&self, placeholder: &str) -> bool {
        self.arguments().flatten().any(|argument| argument.contains(placeholder))
    }

    /// Whether it can go on with this conversation: it knows how, and the conversation is there.
    pub fn can_resume(&self, conversation: &str, variables: &BTreeMap<String, String>) -> bool {
        let there = self.conversation.as_ref().is_none_or(|pattern| {
            let path = pattern.replace("{resume}", conversation);
            super::found::exists(&super::found::expanded(&path, &[&self.environment, variables]))
        });
        there && self.names("{resume}")
    }

    pub fn hooks(&self) -> bool {
        self.hooks.unwrap_or_default()
    }

    /// Whether somebody may type into it that is no person.
    pub fn takes_messages(&self) -> bool {
        self.mode() == Mode::Interactive && self.messages.unwrap_or(self.prompt() != PromptBy::Script)
    }

    fn check(&self) -> Result<(), String> {
        if self.program.as_deref().is_none_or(|program| program.trim().is_empty()) {
            return Err("it names no program".to_owned());
        }
        match (self.mode(), self.prompt()) {
            (Mode::Headless, PromptBy::Typed) => return Err("nothing can be typed into a headless agent".to_owned()),
            (Mode::Interactive, PromptBy::Stdin) => {
                return Err("an interactive agent's stdin is its terminal; use prompt = \"typed\"".to_owned());
            }
            _ => {}
        }
        let bad = self
            .files
            .keys()
            .chain(self.printed.keys())
            .find(|name| name.contains('/') || name.starts_with('.') || name.is_empty());
        bad.map_or(Ok(()), |name| Err(format!("'{}' is no name of a file", name.escape_debug())))
    }
}

/// A profile that cannot be used, or one that is shadowed by nothing and read by nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    pub file: PathBuf,
    pub line: Option<usize>,
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file.display(), self.message),
            None => write!(f, "{}: {}", self.file.display(), self.message),
        }
    }
}

/// A profile and where it comes from; no file: it is built in.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    pub profile: Profile,
    pub file: Option<PathBuf>,
}

impl Known {
    /// As anybody may see it, every agent too: of variables that a person set, which may be keys, only the names.
    pub fn shown(&self) -> Profile {
        let mut shown = self.profile.clone();
        if self.file.is_none() {
            return shown;
        }
        let builtin = builtin();
        let ours = |name: &String, value: &String| {
            builtin.values().any(|known| known.profile.environment.get(name) == Some(value))
        };
        for (name, value) in &mut shown.environment {
            if !ours(name, value) {
                "…".clone_into(value);
            }
        }
        shown
    }
}

/// Every profile by name, and what is wrong with the others.
#[derive(Clone, Debug, Default)]
pub struct Profiles {
    pub known: BTreeMap<String, Known>,
    pub mistakes: Vec<Mistake>,
}

impl Profiles {
    /// Built-in ones, and those of the directory over them.
    pub fn read(directory: &Path) -> Self {
        let mut mistakes = Vec::new();
        let mut raw: BTreeMap<String, Known> = BTreeMap::new();
        for (name, text) in BUILTIN {
            match parse(Path::new(name), text) {
                Ok(profile) => {
                    raw.insert(name.to_owned(), Known { profile, file: None });
                }
                Err(mistake) => mistakes.push(mistake),
            }
        }
        let builtin = raw.clone();
        let mut files: Vec<PathBuf> =
            fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
        files.sort();
        for file in files.into_iter().take(MOST) {
            match own(&file) {
                Ok((name, profile)) => {
                    raw.insert(name, Known { profile, file: Some(file) });
                }
                Err(mistake) => mistakes.push(mistake),
            }
        }
        let mut known = BTreeMap::new();
        for (name, entry) in &raw {
            let resolved = resolve(name, entry, &raw, &builtin, DEEPEST).and_then(|profile| {
                profile.check()?;
                Ok(profile)
            });
            match resolved {
                Ok(profile) => {
                    known.insert(name.clone(), Known { profile, file: entry.file.clone() });
                }
                Err(message) => {
                    let file = entry.file.clone().unwrap_or_else(|| PathBuf::from(name));
                    mistakes.push(Mistake { file, line: None, message });
                }
            }
        }
        Self { known, mistakes }
    }
}

/// Reads a profile as a file of this name would be, with the built-in ones to stand on, and says what is wrong with it.
///
/// # Errors
/// The sentence that its author is shown.
pub fn check_profile(name: &str, text: &str) -> Result<(), String> {
    let file = PathBuf::from(format!("{name}.toml"));
    let profile = parse(&file, text).map_err(|mistake| mistake.to_string())?;
    let builtin = builtin();
    let entry = Known { profile, file: Some(file) };
    let mut all = builtin.clone();
    all.insert(name.to_owned(), entry.clone());
    resolve(name, &entry, &all, &builtin, DEEPEST)?.check()
}

fn builtin() -> BTreeMap<String, Known> {
    let read = |(name, text): (&str, &str)| {
        Some((name.to_owned(), Known { profile: parse(Path::new(name), text).ok()?, file: None }))
    };
    BUILTIN.into_iter().filter_map(read).collect()
}

/// A profile of one's own that has a built-in one's name stands on that one.
fn resolve(
    name: &str,
    entry: &Known,
    all: &BTreeMap<String, Known>,
    builtin: &BTreeMap<String, Known>,
    depth: usize,
) -> Result<Profile, String> {
    let own = entry.profile.clone();
    let base = match (&own.extends, &entry.file) {
        (None, None) => return Ok(own),
        (None, Some(_)) => match builtin.get(name) {
            Some(base) => base,
            None => return Ok(own),
        },
        (Some(base), _) if base == name => {
            builtin.get(name).ok_or_else(|| format!("it extends itself; there is no built-in '{name}'"))?
        }
        (Some(base), _) => {
            all.get(base).ok_or_else(|| format!("it extends '{}', which is not there", base.escape_debug()))?
        }
    };
    if depth == 0 {
        return Err("it stands on itself, or on too many others".to_owned());
    }
    let base_name = own.extends.clone().unwrap_or_else(|| name.to_owned());
    Ok(own.over(resolve(&base_name, base, all, builtin, depth - 1)?))
}

fn own(file: &Path) -> Result<(String, Profile), Mistake> {
    let mistake = |message: String| Mistake { file: file.to_path_buf(), line: None, message };
    let name = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    if name.parse::<AgentName>().is_err() {
        return Err(mistake(format!("'{}' is no agent's name", name.escape_debug())));
    }
    let size = fs::metadata(file).map_err(|error| mistake(error.to_string()))?.len();
    if size > LARGEST {
        return Err(mistake(format!("{size} bytes are more than the {LARGEST} of a profile")));
    }
    let text = fs::read_to_string(file).map_err(|error| mistake(error.to_string()))?;
    Ok((name.to_owned(), parse(file, &text)?))
}

fn parse(file: &Path, text: &str) -> Result<Profile, Mistake> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        Mistake { file: file.to_path_buf(), line, message: error.message().to_owned() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(files: &[(&str, &str)]) -> Profiles {
        let directory = std::env::temp_dir().join(format!("maestro-agents-{}", ulid::Ulid::generate()));
        fs::create_dir_all(&directory).unwrap();
        for (name, text) in files {
            fs::write(directory.join(name), text).unwrap();
        }
        let profiles = Profiles::read(&directory);
        fs::remove_dir_all(directory).unwrap();
        profiles
    }

    #[test]
    fn the_built_in_ones_are_there() {
        let profiles = read(&[]);
        assert_eq!(profiles.mistakes, []);
        assert_eq!(profiles.known.keys().collect::<Vec<_>>(), ["claude", "codex", "gemini", "opencode", "shell"]);
        let settings = &profiles.known["claude"].profile.files["claude-settings.json"];
        assert!(serde_json::from_str::<serde_json::Value>(settings).is_ok());
        let defaults = &profiles.known["gemini"].profile.files["gemini-defaults.json"];
        assert!(serde_json::from_str::<serde_json::Value>(defaults).is_ok());
        let policy = &profiles.known["gemini"].profile.files["gemini-policy.toml"];
        assert!(policy.parse::<toml::Table>().is_ok(), "{policy}");
        for (name, known) in &profiles.known {
            assert_eq!(known.profile.hooks(), name != "shell", "{name}");
            assert_eq!(known.profile.takes_messages(), name != "shell", "{name}");
        }
    }

    #[test]
    fn own_ones_stand_on_others() {
        let profiles = read(&[
            ("claude.toml", "model = \"opus\""),
            ("quick.toml", "extends = \"claude\"\nmode = \"headless\"\nextra = [\"--max-turns\", \"3\"]"),
            ("mine.toml", "program = \"/opt/mine\"\nprompt = \"typed\""),
        ]);
        assert_eq!(profiles.mistakes, []);
        let quick = &profiles.known["quick"].profile;
        assert_eq!((quick.mode(), quick.model.as_deref()), (Mode::Headless, Some("opus")));
        assert_eq!(quick.program.as_deref(), Some("claude"));
        assert!(profiles.known["claude"].file.is_some());
        assert_eq!(profiles.known["mine"].profile.prompt(), PromptBy::Typed);
    }

    #[test]
    fn keys_in_a_persons_profile_are_shown_to_nobody() {
        let key = "[environment]\nANTHROPIC_API_KEY = \"sk-1\"\n";
        let profiles = read(&[
            ("claude.toml", key),
            ("heir.toml", "extends = \"claude\""),
            ("opencode.toml", &format!("model = \"m\"\n{key}")),
        ]);
        assert_eq!(profiles.mistakes, []);
        for name in ["claude", "heir", "opencode"] {
            let known = &profiles.known[name];
            assert_eq!(known.profile.environment["ANTHROPIC_API_KEY"], "sk-1", "{name} runs without its key");
            let shown = toml::to_string(&known.shown()).unwrap();
            assert!(shown.contains("ANTHROPIC_API_KEY = \"…\"") && !shown.contains("sk-1"), "{shown}");
        }
        // What is built in is no secret, and is needed by who copies it.
        let own = |name: &str| profiles.known[name].shown().environment;
        assert!(own("opencode")["OPENCODE_CONFIG_CONTENT"].contains("maestro.js"));
        assert!(own("gemini")["GEMINI_CLI_SYSTEM_DEFAULTS_PATH"].contains("{files}"));
    }

    #[test]
    fn mistakes_name_file_and_line_and_spoil_nothing_else() {
        let profiles = read(&[
            ("a.toml", "program = \"x\"\nprogramm = \"y\"\n"),
            ("b.toml", "program = \"x\"\n\nmode = \"loud\""),
            ("c.toml", "extends = \"nobody\""),
            ("d.toml", "extends = \"e\""),
            ("e.toml", "extends = \"d\""),
            ("f.toml", "about = \"no program\""),
            ("NO.toml", "program = \"x\""),
            ("g.toml", "program = \"x\"\nmode = \"headless\"\nprompt = \"typed\""),
            ("h.toml", "program = \"x\"\n[files]\n\"../x\" = \"\""),
            ("i.toml", "program = "),
            ("z.toml", "program = \"x\""),
        ]);
        assert_eq!(profiles.mistakes.len(), 10, "{:#?}", profiles.mistakes);
        let of = |name: &str| {
            let found = profiles.mistakes.iter().find(|mistake| mistake.file.ends_with(name));
            found.unwrap_or_else(|| panic!("{name} is right")).clone()
        };
        assert_eq!((of("a.toml").line, of("b.toml").line, of("i.toml").line), (Some(2), Some(3), Some(1)));
        assert!(of("a.toml").to_string().contains("a.toml:2: unknown field `programm`"), "{}", of("a.toml"));
        assert!(profiles.known.contains_key("z") && profiles.known.contains_key("claude"));
    }
}
