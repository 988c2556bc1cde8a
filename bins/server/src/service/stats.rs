//! Figures by verb, shown in the service's STATS data.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use maestro_wire::ErrorBody;
use serde::Serialize;

use super::verb::Verb;

/// Counts of one verb since the start.
#[derive(Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Figures {
    requests: u64,
    errors: u64,
    total_micros: u64,
    max_micros: u64,
    /// Refusals by code.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    codes: BTreeMap<&'static str, u64>,
}

/// All verbs. The verbs are those of the model, so their number is bounded.
#[derive(Default)]
pub struct Stats {
    verbs: Mutex<BTreeMap<(&'static str, Verb), Figures>>,
}

impl Stats {
    pub fn count(&self, kind: &'static str, verb: Verb, took: Duration, error: Option<&ErrorBody>) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let mut verbs = self.verbs.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = verbs.entry((kind, verb)).or_default();
        entry.requests += 1;
        entry.total_micros += micros;
        entry.max_micros = entry.max_micros.max(micros);
        if let Some(error) = error {
            entry.errors += 1;
            *entry.codes.entry(error.code.as_str()).or_default() += 1;
        }
    }

    /// The figures of one endpoint as JSON: microseconds and counts by verb.
    pub fn figures(&self, kind: &str) -> serde_json::Value {
        let verbs = self.verbs.lock().unwrap_or_else(PoisonError::into_inner);
        let ours: BTreeMap<String, &Figures> = verbs
            .iter()
            .filter(|((k, _), _)| *k == kind)
            .map(|((_, verb), figures)| (verb.to_string(), figures))
            .collect();
        serde_json::to_value(serde_json::json!({ "verbs": ours })).unwrap_or_default()
    }
}
