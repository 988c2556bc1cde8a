//! What a task that was just taken builds on, and the repository here does not have yet. A worktree is made with the inputs
//! of the tasks that its session was given; a task that it takes later brings its own along.

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use maestro_domain::{ProjectId, StatusKind, TaskId};
use maestro_wire::{DependencyView, Query, Reply, TaskDetail, TaskGet, TaskRow};
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::process::Command;

use crate::context::Context;
use crate::output::{DIM, paint};

/// The claim is made; what takes longer is not said.
const WITHIN: Duration = Duration::from_secs(2);

/// A branch that is to be merged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Input {
    /// Whose work it is.
    task: TaskId,
    branch: String,
    command: String,
}

/// Of the task that a session took, as the answer names it. Never an error: what cannot be found out is not said.
pub async fn missing(ctx: &Context, project: &ProjectId, reply: &Reply) -> Vec<Input> {
    let look = async {
        ctx.actor().ok()?.0.session()?;
        let row: TaskRow = serde_json::from_str(reply.data.as_ref()?.get()).ok()?;
        let here = std::env::current_dir().ok()?;
        let is_repository = here.ancestors().any(|directory| directory.join(".git").exists());
        if row.task.depends_on.is_empty() || !is_repository {
            return None;
        }
        let query = Query::TaskGet(TaskGet { task: Some(row.task.id), timeline: Some(0) });
        let detail: TaskDetail = ctx.ask(project, query).await.ok()?.parse().ok()?;
        Some(unmerged(&here, &detail.dependencies).await)
    };
    tokio::time::timeout(WITHIN, look).await.ok().flatten().unwrap_or_default()
}

/// Those whose branch is here and not in what is checked out.
async fn unmerged(here: &Path, dependencies: &[DependencyView]) -> Vec<Input> {
    let mut found: Vec<Input> = Vec::new();
    for dependency in dependencies.iter().filter(|dependency| dependency.status == StatusKind::Completed) {
        let Some((reference, branch)) = newest(here, dependency).await else { continue };
        let asked = git(here, &["merge-base", "--is-ancestor", &reference, "HEAD"]).await;
        // 1: it is not. Anything else is no answer.
        let is_missing = asked.is_some_and(|output| output.status.code() == Some(1));
        if is_missing && !found.iter().any(|input| input.branch == branch) {
            let command = format!("git merge {branch}");
            found.push(Input { task: dependency.id, branch, command });
        }
    }
    found
}

/// The newest branch with its work, as the spawner finds it: of the session's last start, here or at the remote; completed by
/// a person: of whichever session worked on it. Its reference, and how it is typed.
async fn newest(here: &Path, dependency: &DependencyView) -> Option<(String, String)> {
    let name = dependency.branch.clone().unwrap_or_else(|| format!("maestro/{}-s*", dependency.id));
    let mut arguments = vec!["for-each-ref", "--sort=-committerdate", "--format=%(refname)"];
    let rooms = ["refs/heads/", "refs/remotes/origin/"];
    let patterns: Vec<String> =
        rooms.iter().flat_map(|room| [format!("{room}{name}"), format!("{room}{name}.*")]).collect();
    arguments.extend(patterns.iter().map(String::as_str));
    let output = git(here, &arguments).await.filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    let reference = text.lines().next()?.to_owned();
    let branch = reference.strip_prefix("refs/heads/").or_else(|| reference.strip_prefix("refs/remotes/"))?.to_owned();
    // It is typed into a shell, and a branch may be called anything.
    let is_plain = branch.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '/' | '-' | '.' | '_'));
    is_plain.then_some((reference, branch))
}

/// Git, without a shell; `None` when there is none.
async fn git(here: &Path, arguments: &[&str]) -> Option<Output> {
    let mut command = Command::new("git");
    command.args(["-c", "core.fsmonitor=false"]).args(arguments).current_dir(here);
    command.env("GIT_OPTIONAL_LOCKS", "0").env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
    command.stdin(Stdio::null()).kill_on_drop(true).output().await.ok()
}

