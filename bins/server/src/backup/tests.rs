//! The archive against what may happen to a file.

use std::path::PathBuf;

use maestro_client::Headers;
use maestro_domain::Timestamp;
use maestro_wire::ErrorCode;

use super::{
    archive::{Writer, read},
    format::{FORMAT, HEAD, Head, Record, VERSION},
};

fn head() -> Head {
    Head {
        format: FORMAT.to_owned(),
        version: VERSION,
        id: "01KBACKUP".to_owned(),
        created_at: Timestamp::from_millis(1_764_460_800_000),
        maestro: "0.1.0".to_owned(),
        model: 1,
        ledger: "01KLEDGER".to_owned(),
    }
}

/// Each with its stream.
type Records = Vec<(&'static str, Record)>;

fn records() -> Records {
    let time = Timestamp::from_millis(1_764_460_800_000);
    let message = |stream, seq, body: &[u8]| {
        (stream, Record::new(seq, "a.b", time, &Headers::new().with("Maestro-Writer", "server-1"), body))
    };
    vec![message("EVENTS", 2, b"[]"), message("EVENTS", 5, "[\"ö\"]".as_bytes()), message("TERM", 9, &[0xff, 27, 0])]
}

fn written(directory: &tempfile::TempDir) -> PathBuf {
    let path = directory.path().join("one.tar");
    let mut writer = Writer::begin(std::fs::File::create(&path).unwrap(), &head()).unwrap();
    for (stream, record) in records() {
        writer.message(stream, &record).unwrap();
    }
    let manifest = writer.finish().unwrap();
    let names: Vec<&str> = manifest.entries.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, [HEAD, "streams/EVENTS/000001.jsonl", "streams/TERM/000001.jsonl"]);
    path
}

fn all(path: &std::path::Path) -> Result<(Head, Records), ErrorCode> {
    let mut seen = Vec::new();
    let read = read(path, |_, stream, record| {
        seen.push((stream, record));
        Ok(())
    });
    match read {
        Ok((head, _)) => Ok((head, seen)),
        Err(error) => Err(error.code),
    }
}

#[test]
fn what_was_written_is_read_and_the_same_is_written_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let path = written(&directory);
    assert_eq!(all(&path).unwrap(), (head(), records()));
    let first = std::fs::read(&path).unwrap();
    assert_eq!(std::fs::read(written(&directory)).unwrap(), first);
}

#[test]
fn every_flipped_bit_and_every_cut_is_seen_or_harmless() {
    let directory = tempfile::tempdir().unwrap();
    let whole = std::fs::read(written(&directory)).unwrap();
    let path = directory.path().join("damaged.tar");
    let is = |content: &[u8]| {
        std::fs::write(&path, content).unwrap();
        all(&path)
    };
    let mut refused = 0;
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        match is(&flipped) {
            Err(ErrorCode::BackupDamaged | ErrorCode::BackupTooNew) => refused += 1,
            // Padding, the time of an entry's header with its sum, and white space of the head's or manifest's.
            Ok(read) => assert_eq!(read, (head(), records()), "byte {at} was flipped"),
            Err(other) => panic!("byte {at}: {other}"),
        }
    }
    assert!(refused > 1_000, "only {refused} of {} flips were seen", whole.len());
    let end = whole.iter().rposition(|byte| *byte != 0).unwrap();
    for cut in (0..end).step_by(97) {
        assert_eq!(is(&whole[..cut]).unwrap_err(), ErrorCode::BackupDamaged, "cut at {cut}");
    }
}

#[test]
fn a_newer_version_is_told_from_damage() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("newer.tar");
    let newer = Head { version: VERSION + 1, maestro: "9.9.9".to_owned(), ..head() };
    Writer::begin(std::fs::File::create(&path).unwrap(), &newer).unwrap().finish().unwrap();
    let error = read(&path, |_, _, _| Ok(())).unwrap_err();
    assert_eq!(error.code, ErrorCode::BackupTooNew);
    assert!(error.message.contains("9.9.9"), "{error}");
    let other = Head { format: "other".to_owned(), ..head() };
    Writer::begin(std::fs::File::create(&path).unwrap(), &other).unwrap().finish().unwrap();
    assert_eq!(all(&path).unwrap_err(), ErrorCode::BackupDamaged);
}
