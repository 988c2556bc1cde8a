//! The page's files, embedded. Their names carry a hash, so what is under `assets/` never changes. What compresses
//! well lies beside itself as `.br` and `.gz`, made when the page was built.

use axum::body::Body;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use maestro_wire::{ErrorBody, ErrorCode};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::refuse;

#[derive(RustEmbed)]
#[folder = "ui/dist/"]
struct Page;

/// Any path that no other route took: a file, or the page (it has addresses of its own), or nothing.
pub async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path.ends_with(".br") || path.ends_with(".gz") {
        return refuse(StatusCode::NOT_FOUND, ErrorBody::new(ErrorCode::FileNotFound, "there is no such file"));
    }
    if method != Method::GET && method != Method::HEAD {
        let text = format!("{} takes no {method}", uri.path());
        return refuse(StatusCode::METHOD_NOT_ALLOWED, ErrorBody::new(ErrorCode::Usage, text));
    }
    match Page::get(path) {
        Some(file) => answer(path, file, &headers),
        None if path.contains('.') || path.starts_with("api/") => {
            refuse(StatusCode::NOT_FOUND, ErrorBody::new(ErrorCode::FileNotFound, "there is no such file"))
        }
        None => index(StatusCode::OK, &headers),
    }
}

/// The page itself.
pub fn index(status: StatusCode, headers: &HeaderMap) -> Response {
    match Page::get("index.html") {
        Some(file) => {
            let mut response = answer("index.html", file, headers);
            if response.status() == StatusCode::OK {
                *response.status_mut() = status;
            }
            response
        }
        None => refuse(StatusCode::NOT_FOUND, ErrorBody::new(ErrorCode::FileNotFound, "the page is not built")),
    }
}

fn answer(path: &str, file: EmbeddedFile, headers: &HeaderMap) -> Response {
    let hash = file.metadata.sha256_hash();
    let small = [("br", ".br"), ("gzip", ".gz")].into_iter().find_map(|(coding, ending)| {
        let wanted = accepts(headers, coding);
        wanted.then(|| Page::get(&format!("{path}{ending}"))).flatten().map(|small| (coding, small))
    });
    let coding = small.as_ref().map_or("", |(coding, _)| coding);
    // Other bytes, another tag.
    let tag = hash[..12].iter().fold(String::from("\""), |tag, byte| format!("{tag}{byte:02x}")) + coding + "\"";
    let lasting = path.starts_with("assets/");
    let cache = if lasting { "public, max-age=31536000, immutable" } else { "no-cache" };
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == tag.as_bytes());
    let vary = "Accept-Encoding".to_owned();
    let head = [(header::CACHE_CONTROL, cache.to_owned()), (header::ETAG, tag), (header::VARY, vary)];
    if known {
        return (StatusCode::NOT_MODIFIED, head).into_response();
    }
    let kind = [(header::CONTENT_TYPE, file.metadata.mimetype().to_owned())];
    match small {
        Some((coding, small)) => {
            (head, kind, [(header::CONTENT_ENCODING, coding)], Body::from(small.data.into_owned())).into_response()
        }
        None => (head, kind, Body::from(file.data.into_owned())).into_response(),
    }
}

fn accepts(headers: &HeaderMap, coding: &str) -> bool {
    let lines = headers.get_all(header::ACCEPT_ENCODING).into_iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|item| {
        let (name, quality) = item.split_once(';').unwrap_or((item, ""));
        name.trim().eq_ignore_ascii_case(coding) && !matches!(quality.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
    })
}
