//! Texts from the command line; `-` is what stands on stdin.

use std::io::{IsTerminal, Read};

use maestro_domain::{Line, Markdown, Prompt, Report, Title};
use maestro_wire::{ErrorBody, ErrorCode};

/// More than any text may have; the model says what is too much.
const MOST: u64 = 1 << 20;

fn given(text: &str) -> Result<String, ErrorBody> {
    if is_option(text) {
        // Texts may begin with a dash; but an option with a slip of the pen must not become a task's title.
        return Err(ErrorBody::new(ErrorCode::Usage, format!("there is no option '{text}' here"))
            .with("argument", text)
            .suggest("see --help for the options; if this is a text, pipe it in and write '-' in its place"));
    }
    if text != "-" {
        return Ok(text.to_owned());
    }
    Ok(stdin(MOST)?.trim_end_matches(['\n', '\r']).to_owned())
}

/// What stands on stdin, `most` bytes at most.
pub fn stdin(most: u64) -> Result<String, ErrorBody> {
    let input = std::io::stdin();
    if input.is_terminal() {
        return Err(ErrorBody::new(ErrorCode::InvalidText, "'-' takes the text from stdin, and stdin is a terminal")
            .suggest("pipe the text in, or give it as an argument"));
    }
    let mut bytes = Vec::new();
    let read = input.lock().take(most + 1).read_to_end(&mut bytes);
    if bytes.len() as u64 > most {
        return Err(ErrorBody::new(ErrorCode::TooLarge, format!("more than {most} bytes stand on stdin"))
            .suggest("put the rest in a file and name it"));
    }
    let text = read.ok().and_then(|_| String::from_utf8(bytes).ok());
    text.ok_or_else(|| ErrorBody::new(ErrorCode::InvalidText, "what stands on stdin is no text (UTF-8)"))
}

/// `--like-this` or `--like=this`: one word that begins as options do.
fn is_option(text: &str) -> bool {
    text.strip_prefix("--")
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()) && !rest.contains(char::is_whitespace))
}

fn filled(text: &str) -> Result<String, ErrorBody> {
    let text = given(text)?;
    if text.trim().is_empty() {
        return Err(ErrorBody::new(ErrorCode::InvalidText, "the text is blank").suggest("say something in it"));
    }
    Ok(text)
}

/// What is typed into a terminal: something must be in it.
pub fn typed(text: &str) -> Result<String, ErrorBody> {
    filled(text)
}

pub fn title(text: &str) -> Result<Title, ErrorBody> {
    Ok(Title::parse(&given(text)?)?)
}

pub fn line(text: &str) -> Result<Line, ErrorBody> {
    Ok(Line::parse(&given(text)?)?)
}

/// A message: something must be in it.
pub fn message(text: &str) -> Result<Report, ErrorBody> {
    Ok(Report::parse(&filled(text)?)?)
}

pub fn report(text: &str) -> Result<Report, ErrorBody> {
    Ok(Report::parse(&given(text)?)?)
}

pub fn markdown(text: &str) -> Result<Markdown, ErrorBody> {
    Ok(Markdown::parse(&given(text)?)?)
}

pub fn prompt(text: &str) -> Result<Prompt, ErrorBody> {
    Ok(Prompt::parse(&filled(text)?)?)
}

/// Applies one of the above to what was given at all.
pub fn maybe<T>(text: Option<&String>, read: impl Fn(&str) -> Result<T, ErrorBody>) -> Result<Option<T>, ErrorBody> {
    text.map(|text| read(text)).transpose()
}

/// Applies one of the above to each.
pub fn each<T>(texts: &[String], read: impl Fn(&str) -> Result<T, ErrorBody>) -> Result<Vec<T>, ErrorBody> {
    texts.iter().map(|text| read(text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_option_is_no_text_and_a_dash_is_no_option() {
        for option in ["--what-is-this", "--priorty", "--desc=x"] {
            assert_eq!(title(option).unwrap_err().code, ErrorCode::Usage, "{option}");
        }
        for text in ["-v is broken", "--force is ignored by delete", "-- see below", "--"] {
            assert!(title(text).is_ok(), "{text}");
        }
    }
}
