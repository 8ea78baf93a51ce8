//! The words legacy databases use for tables, columns and values, in the four languages of the trade, typos included.
//!
//! Used to *propose*: what a word suggests is written into the plan with its confidence, and a person decides.

/// A name reduced to what carries meaning: lower case, umlauts written out, nothing but letters and digits.
pub fn reduced(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for sign in name.chars().flat_map(char::to_lowercase) {
        match sign {
            'ä' => out.push_str("ae"),
            'ö' => out.push_str("oe"),
            'ü' => out.push_str("ue"),
            'ß' => out.push_str("ss"),
            'à' | 'á' | 'â' => out.push('a'),
            'è' | 'é' | 'ê' | 'ë' => out.push('e'),
            'ì' | 'í' | 'î' => out.push('i'),
            'ò' | 'ó' | 'ô' => out.push('o'),
            'ù' | 'ú' | 'û' => out.push('u'),
            'ç' => out.push('c'),
            sign if sign.is_alphanumeric() => out.push(sign),
            _ => {}
        }
    }
    out
}

/// Whether a table of this name may hold orders.
pub fn is_orders_table(name: &str) -> bool {
    const WORDS: [&str; 20] = [
        "auftrag",
        "auftraeg",
        "order",
        "bestell",
        "serviceauftr",
        "registr",
        "registration",
        "reparatur",
        "repair",
        "ticket",
        "anmeldung",
        "invoice",
        "rechnung",
        "commande",
        "ordine",
        "ordini",
        "buchung",
        "booking",
        "annahme",
        "job",
    ];
    let reduced = reduced(name);
    WORDS.iter().any(|word| reduced.contains(word))
}
