//! The decider: project actors, projection, performer.
