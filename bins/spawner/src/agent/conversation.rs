//! Which conversation of its own an agent holds in a session: kept among the session's files, so that a later epoch on
//! this host can go on with it.

use std::fs;
use std::path::{Path, PathBuf};

use maestro_domain::AgentName;
use serde::{Deserialize, Serialize};

const KEPT: &str = "conversation.json";
/// What the agent's hook was told by the agent itself, which may name it otherwise than we did.
const TOLD: &str = "conversation-id";
/// How many epochs back are looked through.
const BACK: usize = 50;

/// An agent's conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    pub id: String,
    /// Where it was held.
    pub workspace: PathBuf,
}

#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    agent: AgentName,
    workspace: PathBuf,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
}

impl Conversation {
    /// Notes what is known at the start.
    pub fn keep(files: &Path, agent: &AgentName, workspace: &Path, id: Option<&str>) {
        let _ = fs::remove_file(files.join(TOLD));
        let kept = Kept { agent: agent.clone(), workspace: workspace.to_owned(), id: id.map(ToOwned::to_owned) };
        let written = serde_json::to_vec(&kept)
            .map_err(std::io::Error::from)
            .and_then(|bytes| maestro_runtime::write_passing(&files.join(KEPT), &bytes));
        if let Err(error) = written {
            tracing::warn!(cause = %error, "its conversation is not noted down; it cannot be resumed");
        }
    }

    /// The latest one up to an epoch that was held with this agent.
    pub fn newest(files: impl Fn(u32) -> PathBuf, epoch: u32, agent: &AgentName) -> Option<Self> {
        Self::epochs(epoch).find_map(|epoch| Self::of(&files(epoch), agent))
    }

    /// The epochs that are looked through, back from this one.
    pub fn epochs(latest: u32) -> impl Iterator<Item = u32> {
        (1..=latest).rev().take(BACK)
    }

    fn of(files: &Path, agent: &AgentName) -> Option<Self> {
        let kept: Kept = serde_json::from_slice(&fs::read(files.join(KEPT)).ok()?).ok()?;
        let told = fs::read_to_string(files.join(TOLD)).ok().map(|text| text.trim().to_owned());
        let id = told.filter(|id| is_name(id)).or(kept.id).filter(|id| is_name(id))?;
        (kept.agent == *agent).then_some(Self { id, workspace: kept.workspace })
    }
}

/// It becomes an argument: nothing that could be taken for an option or a path.
fn is_name(id: &str) -> bool {
    id.len() <= 200
        && id.starts_with(|c: char| c.is_ascii_alphanumeric())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_conversation_of_the_same_agent_is_found() {
        let room = tempfile::tempdir().unwrap();
        let files = |epoch: u32| room.path().join(epoch.to_string());
        let (claude, codex): (AgentName, AgentName) = ("claude".parse().unwrap(), "codex".parse().unwrap());
        for epoch in 1..=4 {
            fs::create_dir(files(epoch)).unwrap();
        }
        Conversation::keep(&files(1), &claude, Path::new("/w1"), Some("one"));
        Conversation::keep(&files(2), &claude, Path::new("/w2"), Some("two"));
        // Never got as far as a name.
        Conversation::keep(&files(3), &claude, Path::new("/w3"), None);
        let found = Conversation::newest(files, 4, &claude).unwrap();
        assert_eq!(found, Conversation { id: "two".to_owned(), workspace: "/w2".into() });
        assert_eq!(Conversation::newest(files, 1, &claude).unwrap().id, "one");
        assert_eq!(Conversation::newest(files, 4, &codex), None);
        fs::write(files(3).join(TOLD), "three\n").unwrap();
        assert_eq!(Conversation::newest(files, 4, &claude).unwrap().id, "three");
        for bad in ["--yolo", "../../x", "a b", ""] {
            fs::write(files(3).join(TOLD), bad).unwrap();
            assert_eq!(Conversation::newest(files, 4, &claude).unwrap().id, "two", "{bad}");
        }
    }
}
