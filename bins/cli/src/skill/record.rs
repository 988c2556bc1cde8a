//! What we installed, by content: only a file that is still as we wrote it may be replaced or removed.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use maestro_runtime::{read_optional, write_atomically};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::document::LARGEST;

/// Contents of one file that are remembered.
const DIGESTS: usize = 4;

/// Digests by path, in one file of the home.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Record {
    #[serde(skip)]
    path: PathBuf,
    /// The last ones too: killed between this file and the skill's, either content is still ours.
    files: BTreeMap<PathBuf, Vec<String>>,
}

impl Record {
    /// One that is not there is empty; one that cannot be read is an error, since it says what may be removed.
    pub fn read(home: &Path) -> io::Result<Self> {
        let path = home.join("installed-skills.json");
        let mut record = match read_optional(&path)? {
            Some(text) => serde_json::from_str::<Self>(&text).map_err(|error| {
                io::Error::new(io::ErrorKind::InvalidData, format!("`{}`: {error}", path.display()))
            })?,
            None => Self::default(),
        };
        record.path = path;
        Ok(record)
    }

    pub fn write(&self) -> io::Result<()> {
        if let Some(directory) = self.path.parent() {
            fs::create_dir_all(directory)?;
        }
        write_atomically(&self.path, &serde_json::to_vec_pretty(self).unwrap_or_default(), 0o600)
    }

    /// Still as we wrote it.
    pub fn is_ours(&self, path: &Path) -> bool {
        self.files.get(path).is_some_and(|known| content(path).is_some_and(|now| known.contains(&digest(&now))))
    }

    pub fn knows(&self, path: &Path) -> bool {
        self.files.contains_key(path)
    }

    pub fn remember(&mut self, path: &Path, content: &[u8]) {
        let known = self.files.entry(path.to_path_buf()).or_default();
        known.push(digest(content));
        if known.len() > DIGESTS {
            known.remove(0);
        }
    }

    pub fn forget(&mut self, path: &Path) {
        self.files.remove(path);
    }
}

/// The content of a file of a reasonable size that is no link.
pub fn content(path: &Path) -> Option<Vec<u8>> {
    let meta = fs::symlink_metadata(path).ok()?;
    if !meta.is_file() || meta.len() > LARGEST {
        return None;
    }
    let mut bytes = Vec::new();
    fs::File::open(path).ok()?.take(LARGEST).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn digest(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}
