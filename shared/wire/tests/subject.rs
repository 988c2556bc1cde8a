//! Every subject reads what it writes, whatever the ids; what cannot be an id never becomes a token.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as its own lines do")]

use maestro_domain::{Actor, SessionId};
use maestro_wire::{Place, Subject};
use proptest::prelude::*;

const SLUG: &str = "[a-z0-9][a-z0-9-]{0,31}";
const NAME: &str = "[a-z0-9][a-z0-9_-]{0,31}";
const WORD: &str = "[a-z0-9_-]{1,32}";

fn place() -> impl Strategy<Value = Place> {
    prop_oneof![4 => SLUG.prop_map(|id| Place::Project(id.parse().unwrap())), 1 => Just(Place::None)]
}

fn session() -> impl Strategy<Value = SessionId> {
    (1..=999_999_999_u32).prop_map(SessionId::new)
}

fn actor() -> impl Strategy<Value = Actor> {
    prop_oneof![
        SLUG.prop_filter_map("no user's name", |name| name.parse().ok().map(Actor::User)),
        session().prop_map(Actor::Session),
        Just(Actor::System),
    ]
}

fn subject() -> impl Strategy<Value = Subject> {
    prop_oneof![
        (place(), actor(), WORD, WORD).prop_map(|(place, actor, entity, verb)| Subject::Command {
            place,
            actor,
            entity,
            verb
        }),
        (place(), actor(), WORD, WORD).prop_map(|(place, actor, entity, verb)| Subject::Query {
            place,
            actor,
            entity,
            verb
        }),
        (place(), actor(), WORD).prop_map(|(place, actor, what)| Subject::Wait { place, actor, what }),
        (place(), actor(), WORD, WORD).prop_map(|(place, actor, entity, verb)| Subject::Inbox {
            place,
            actor,
            entity,
            verb
        }),
        place().prop_map(|place| Subject::Events { place }),
        (NAME, NAME)
            .prop_map(|(pool, agent)| Subject::Spawn { pool: pool.parse().unwrap(), agent: agent.parse().unwrap() }),
        ("[a-z0-9][a-z0-9_-]{0,62}", NAME)
            .prop_map(|(node, agent)| Subject::SpawnOn { node: node.parse().unwrap(), agent: agent.parse().unwrap() }),
        (SLUG, session(), 1..=u32::MAX, WORD).prop_map(|(project, session, epoch, verb)| Subject::Terminal {
            project: project.parse().unwrap(),
            session,
            epoch,
            verb
        }),
        ("[a-z0-9][a-z0-9_-]{0,62}", WORD).prop_map(|(node, verb)| Subject::Node { node: node.parse().unwrap(), verb }),
    ]
}

/// A new variant must come here, and then into `subject` above.
const fn is_generated(subject: &Subject) -> bool {
    match subject {
        Subject::Command { .. }
        | Subject::Query { .. }
        | Subject::Wait { .. }
        | Subject::Inbox { .. }
        | Subject::Events { .. }
        | Subject::Spawn { .. }
        | Subject::SpawnOn { .. }
        | Subject::Terminal { .. }
        | Subject::Node { .. } => true,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_subject_reads_what_it_writes(subject in subject()) {
        prop_assert!(is_generated(&subject));
        let text = subject.to_string();
        prop_assert!(text.bytes().all(|b| b.is_ascii_graphic() && b != b'*' && b != b'>'), "{}", text);
        prop_assert_eq!(text.parse::<Subject>().unwrap(), subject);
    }

    #[test]
    fn a_subject_that_is_read_is_written_the_same(text in "maestro\\.v1\\.[a-z]{3,5}(\\.[a-zA-Z0-9_*> -]{0,6}){1,5}") {
        if let Ok(subject) = text.parse::<Subject>() {
            prop_assert_eq!(subject.to_string(), text);
        }
    }

    #[test]
    fn foreign_characters_are_in_no_subject(subject in subject(), at in any::<prop::sample::Index>(), c in "[.*> \\x00-\\x1f]") {
        // Put anywhere into the last token it must not be read as that token.
        let text = subject.to_string();
        let start = text.rfind('.').unwrap() + 1;
        let mut broken = text.clone();
        broken.insert_str(start + at.index(text.len() - start + 1), &c);
        prop_assert_ne!(broken.parse::<Subject>().ok(), Some(subject));
    }
}
