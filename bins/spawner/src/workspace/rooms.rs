//! Making workspaces, finding them again, taking them away.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use maestro_domain::{ProjectId, Timestamp};
use maestro_runtime::{ConfigFile, ProjectSection};
use maestro_wire::{Manifest, branch_of};
use tokio_util::sync::CancellationToken;

use super::combine::{self, Tip};
use super::git::{Git, LOCAL};
use super::ignored::ignored;
use super::record::{Record, Records, Source, Stage};
use super::repository::{self, Found, Repository, remove_tree};
use super::run::Runner;
use super::trouble::Trouble;
use super::{Kind, Workspace, copy, files, setup};
use crate::agent;
use crate::config::Config;
use crate::context::now;
use crate::holder::{Holders, end};
use crate::incarnation::Incarnation;
use crate::os;

/// Hooks of the repository are for people's own commits and checkouts.
const NO_HOOKS: [&str; 2] = ["-c", "core.hooksPath=/dev/null"];

/// Before the names of branches of purged projects.
const PURGED: &str = "maestro/purged/";

/// Marks a set-up script and all it starts: how what outlived its spawner is found again.
const MARK: &str = "MAESTRO_WORKSPACE";

/// How many directories of one number are looked at.
const ROOMS: u32 = 1000;

/// What a workspace is wanted for.
pub(crate) struct Wanted<'a> {
    pub incarnation: &'a Incarnation,
    pub manifest: &'a Manifest,
    /// Whose numbers these are: another ledger's `s1` is another session.
    pub ledger: Option<&'a str>,
    /// Whether the agent of that incarnation, or something that it started, may still run here.
    pub runs: &'a (dyn Fn(&Incarnation) -> bool + Sync),
}

impl Wanted<'_> {
    /// When its project was created: what was before that is another project's.
    fn created(&self) -> Timestamp {
        self.manifest.project.project.created_at
    }
}

/// The workspaces of this host.
#[derive(Clone)]
pub(crate) struct Rooms {
    data: PathBuf,
    config_file: PathBuf,
    /// What the command line says goes before the file.
    paths: BTreeMap<ProjectId, PathBuf>,
    records: Records,
    runner: Runner,
    /// One at a time changes a repository.
    locks: Arc<Mutex<HashMap<PathBuf, Arc<tokio::sync::Mutex<()>>>>>,
}

impl Rooms {
    pub(crate) fn new(config: &Config, holders: &Holders, shutdown: &CancellationToken) -> Self {
        Self {
            data: config.data.clone(),
            config_file: config.config_file.clone(),
            paths: config.project_paths.clone(),
            records: Records::of(&config.data),
            runner: Runner::new(holders.clone(), agent::public(&config.inherited), shutdown.clone()),
            locks: Arc::default(),
        }
    }

    /// Git, until `cancel`.
    pub(crate) fn git(&self, cancel: &CancellationToken) -> Git {
        Git::new(&self.runner.until(cancel.clone()))
    }

    /// Those that a session has or had.
    pub(crate) fn worktrees(&self) -> Vec<Record> {
        self.records.all().into_iter().filter(|record| record.stage == Stage::Ready).collect()
    }

    /// Nobody else of this process changes the repository meanwhile.
    pub(crate) async fn lock(&self, repository: &Path) -> tokio::sync::OwnedMutexGuard<()> {
        let lock = {
            let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
            locks.entry(repository.to_path_buf()).or_default().clone()
        };
        lock.lock_owned().await
    }

    /// What this host says about a project, read anew: a change holds from the next session on.
    fn section(&self, project: &ProjectId) -> Result<ProjectSection, Trouble> {
        let file = ConfigFile::read(&self.config_file)
            .map_err(|error| Trouble::Settings(format!("{error}; {}", error.hint())))?;
        let mut section = file.projects.get(project.as_str()).cloned().unwrap_or_default();
        if let Some(path) = self.paths.get(project) {
            section.path = Some(path.clone());
        }
        Ok(section)
    }

