//! Writes `schemas/` anew from the types; `make schemas` runs it.

use std::collections::BTreeSet;
use std::{fs, io};

use maestro_tests::schema;

fn main() -> io::Result<()> {
    let directory = schema::directory();
    fs::create_dir_all(&directory)?;
    let files = schema::files();
    // What is not made any more would stay for ever.
    let made: BTreeSet<&str> = files.keys().map(String::as_str).collect();
    for entry in fs::read_dir(&directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let generated = name.to_str().is_some_and(|n| n.ends_with(".schema.json") || n == "asyncapi.yaml");
        if generated && !name.to_str().is_some_and(|n| made.contains(n)) {
            fs::remove_file(entry.path())?;
        }
    }
    for (name, text) in &files {
        fs::write(directory.join(name), text)?;
    }
    Ok(())
}
