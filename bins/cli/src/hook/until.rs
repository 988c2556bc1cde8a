//! When a usage limit ends, out of the words in which an agent says it.

use maestro_domain::Timestamp;

/// A moment that is named, or a length of time from `now`. Times of the day are only understood in UTC: no other zone's
/// rules are known here.
pub fn until(text: &str, now: Timestamp) -> Option<Timestamp> {
    stamp(text)
        .or_else(|| epoch(text))
        .or_else(|| length(text, now))
        .or_else(|| clock(text, now))
        .filter(|at| *at > now)
}

/// `2026-11-25T10:00:00Z`
fn stamp(text: &str) -> Option<Timestamp> {
    text.split(|c: char| c.is_whitespace() || "()\",;".contains(c))
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| word.len() >= 17 && word.contains('T'))
        .find_map(|word| word.parse().ok())
}

/// `…|1795600000`, in seconds since 1970.
fn epoch(text: &str) -> Option<Timestamp> {
    text.split(|c: char| !c.is_ascii_digit())
        .filter(|digits| digits.len() == 10)
        .find_map(|digits| digits.parse::<i64>().ok())
        .map(|seconds| Timestamp::from_millis(seconds * 1000))
}

/// `in 2 hours 5 minutes`, `in 1h30m`, `in 45 s`
fn length(text: &str, now: Timestamp) -> Option<Timestamp> {
    let lower = text.to_ascii_lowercase();
    let (_, rest) = lower.split_once(" in ")?;
    let mut seconds = 0;
    let mut chars = rest.trim_start().chars().peekable();
    loop {
        let mut number = String::new();
        while let Some(digit) = chars.next_if(char::is_ascii_digit) {
            number.push(digit);
        }
        let Ok(number) = number.parse::<i64>() else { break };
        while chars.next_if(|c| *c == ' ').is_some() {}
        let mut unit = String::new();
        while let Some(letter) = chars.next_if(char::is_ascii_alphabetic) {
            unit.push(letter);
        }
        let unit = match unit.as_str() {
            "s" | "sec" | "secs" | "second" | "seconds" => 1,
            "m" | "min" | "mins" | "minute" | "minutes" => 60,
            "h" | "hr" | "hrs" | "hour" | "hours" => 3_600,
            "d" | "day" | "days" => 86_400,
            _ => break,
        };
        seconds += number.min(10_000) * unit;
        while chars.next_if(|c| ", ".contains(*c)).is_some() {}
        if chars.clone().take(4).eq("and ".chars()) {
            chars.nth(3);
        }
    }
    (seconds > 0).then(|| now.plus_secs(seconds))
}

/// `resets 3pm (UTC)`, `resets 15:30 (UTC)`
fn clock(text: &str, now: Timestamp) -> Option<Timestamp> {
    let lower = text.to_ascii_lowercase();
    let (_, rest) = lower.split_once("resets ")?;
    let (time, zone) = rest.split_once('(')?;
    if !zone.starts_with("utc") && !zone.starts_with("etc/utc") && !zone.starts_with("gmt") {
        return None;
    }
    let time = time.trim().trim_start_matches("at ").trim();
    let half = if time.ends_with("pm") { Some(12) } else { time.ends_with("am").then_some(0) };
    let digits = time.trim_end_matches(|c: char| c.is_ascii_alphabetic()).trim();
    let (hour, minute) = digits.split_once(':').unwrap_or((digits, "0"));
    let (hour, minute) = (hour.parse::<i64>().ok()?, minute.parse::<i64>().ok()?);
    if half.is_some() && !(1..=12).contains(&hour) {
        return None;
    }
    let hour = half.map_or(hour, |half| hour % 12 + half);
    if !(0..24).contains(&hour) || !(0..60).contains(&minute) {
        return None;
    }
    let day = now.as_millis().div_euclid(86_400_000) * 86_400_000;
    let at = Timestamp::from_millis(day + (hour * 60 + minute) * 60_000);
    Some(if at > now { at } else { at.plus_secs(86_400) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_limit_is_read_from_words() {
        let now: Timestamp = "2026-11-24T13:00:00Z".parse().unwrap();
        let cases = [
            ("You have hit your limit, resets 2026-11-25T10:00:00Z", "2026-11-25T10:00:00.000Z"),
            ("Claude AI usage limit reached|1795600000", "2026-11-25T09:46:40.000Z"),
            ("try again in 2 hours 5 minutes.", "2026-11-24T15:05:00.000Z"),
            ("Please try again in 1h30m", "2026-11-24T14:30:00.000Z"),
            ("try again in 3 days, 1 hour and 2 minutes", "2026-11-27T14:02:00.000Z"),
            ("limit · resets 3pm (UTC)", "2026-11-24T15:00:00.000Z"),
            ("limit · resets 12:30am (UTC)", "2026-11-25T00:30:00.000Z"),
        ];
        for (text, wanted) in cases {
            assert_eq!(until(text, now).map(|at| at.to_string()).as_deref(), Some(wanted), "{text}");
        }
        let nothing = [
            "",
            "rate limited",
            "resets 3pm (Europe/Berlin)",
            "in a while",
            "in 5 parsecs",
            "2020-01-01T00:00:00Z is past",
            "resets 99pm (UTC)",
        ];
        for text in nothing {
            assert_eq!(until(text, now), None, "{text}");
        }
    }
}
