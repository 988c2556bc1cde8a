//! What the operating system knows about processes.

mod unix;

pub use unix::{
    Identity, Process, Signal, adopted_children, become_subreaper, boot_id, carries, descendants_of, ended, free_bytes,
    hold_lock, host_name, identity, is_alive, leave_terminal, own_children, own_descendants, processes, reap, signal,
    signal_group,
};
