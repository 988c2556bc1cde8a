//! Random command sequences. Ids are small, so that most exist and some do not; who asks, with which epoch and when is
//! drawn beside the request and settled against the state of the moment.

use std::fmt;

use maestro_domain::*;
use proptest::{collection::vec, option, prelude::*, sample::select};

/// One command, before the state of the moment completes it.
#[derive(Clone)]
pub struct Step {
    pub actor: Actor,
    pub epoch: Epoch,
    /// Milliseconds to the command before; negative when another replica's clock is behind.
    pub jump: i64,
    pub request: Request,
    /// Take ids that fit: a message to the caller, a deadline that there is, a task in the right status.
    pub fitting: bool,
}

/// One line a step, so that a shrunk sequence can be read.
impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { actor, epoch, jump, request, fitting } = self;
        let fitting = if *fitting { "fitting " } else { "" };
        write!(f, "+{jump} ms, {actor} ({epoch:?} epoch): {fitting}{request:?}")
    }
}

/// The epoch that a session says it has.
#[derive(Clone, Copy, Debug)]
pub enum Epoch {
    Present,
    Before,
    After,
    Absent,
    Last,
}

impl Step {
    pub fn settle(&self, state: &State, project: &ProjectId) -> Command {
        let present = self.actor.session().and_then(|id| state.session(id)).map(|s| s.epoch);
        let epoch = match self.epoch {
            Epoch::Present => present,
            Epoch::Before => present.map(|e| e - 1),
            Epoch::After => present.map(|e| e + 1),
            Epoch::Absent => None,
            Epoch::Last => Some(u32::MAX),
        };
        let mut request = self.request.clone();
        if self.fitting {
            fit(&mut request, state, &self.actor);
        }
        Command { project: project.clone(), caller: Caller { actor: self.actor.clone(), epoch }, request }
    }
}

/// Makes the request one that has a chance: pure chance hardly ever approves what was submitted before.
fn fit(request: &mut Request, state: &State, actor: &Actor) {
    use StatusKind::{Blocked, Cancelled, Completed, InReview, Pending};
    let with = |kinds: &[StatusKind]| kinds.iter().flat_map(|k| state.with_status(*k)).copied().collect::<Vec<_>>();
    let held = || state.held_by(actor).collect::<Vec<_>>();
    let past = || {
        let was_mine = |t: &&std::sync::Arc<Task>| t.past_holders.iter().any(|h| h.actor == *actor);
        state.tasks().values().filter(was_mine).map(|t| t.id).collect::<Vec<_>>()
    };
    let waited_for = || {
        let done = with(&[Completed]).into_iter().filter(|id| state.dependants(*id).next().is_some());
        done.collect::<Vec<_>>()
    };
    let came_back = || {
        let open = with(&[Pending]).into_iter().filter(|id| state.task(*id).is_some_and(|t| t.releases > 0));
        open.collect::<Vec<_>>()
    };
    let stepped = |completed: bool| {
        let fits = |t: &&std::sync::Arc<Task>| t.subtasks.iter().any(|s| s.completed == completed);
        state.tasks().values().filter(fits).map(|t| t.id).collect::<Vec<_>>()
    };
    let pick = |task: &mut TaskId, from: Vec<TaskId>| {
        if !from.is_empty() {
            *task = from[task.number() as usize % from.len()];
        }
    };
    if state.project().is_some_and(|p| p.archived) && actor.session().is_none() {
        // Else the rest of the sequence would be one refusal.
        *request = Request::ArchiveProject(ArchiveProject { archived: false });
    }
    match request {
        // What was held before is reported late.
        Request::CompleteTask(v) if held().is_empty() => pick(&mut v.task, past()),
        Request::CompleteTask(v) => pick(&mut v.task, held()),
        Request::SubmitTask(v) => pick(&mut v.task, held()),
        Request::BlockTask(v) => pick(&mut v.task, held()),
        Request::ReleaseTask(v) => pick(&mut v.task, held()),
        Request::ApproveTask(v) => pick(&mut v.task, with(&[InReview])),
        Request::CancelTask(v) if v.reason.is_some() => pick(&mut v.task, with(&[InReview])),
        Request::UnblockTask(v) => pick(&mut v.task, with(&[Blocked])),
        Request::DeleteTask(v) => pick(&mut v.task, waited_for()),
        Request::StartTask(v) => pick(&mut v.task, came_back()),
        Request::ReopenTask(v) => pick(&mut v.task, with(&[Completed, Cancelled])),
        Request::CompleteSubtask(v) | Request::DeleteSubtask(v) => pick(&mut v.task, stepped(false)),
        Request::ReopenSubtask(v) => pick(&mut v.task, stepped(true)),
        Request::UpdateSubtask(v) => pick(&mut v.task, stepped(false)),
        Request::MoveSubtask(v) => pick(&mut v.task, stepped(false)),
        Request::MessageDelivered(v) | Request::MessageSeen(v) => {
            v.message = state.inbox(actor).next().unwrap_or(v.message);
        }
        Request::ExpireSession(v) => {
            let index = v.session.number() as usize % state.deadlines().len().max(1);
            if let Some((_, session, deadline)) = state.deadlines().iter().nth(index) {
                (v.session, v.deadline) = (*session, *deadline);
                v.epoch = state.session(*session).map_or(1, |s| s.epoch);
            }
        }
        _ => {}
    }
}

