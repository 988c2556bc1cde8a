//! What the operating system knows about processes.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "other.rs")]
mod system;
mod unix;

#[cfg(all(test, target_os = "linux"))]
#[expect(dead_code, reason = "its tests run here too, where `ps` says the same")]
mod other;

pub use system::{become_subreaper, boot_id, carrying, host_name, processes, signal};
pub use unix::{
    Identity, Process, Signal, adopted_children, descendants_of, ended, family, free_bytes, hold_lock, identity,
    is_alive, leave_terminal, processor_time, reap, signal_group,
};
