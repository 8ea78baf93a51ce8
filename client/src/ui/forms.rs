//! Forms as browsers send them: bounded, in the order of the page, read into intents with everything kept for a second try.

use std::collections::BTreeMap;

/// More fields than the largest order form has: 100 items with 20 services and their own fields.
const MAX_FIELDS: usize = 4_000;

/// The fields of a form. A name may stand several times (check boxes).
#[derive(Debug, Default, Clone)]
pub(crate) struct Fields(Vec<(String, String)>);

/// A form that is larger than any page of ours sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the form has more than {MAX_FIELDS} fields")]
pub(crate) struct TooManyFields;

impl Fields {
    /// Takes the fields of a decoded body.
    pub(crate) fn new(fields: Vec<(String, String)>) -> Result<Self, TooManyFields> {
        if fields.len() > MAX_FIELDS {
            Err(TooManyFields)
        } else {
            Ok(Self(fields))
        }
    }

    /// The first value of a field without surrounding blanks; empty when it is absent.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value.trim())
    }

    /// As [`Self::text`], `other` when there is nothing.
    pub(crate) fn or<'a>(&'a self, name: &str, other: &'a str) -> &'a str {
        let text = self.text(name);
        if text.is_empty() { other } else { text }
    }

    /// As [`Self::text`], `None` when there is nothing.
    pub(crate) fn some(&self, name: &str) -> Option<String> {
        let text = self.text(name);
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// All values of a field.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.0
            .iter()
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.trim())
            .collect()
    }

    /// What was typed into the fields whose names begin with `prefix`, by the rest of the name.
    pub(crate) fn beginning_with(&self, prefix: &str) -> BTreeMap<String, String> {
        self.0
            .iter()
            .filter_map(|(key, value)| Some((key.strip_prefix(prefix)?, value.trim())))
            .filter(|(_, value)| !value.is_empty())
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
    }

    /// The groups of fields named `<prefix>.<index>.<name>`, by index: gaps are what somebody removed.
    pub(crate) fn groups(&self, prefix: &str) -> Vec<Self> {
        let mut groups: BTreeMap<usize, Vec<(String, String)>> = BTreeMap::new();
        for (key, value) in &self.0 {
            let Some((index, name)) = key
                .strip_prefix(prefix)
                .and_then(|rest| rest.strip_prefix('.'))
                .and_then(|rest| rest.split_once('.'))
            else {
                continue;
            };
            if let Ok(index) = index.parse() {
                groups
                    .entry(index)
                    .or_default()
                    .push((name.to_owned(), value.clone()));
            }
        }
        groups.into_values().map(Self).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        let pairs = pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        Fields::new(pairs).expect("few fields")
    }

    #[test]
    fn groups_keep_their_order_and_survive_gaps() {
        let form = fields(&[
            ("items.10.label", "Board"),
            ("items.2.label", " Ski "),
            ("items.2.service", "a"),
            ("items.2.service", "b"),
            ("items.x.label", "not a number"),
            ("items", "not a group"),
            ("name", "Meier"),
        ]);
        let groups = form.groups("items");
        assert_eq!(groups.len(), 2);
        assert_eq!(groups[0].text("label"), "Ski");
        assert_eq!(groups[0].all("service"), ["a", "b"]);
        assert_eq!(groups[1].text("label"), "Board");
        assert_eq!(form.some("name").as_deref(), Some("Meier"));
        assert_eq!(form.some("phone"), None);
    }

    #[test]
    fn a_flood_of_fields_is_refused() {
        let flood = (0..=MAX_FIELDS)
            .map(|index| (index.to_string(), String::new()))
            .collect();
        assert_eq!(Fields::new(flood).err(), Some(TooManyFields));
    }
}