    /// Makes the workspace, or finds the one of an earlier start. What fails leaves nothing.
    pub(crate) async fn prepare(&self, wanted: &Wanted<'_>, cancel: &CancellationToken) -> Result<Workspace, Trouble> {
        let Wanted { incarnation, manifest, .. } = wanted;
        let section = self.section(&incarnation.project)?;
        let files = files::prepare(&self.data, incarnation, wanted.created())
            .map_err(|error| Trouble::io(&files::of(&self.data, incarnation), &error))?;
        let git = self.git(cancel);
        let clones = self.data.join("clones");
        let found = {
            let _one = self.lock(&clones.join(incarnation.project.as_str())).await;
            repository::find(&git, &clones, manifest, &section).await?
        };
        let repository = match found {
            Found::Repository(repository) => repository,
            Found::Directory(work) => return Ok(Workspace { work, files, kind: Kind::Projects }),
            Found::Nothing => {
                let work = self.free_room(incarnation);
                files::private(&work).map_err(|error| Trouble::io(&work, &error))?;
                return Ok(Workspace { work, files, kind: Kind::Own });
            }
        };
        if let Some(record) = self.again(wanted, &repository).await? {
            let work = repository.place_in(&record.path);
            return Ok(Workspace { work, files, kind: Kind::Worktree { record: Box::new(record), fresh: false } });
        }
        let record = self.make(wanted, &repository, &git).await?;
        let filled = self.fill(&record, &repository, &section, &files, manifest, cancel).await;
        if let Err(trouble) = filled {
            self.take_away(&record).await;
            return Err(trouble);
        }
        let work = repository.place_in(&record.path);
        Ok(Workspace { work, files, kind: Kind::Worktree { record: Box::new(record), fresh: true } })
    }

    fn room(&self, incarnation: &Incarnation) -> PathBuf {
        self.data.join("work").join(incarnation.project.as_str())
    }

    /// A directory that is empty or not there. One that has something in it is another's of the same number: of a purged
    /// project, or of another ledger.
    fn free_room(&self, incarnation: &Incarnation) -> PathBuf {
        let room = self.room(incarnation);
        let name = files::name(incarnation);
        let plain = room.join(&name);
        let is_free = |path: &PathBuf| match fs::read_dir(path) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        let numbered = (1_u32..=ROOMS).map(|n| room.join(format!("{name}-{n}")));
        std::iter::once(plain.clone()).chain(numbered).find(is_free).unwrap_or(plain)
    }

    /// The worktree of this session's earlier start, with all that lies in it, unless somebody is still there.
    async fn again(&self, wanted: &Wanted<'_>, repository: &Repository) -> Result<Option<Record>, Trouble> {
        let _one = self.lock(&repository.directory).await;
        let latest = self.records.latest(wanted.incarnation, wanted.ledger, wanted.created());
        let Some(mut record) = latest else { return Ok(None) };
        if record.stage == Stage::Preparing {
            self.remove(&record).await;
            return Ok(None);
        }
        let earlier = record.incarnation.clone();
        let taken = earlier != *wanted.incarnation && (wanted.runs)(&earlier);
        if record.repository != repository.directory || taken || !record.path.is_dir() {
            return Ok(None);
        }
        record.incarnation = wanted.incarnation.clone();
        self.records.write(&record).map_err(|error| Trouble::io(&self.data, &error))?;
        Ok(Some(record))
    }