pub fn user(name: &str) -> Actor {
    Actor::User(name.parse().unwrap())
}

/// A project, tasks and, mostly, sessions of each role at work: what a sequence starts from.
fn prelude(sessions: bool) -> Vec<Step> {
    let say = |actor: Actor, request| Step { actor, epoch: Epoch::Present, jump: 1_000, request, fitting: false };
    let ann = || user("ann");
    let s = |n| Actor::Session(SessionId::new(n));
    let spawn = |role, tasks, restart| Request::SpawnSession(SpawnSession { role, tasks, restart, ..blank_spawn() });
    let never = RestartPolicy::Never;
    let mut steps = vec![say(ann(), Request::CreateProject(project_verb()))];
    steps.extend((0..3).map(|_| say(ann(), Request::CreateTask(blank_task()))));
    let waits = CreateTask { depends_on: vec![TaskId::new(1)], ..blank_task() };
    steps.push(say(ann(), Request::CreateTask(waits)));
    if !sessions {
        return steps;
    }
    steps.push(say(ann(), spawn(Role::Orchestrator, vec![], never)));
    steps.push(say(s(1), spawn(Role::Worker, vec![TaskId::new(1)], RestartPolicy::OnFailure { max: 2 })));
    steps.push(say(s(1), spawn(Role::Worker, vec![], never)));
    steps.push(say(ann(), spawn(Role::Custom, vec![TaskId::new(2)], never)));
    for id in 1..=4 {
        let node = "host-a".parse().unwrap();
        steps.push(say(s(id), Request::SessionStarting(SessionStarting { node, workspace: None })));
        steps.push(say(s(id), Request::SessionActive(SessionActive {})));
    }
    steps
}

pub fn steps(count: usize) -> impl Strategy<Value = Vec<Step>> {
    (prop::bool::weighted(0.85), vec(step(), 0..=count))
        .prop_map(|(sessions, rest)| prelude(sessions).into_iter().chain(rest).collect())
}

fn step() -> impl Strategy<Value = Step> {
    let epoch = prop_oneof![
        30 => Just(Epoch::Present),
        1 => Just(Epoch::Before),
        1 => Just(Epoch::After),
        1 => Just(Epoch::Absent),
        1 => Just(Epoch::Last),
    ];
    let jump = prop_oneof![10 => 0..5_000_i64, 2 => 60_000..700_000_i64, 1 => -3_000..0_i64];
    (request(), actor(), epoch, jump, prop::bool::weighted(0.6)).prop_map(|(request, drawn, epoch, jump, fitting)| {
        let of_server =
            matches!(request, Request::ExpireSession(_) | Request::EffectFailed(_) | Request::RefuseQueued(_));
        let actor = if of_server && fitting { Actor::System } else { drawn };
        Step { actor, epoch, jump, request, fitting }
    })
}

