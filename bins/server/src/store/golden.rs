//! Projections as earlier servers wrote them. One of the present schema is read whole; one of another schema is known for
//! that, moved aside and built anew. A row that changes its shape without a new `SCHEMA` fails here.

use std::{fs, path::PathBuf};

use super::{SCHEMA, find};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/projection")
}

#[test]
fn what_earlier_servers_wrote_is_read_or_known_for_what_it_is() {
    let mut present = false;
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let schema: u32 = path.file_stem().unwrap().to_str().unwrap().strip_prefix('v').unwrap().parse().unwrap();
        let directory = tempfile::tempdir().unwrap();
        fs::copy(&path, directory.path().join("projection.redb")).unwrap();
        let opened = find(directory.path()).unwrap().open(|_| Ok(())).unwrap();
        if schema != SCHEMA {
            let why = opened.rebuilt.unwrap();
            assert!(why.contains(&format!("schema {schema}")), "{}: {why}", path.display());
            continue;
        }
        present = true;
        assert_eq!(opened.rebuilt, None, "{}", path.display());
        assert!(opened.position.is_some_and(|position| position.schema == SCHEMA && position.seq > 0));
        let loaded = opened.store.load().unwrap();
        let web = loaded.iter().find(|project| project.id.as_str() == "web").unwrap();
        assert_eq!((web.tasks.len(), web.sessions.len(), web.row.counters.0), (3, 3, 3));
        let reading = opened.store.begin().unwrap();
        let texts = reading.task_texts(&web.id, web.tasks[1].id).unwrap();
        assert!(texts.description.is_some_and(|text| text.contains("\u{1f980}")), "a long text is there");
        let timeline = reading.events(&web.id, super::EventRange::Before(u64::MAX), None, 100).unwrap();
        assert!(!timeline.commits.is_empty(), "the timeline's index is there");
    }
    assert!(
        present,
        "tests/golden/projection has no v{SCHEMA}.redb: write it (write_the_golden_backup in tests/backup.rs)"
    );
}