    /// A new worktree, detached.
    async fn make(&self, wanted: &Wanted<'_>, repository: &Repository, git: &Git) -> Result<Record, Trouble> {
        let Wanted { incarnation, manifest, ledger, .. } = wanted;
        let directory = &repository.directory;
        let refused = Trouble::git(directory);
        let _one = self.lock(directory).await;
        self.set_aside(wanted, directory, git).await;
        let named = manifest.project.project.base_branch.as_deref();
        let (base, commit) = repository::base(git, repository, named).await?;
        let own = combine::of_session(git, directory, manifest).await.map_err(&refused)?;
        let (start, includes) = match own.filter(|_| incarnation.epoch > 1) {
            // It goes on where its earlier start left off.
            Some(tip) => (tip.commit, Vec::new()),
            None => {
                let tips = combine::dependencies(git, directory, manifest).await.map_err(&refused)?;
                let base = Tip { name: base.clone(), commit };
                combine::combine(git, directory, &base, &tips).await?
            }
        };
        let branch = self.free_branch(wanted, directory, git).await?;
        let record = Record {
            incarnation: (*incarnation).clone(),
            ledger: ledger.map(ToOwned::to_owned),
            project_created: Some(wanted.created()),
            path: self.free_path(incarnation),
            repository: directory.clone(),
            source: repository.source,
            base,
            start,
            branch,
            includes,
            stage: Stage::Preparing,
            made: now().as_millis(),
            ready: None,
        };
        let room = self.room(incarnation);
        files::private(&room).map_err(|error| Trouble::io(&room, &error))?;
        self.records.write(&record).map_err(|error| Trouble::io(&self.data, &error))?;
        let path = record.path.to_string_lossy().into_owned();
        let mut arguments = NO_HOOKS.to_vec();
        arguments.extend(["worktree", "add", "--quiet", "--detach", &path, &record.start]);
        if let Err(error) = git.run_for(directory, &arguments, LOCAL * 4).await {
            self.remove(&record).await;
            if let Some(said) = lacks_room(git, directory, &record.start, &room).await {
                return Err(Trouble::DiskFull { path: room, said });
            }
            return Err(Trouble::git(&record.path)(error));
        }
        Ok(record)
    }

    /// Branches of a purged project of this name get other names, with all that is in them: they are no inputs of the tasks that
    /// have their numbers now, and what works under these numbers has branches of its own. Their worktrees stay.
    async fn set_aside(&self, wanted: &Wanted<'_>, directory: &Path, git: &Git) {
        let project = &wanted.incarnation.project;
        for mut record in self.records.purged(project, wanted.created()) {
            let of = &record.incarnation;
            let runs = of != wanted.incarnation && (wanted.runs)(of);
            if record.repository != *directory || record.branch.starts_with(PURGED) || runs {
                continue;
            }
            let name = format!("{PURGED}{}-{}", record.branch.trim_start_matches("maestro/"), record.made);
            let mut arguments = NO_HOOKS.to_vec();
            arguments.extend(["branch", "--move", &record.branch, &name]);
            match git.run_for(directory, &arguments, LOCAL).await {
                Ok(_) => {
                    tracing::info!(branch = record.branch, name, "branch of a purged project renamed");
                    record.branch = name;
                    if let Err(error) = self.records.write(&record) {
                        tracing::warn!(branch = record.branch, cause = %error, "record of a renamed branch not written");
                    }
                }
                // Removed by somebody, or in the middle of something; then a branch of the same name is refused.
                Err(error) => tracing::debug!(branch = record.branch, cause = %error, "not renamed"),
            }
        }
    }

    /// The session's branch. One of that name may only be its own, of an earlier start.
    async fn free_branch(&self, wanted: &Wanted<'_>, directory: &Path, git: &Git) -> Result<String, Trouble> {
        let Wanted { incarnation, manifest, .. } = wanted;
        let first = branch_of(manifest.tasks.first().map(|task| task.task.id), incarnation.session);
        let exists = async |name: &str| {
            let found = git.commit_of(directory, &format!("refs/heads/{name}")).await;
            found.map(|commit| commit.is_some()).map_err(Trouble::git(directory))
        };
        if !exists(&first).await? {
            return Ok(first);
        }
        let later = format!("{first}.{}", incarnation.epoch);
        if incarnation.epoch > 1 && !exists(&later).await? {
            return Ok(later);
        }
        Err(Trouble::BranchExists { branch: first, repository: directory.to_path_buf() })
    }

    /// The same place for every start of a session, as long as nobody is there: agents know their conversations by it.
    fn free_path(&self, incarnation: &Incarnation) -> PathBuf {
        let room = self.room(incarnation);
        let plain = room.join(incarnation.session.to_string());
        if fs::symlink_metadata(&plain).is_err() {
            return plain;
        }
        let numbered = (0_u32..).map(|n| match n {
            0 => room.join(format!("{}-{}", incarnation.session, incarnation.epoch)),
            n => room.join(format!("{}-{}-{n}", incarnation.session, incarnation.epoch)),
        });
        numbered.into_iter().find(|path| fs::symlink_metadata(path).is_err()).unwrap_or(plain)
    }

