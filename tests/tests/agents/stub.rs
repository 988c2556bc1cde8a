//! Models that are scripts, on loopback: the APIs of Anthropic, OpenAI and Google. The n-th turn of a conversation runs the
//! n-th command of the script whose words its first prompt holds; after the last one the model has nothing more to say.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::api::{anthropic, chat, gemini, responses};

/// What a conversation was about so far, as its last request says.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// Everything that the model was told, as JSON.
    pub told: String,
    /// What tools answered, in order.
    pub results: Vec<String>,
}

/// What the model says next.
pub enum Said {
    /// A command for the agent's shell; the number of the turn.
    Run(String, usize),
    Text(&'static str),
}

/// What an agent's own side requests get: titles, routing, and the like.
pub const ASIDE: &str = "{\"title\": \"work\"}";
const DONE: &str = "All done.";

/// A conversation is known by words of its first prompt.
pub type Script = (&'static str, Vec<String>);

/// The stub. It serves as long as the test runs; its threads end with the process.
pub struct Stub {
    pub address: SocketAddr,
    heard: Arc<Mutex<BTreeMap<&'static str, Heard>>>,
}

impl Stub {
    pub fn start(scripts: &[Script]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let heard: Arc<Mutex<BTreeMap<&'static str, Heard>>> = Arc::default();
        let stub = Self { address: listener.local_addr().unwrap(), heard: heard.clone() };
        let scripts: Arc<[Script]> = scripts.into();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (scripts, heard) = (scripts.clone(), heard.clone());
                std::thread::spawn(move || {
                    // A client that goes away is none of the test's concerns.
                    let _ = serve(stream, &scripts, &heard);
                });
            }
        });
        stub
    }

    /// The conversation of the script with these words.
    pub fn heard(&self, words: &str) -> Heard {
        self.heard.lock().unwrap().get(words).cloned().unwrap_or_default()
    }
}

fn serve(stream: TcpStream, scripts: &[Script], heard: &Mutex<BTreeMap<&'static str, Heard>>) -> std::io::Result<()> {
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
        let (kind, answer) = answer(&path, &asked, scripts, heard);
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{answer}", answer.len())?;
        stream.flush()?;
    }
}

fn answer(
    path: &str,
    asked: &Value,
    scripts: &[Script],
    heard: &Mutex<BTreeMap<&'static str, Heard>>,
) -> (&'static str, String) {
    let say = |conversation: Option<Heard>| next(conversation, scripts, heard);
    const STREAM: &str = "text/event-stream";
    const WHOLE: &str = "application/json";
    if path.contains("/messages") && !path.contains("count_tokens") {
        let said = say(anthropic::read(asked));
        return if asked["stream"] == true {
            (STREAM, anthropic::stream(&said))
        } else {
            (WHOLE, anthropic::whole(&said))
        };
    }
    if path.contains("/responses") {
        return (STREAM, responses::stream(&say(responses::read(asked))));
    }
    if path.contains("/chat/completions") {
        return (STREAM, chat::stream(&say(chat::read(asked))));
    }
    if path.contains("enerateContent") {
        let said = gemini::write(&say(gemini::read(asked)));
        let streams = path.contains("streamGenerateContent");
        return if streams { (STREAM, events(&[("", said)])) } else { (WHOLE, said.to_string()) };
    }
    // Lists of models, counts of tokens.
    (WHOLE, json!({ "object": "list", "data": [], "models": [], "input_tokens": 1, "totalTokens": 1 }).to_string())
}

/// What follows in a conversation; `None`: it is one of the agent's own, without a shell.
fn next(conversation: Option<Heard>, scripts: &[Script], heard: &Mutex<BTreeMap<&'static str, Heard>>) -> Said {
    let Some(conversation) = conversation else { return Said::Text(ASIDE) };
    let Some((words, commands)) = scripts.iter().find(|(words, _)| conversation.told.contains(words)) else {
        return Said::Text("Nobody told me what to do.");
    };
    let turn = conversation.results.len();
    heard.lock().unwrap().insert(words, conversation);
    commands.get(turn).map_or(Said::Text(DONE), |command| Said::Run(command.clone(), turn))
}

/// Server-sent events; an event without a name has only data.
pub fn events(events: &[(&str, Value)]) -> String {
    let event = |(name, data): &(&str, Value)| {
        let name = if name.is_empty() { String::new() } else { format!("event: {name}\n") };
        format!("{name}data: {data}\n\n")
    };
    events.iter().map(event).collect()
}
