//! Pages of lists that are known whole, with the flags of those that the server cuts.

use clap::Args;
use maestro_wire::{ErrorBody, ErrorCode, Page};

/// As many as one answer may hold.
const MOST: u32 = 1_000;

#[derive(Args, Clone, Debug, Default)]
pub struct PageArgs {
    /// At most this many [at most 1000]
    #[arg(long, short = 'n')]
    pub limit: Option<u32>,
    /// Go on from where the last page ended
    #[arg(long)]
    pub cursor: Option<String>,
}

/// The page that is asked for. A cursor is the name of the last item before it; `usual` items unless told otherwise.
pub fn of<T>(items: Vec<T>, args: &PageArgs, usual: u32, name: impl Fn(&T) -> String) -> Result<Page<T>, ErrorBody> {
    let limit = match args.limit.unwrap_or(usual) {
        limit @ 1..=MOST => limit as usize,
        limit => {
            let text = format!("a page has 1 to {MOST} items; '{limit}' were asked for");
            return Err(
                ErrorBody::new(ErrorCode::InvalidValue, text).with("meant", limit.clamp(usual, MOST).to_string())
            );
        }
    };
    let from = match &args.cursor {
        None => 0,
        Some(cursor) => {
            1 + items.iter().position(|item| name(item) == *cursor).ok_or_else(|| {
                ErrorBody::new(ErrorCode::InvalidCursor, "this cursor was not given out by this query")
                    .suggest("start again without a cursor")
            })?
        }
    };
    let more = items.len() > from + limit;
    let items: Vec<T> = items.into_iter().skip(from).take(limit).collect();
    let next_cursor = items.last().filter(|_| more).map(name);
    Ok(Page { items, next_cursor })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_on_one_page() {
        let all: Vec<u32> = (1..=7).collect();
        let mut args = PageArgs { limit: Some(3), cursor: None };
        let mut seen = Vec::new();
        loop {
            let page = of(all.clone(), &args, 50, ToString::to_string).unwrap();
            seen.extend(page.items);
            args.cursor = page.next_cursor;
            if args.cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, all);
        let code = |limit, cursor: Option<&str>| {
            let args = PageArgs { limit, cursor: cursor.map(ToOwned::to_owned) };
            of(all.clone(), &args, 50, ToString::to_string).unwrap_err().code
        };
        assert_eq!((code(Some(0), None), code(None, Some("x"))), (ErrorCode::InvalidValue, ErrorCode::InvalidCursor));
        assert_eq!(of(all, &PageArgs::default(), 50, ToString::to_string).unwrap().next_cursor, None);
    }
}