fn actor() -> impl Strategy<Value = Actor> {
    prop_oneof![
        3 => select(vec![user("ann"), user("bob")]),
        9 => (1..=6_u32).prop_map(|n| Actor::Session(SessionId::new(n))),
        1 => (1..=14_u32).prop_map(|n| Actor::Session(SessionId::new(n))),
        1 => Just(Actor::System),
    ]
}

fn task() -> impl Strategy<Value = TaskId> {
    prop_oneof![6 => 1..=2_u32, 6 => 1..=5_u32, 2 => 1..=12_u32].prop_map(TaskId::new)
}
fn subtask() -> impl Strategy<Value = SubtaskId> {
    (1..=4_u32).prop_map(SubtaskId::new)
}
fn session() -> impl Strategy<Value = SessionId> {
    prop_oneof![8 => 1..=6_u32, 1 => 1..=14_u32].prop_map(SessionId::new)
}
fn line() -> impl Strategy<Value = Line> {
    select(vec!["why not", "ünïcode → ✓", "needs a key"]).prop_map(|t| Line::parse(t).unwrap())
}
fn title() -> impl Strategy<Value = Title> {
    select(vec!["Parse the header", "Write the docs", "x"]).prop_map(|t| Title::parse(t).unwrap())
}
fn report() -> impl Strategy<Value = Report> {
    select(vec!["done", "line\n\tline", ""]).prop_map(|t| Report::parse(t).unwrap())
}
fn markdown() -> impl Strategy<Value = Option<Markdown>> {
    option::of(Just(Markdown::parse("# long\ntext").unwrap()))
}
fn labels() -> impl Strategy<Value = Vec<Label>> {
    vec(select(vec!["ui", "core"]).prop_map(|t| t.parse().unwrap()), 0..3)
}
fn priority() -> impl Strategy<Value = Priority> {
    select(vec![Priority::Critical, Priority::High, Priority::Medium, Priority::Low])
}
fn force() -> impl Strategy<Value = bool> {
    prop::bool::weighted(0.3)
}

fn request() -> BoxedStrategy<Request> {
    prop_oneof![1 => project_request(), 24 => task_request(), 6 => subtask_request(), 24 => session_request(), 6 => other_request()]
        .boxed()
}

fn project_request() -> BoxedStrategy<Request> {
    let confirm = select(vec!["web".to_owned(), "wrong".to_owned()]);
    prop_oneof![
        1 => Just(Request::CreateProject(project_verb())),
        3 => (option::of(title()), markdown()).prop_map(|(title, overview)| Request::UpdateProject(UpdateProject {
            title, overview, goals: None, repository: None, base_branch: None, default_agent: None,
        })),
        1 => Just(Request::ArchiveProject(ArchiveProject { archived: true })),
        2 => Just(Request::ArchiveProject(ArchiveProject { archived: false })),
        4 => confirm.prop_map(|confirm| Request::PurgeProject(PurgeProject { confirm })),
    ]
    .boxed()
}

fn planned() -> impl Strategy<Value = ImportTask> {
    let key = || select(vec!["a", "b", "c", "d", "t1"]).prop_map(|key| key.parse::<PlanKey>().unwrap());
    let step =
        (title(), any::<bool>()).prop_map(|(title, completed)| ImportSubtask { title, description: None, completed });
    (key(), title(), vec(key(), 0..2), vec(step, 0..2), labels(), prop::bool::weighted(0.2)).prop_map(
        |(key, title, depends_on, subtasks, labels, completed)| ImportTask {
            key,
            title,
            description: None,
            acceptance: Vec::new(),
            technical_notes: None,
            labels,
            depends_on,
            subtasks,
            priority: Priority::High,
            completed,
            summary: None,
        },
    )
}