    /// Ignored files and the set-up script.
    async fn fill(
        &self,
        record: &Record,
        repository: &Repository,
        section: &ProjectSection,
        files: &Path,
        manifest: &Manifest,
        cancel: &CancellationToken,
    ) -> Result<(), Trouble> {
        if record.source == Source::Checkout {
            copy::copy(&self.git(cancel), &repository.directory, &record.path, &section.copy, cancel).await?;
        }
        let Some(script) = &section.setup else { return Ok(()) };
        let told = |name: &str, value: String| (name.to_owned(), value);
        let runner = self.runner.until(cancel.clone()).with([
            told("MAESTRO_PROJECT_ID", record.incarnation.project.to_string()),
            told("MAESTRO_SESSION_ID", record.incarnation.session.to_string()),
            told(MARK, record.path.to_string_lossy().into_owned()),
            told("MAESTRO_BRANCH", record.branch.clone()),
            told("MAESTRO_CHECKOUT", repository.place_in(&repository.directory).to_string_lossy().into_owned()),
            told(
                "MAESTRO_TASK_IDS",
                manifest.tasks.iter().map(|t| t.task.id.to_string()).collect::<Vec<_>>().join(","),
            ),
        ]);
        let bound = section.setup_timeout.map_or(setup::BOUND, Duration::from_secs);
        setup::run(&runner, script, &repository.place_in(&record.path), &files.join("setup.log"), bound).await
    }

    /// The session is ours: its worktree gets its branch.
    pub(crate) async fn settle(&self, workspace: &mut Workspace) -> Result<(), Trouble> {
        let Kind::Worktree { record, .. } = &mut workspace.kind else { return Ok(()) };
        if record.stage == Stage::Ready {
            return Ok(());
        }
        let git = self.git(&CancellationToken::new());
        let mut arguments = NO_HOOKS.to_vec();
        arguments.extend(["switch", "--quiet", "--no-track", "-c", &record.branch]);
        let switched = {
            let _one = self.lock(&record.repository).await;
            git.run_for(&record.path, &arguments, LOCAL).await
        };
        if let Err(error) = switched {
            let exists =
                git.commit_of(&record.repository, &record.branch_ref()).await.is_ok_and(|found| found.is_some());
            return Err(if exists {
                Trouble::BranchExists { branch: record.branch.clone(), repository: record.repository.clone() }
            } else {
                Trouble::git(&record.path)(error)
            });
        }
        (record.stage, record.ready) = (Stage::Ready, Some(now().as_millis()));
        self.records.write(record).map_err(|error| Trouble::io(&self.data, &error))
    }

    /// Of a session that did not start: what was made for it goes.
    pub(crate) async fn undo(&self, workspace: &Workspace) {
        match &workspace.kind {
            Kind::Worktree { record, fresh: true } => self.take_away(record).await,
            // Not empty: somebody's work, which stays.
            Kind::Own => drop(fs::remove_dir(&workspace.work)),
            Kind::Worktree { fresh: false, .. } | Kind::Projects => {}
        }
        workspace.mark_ended();
    }

    /// Of a session that has ended and is not back already: a directory of its own goes when it is empty.
    pub(crate) fn leave(&self, incarnation: &Incarnation) {
        let name = files::name(incarnation);
        let numbered = format!("{name}-");
        for entry in fs::read_dir(self.room(incarnation)).into_iter().flatten().flatten() {
            let found = entry.file_name();
            let found = found.to_string_lossy();
            if *found == *name || found.starts_with(&numbered) {
                // Unless there is something in it.
                let _ = fs::remove_dir(entry.path());
            }
        }
    }

