//! Tasks and what they wait for: as a tree, for Graphviz, for Mermaid, as data.

use std::collections::{BTreeMap, BTreeSet};

use maestro_domain::{StatusKind, TaskId};
use maestro_wire::TaskRow;
use serde_json::{Value, json};

use crate::output::{BOLD, DIM, GOOD, paint};

use super::status;

/// Tasks by id, with the edges among them.
pub struct Graph {
    tasks: BTreeMap<TaskId, TaskRow>,
    /// Some were left out.
    more: bool,
}

impl Graph {
    /// Open tasks and what they directly wait for, or everything.
    pub fn of(tasks: Vec<TaskRow>, all: bool) -> Self {
        let waited: BTreeSet<TaskId> =
            tasks.iter().filter(|row| row.status().is_open()).flat_map(|row| row.task.depends_on.clone()).collect();
        let shown = |row: &TaskRow| all || row.status().is_open() || waited.contains(&row.task.id);
        Self { tasks: tasks.into_iter().filter(shown).map(|row| (row.task.id, row)).collect(), more: false }
    }

    /// A task with everything that it waits for, however far; `None` when it is not there.
    pub fn below(tasks: Vec<TaskRow>, root: TaskId) -> Option<Self> {
        let mut known: BTreeMap<TaskId, TaskRow> = tasks.into_iter().map(|row| (row.task.id, row)).collect();
        let mut found = BTreeMap::new();
        let mut open = vec![root];
        while let Some(id) = open.pop() {
            if let Some(row) = known.remove(&id) {
                open.extend(&row.task.depends_on);
                found.insert(id, row);
            }
        }
        found.contains_key(&root).then_some(Self { tasks: found, more: false })
    }

    /// At most this many, the oldest first.
    #[must_use]
    pub fn cut(mut self, limit: usize, more: bool) -> Self {
        self.more = more || self.tasks.len() > limit;
        self.tasks = self.tasks.into_iter().take(limit).collect();
        self
    }

    fn waits_for(&self, id: TaskId) -> Vec<TaskId> {
        let mut on = self.tasks.get(&id).map(|row| row.task.depends_on.clone()).unwrap_or_default();
        on.retain(|id| self.tasks.contains_key(id));
        on.sort();
        on
    }

    fn edges(&self) -> Vec<(TaskId, TaskId)> {
        self.tasks.keys().flat_map(|id| self.waits_for(*id).into_iter().map(|on| (*id, on))).collect()
    }

    pub fn document(&self, text: Option<String>) -> Value {
        let nodes: Vec<Value> = self
            .tasks
            .values()
            .map(|row| {
                let status = row.status();
                json!({"id": row.task.id, "title": row.task.title, "status": status, "ready": row.ready})
            })
            .collect();
        let edges: Vec<Value> =
            self.edges().into_iter().map(|(task, on)| json!({"task": task, "dependsOn": on})).collect();
        let mut document = json!({"nodes": nodes, "edges": edges});
        if let Some(text) = text {
            document["text"] = text.into();
        }
        if self.more {
            document["truncated"] = true.into();
        }
        document
    }

    pub fn dot(&self) -> String {
        let mut text = String::from("digraph tasks {\n  rankdir=LR;\n  node [shape=box, style=rounded];\n");
        for row in self.tasks.values() {
            let title = row.task.title.replace('\\', "\\\\").replace('"', "\\\"");
            let style = match row.status() {
                StatusKind::Completed => ", color=forestgreen",
                StatusKind::Blocked => ", color=red",
                StatusKind::InProgress | StatusKind::InReview => ", color=blue",
                StatusKind::Cancelled => ", color=gray",
                StatusKind::Pending => "",
            };
            text.push_str(&format!("  {} [label=\"{} {title}\"{style}];\n", row.task.id, row.task.id));
        }
        for (task, on) in self.edges() {
            text.push_str(&format!("  {on} -> {task};\n"));
        }
        text + "}"
    }

    pub fn mermaid(&self) -> String {
        let mut text = String::from("graph LR");
        for row in self.tasks.values() {
            let title: String = row
                .task
                .title
                .chars()
                .map(|c| match c {
                    '"' => "#quot;".to_owned(),
                    '<' => "#lt;".to_owned(),
                    '>' => "#gt;".to_owned(),
                    '#' => "#35;".to_owned(),
                    c => c.to_string(),
                })
                .collect();
            text.push_str(&format!("\n  {}[\"{} {title}\"]", row.task.id, row.task.id));
        }
        for (task, on) in self.edges() {
            text.push_str(&format!("\n  {on} --> {task}"));
        }
        text
    }
}

/// Tasks that nothing waits for, each with what it waits for below it. What was shown before is not unfolded again.
pub fn tree(graph: &Graph) -> String {
    if graph.tasks.is_empty() {
        return format!(
            "no open tasks\n  {} maestro task create \"Write the parser\"\n  {} maestro task graph --all",
            paint(DIM, "try:"),
            paint(DIM, "ended ones:")
        );
    }
    let waited: BTreeSet<TaskId> = graph.edges().into_iter().map(|(_, on)| on).collect();
    let roots = graph.tasks.keys().filter(|id| !waited.contains(id));
    let mut text = String::new();
    let mut shown = BTreeSet::new();
    for root in roots {
        text.push_str(&line(graph, *root));
        branch(graph, *root, "", &mut shown, &mut text);
    }
    if graph.more {
        text.push_str(&paint(DIM, "more tasks were left out: maestro task graph --limit 10000"));
    }
    super::fitted(text.trim_end())
}

/// Deeper than any plan that people write; a ledger may hold more.
const DEEPEST: usize = 200;

fn branch(graph: &Graph, of: TaskId, indent: &str, shown: &mut BTreeSet<TaskId>, text: &mut String) {
    let on = graph.waits_for(of);
    if !shown.insert(of) && !on.is_empty() {
        text.push_str(&format!("{indent}   {}\n", paint(DIM, "(as above)")));
        return;
    }
    if indent.chars().count() > DEEPEST * 3 {
        text.push_str(&format!("{indent}   {}\n", paint(DIM, "…")));
        return;
    }
    for (at, id) in on.iter().enumerate() {
        let last = at + 1 == on.len();
        let (mark, more) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        text.push_str(&format!("{}{}", paint(DIM, format!("{indent}{mark}")), line(graph, *id)));
        branch(graph, *id, &format!("{indent}{more}"), shown, text);
    }
}

fn line(graph: &Graph, id: TaskId) -> String {
    let Some(row) = graph.tasks.get(&id) else { return String::new() };
    let (word, style) = if row.ready { ("○ ready", GOOD) } else { status(row.status()) };
    format!("{} {}  {}\n", paint(BOLD, id), paint(style, word), row.task.title)
}
