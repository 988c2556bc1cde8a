//! Sends spans to a collector by OTLP over HTTP, in batches and from a thread of its own. A collector that is away costs
//! its spans and nothing else: what does not fit into the queue is dropped, and the end of the program waits for a moment only.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, RetryPolicy, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::{Layer, Registry, filter};

use super::TraceOptions;
use super::otel::TARGET;

/// How long the end of a program waits for what is not sent yet.
const FAREWELL: Duration = Duration::from_secs(1);
/// More of an answer is not read.
const ANSWER: u64 = 64 << 10;

/// Sends spans until it is dropped, and then what is left.
pub struct Exporter(SdkTracerProvider);

impl Drop for Exporter {
    fn drop(&mut self) {
        // Too late, or nobody there: then these spans are lost, and nothing else.
        let _unsent = self.0.shutdown_with_timeout(FAREWELL);
    }
}

/// The layer that takes spans, and what sends them.
pub fn start(options: &TraceOptions) -> Result<(Box<dyn Layer<Registry> + Send + Sync>, Exporter), ExporterBuildError> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_http_client(Collector::new(options.timeout))
        // What could not be sent is not worth keeping the rest waiting.
        .with_retry_policy(RetryPolicy::disabled())
        .build()?;
    let resource = Resource::builder()
        .with_service_name(options.service.clone())
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("maestro"))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_level(false)
        .with_tracked_inactivity(false)
        .with_filter(filter::filter_fn(|metadata| metadata.is_span() && metadata.target() == TARGET))
        .boxed();
    Ok((layer, Exporter(provider)))
}

/// The collector, which is asked by the exporter's own thread: it may wait.
#[derive(Debug)]
struct Collector {
    agent: ureq::Agent,
    away: AtomicBool,
}

impl Collector {
    fn new(timeout: Duration) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            // It is near: no way out of this network leads to it.
            .proxy(None);
        Self { agent: config.build().new_agent(), away: AtomicBool::new(false) }
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, ureq::Error> {
        let (head, body) = self.agent.run(request.map(|body| body.to_vec()))?.into_parts();
        let body = body.into_with_config().limit(ANSWER).read_to_vec()?;
        Ok(Response::from_parts(head, body.into()))
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sent = self.send(request);
        let cause = match &sent {
            Ok(response) if response.status().is_success() => None,
            Ok(response) => Some(format!("it answers {}", response.status())),
            Err(error) => Some(error.to_string()),
        };
        // Said once, and not for each batch.
        match (cause, self.away.load(Ordering::Relaxed)) {
            (Some(cause), false) => tracing::warn!(cause, "the collector does not take spans; they are dropped"),
            (None, true) => tracing::info!("the collector takes spans again"),
            (Some(_), true) | (None, false) => {}
        }
        self.away.store(!sent.as_ref().is_ok_and(|response| response.status().is_success()), Ordering::Relaxed);
        Ok(sent?)
    }
}
