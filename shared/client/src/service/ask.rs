//! Asking every instance of a service how it is.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use crate::client::{Client, PublishError, SubscribeError};
use crate::header::Headers;

/// More instances than this are not listened to.
const MOST: usize = 1024;

/// Why nobody could be asked.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The answers could not be listened to.
    #[error(transparent)]
    Subscribe(#[from] SubscribeError),
    /// The question could not be sent.
    #[error(transparent)]
    Publish(#[from] PublishError),
}

impl Client {
    /// What the instances of the service `name` answer to `STATS` (ADR-32) `within` this time, in the order of their
    /// answers; ends earlier once `enough` of an answer. Our own services add `joined` to the data of each endpoint:
    /// whether it takes requests now.
    ///
    /// # Errors
    /// When the question cannot be asked. Nobody there is an empty list.
    pub async fn service_stats(
        &self,
        name: &str,
        within: Duration,
        enough: impl Fn(&Value) -> bool,
    ) -> Result<Vec<Value>, AskError> {
        let inbox = self.new_inbox();
        let mut answers = self.subscribe(&inbox, None).await?;
        self.publish_with_reply(&format!("$SRV.STATS.{name}"), Some(&inbox), &Headers::new(), Bytes::new()).await?;
        let mut heard = Vec::new();
        let deadline = tokio::time::Instant::now() + within;
        while heard.len() < MOST {
            let Ok(Some(message)) = tokio::time::timeout_at(deadline, answers.next()).await else { break };
            // Without a body: the broker says that nobody listens.
            let Ok(answer) = serde_json::from_slice::<Value>(message.payload()) else {
                if message.payload().is_empty() { break } else { continue }
            };
            let last = enough(&answer);
            heard.push(answer);
            if last {
                break;
            }
        }
        Ok(heard)
    }
}
