//! A collector: takes spans by OTLP over HTTP on loopback and keeps them.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use prost::Message as _;

const WITHIN: Duration = Duration::from_secs(30);

/// A span as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    pub service: String,
    pub version: String,
    pub name: String,
    pub trace: String,
    pub id: String,
    /// Empty: it is the first of its trace.
    pub parent: String,
    pub error: Option<String>,
}

/// It listens until the test's process ends.
#[derive(Clone)]
pub struct Collector {
    port: u16,
    spans: Arc<Mutex<Vec<Span>>>,
}

impl Collector {
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let collector = Self { port: listener.local_addr().unwrap().port(), spans: Arc::default() };
        let spans = collector.spans.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let spans = spans.clone();
                thread::spawn(move || serve(&stream.unwrap(), &spans));
            }
        });
        collector
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn spans(&self) -> Vec<Span> {
        self.spans.lock().unwrap().clone()
    }

    /// The spans of a program with this name, once there is one that `fits`.
    pub fn wait_for(&self, service: &str, name: &str, fits: impl Fn(&Span) -> bool) -> Span {
        let deadline = Instant::now() + WITHIN;
        loop {
            let spans = self.spans();
            let found = spans.iter().find(|span| span.service == service && span.name == name && fits(span));
            if let Some(span) = found {
                return span.clone();
            }
            assert!(Instant::now() < deadline, "no `{name}` of {service} that fits among {spans:#?}");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// One connection: a request after the other.
fn serve(stream: &TcpStream, spans: &Mutex<Vec<Span>>) {
    let mut reader = BufReader::new(stream);
    loop {
        let (mut length, mut lines, mut first) = (0, 0, String::new());
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if lines == 0 {
                first = line.trim().to_owned();
            }
            lines += 1;
            if line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap();
            }
        }
        assert_eq!(first, "POST /v1/traces HTTP/1.1");
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let request = ExportTraceServiceRequest::decode(body.as_slice()).unwrap();
        spans.lock().unwrap().extend(read(request));
        let answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n";
        let mut out = stream;
        if out.write_all(answer).is_err() {
            return;
        }
    }
}

fn read(request: ExportTraceServiceRequest) -> Vec<Span> {
    let mut read = Vec::new();
    for of_resource in request.resource_spans {
        let resource = of_resource.resource.unwrap().attributes;
        for span in of_resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            read.push(Span {
                service: text(&resource, "service.name").unwrap_or_default(),
                version: text(&resource, "service.version").unwrap_or_default(),
                name: span.name,
                trace: hex(&span.trace_id),
                id: hex(&span.span_id),
                parent: hex(&span.parent_span_id),
                error: text(&span.attributes, "error.type"),
            });
        }
    }
    read
}

fn text(attributes: &[KeyValue], key: &str) -> Option<String> {
    let attribute = attributes.iter().find(|attribute| attribute.key == key)?;
    match attribute.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        other => panic!("{key} is {other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
