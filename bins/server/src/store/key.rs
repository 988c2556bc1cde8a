//! Keys: a project and a zero byte, then numbers in big-endian, so that ranges are what one wants to read.

use maestro_domain::{Actor, EntityRef, MessageId, ProjectId, SessionId, TaskId};
use maestro_wire::CommandId;

pub fn project(id: &ProjectId) -> Vec<u8> {
    let mut key = Vec::with_capacity(id.as_str().len() + 24);
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

pub fn ordered(id: &ProjectId, seq: u64) -> Vec<u8> {
    let mut key = project(id);
    key.extend_from_slice(&seq.to_be_bytes());
    key
}

pub fn timeline(id: &ProjectId, entity: &EntityRef, seq: u64, index: u16) -> Vec<u8> {
    let mut key = project(id);
    key.extend_from_slice(&entity_bytes(entity));
    key.extend_from_slice(&seq.to_be_bytes());
    key.extend_from_slice(&index.to_be_bytes());
    key
}

pub fn entity_bytes(entity: &EntityRef) -> [u8; 5] {
    let (kind, number) = match entity {
        EntityRef::Project => (0, 0),
        EntityRef::Task(id) => (1, id.number()),
        EntityRef::Session(id) => (2, id.number()),
        EntityRef::Message(id) => (3, id.number()),
    };
    let [a, b, c, d] = number.to_be_bytes();
    [kind, a, b, c, d]
}

pub fn entity_from(bytes: &[u8]) -> Option<EntityRef> {
    let (kind, number) = bytes.split_first()?;
    let number = u32::from_be_bytes(number.try_into().ok()?);
    match kind {
        0 => Some(EntityRef::Project),
        1 => Some(EntityRef::Task(TaskId::new(number))),
        2 => Some(EntityRef::Session(SessionId::new(number))),
        3 => Some(EntityRef::Message(MessageId::new(number))),
        _ => None,
    }
}

/// The sequence and index at the end of a timeline key.
pub fn place(key: &[u8]) -> Option<(u64, u16)> {
    let (rest, index) = key.split_last_chunk::<2>()?;
    let (_, seq) = rest.split_last_chunk::<8>()?;
    Some((u64::from_be_bytes(*seq), u16::from_be_bytes(*index)))
}

/// Ordered by the command's age within its project, so that old ones are one range.
pub fn command(id: &ProjectId, command: CommandId, actor: &Actor) -> Vec<u8> {
    let mut key = project(id);
    key.extend_from_slice(&command.0.to_bytes());
    key.extend_from_slice(actor.to_string().as_bytes());
    key
}

/// The number at the end of a key made by [`numbered`], and its project.
pub fn split_numbered(key: &[u8]) -> Option<(&str, u32)> {
    let (rest, number) = key.split_last_chunk::<4>()?;
    let project = rest.strip_suffix(&[0])?;
    Some((std::str::from_utf8(project).ok()?, u32::from_be_bytes(*number)))
}
