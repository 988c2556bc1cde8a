//! One command of one client: when it was sent, when it was answered, and how.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value;

/// How a command ended for whoever sent it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Outcome {
    /// Acknowledged: it stands in the ledger, or (`unchanged`) there was nothing to write.
    Acknowledged { seq: u64, unchanged: bool, answer: Value },
    /// Refused for good: it never stands in the ledger.
    Refused { code: String },
    /// No answer, or one that promises nothing: it stands there once or not at all.
    Unknown { code: String },
}

/// A command. Times count from the beginning of the run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Operation {
    pub project: String,
    pub actor: String,
    pub command: String,
    /// `task.create`
    pub verb: String,
    pub payload: Value,
    pub began: Duration,
    pub ended: Duration,
    pub outcome: Outcome,
}

/// Where clients write down what they do. Clones write into the same history.
#[derive(Clone, Debug)]
pub struct Recorder {
    start: Instant,
    operations: Arc<Mutex<Vec<Operation>>>,
}

impl Default for Recorder {
    fn default() -> Self {
        Self { start: Instant::now(), operations: Arc::default() }
    }
}

impl Recorder {
    /// Since the beginning of the run.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.start.elapsed()
    }

    pub fn record(&self, operation: Operation) {
        self.operations.lock().unwrap_or_else(PoisonError::into_inner).push(operation);
    }

    /// Everything so far, in the order of the answers.
    #[must_use]
    pub fn operations(&self) -> Vec<Operation> {
        self.operations.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many were acknowledged so far.
    #[must_use]
    pub fn acknowledged(&self) -> usize {
        let operations = self.operations.lock().unwrap_or_else(PoisonError::into_inner);
        operations.iter().filter(|operation| matches!(operation.outcome, Outcome::Acknowledged { .. })).count()
    }
}
