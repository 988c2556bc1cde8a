//! The spawner as a process, with a real nats-server and a real maestro-server.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "spawner/again.rs"]
mod again;
#[path = "spawner/agent.rs"]
mod agent;
#[path = "spawner/broker.rs"]
mod broker;
#[path = "spawner/done.rs"]
mod done;
#[path = "spawner/lifecycle.rs"]
mod lifecycle;
#[path = "spawner/node.rs"]
mod node;
#[path = "spawner/place.rs"]
mod place;
#[path = "spawner/recording.rs"]
mod recording;
#[path = "spawner/stack.rs"]
mod stack;
#[path = "spawner/violence.rs"]
mod violence;
