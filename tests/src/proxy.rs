//! A TCP proxy in front of a broker, to cut one program off: refused, or silent as when a cable is pulled.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const PASS: u8 = 0;
const REFUSE: u8 = 1;
const SILENT: u8 = 2;
const GONE: u8 = 3;
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// How a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Every connection is closed, new ones too.
    Refuse,
    /// Nothing passes and nothing is closed; what was sent meanwhile arrives when the cut is mended.
    Silent,
}

/// Passes connections on to one address. Dropped: it passes nothing any more, and its threads end.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    mode: AtomicU8,
    open: Mutex<Vec<TcpStream>>,
}

impl Shared {
    fn mode(&self) -> u8 {
        self.mode.load(Ordering::Acquire)
    }

    fn open(&self) -> std::sync::MutexGuard<'_, Vec<TcpStream>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close_all(&self) {
        for stream in self.open().drain(..) {
            // It may be closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Proxy {
    /// # Panics
    /// When no port can be taken.
    #[must_use]
    pub fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback interface has free ports");
        let address = listener.local_addr().expect("a listener has an address");
        let shared = Arc::new(Shared { mode: AtomicU8::new(PASS), open: Mutex::default() });
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || accept(&listener, target, &accepting));
        Self { address, shared }
    }

    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn cut(&self, how: Cut) {
        match how {
            Cut::Silent => self.shared.mode.store(SILENT, Ordering::Release),
            Cut::Refuse => {
                self.shared.mode.store(REFUSE, Ordering::Release);
                self.shared.close_all();
            }
        }
    }

    /// Everything passes again.
    pub fn mend(&self) {
        self.shared.mode.store(PASS, Ordering::Release);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.mode.store(GONE, Ordering::Release);
        self.shared.close_all();
        // Wakes the thread that accepts, which then ends.
        let _ = TcpStream::connect(self.address);
    }
}

fn accept(listener: &TcpListener, target: SocketAddr, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        if shared.mode() == GONE {
            return;
        }
        let Ok(client) = client else { continue };
        if shared.mode() == REFUSE {
            continue;
        }
        let shared = Arc::clone(shared);
        std::thread::spawn(move || pass(client, target, &shared));
    }
}

fn pass(client: TcpStream, target: SocketAddr, shared: &Arc<Shared>) {
    // A silent cut swallows the greeting as well.
    while shared.mode() == SILENT {
        std::thread::sleep(LOOK_EVERY);
    }
    let Ok(broker) = TcpStream::connect(target) else { return };
    let _ = (client.set_nodelay(true), broker.set_nodelay(true));
    let copies = || {
        Some((client.try_clone().ok()?, client.try_clone().ok()?, broker.try_clone().ok()?, broker.try_clone().ok()?))
    };
    let Some((from_client, to_client, from_broker, to_broker)) = copies() else { return };
    {
        let mut open = shared.open();
        if shared.mode() == REFUSE || shared.mode() == GONE {
            return;
        }
        open.extend([client, broker]);
    }
    let other = Arc::clone(shared);
    std::thread::spawn(move || copy(from_broker, to_client, &other));
    copy(from_client, to_broker, shared);
}

fn copy(mut from: TcpStream, mut to: TcpStream, shared: &Shared) {
    let mut buffer = [0; 16 << 10];
    loop {
        let read = from.read(&mut buffer);
        while shared.mode() == SILENT {
            std::thread::sleep(LOOK_EVERY);
        }
        match read {
            Ok(count @ 1..) if to.write_all(&buffer[..count]).is_ok() => {}
            _ => break,
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers every line with itself.
    fn echo() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                std::thread::spawn(move || std::io::copy(&mut &stream, &mut &stream));
            }
        });
        address
    }

    fn say(stream: &mut TcpStream, word: &[u8; 4]) {
        stream.write_all(word).expect("a write");
    }

    fn hear(stream: &mut TcpStream) -> std::io::Result<[u8; 4]> {
        let mut word = [0; 4];
        stream.read_exact(&mut word).map(|()| word)
    }

    fn connect(proxy: &Proxy) -> TcpStream {
        let stream = TcpStream::connect(proxy.address()).expect("the proxy listens");
        stream.set_read_timeout(Some(Duration::from_millis(300))).expect("a timeout");
        stream
    }

    #[test]
    fn silence_delays_and_refusal_closes() {
        let proxy = Proxy::start(echo());
        let mut stream = connect(&proxy);
        say(&mut stream, b"one.");
        assert_eq!(hear(&mut stream).expect("an answer"), *b"one.");
        proxy.cut(Cut::Silent);
        say(&mut stream, b"two.");
        assert!(hear(&mut stream).is_err(), "nothing passes");
        proxy.mend();
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
        assert_eq!(hear(&mut stream).expect("it comes late"), *b"two.");
        proxy.cut(Cut::Refuse);
        assert!(hear(&mut stream).is_err(), "it is closed");
        let mut refused = connect(&proxy);
        let _ = refused.write_all(b"no..");
        assert!(hear(&mut refused).is_err());
        proxy.mend();
        let mut again = connect(&proxy);
        again.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
        say(&mut again, b"three"[..4].try_into().expect("four bytes"));
        assert_eq!(hear(&mut again).expect("an answer"), *b"thre");
    }
}