fn task_request() -> BoxedStrategy<Request> {
    let new = (title(), option::of(report())).prop_map(|(title, description)| NewSubtask { title, description });
    let summary = || option::of(report());
    let reason = || option::of(line());
    prop_oneof![
        4 => (title(), markdown(), priority(), labels(), vec(task(), 0..3), vec(new, 0..3)).prop_map(
            |(title, description, priority, labels, depends_on, subtasks)| Request::CreateTask(CreateTask {
                title, description, priority, labels, depends_on, subtasks, ..blank_task()
            })
        ),
        2 => vec(planned(), 1..4).prop_map(|tasks| Request::ImportTasks(ImportTasks {
            source: "plan".parse().unwrap(), tasks,
        })),
        2 => (task(), option::of(title()), option::of(priority()), option::of(labels()), markdown()).prop_map(
            |(task, title, priority, labels, description)| Request::UpdateTask(UpdateTask {
                task, title, priority, labels, description, acceptance: None, technical_notes: None,
            })
        ),
        8 => (task(), force()).prop_map(|(task, force)| Request::StartTask(StartTask { task, force })),
        3 => (any::<bool>(), labels()).prop_map(|(claim, labels)| Request::NextTask(NextTask { claim, labels })),
        1 => (task(), report()).prop_map(|(task, message)| Request::LogTask(LogTask { task, message })),
        1 => (task(), report()).prop_map(|(task, message)| Request::CommentTask(CommentTask { task, message })),
        6 => (task(), summary(), force())
            .prop_map(|(task, summary, force)| Request::CompleteTask(CompleteTask { task, summary, force })),
        2 => (task(), summary(), force())
            .prop_map(|(task, summary, force)| Request::ApproveTask(CompleteTask { task, summary, force })),
        3 => (task(), summary()).prop_map(|(task, summary)| Request::SubmitTask(SubmitTask { task, summary })),
        3 => (task(), line()).prop_map(|(task, reason)| Request::BlockTask(BlockTask { task, reason })),
        2 => (task(), summary()).prop_map(|(task, message)| Request::UnblockTask(UnblockTask { task, message })),
        4 => (task(), reason()).prop_map(|(task, reason)| Request::ReleaseTask(ReleaseTask { task, reason })),
        2 => (task(), reason()).prop_map(|(task, reason)| Request::ReopenTask(ReopenTask { task, reason })),
        2 => (task(), reason()).prop_map(|(task, reason)| Request::CancelTask(CancelTask { task, reason })),
        2 => (task(), any::<bool>()).prop_map(|(task, force)| Request::DeleteTask(DeleteTask { task, force })),
        4 => (task(), vec(task(), 0..3), vec(task(), 0..2))
            .prop_map(|(task, add, remove)| Request::DependTask(DependTask { task, add, remove })),
    ]
    .boxed()
}

fn subtask_request() -> BoxedStrategy<Request> {
    let one = || (task(), subtask()).prop_map(|(task, subtask)| OneSubtask { task, subtask });
    let position = prop_oneof![0..6_u32, Just(u32::MAX)];
    prop_oneof![
        3 => (task(), title(), option::of(report())).prop_map(|(task, title, description)| {
            Request::CreateSubtask(CreateSubtask { task, title, description })
        }),
        1 => (task(), subtask(), option::of(title()), option::of(report())).prop_map(
            |(task, subtask, title, description)| Request::UpdateSubtask(UpdateSubtask {
                task, subtask, title, description,
            })
        ),
        2 => one().prop_map(Request::CompleteSubtask),
        1 => one().prop_map(Request::ReopenSubtask),
        2 => one().prop_map(Request::DeleteSubtask),
        1 => (task(), subtask(), position).prop_map(|(task, subtask, position)| {
            Request::MoveSubtask(MoveSubtask { task, subtask, position })
        }),
    ]
    .boxed()
}

