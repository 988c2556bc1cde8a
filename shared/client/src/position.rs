//! Where a delivered message stands, read from its acknowledgement subject (ADR-15):
//! `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream seq>.<consumer seq>.<nanoseconds>.<pending>`, or the
//! same with domain and account hash after `ACK` and more tokens behind.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    /// How many times it was delivered, this time included.
    pub deliveries: u64,
    pub stream_seq: u64,
    pub consumer_seq: u64,
    /// When the stream took it, nanoseconds since 1970.
    pub unix_nanos: u64,
    /// How many matching messages are behind it.
    pub pending: u64,
}

impl Position {
    pub(crate) fn parse(subject: &str) -> Option<Self> {
        let mut tokens = subject.strip_prefix("$JS.ACK.")?.split('.');
        let extra = match tokens.clone().count() {
            7 => 2,
            9.. => 4,
            _ => return None,
        };
        let mut number = |skip: usize| tokens.nth(skip)?.parse::<u64>().ok();
        Some(Self {
            deliveries: number(extra)?,
            stream_seq: number(0)?,
            consumer_seq: number(0)?,
            unix_nanos: number(0)?,
            pending: number(0)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        let short = Position::parse("$JS.ACK.EVENTS.c.1.20.3.1700000000000000000.4").unwrap();
        let long = Position::parse("$JS.ACK.hub.ACCHASH.EVENTS.c.1.20.3.1700000000000000000.4.rnd").unwrap();
        assert_eq!(short, long);
        assert_eq!((short.deliveries, short.stream_seq, short.consumer_seq, short.pending), (1, 20, 3, 4));
        assert_eq!(Position::parse("_INBOX.x"), None);
    }
}
