//! Pages of Markdown as the tests of the documentation and of the skills look at them, read by the parser that mdBook uses:
//! what a test sees is what the book shows.

use std::collections::BTreeMap;
use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// A block of code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What stands behind the fence; `None`: it is indented, not fenced.
    pub info: Option<String>,
    pub text: String,
    /// Its first line in the file, from 1.
    pub line: usize,
}

/// What a page is made of, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Block(Block),
    /// `<!-- … -->`: what is between.
    Comment {
        text: String,
        line: usize,
    },
}

/// A page.
#[derive(Clone, Debug, Default)]
pub struct Page {
    pub pieces: Vec<Piece>,
    /// Code in running text; a line break in it is a space.
    pub inline: Vec<String>,
    /// Where links and pictures lead.
    pub links: Vec<String>,
    /// What a link into the page may name.
    pub anchors: Vec<String>,
}

impl Page {
    pub fn read(text: &str) -> Self {
        let options = Options::ENABLE_TABLES | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
        let mut page = Self::default();
        let mut block: Option<Block> = None;
        let mut heading: Option<String> = None;
        let mut seen = BTreeMap::new();
        for (event, place) in Parser::new_ext(text, options).into_offset_iter() {
            match event {
                Event::Start(Tag::CodeBlock(kind)) => {
                    let info = match kind {
                        CodeBlockKind::Fenced(info) => Some(info.to_string()),
                        CodeBlockKind::Indented => None,
                    };
                    let line = line_of(text, &place) + usize::from(info.is_some());
                    block = Some(Block { info, text: String::new(), line });
                }
                Event::End(TagEnd::CodeBlock) => page.pieces.extend(block.take().map(Piece::Block)),
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    let own = anchor(&heading.take().unwrap_or_default());
                    let before: &mut usize = seen.entry(own.clone()).or_default();
                    page.anchors.push(if *before == 0 { own } else { format!("{own}-{before}") });
                    *before += 1;
                }
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push(dest_url.to_string());
                }
                Event::Text(words) => match (&mut block, &mut heading) {
                    (Some(block), _) => block.text.push_str(&words),
                    (None, Some(heading)) => heading.push_str(&words),
                    (None, None) => {}
                },
                Event::Code(words) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&words);
                    }
                    page.inline.push(words.to_string());
                }
                Event::Html(html) => page.comment(&html, line_of(text, &place)),
                _ => {}
            }
        }
        page
    }

    /// One comes line by line.
    fn comment(&mut self, html: &str, line: usize) {
        let open = match self.pieces.last_mut() {
            Some(Piece::Comment { text, .. }) if !text.ends_with("-->") => Some(text),
            _ => None,
        };
        match open {
            Some(text) => {
                text.push_str(html);
                let whole = text.trim_end().len();
                text.truncate(whole);
                if !text.ends_with("-->") {
                    text.push('\n');
                }
            }
            None if html.trim_start().starts_with("<!--") => {
                let text = html.trim().to_owned();
                let end = if text.ends_with("-->") { "" } else { "\n" };
                self.pieces.push(Piece::Comment { text: text + end, line });
            }
            None => {}
        }
    }

    pub fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Block(block) => Some(block),
            Piece::Comment { .. } => None,
        })
    }

    /// Whole commands in running text.
    pub fn commands(&self) -> impl Iterator<Item = &str> {
        self.inline.iter().map(String::as_str).filter(|code| code.starts_with("maestro "))
    }
}

fn line_of(text: &str, place: &Range<usize>) -> usize {
    text[..place.start].matches('\n').count() + 1
}

/// A heading as links name it, on forges and in the book.
fn anchor(heading: &str) -> String {
    let one = |c: char| match c {
        c if c.is_alphanumeric() || matches!(c, '_' | '-') => Some(c.to_ascii_lowercase()),
        c if c.is_whitespace() => Some('-'),
        _ => None,
    };
    heading.trim().chars().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_taken_apart() {
        let page = Page::read(
            "---\nname: x\n---\n# One `maestro up`, two\n\n<!-- first\nmaestro init -->\n\n```sh norun: docker\na\n```\n\n    b\n\n# One\n\n# One\n\nSee [here](x.md#y), `maestro\ntask list`.\n",
        );
        let block = |info: Option<&str>, text: &str, line| {
            Piece::Block(Block { info: info.map(str::to_owned), text: text.to_owned(), line })
        };
        let comment = Piece::Comment { text: "<!-- first\nmaestro init -->".to_owned(), line: 6 };
        assert_eq!(page.pieces, [comment, block(Some("sh norun: docker"), "a\n", 10), block(None, "b\n", 13)]);
        assert_eq!(page.anchors, ["one-maestro-up-two", "one", "one-1"]);
        assert_eq!(page.links, ["x.md#y"]);
        assert_eq!(page.commands().collect::<Vec<_>>(), ["maestro up", "maestro task list"]);
    }
}
