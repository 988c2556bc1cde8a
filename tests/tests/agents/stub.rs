//! A model that is a script: the Messages API on loopback. The n-th turn runs the n-th command; after the last one the
//! model has nothing more to say.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// The stub. It serves as long as the test runs; its threads end with the process.
pub struct Stub {
    pub address: SocketAddr,
    /// What tools answered, in order, as the agent told the model.
    pub results: Arc<Mutex<Vec<String>>>,
    /// The first thing that the user said.
    pub prompts: Arc<Mutex<Vec<String>>>,
}

impl Stub {
    pub fn start(commands: &[String]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stub = Self { address: listener.local_addr().unwrap(), results: Arc::default(), prompts: Arc::default() };
        let (commands, results, prompts) = (commands.to_vec(), stub.results.clone(), stub.prompts.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (commands, results, prompts) = (commands.clone(), results.clone(), prompts.clone());
                std::thread::spawn(move || {
                    // A client that goes away is none of the test's concerns.
                    let _ = serve(stream, &commands, &results, &prompts);
                });
            }
        });
        stub
    }
}

fn serve(
    stream: TcpStream,
    commands: &[String],
    results: &Mutex<Vec<String>>,
    prompts: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let path = line.split_whitespace().nth(1).unwrap_or_default().to_owned();
        let mut length = 0;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            let header = header.trim().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
        let (kind, answer) = answer(&path, &asked, commands, results, prompts);
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{answer}", answer.len())?;
        stream.flush()?;
    }
}

fn answer(
    path: &str,
    asked: &Value,
    commands: &[String],
    results: &Mutex<Vec<String>>,
    prompts: &Mutex<Vec<String>>,
) -> (&'static str, String) {
    if !path.starts_with("/v1/messages") || path.contains("count_tokens") {
        return ("application/json", json!({ "input_tokens": 1 }).to_string());
    }
    let messages = asked["messages"].as_array().cloned().unwrap_or_default();
    let has_shell = asked["tools"].as_array().is_some_and(|tools| tools.iter().any(|tool| tool["name"] == "Bash"));
    let block = if has_shell {
        let blocks = messages.iter().filter_map(|message| message["content"].as_array()).flatten();
        let heard: Vec<String> =
            blocks.filter(|block| block["type"] == "tool_result").map(|block| block["content"].to_string()).collect();
        let turn = heard.len();
        *results.lock().unwrap() = heard;
        if turn == 0 {
            prompts.lock().unwrap().push(json!(messages).to_string());
        }
        match commands.get(turn) {
            Some(command) => json!({ "type": "tool_use", "id": format!("toolu_{turn}"), "name": "Bash",
                "input": { "command": command, "description": "as the script says" } }),
            None => json!({ "type": "text", "text": "All done." }),
        }
    } else {
        json!({ "type": "text", "text": "{\"title\": \"work\"}" })
    };
    if asked["stream"] == true { ("text/event-stream", stream_of(&block)) } else { ("application/json", whole(&block)) }
}

fn message(content: Value, stop: Value) -> Value {
    json!({ "id": "msg_1", "type": "message", "role": "assistant", "model": "stub", "content": content,
        "stop_reason": stop, "stop_sequence": null, "usage": { "input_tokens": 1, "output_tokens": 1 } })
}

fn stop_of(block: &Value) -> &'static str {
    if block["type"] == "tool_use" { "tool_use" } else { "end_turn" }
}

fn whole(block: &Value) -> String {
    message(json!([block]), stop_of(block).into()).to_string()
}

fn stream_of(block: &Value) -> String {
    let (start, delta) = if block["type"] == "tool_use" {
        let mut start = block.clone();
        start["input"] = json!({});
        (start, json!({ "type": "input_json_delta", "partial_json": block["input"].to_string() }))
    } else {
        (json!({ "type": "text", "text": "" }), json!({ "type": "text_delta", "text": block["text"] }))
    };
    let events = [
        ("message_start", json!({ "message": message(json!([]), Value::Null) })),
        ("content_block_start", json!({ "index": 0, "content_block": start })),
        ("content_block_delta", json!({ "index": 0, "delta": delta })),
        ("content_block_stop", json!({ "index": 0 })),
        (
            "message_delta",
            json!({ "delta": { "stop_reason": stop_of(block), "stop_sequence": null }, "usage": { "output_tokens": 1 } }),
        ),
        ("message_stop", json!({})),
    ];
    let event = |(name, mut data): (&str, Value)| {
        data["type"] = name.into();
        format!("event: {name}\ndata: {data}\n\n")
    };
    events.into_iter().map(event).collect()
}
