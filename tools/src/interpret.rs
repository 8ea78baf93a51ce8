//! Reading what legacy columns hold: dates in a dozen shapes, amounts, e-mail addresses, and text that was decoded wrongly.
//!
//! Every reader is exact or refuses. Nothing is guessed here; which shape a column has is written in the plan.

pub mod amounts;
pub mod dates;

/// Signs that appear when UTF-8 was once read as windows-1252: `KÃ¼hne`, `â‚¬`. Reported, never mended in silence.
pub fn looks_like_mojibake(text: &str) -> bool {
    if text.is_ascii() {
        return false;
    }
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        let next = signs.peek().copied().unwrap_or(' ');
        let lead = matches!(sign, 'Ã' | 'Â');
        // What follows the lead is a byte 80-BF read as windows-1252: Latin-1 signs, or its own letters above them.
        let continues =
            ('\u{80}'..='\u{bf}').contains(&next) || "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ".contains(next);
        if lead && continues || sign == 'â' && "€‚„†˜œ".contains(next) || sign == 'ï' && next == '¿'
        {
            return true;
        }
    }
    false
}

/// Whether a text can be an e-mail address: one `@` with something before it and a dotted name behind it.
pub fn looks_like_email(text: &str) -> bool {
    let Some((user, host)) = text.trim().split_once('@') else {
        return false;
    };
    !user.is_empty()
        && !host.contains('@')
        && host.contains('.')
        && !host.starts_with('.')
        && !host.ends_with('.')
        && !text.trim().contains(char::is_whitespace)
}

/// What a flag says, in the words of the trade's four languages; none for what is neither yes nor no.
pub fn says_yes(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "1" | "ja" | "j" | "yes" | "y" | "true" | "wahr" | "oui" | "si" | "sì" | "x" => Some(true),
        "0" | "nein" | "n" | "no" | "false" | "falsch" | "non" => Some(false),
        _ => None,
    }
}

/// The digits of a telephone that lost its leading zero when a database kept it as a number: nine digits, no zero, no plus.
pub fn lost_its_zero(text: &str) -> bool {
    let text = text.trim();
    text.len() == 9 && text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0')
}

/// Whether one field holds two telephones.
pub fn holds_two_phones(text: &str) -> bool {
    let parts = text
        .split(['/', ';', ',', '|'])
        .filter(|part| part.bytes().filter(u8::is_ascii_digit).count() >= 7);
    parts.count() >= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mojibake_is_told_from_umlauts() {
        for broken in ["KÃ¼hne", "ZÃ¼rich", "10 â‚¬", "CafÃ©", "MÃ¤der"] {
            assert!(looks_like_mojibake(broken), "{broken}");
        }
        for fine in ["Kühne", "Ängeli", "naïve", "Ã", "château"] {
            assert!(!looks_like_mojibake(fine), "{fine}");
        }
    }

    #[test]
    fn addresses_and_telephones() {
        assert!(looks_like_email("a.b@example.ch"));
        for wrong in ["a.b.example.ch", "a@b", "@b.ch", "Max <a@b.ch>", ""] {
            assert!(!looks_like_email(wrong), "{wrong}");
        }
        assert!(lost_its_zero("791234567"));
        assert!(!lost_its_zero("0791234567"));
        assert!(holds_two_phones("044 123 45 67 / 079 123 45 67"));
        assert!(!holds_two_phones("044 123 45 67"));
    }
}