    /// Of a session that has ended: a worktree in which nothing was done goes.
    pub(crate) async fn tidy(&self, incarnation: &Incarnation, cancel: &CancellationToken) {
        let Some(record) = self.records.get(incarnation) else { return };
        let _one = self.lock(&record.repository).await;
        // A later start may have taken it over.
        if self.records.get(incarnation).is_none() {
            return;
        }
        let git = self.git(cancel);
        let untouched = async {
            let head = git.commit_of(&record.path, "HEAD").await.ok()??;
            let dirty = git.ask(&record.path, &["status", "--porcelain", "--untracked-files=normal"]).await.ok()?;
            let ignored = ignored(&git, &record).await.ok()?;
            Some(head == record.start && dirty.is_empty() && ignored.is_empty())
        };
        if untouched.await == Some(true) {
            self.remove(&record).await;
        }
    }

    /// At the start: worktrees that an earlier process did not finish.
    pub(crate) async fn recover(&self) {
        for record in self.records.all().into_iter().filter(|record| record.stage == Stage::Preparing) {
            tracing::info!(incarnation = %record.incarnation, path = %record.path.display(), "unfinished worktree removed");
            let path = record.path.to_string_lossy().into_owned();
            let running = || os::carrying(MARK, &path);
            end(running, &[], Duration::ZERO).await;
            self.remove(&record).await;
        }
        // Half a clone.
        for entry in fs::read_dir(self.data.join("clones")).into_iter().flatten().flatten() {
            if entry.path().extension().is_some_and(|extension| extension == "part") {
                remove_tree(&entry.path());
            }
        }
    }

    async fn take_away(&self, record: &Record) {
        let _one = self.lock(&record.repository).await;
        self.remove(record).await;
    }

    /// Removes worktree, record, and a branch that has nothing of its own. The repository is locked by the caller.
    async fn remove(&self, record: &Record) {
        let git = self.git(&CancellationToken::new());
        let path = record.path.to_string_lossy().into_owned();
        if fs::symlink_metadata(&record.path).is_ok() {
            let removed = git.ask(&record.repository, &["worktree", "remove", "--force", "--force", &path]).await;
            if removed.is_err() {
                remove_tree(&record.path);
            }
        }
        // Also of one that is not there any more.
        let pruned = git.ask(&record.repository, &["worktree", "prune"]).await;
        let branch = record.branch_ref();
        if record.stage == Stage::Ready {
            // Only as long as it is where it began.
            let _ = git.ask(&record.repository, &["update-ref", "-d", &branch, &record.start]).await;
        }
        if let Err(error) = pruned {
            tracing::warn!(repository = %record.repository.display(), cause = %error, "list of worktrees not cleaned");
        }
        if fs::symlink_metadata(&record.path).is_err() {
            self.records.remove(record);
        }
    }

    /// Removes a worktree and its branch, whatever is in them. The repository is locked by the caller.
    pub(crate) async fn discard(&self, record: &Record) -> Result<(), Trouble> {
        let git = self.git(&CancellationToken::new());
        self.remove(record).await;
        if fs::symlink_metadata(&record.path).is_ok() {
            let said = "the directory cannot be removed".to_owned();
            return Err(Trouble::Unwritable { path: record.path.clone(), said });
        }
        let refused = Trouble::git(&record.repository);
        if git.commit_of(&record.repository, &record.branch_ref()).await.map_err(&refused)?.is_some() {
            git.ask(&record.repository, &["update-ref", "-d", &record.branch_ref()]).await.map_err(&refused)?;
        }
        Ok(())
    }
}

/// Whether the commit's files are more than the disk has room for: git only says that it could not write one.
async fn lacks_room(git: &Git, repository: &Path, commit: &str, room: &Path) -> Option<String> {
    let listed = git.ask(repository, &["ls-tree", "-r", "-l", "--full-tree", commit]).await.ok()?;
    // mode, kind, id, size, tab, name
    let sizes = listed.lines().filter_map(|line| line.split_whitespace().nth(3)?.parse::<u64>().ok());
    let (wanted, free) = (sizes.sum::<u64>(), os::free_bytes(room)?);
    (wanted > free).then(|| format!("{} KiB are needed, {} KiB are free", wanted >> 10, free >> 10))
}
