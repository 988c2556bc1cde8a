//! Who comes in: token, cookie, code, Host, Origin.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;
use tokio_tungstenite::tungstenite::Error;

use super::client::{Picture, next, open, say};
use super::stack::{Bob, Stack};

async fn status(stack: &Stack, headers: &[(&'static str, &str)]) -> u16 {
    match open(stack, headers).await {
        Ok(_) => 101,
        Err(Error::Http(response)) => response.status().as_u16(),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_socket_opens_for_token_or_cookie_from_our_own_page_only() {
    let mut stack = Stack::start();
    Bob::of(&stack).await.project("web").await;
    let token = format!("Bearer {}", stack.token());
    let own = format!("http://{}", stack.host());
    assert_eq!(std::fs::metadata(stack.token_file()).unwrap().permissions().mode() & 0o777, 0o600);

    assert_eq!(status(&stack, &[("authorization", &token)]).await, 101);
    assert_eq!(status(&stack, &[]).await, 401);
    assert_eq!(status(&stack, &[("authorization", "Bearer wrong")]).await, 401);
    assert_eq!(status(&stack, &[("authorization", "Bearer ")]).await, 401);
    assert_eq!(status(&stack, &[("authorization", &token), ("origin", &own)]).await, 101);
    for foreign in ["https://evil.example", "http://localhost:1", "null"] {
        assert_eq!(status(&stack, &[("authorization", &token), ("origin", foreign)]).await, 403, "{foreign}");
    }
    assert_eq!(status(&stack, &[("authorization", &token), ("host", "evil.example:7373")]).await, 403);

    let code = stack.one_time_code();
    let answer = stack.get(&format!("/?code={code}"), &[]);
    assert_eq!((answer.status, answer.header("location")), (303, Some("/")));
    let cookie = answer.header("set-cookie").unwrap().to_owned();
    for attribute in ["HttpOnly", "SameSite=Strict", "Max-Age=2592000", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let cookie = cookie.split(';').next().unwrap().to_owned();
    assert_eq!(stack.get(&format!("/?code={code}"), &[]).status, 401, "a code is taken once");

    assert_eq!(status(&stack, &[("cookie", &cookie), ("origin", &own)]).await, 101);
    assert_eq!(status(&stack, &[("cookie", &cookie)]).await, 401, "a cookie without an origin");
    assert_eq!(status(&stack, &[("cookie", &cookie), ("origin", "http://evil.example")]).await, 403);
    assert_eq!(stack.get("/api/session", &[("Cookie", &cookie)]).json()["user"], "ann");

    // A browser stays signed in when the bridge dies.
    stack = tokio::task::spawn_blocking(move || {
        stack.kill_bridge();
        stack.start_bridge();
        stack
    })
    .await
    .unwrap();
    let mut socket = open(&stack, &[("cookie", &cookie), ("origin", &own)]).await.unwrap();
    say(&mut socket, Picture::default().hello("web")).await;
    assert_eq!(next(&mut socket).await.unwrap()["type"], "welcome");

    let log = stack.bridge_log();
    let secret = cookie.split('=').nth(1).unwrap();
    for hidden in [stack.token().as_str(), code.as_str(), secret, stack.nats.password("core")] {
        assert!(!log.contains(hidden), "a secret is in the log");
    }
}

/// Whoever changes the token means everybody who came in by it.
#[test]
fn another_token_signs_every_browser_out() {
    let mut stack = Stack::start();
    let sign_in = |stack: &Stack| {
        let answer = stack.get(&format!("/?code={}", stack.one_time_code()), &[]);
        answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
    };
    let status = |stack: &Stack, cookie: &str| stack.get("/api/session", &[("Cookie", cookie)]).status;
    let cookie = sign_in(&stack);
    stack.kill_bridge();
    stack.start_bridge();
    assert_eq!(status(&stack, &cookie), 200, "a restart signs nobody out");
    stack.kill_bridge();
    std::fs::remove_file(stack.token_file()).unwrap();
    stack.start_bridge();
    assert_eq!(status(&stack, &cookie), 401);
    let newer = sign_in(&stack);
    assert_eq!(status(&stack, &newer), 200);
}

#[test]
fn http_refuses_with_a_code_and_a_hint_and_says_how_to_be_framed() {
    let stack = Stack::start();
    let token = format!("Bearer {}", stack.token());
    let missing = stack.http("POST", "/api/code", &[]);
    assert_eq!((missing.status, &missing.json()["error"]), (401, &json!("authentication_failed")));
    assert!(missing.json()["suggestion"].as_str().unwrap().contains("maestro up"));
    assert_eq!(stack.http("POST", "/api/code", &[("Authorization", "Bearer x")]).status, 401);
    let foreign = stack.http("POST", "/api/code", &[("Authorization", &token), ("Origin", "http://evil.example")]);
    assert_eq!((foreign.status, &foreign.json()["error"]), (403, &json!("not_permitted")));
    for host in ["evil.example", "127.0.0.1.nip.io:80", "192.168.0.7:7373"] {
        assert_eq!(stack.get("/", &[("Host", host)]).status, 403, "{host}");
        assert_eq!(stack.get("/healthz", &[("Host", host)]).status, 403, "{host}");
    }
    assert_eq!(stack.get("/api/session", &[]).status, 401);
    assert_eq!(stack.get("/?code=wrong", &[]).status, 401);
    assert_eq!(stack.get("/healthz", &[]).json()["status"], "ok");

    let page = stack.get("/", &[]);
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html")));
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'; script-src 'self'"));
    assert_eq!(page.header("access-control-allow-origin"), None);
    let tag = page.header("etag").unwrap().to_owned();
    assert_eq!(stack.get("/", &[("If-None-Match", &tag)]).status, 304);
    assert_eq!(stack.get("/p/web/t/t1", &[]).status, 200, "addresses of the page lead to the page");
    for path in ["/assets/none.js", "/../Cargo.toml", "/%2e%2e/Cargo.toml", "/api/none"] {
        assert_eq!(stack.get(path, &[]).status, 404, "{path}");
    }
    assert_eq!(stack.http("DELETE", "/", &[]).status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn recordings_are_for_those_who_may_come_in() {
    let stack = Stack::start();
    let token = format!("Bearer {}", stack.token());
    let jetstream = async_nats::jetstream::new(stack.nats.connect("spawner").await);
    let store = jetstream.get_object_store("RECORDINGS").await.unwrap();
    let text = "{\"version\":2,\"width\":80,\"height\":24}\n[0.1,\"o\",\"hi\"]\n";
    store.put("web.s1.2.cast", &mut text.as_bytes()).await.unwrap();
    tokio::task::spawn_blocking(move || {
        let get = |path: &str| stack.get(path, &[("Authorization", &token)]);
        assert_eq!(stack.get("/api/recording/web/s1/2", &[]).status, 401);
        let found = get("/api/recording/web/s1/2");
        assert_eq!((found.status, found.body.as_str()), (200, text));
        assert_eq!(found.header("content-type"), Some("application/x-asciicast"));
        for (path, status, code) in [
            ("/api/recording/web/s1/1", 404, "file_not_found"),
            ("/api/recording/web/s1/x", 400, "invalid_value"),
            ("/api/recording/web/t1/1", 400, "invalid_session_id"),
            ("/api/recording/..%2Fweb/s1/1", 400, "invalid_project_id"),
        ] {
            let answer = get(path);
            assert_eq!((answer.status, answer.json()["error"].as_str()), (status, Some(code)), "{path}");
        }
    })
    .await
    .unwrap();
}
