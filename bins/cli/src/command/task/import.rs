//! `task import`

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::Path;

use clap::Args;
use maestro_domain::{ImportTask, ImportTasks, Limits, PlanKey, Refusal, Request, TaskId};
use maestro_wire::{CommandId, ErrorBody, ErrorCode, ImportedPlan, ImportedTask, Query, Reply, TaskGet};
use serde_json::json;

use crate::context::Context;
use crate::output::{BOLD, DIM, GOOD, Output, paint};
use crate::{plan, text, view};

/// Create the tasks of a checklist or of JSON Lines, all in one step; what is there already stays
///
/// All or nothing. A task is known again by the plan's name and its key, so the same plan twice creates nothing, and a
/// plan that grew creates what is new. A plan of more than 500 tasks, or 512 KiB, goes in several steps (20,000 tasks
/// and 32 MiB at most), each all or nothing, in the order of `dependsOn`: stopped in between, the same line goes on.
///
/// JSON: one object a line, a list, or {"tasks": [...]}. Only `title` is needed; `key` (else made from the title),
/// `description`, `acceptance` [...], `technicalNotes`, `priority`, `labels` [...], `subtasks` [titles, or {title,
/// description, completed}], `dependsOn` [keys of this plan, or ids of tasks that are there; where the keys are themselves
/// ids of another project, as `task export` writes them, keys alone], `status`, `summary`.
///
/// Markdown: `- [ ] Title` is a task, `- [x]` a completed one, an indented one a subtask of the task above, indented
/// text its description. `<!-- key=a after=b,t3 priority=high labels=ui -->` behind a title says the rest; below
/// `<!-- acceptance -->`, `<!-- notes -->` and `<!-- summary -->` stand criteria, notes and what was done.
#[derive(Args, Debug)]
pub struct ImportArgs {
    /// The file; `-`: stdin
    #[arg(value_name = "FILE")]
    pub file: String,
    /// What the plan is called: its tasks are known again by it [default: what it says, else the file's name]
    #[arg(long, value_name = "NAME")]
    pub source: Option<PlanKey>,
    /// Show what would be created, and create nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Bytes of a plan.
const MOST: u64 = 32 << 20;

pub async fn run(args: ImportArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let (words, otherwise) = if args.file == "-" {
        let words = text::stdin(MOST)?;
        let name = format!("plan-{}", plan::digest(&words));
        (words, name)
    } else {
        let path = Path::new(&args.file);
        let name = path.file_name().map_or_else(|| args.file.clone(), |name| name.to_string_lossy().into_owned());
        (read(path)?, name)
    };
    let command = plan::import(&plan::read(&words)?, args.source, &otherwise)?;
    send(command, args.dry_run, ctx).await
}

/// Imports, or says what would be.
pub async fn send(command: ImportTasks, dry_run: bool, ctx: &Context) -> Result<Output, ErrorBody> {
    if dry_run {
        let text = preview(&command);
        return Ok(Output::new(
            &json!({"dryRun": true, "source": command.source, "tasks": command.tasks}),
            move || text,
        ));
    }
    let project = ctx.project()?;
    let source = command.source.clone();
    let order: Vec<PlanKey> = command.tasks.iter().map(|task| task.key.clone()).collect();
    let mut parts = plan::part::parts(command)?;
    if parts.len() > 1 {
        outside(&parts, ctx).await?;
    }
    let (mut found, mut sent, mut seq, mut unchanged) = (HashMap::new(), 0, None, true);
    while let Some(part) = parts.pop_front() {
        let request = Request::ImportTasks(part.clone());
        // Each has the whole time.
        let reply = ctx.send(&project, &request, CommandId(ulid::Ulid::generate()), ctx.timeout()).await;
        let answer = reply.and_then(|reply| {
            (seq, unchanged) = (reply.seq.or(seq), unchanged && reply.unchanged);
            reply.parse::<ImportedPlan>()
        });
        match answer {
            Ok(answer) => {
                sent += 1;
                found.extend(answer.items.into_iter().map(|task| (task.key.clone(), task)));
            }
            Err(error) => match plan::part::halves(&part)? {
                Some([first, second]) if error.code == ErrorCode::TooLarge => {
                    parts.push_front(second);
                    parts.push_front(first);
                }
                Some(_) | None => return Err(stopped(error, &found, order.len())),
            },
        }
    }
    let created = found.values().filter(|task| task.created).count();
    let mut items: Vec<_> = order.iter().filter_map(|key| found.remove(key)).collect();
    let (mut total, mut steps) = (None, None);
    if sent > 1 {
        (total, steps) = (u32::try_from(items.len()).ok(), Some(sent));
        items.truncate(Limits::IMPORT);
    }
    let plan = ImportedPlan { items, created: u32::try_from(created).unwrap_or(u32::MAX), total, parts: steps };
    let shown = plan.clone();
    // The text says it in its own words.
    Ok(Output::new(&plan, move || told(&shown, &source)).at(seq).unchanged(unchanged && ctx.json()))
}

/// Of a plan in parts nothing is created when a task is missing that it only names: a single part is refused as a whole
/// anyway.
async fn outside(parts: &VecDeque<ImportTasks>, ctx: &Context) -> Result<(), ErrorBody> {
    let tasks = || parts.iter().flat_map(|part| &part.tasks);
    let own: HashSet<&PlanKey> = tasks().map(|task| &task.key).collect();
    let mut looked = HashSet::new();
    let project = ctx.project()?;
    // Where the keys are ids of another project, what they depend on is not looked for here.
    let own_ids = |task: &ImportTask| {
        parts.iter().any(|part| part.source.as_str() == project.as_str())
            || task.key.as_str().parse::<TaskId>().is_err()
    };
    for task in tasks().filter(|task| own_ids(task)) {
        for on in task.depends_on.iter().filter(|on| !own.contains(on)) {
            // A key may be one of the same source from before: the server knows.
            let Ok(id) = on.as_str().parse::<TaskId>() else { continue };
            if !looked.insert(id) {
                continue;
            }
            let query = Query::TaskGet(TaskGet { task: Some(id), timeline: Some(0) });
            match ctx.ask(&project, query).await.and_then(Reply::into_result) {
                Err(error) if error.code == ErrorCode::TaskNotFound => {
                    return Err(Refusal::UnknownPlanKey { key: task.key.clone(), on: on.clone() }.into());
                }
                Err(error) => return Err(error),
                Ok(_) => {}
            }
        }
    }
    Ok(())
}

/// A plan of which a part is there.
fn stopped(error: ErrorBody, found: &HashMap<PlanKey, ImportedTask>, total: usize) -> ErrorBody {
    if found.is_empty() {
        return error;
    }
    let created = found.values().filter(|task| task.created).count();
    let message = format!("{} of {total} tasks are there, then: {}", found.len(), error.message);
    ErrorBody { message, ..error }
        .with("created", created)
        .with("imported", found.len())
        .suggest("the same line again goes on from there; what is there is known by its key")
}

fn read(path: &Path) -> Result<String, ErrorBody> {
    let failed = |code, why: String| {
        ErrorBody::new(code, format!("`{}`: {why}", path.display()))
            .with("file", path.display().to_string())
            .commands(["maestro task import --help"])
    };
    let length = std::fs::metadata(path).map_err(|error| failed(ErrorCode::FileNotFound, error.to_string()))?.len();
    if length > MOST {
        return Err(failed(ErrorCode::TooLarge, format!("it has {length} bytes; at most {MOST} are read")));
    }
    let bytes = std::fs::read(path).map_err(|error| failed(ErrorCode::FileNotFound, error.to_string()))?;
    String::from_utf8(bytes).map_err(|_| failed(ErrorCode::InvalidText, "it is no text (UTF-8)".to_owned()))
}

fn preview(command: &ImportTasks) -> String {
    let mut lines = vec![format!("{} {}", paint(DIM, "would be created unless there, from"), command.source)];
    for task in &command.tasks {
        let after: Vec<&str> = task.depends_on.iter().map(PlanKey::as_str).collect();
        let after = if after.is_empty() { String::new() } else { paint(DIM, format!("  after {}", after.join(", "))) };
        let done = if task.completed { paint(GOOD, " ✓") } else { String::new() };
        lines.push(format!("{}{done}  {}{after}", paint(BOLD, &task.key), task.title));
        lines.extend(
            task.subtasks.iter().map(|step| format!("  {} {}", if step.completed { "✓" } else { "○" }, step.title)),
        );
    }
    lines.join("\n")
}

fn told(plan: &ImportedPlan, source: &PlanKey) -> String {
    let mut table = view::table(&["id", "key", "status", "title"]);
    for task in plan.items.iter().filter(|task| task.created) {
        let (word, style) = view::status(task.status);
        table.add_row([
            view::cell(task.id, BOLD),
            view::cell(&task.key, DIM),
            view::cell(word, style),
            view::cell(&task.title, anstyle::Style::new()),
        ]);
    }
    let all = plan.total.map_or(plan.items.len(), |total| total as usize);
    let there = all.saturating_sub(plan.created as usize);
    let total = match (plan.created, there) {
        (0, there) => format!("nothing new: all {there} are there already"),
        (created, 0) => format!("{created} created"),
        (created, there) => format!("{created} created, {there} there already"),
    };
    let steps = plan.parts.map(|parts| format!(", in {parts} steps")).unwrap_or_default();
    let total = format!("{total}{steps} {}", paint(DIM, format!("(plan {source})")));
    if plan.created == 0 { total } else { format!("{}\n{total}", view::clipped(&mut table)) }
}
