//! Writes what fuzzing begins with: `corpus <directory>`, a directory for each target below it.

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let into = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "corpus".to_owned()));
    for (target, _) in maestro_fuzz::TARGETS {
        let directory = into.join(target);
        std::fs::create_dir_all(&directory)?;
        for (index, seed) in maestro_fuzz::corpus::seeds(target).into_iter().enumerate() {
            std::fs::write(directory.join(format!("seed-{index}")), seed)?;
        }
    }
    Ok(())
}