/// The answer with them in its data, as `inputs`.
pub fn with(mut reply: Reply, inputs: &[Input]) -> Reply {
    let data = reply.data.as_ref().map(|data| serde_json::from_str::<Map<String, Value>>(data.get()));
    if let (false, Some(Ok(mut data))) = (inputs.is_empty(), data)
        && let Ok(inputs) = serde_json::to_value(inputs)
    {
        data.insert("inputs".to_owned(), inputs);
        reply.data = serde_json::value::to_raw_value(&data).ok().or(reply.data);
    }
    reply
}

/// For people, a line each, to stand below the task.
pub fn lines(inputs: &[Input]) -> String {
    inputs.iter().map(|input| format!("\n  {} {}", paint(DIM, "its inputs:"), input.command)).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use maestro_domain::Title;
    use serde_json::value::RawValue;

    use super::*;

    fn dependency(task: u32, branch: Option<&str>) -> DependencyView {
        let title = Title::parse("x").unwrap();
        let branch = branch.map(ToOwned::to_owned);
        DependencyView { id: TaskId::new(task), title, status: StatusKind::Completed, summary: None, branch }
    }

    #[tokio::test]
    async fn branches_that_are_here_and_not_merged_are_named_once() {
        let root = tempfile::tempdir().unwrap();
        let here = root.path();
        let run = async |words: &[&str]| {
            let user = ["-c", "user.name=A", "-c", "user.email=a@localhost", "-c", "commit.gpgsign=false"];
            let output = git(here, &[&user, words].concat()).await.unwrap();
            assert!(output.status.success(), "{words:?}: {output:?}");
        };
        assert_eq!(unmerged(here, &[dependency(2, Some("maestro/t2-s4"))]).await, [], "no repository");
        run(&["init", "--quiet", "-b", "main"]).await;
        run(&["commit", "--quiet", "--allow-empty", "-m", "first"]).await;
        for branch in ["maestro/t2-s4", "maestro/t3-s5.2", "maestro/t9-s1;x"] {
            run(&["checkout", "--quiet", "-b", branch, "main"]).await;
            fs::write(here.join("file"), branch).unwrap();
            run(&["add", "file"]).await;
            run(&["commit", "--quiet", "-m", branch]).await;
        }
        run(&["checkout", "--quiet", "main"]).await;
        let all = [
            dependency(2, Some("maestro/t2-s4")),
            dependency(6, Some("maestro/t2-s4")),
            // Of its second start; and by a person, of a session that nobody names.
            dependency(3, Some("maestro/t3-s5")),
            dependency(3, None),
            dependency(9, None),
            dependency(8, Some("maestro/t8-s8")),
            DependencyView { status: StatusKind::Cancelled, ..dependency(2, Some("maestro/t2-s4")) },
        ];
        let commands = |found: Vec<Input>| found.into_iter().map(|input| input.command).collect::<Vec<_>>();
        assert_eq!(commands(unmerged(here, &all).await), ["git merge maestro/t2-s4", "git merge maestro/t3-s5.2"]);
        run(&["merge", "--quiet", "maestro/t2-s4"]).await;
        assert_eq!(commands(unmerged(here, &all).await), ["git merge maestro/t3-s5.2"]);
    }

    #[test]
    fn they_stand_in_the_answer_beside_what_it_says() {
        let input = Input { task: TaskId::new(2), branch: "b".to_owned(), command: "git merge b".to_owned() };
        let reply = with(Reply::ok(&serde_json::json!({"id": "t3"})), std::slice::from_ref(&input));
        let data: Value = serde_json::from_str(reply.data.unwrap().get()).unwrap();
        let inputs = serde_json::json!([{"task": "t2", "branch": "b", "command": "git merge b"}]);
        assert_eq!(data, serde_json::json!({"id": "t3", "inputs": inputs}));
        assert!(lines(std::slice::from_ref(&input)).contains("git merge b"));
        let null = with(Reply::ok(&Value::Null), &[input]);
        assert_eq!(null.data.as_deref().map(RawValue::get), Some("null"));
        assert_eq!(with(Reply::ok(&7), &[]).data.as_deref().map(RawValue::get), Some("7"));
    }
}
