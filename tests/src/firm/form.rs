//! Forms of the product's own pages, read and sent as a browser does. No general HTML: our templates quote every attribute.

use std::iter;

/// The fields that a browser would send: those with a name, of boxes and tiles only the ticked ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    fields: Vec<(String, String)>,
    /// Values of boxes and tiles, ticked or not, by name.
    offered: Vec<(String, String)>,
}

impl Form {
    /// The form of `page` that is sent to `action`; none when the page has no such form.
    #[must_use]
    pub fn read(page: &str, action: &str) -> Option<Self> {
        let start = page.find(&format!("action=\"{action}\""))?;
        let length = page[start..].find("</form>")?;
        let mut form = Self::default();
        let mut select: Option<String> = None;
        let body = without_templates(&page[start..start + length]);
        for (tag, after) in tags(&body) {
            let name = attribute(tag, "name");
            match tag.split_whitespace().next().unwrap_or_default() {
                "input" => form.add_input(tag, name),
                "select" => select = name,
                "option" => {
                    if let (Some(name), true) = (&select, has(tag, "selected")) {
                        form.set(name, &attribute(tag, "value").unwrap_or_default());
                    }
                }
                "/select" => select = None,
                "textarea" => {
                    if let Some(name) = name {
                        let text = after.split('<').next().unwrap_or_default();
                        form.set(&name, &unescaped(text));
                    }
                }
                _ => {}
            }
        }
        Some(form)
    }

    /// Types `value` into a field, or adds it when the page would have added it by script.
    pub fn set(&mut self, name: &str, value: &str) -> &mut Self {
        self.fields.retain(|(known, _)| known != name);
        self.tick(name, value)
    }

    /// Ticks a box beside those that are ticked already.
    pub fn tick(&mut self, name: &str, value: &str) -> &mut Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// What a field holds.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The values of the boxes or tiles of this name, in the order of the page, ticked or not.
    #[must_use]
    pub fn choices(&self, name: &str) -> Vec<&str> {
        let of_name = self.offered.iter().filter(|(known, _)| known == name);
        of_name.map(|(_, value)| value.as_str()).collect()
    }

    /// The body of the request, `application/x-www-form-urlencoded`.
    #[must_use]
    pub fn encoded(&self) -> String {
        let pairs = self.fields.iter();
        let pairs = pairs.map(|(name, value)| format!("{}={}", escaped(name), escaped(value)));
        pairs.collect::<Vec<_>>().join("&")
    }

    fn add_input(&mut self, tag: &str, name: Option<String>) {
        let Some(name) = name else { return };
        let value = attribute(tag, "value").unwrap_or_default();
        let is_choice = matches!(
            attribute(tag, "type").as_deref(),
            Some("checkbox" | "radio")
        );
        if is_choice {
            self.offered.push((name.clone(), value.clone()));
        }
        if !is_choice || has(tag, "checked") {
            self.fields.push((name, value));
        }
    }
}

/// The text of a page that a person would read, roughly: everything outside of tags.
#[must_use]
pub(crate) fn words(page: &str) -> String {
    let body = page.split_once("<main").map_or(page, |(_, body)| body);
    let texts = body
        .split('<')
        .filter_map(|part| part.split_once('>'))
        .map(|(_, text)| text.trim());
    let texts: Vec<String> = texts
        .filter(|text| !text.is_empty())
        .map(unescaped)
        .collect();
    texts.join(" · ")
}

/// Text in a form's body, after the URL standard's set for forms.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            _ => out.extend(format!("%{byte:02X}").chars()),
        }
    }
    out
}

/// What a browser keeps aside for scripts is in no form.
fn without_templates(html: &str) -> String {
    let mut kept = String::new();
    let mut rest = html;
    while let Some(start) = rest.find("<template") {
        kept.push_str(&rest[..start]);
        let end = rest[start..].find("</template>");
        rest = end.map_or("", |end| &rest[start + end..]);
    }
    kept.push_str(rest);
    kept
}

/// Each tag without its angle brackets, and what follows it.
fn tags(html: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = html;
    iter::from_fn(move || {
        let start = rest.find('<')?;
        let (tag, after) = rest[start + 1..].split_once('>')?;
        rest = after;
        Some((tag, after))
    })
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split_once('"').map(|(value, _)| unescaped(value))
}

fn has(tag: &str, attribute: &str) -> bool {
    tag.split_whitespace()
        .any(|word| word.trim_end_matches('/') == attribute)
}

/// Undoes what templates do to text.
fn unescaped(text: &str) -> String {
    let named = [
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ];
    named
        .iter()
        .fold(text.to_owned(), |text, (escaped, plain)| {
            text.replace(escaped, plain)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<html><form action="/elsewhere"><input name="other" value="1"></form>
        <form method="post" action="/orders"><input type="hidden" name="order" value="7">
        <input id="n" name="name" value="M&#38;M &#60;Ski&#62;" required><input type="radio" name="priority" value="express">
        <input type="radio" name="priority" value="standard" checked required>
        <select id="p" name="pickup"><option value="a">Chur</option><option value="b" selected>Davos</option></select>
        <textarea name="note">scharf &#38; schnell</textarea><button name="do" value="save">Annehmen</button>
        <input type="checkbox" name="items.0.service" value="s1"><input type="checkbox" name="items.0.service" value="s2">
        <template><input name="items.9.label" value="x"></template></form></html>"#;

    #[test]
    fn a_form_is_read_as_a_browser_would_send_it() {
        let form = Form::read(PAGE, "/orders").expect("the page has it");
        assert_eq!(
            form.encoded(),
            "order=7&name=M%26M+%3CSki%3E&priority=standard&pickup=b&note=scharf+%26+schnell"
        );
        assert_eq!(form.choices("items.0.service"), ["s1", "s2"]);
        assert_eq!(Form::read(PAGE, "/nowhere"), None);
    }

    #[test]
    fn typing_replaces_and_ticking_adds() {
        let mut form = Form::read(PAGE, "/orders").expect("the page has it");
        form.set("name", "Meier").tick("items.0.service", "s2");
        form.tick("items.0.service", "s1");
        assert_eq!(form.value("name"), Some("Meier"));
        assert!(
            form.encoded()
                .ends_with("items.0.service=s2&items.0.service=s1"),
            "{}",
            form.encoded()
        );
    }
}
