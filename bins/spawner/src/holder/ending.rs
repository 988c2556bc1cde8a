//! How an incarnation ended, in a file of its own beside its output: written before anyone is told, so that whoever comes
//! later can tell it, once.

use std::io;
use std::path::{Path, PathBuf};

use maestro_wire::CommandId;
use serde::{Deserialize, Serialize};

use crate::incarnation::Incarnation;
use crate::outbox::Report;

/// The end of an incarnation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ending {
    /// Every attempt to report it is this command.
    pub id: String,
    pub incarnation: Incarnation,
    /// None: nobody is to be told, because the session ended otherwise or goes on elsewhere.
    pub report: Option<Report>,
    /// The server has it.
    pub sent: bool,
}

impl Ending {
    pub(super) fn new(incarnation: &Incarnation, report: Option<Report>) -> Self {
        let id = CommandId(ulid::Ulid::generate()).to_string();
        Self { id, incarnation: incarnation.clone(), sent: report.is_none(), report }
    }

    /// # Errors
    /// When somebody else wrote the file.
    pub(crate) fn command_id(&self) -> Result<CommandId, String> {
        self.id.parse().map_err(|_| format!("'{}' is no command id", self.id.escape_debug()))
    }

    fn file(files: &Path) -> PathBuf {
        files.join("ending.json")
    }

    /// Writes it. What is still to be told is synced; that it was told is not: it would be told again, as the same command.
    ///
    /// # Errors
    /// Those of the file system.
    pub(super) fn write(&self, files: &Path) -> io::Result<()> {
        let write = if self.sent { maestro_runtime::write_passing } else { maestro_runtime::write_secret };
        write(&Self::file(files), &serde_json::to_vec(self)?)
    }

    /// What the holder of these files wrote, if it came to that.
    pub fn read(files: &Path, incarnation: &Incarnation) -> Option<Self> {
        let bytes = std::fs::read(Self::file(files)).ok()?;
        match serde_json::from_slice::<Self>(&bytes) {
            Ok(ending) => Some(ending).filter(|ending| ending.incarnation == *incarnation),
            Err(error) => {
                tracing::error!(%incarnation, cause = %error, "its ending cannot be read");
                None
            }
        }
    }
}
