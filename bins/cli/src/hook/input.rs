//! The JSON on stdin, within a bound of size and time: an agent may leave the pipe open.

use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::Value;

const LARGEST: usize = 16 * 1024 * 1024;
const WITHIN: Duration = Duration::from_millis(500);

/// Reads to the end. The error is a sentence.
pub fn read() -> Result<Value, String> {
    let stdin = rustix::stdio::stdin();
    let until = Instant::now() + WITHIN;
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let left = Timespec { tv_sec: 0, tv_nsec: i64::from(left.subsec_nanos()) };
        match poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&left)) {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
        match rustix::io::read(stdin, &mut chunk[..]) {
            Ok(0) | Err(_) => break,
            Ok(read) => bytes.extend_from_slice(&chunk[..read]),
        }
        if bytes.len() > LARGEST {
            return Err(format!("more than {LARGEST} bytes came"));
        }
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err("nothing came on stdin".to_owned());
    }
    serde_json::from_slice(&bytes).map_err(|error| format!("what came on stdin is not JSON: {error}"))
}