fn session_request() -> BoxedStrategy<Request> {
    let role = select(vec![Role::Worker, Role::Orchestrator, Role::Custom]);
    let restart = prop_oneof![Just(RestartPolicy::Never), (0..3_u32).prop_map(|max| RestartPolicy::OnFailure { max })];
    let node = select(vec!["host-a", "host-b"]).prop_map(|n| n.parse::<NodeName>().unwrap());
    let input = select(vec![InputKind::Permission, InputKind::Question, InputKind::RateLimited]);
    let deadline =
        select(vec![DeadlineKind::Request, DeadlineKind::Starting, DeadlineKind::Restart, DeadlineKind::Done]);
    let until = option::of(Just(Timestamp::from_millis(i64::MAX)));
    prop_oneof![
        3 => (role, vec(task(), 0..3), restart, force()).prop_map(|(role, tasks, restart, force)| {
            Request::SpawnSession(SpawnSession { role, tasks, restart, force, ..blank_spawn() })
        }),
        5 => node.prop_map(|node| Request::SessionStarting(SessionStarting { node, workspace: None })),
        6 => Just(Request::SessionActive(SessionActive {})),
        2 => (input, line(), until).prop_map(|(input, question, until)| {
            Request::SessionNeedsInput(SessionNeedsInput { input, question, until })
        }),
        1 => report().prop_map(|message| Request::SessionUpdate(SessionUpdate { message })),
        2 => select(vec![0, 1, -9]).prop_map(|code| Request::SessionExited(SessionExited { code })),
        1 => line().prop_map(|failure| Request::SessionFailed(SessionFailed { failure })),
        2 => (option::of(session()), option::of(0..3_u32), line(), any::<bool>()).prop_map(
            |(session, epoch, reason, restored)| {
                Request::SessionLost(SessionLost { session, epoch, reason, restored })
            }
        ),
        1 => session().prop_map(|session| Request::StopSession(StopSession { session })),
        1 => any::<bool>().prop_map(|shutdown| Request::SessionStopped(SessionStopped { shutdown })),
        1 => session().prop_map(|session| Request::ResumeSession(AgainSession { session })),
        1 => session().prop_map(|session| Request::RestartSession(AgainSession { session })),
        6 => (session(), 0..3_u32, deadline).prop_map(|(session, epoch, deadline)| {
            Request::ExpireSession(ExpireSession { session, epoch, deadline, why: None })
        }),
    ]
    .boxed()
}

fn other_request() -> BoxedStrategy<Request> {
    let message = || (1..=30_u32).prop_map(|n| AcknowledgeMessage { message: MessageId::new(n) });
    let kind = select(vec![MessageKind::Mail, MessageKind::Answer]);
    prop_oneof![
        3 => (actor(), report(), kind, option::of(1..3_u32), option::of(task())).prop_map(
            |(to, body, kind, epoch, task)| Request::SendMessage(SendMessage { to, body, kind, epoch, task })
        ),
        3 => message().prop_map(Request::MessageDelivered),
        3 => message().prop_map(Request::MessageSeen),
        1 => line().prop_map(|error| Request::EffectFailed(EffectFailed {
            effect: "e1".into(), entity: EntityRef::Session(SessionId::new(1)), error,
        })),
        1 => (option::of(task()), actor(), line(), option::of(report())).prop_map(|(task, to, text, report)| {
            Request::RefuseQueued(RefuseQueued {
                task, to, verb: text.clone(), code: text.clone(), message: text, report,
            })
        }),
    ]
    .boxed()
}

fn project_verb() -> CreateProject {
    let title = Title::parse("Web").unwrap();
    CreateProject { title, overview: None, goals: None, repository: None, base_branch: None, default_agent: None }
}

fn blank_task() -> CreateTask {
    let json = r#"{"title":"Parse the header"}"#;
    serde_json::from_str(json).unwrap()
}

fn blank_spawn() -> SpawnSession {
    serde_json::from_str("{}").unwrap()
}
