//! The page is built by npm (`make ui`); without it a placeholder is embedded that says so.

use std::path::Path;
use std::{fs, io};

const PLACEHOLDER: &str = "<!doctype html><meta charset=\"utf-8\"><title>Maestro</title>\
<h1>The page is not built yet</h1>\
<p>Run <code>make ui</code> (or <code>npm ci && npm run build</code> in <code>bins/bridge/ui</code>) and build \
<code>maestro-bridge</code> again.</p>\n";

fn main() -> io::Result<()> {
    let dist = Path::new("ui/dist");
    let index = dist.join("index.html");
    if !index.exists() {
        fs::create_dir_all(dist)?;
        fs::write(&index, PLACEHOLDER)?;
    }
    // A build script speaks to cargo on stdout.
    io::Write::write_all(&mut io::stdout(), b"cargo::rerun-if-changed=ui/dist\ncargo::rerun-if-changed=build.rs\n")
}
