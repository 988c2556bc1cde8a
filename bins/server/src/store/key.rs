//! Keys: a project and a zero byte, then numbers in big-endian, so that ranges are what one wants to read.

use std::io::Write;

use maestro_domain::{Actor, EntityRef, ProjectId};
use maestro_wire::CommandId;

pub fn project(id: &ProjectId) -> Vec<u8> {
    let mut key = Vec::with_capacity(id.as_str().len() + 48);
    key.extend_from_slice(id.as_str().as_bytes());
    key.push(0);
    key
}

/// The end of the range of everything of a project.
pub fn project_end(id: &ProjectId) -> Vec<u8> {
    let mut key = id.as_str().as_bytes().to_vec();
    key.push(1);
    key
}

pub fn numbered(id: &ProjectId, number: u32) -> Vec<u8> {
    let mut key = project(id);
    key.extend_from_slice(&number.to_be_bytes());
    key
}

/// What the rows of an entity's timeline begin with.
pub fn timeline(id: &ProjectId, entity: [u8; 5]) -> Vec<u8> {
    let mut key = project(id);
    key.extend_from_slice(&entity);
    key
}

/// In place of an entity: the whole project.
pub const WHOLE: [u8; 5] = [255, 0, 0, 0, 0];

pub fn entity(entity: &EntityRef) -> [u8; 5] {
    let (kind, number) = match entity {
        EntityRef::Project => (0, 0),
        EntityRef::Task(id) => (1, id.number()),
        EntityRef::Session(id) => (2, id.number()),
        EntityRef::Message(id) => (3, id.number()),
    };
    let [a, b, c, d] = number.to_be_bytes();
    [kind, a, b, c, d]
}

/// Ordered by the command's age within its project, so that old ones are one range.
pub fn command(id: &ProjectId, command: CommandId, actor: &Actor) -> Vec<u8> {
    let mut key = project(id);
    key.extend_from_slice(&command.0.to_bytes());
    // Writing to a Vec cannot fail.
    let _ = write!(key, "{actor}");
    key
}

/// The number at the end of a key made by [`numbered`], and its project.
pub fn split_numbered(key: &[u8]) -> Option<(&str, u32)> {
    let (rest, number) = key.split_last_chunk::<4>()?;
    let project = rest.strip_suffix(&[0])?;
    Some((std::str::from_utf8(project).ok()?, u32::from_be_bytes(*number)))
}
