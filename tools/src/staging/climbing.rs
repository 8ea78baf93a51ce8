//! Which columns ascend, seen while rows come in: most keys of a dump do, and what was seen need not be read again.

use std::cmp::Ordering;

use super::settle::{Order, shorter_first};
use crate::source::row::{Cell, RowView};

/// Longer values are no keys, and are not kept to be compared.
const LONGEST_BYTES: usize = 64;

/// The columns of one table, and the keys of several columns, that have ascended so far, in the order of [`shorter_first`] and
/// without a NULL.
#[derive(Debug, Clone, Default)]
pub(super) struct Climbing {
    rows: u64,
    keys: Vec<Key>,
}

#[derive(Debug, Clone)]
struct Key {
    columns: Vec<usize>,
    order: Order,
    /// The values of the row before.
    last: Vec<Vec<u8>>,
}

impl Climbing {
    /// A row that was added. `places` says where the value of each column stands in it, and `is_verbatim` whether a column's
    /// texts are staged as they stand there; `several` gives the keys of several columns, as far as they were declared.
    pub(super) fn see(
        &mut self,
        row: RowView<'_>,
        places: &[Option<usize>],
        is_verbatim: impl Fn(usize) -> bool,
        several: impl Fn() -> Vec<Vec<usize>>,
    ) {
        let text_of = |index: usize| match row.cell((*places.get(index)?)?) {
            Cell::Text(text) if text.len() <= LONGEST_BYTES && is_verbatim(index) => {
                Some(text.as_bytes())
            }
            _ => None,
        };
        self.rows += 1;
        if self.rows == 1 {
            let first = |columns: Vec<usize>| {
                let values = columns.iter().map(|column| text_of(*column));
                Some(Key {
                    last: values
                        .map(|value| Some(value?.to_vec()))
                        .collect::<Option<_>>()?,
                    columns,
                    order: Order::Strict,
                })
            };
            let each = (0..places.len()).map(|column| vec![column]);
            self.keys = each.chain(several()).filter_map(first).collect();
            return;
        }
        self.keys.retain_mut(|key| key.goes_on(text_of));
    }

    /// The columns and keys that ascend over all of `rows` rows, with how they do; none when some of the rows were not seen.
    pub(super) fn over(self, rows: u64) -> impl Iterator<Item = (Vec<usize>, Order)> {
        let keys = if self.rows == rows {
            self.keys
        } else {
            Vec::new()
        };
        keys.into_iter().map(|key| (key.columns, key.order))
    }
}

impl Key {
    /// Whether it still ascends with one more row.
    fn goes_on<'r>(&mut self, text_of: impl Fn(usize) -> Option<&'r [u8]>) -> bool {
        let mut compared = Ordering::Equal;
        for (column, last) in self.columns.iter().zip(&mut self.last) {
            let Some(value) = text_of(*column) else {
                return false;
            };
            compared = compared.then_with(|| shorter_first(last, value));
            if compared == Ordering::Less {
                last.clear();
                last.extend_from_slice(value);
            }
        }
        if compared == Ordering::Equal {
            self.order = Order::Level;
        }
        compared != Ordering::Greater
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::source::read_source;
    use crate::staging::Staging;

    fn value() -> impl Strategy<Value = Option<String>> {
        prop_oneof![
            6 => (0..4_usize, "[a-c]{0,2}").prop_map(|(longer, end)| Some("x".repeat(longer) + &end)),
            2 => (0..200_u32).prop_map(|number| Some(number.to_string())),
            1 => Just(Some("y".repeat(LONGEST_BYTES + 1))),
            1 => Just(None),
        ]
    }

    fn ascends(values: &[Option<String>], order: Order) -> bool {
        let follows = |pair: &[&String]| {
            let compared = shorter_first(pair[0].as_bytes(), pair[1].as_bytes());
            compared == Ordering::Less || order == Order::Level && compared == Ordering::Equal
        };
        let texts: Vec<&String> = values.iter().flatten().collect();
        texts.len() == values.len() && texts.windows(2).all(follows)
    }

    /// A script as staged.
    pub(in super::super) fn staged(script: &str) -> Staging {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("dump.sql");
        std::fs::write(&path, script).expect("written");
        let mut staging = Staging::create(None).expect("a staging database");
        read_source(&path, &mut staging, |_, _| {}).expect("read");
        staging
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_seen_while_rows_come_in_is_what_they_are(
            rows in proptest::collection::vec((value(), value()), 1..6),
            is_sorted: bool,
            is_in_turns: bool,
        ) {
            let mut rows = rows;
            if is_sorted {
                let by = |value: &Option<String>| value.clone().map(|text| (text.len(), text));
                rows.sort_by_key(|(one, other)| (by(one), by(other)));
            }
            let written = |value: &Option<String>| match value {
                Some(text) => format!("'{text}'"),
                None => "NULL".to_owned(),
            };
            let mut script = "CREATE TABLE a (one TEXT, other TEXT, UNIQUE (other, one));\n".to_owned();
            for (number, (one, other)) in rows.iter().enumerate() {
                let (one, other) = (written(one), written(other));
                let (columns, values) = if is_in_turns && number % 2 == 1 {
                    ("(other, one) ", format!("{other}, {one}"))
                } else {
                    ("", format!("{one}, {other}"))
                };
                script.extend(["INSERT INTO a ", columns, "VALUES (", &values, ");\n"]);
            }
            let staging = staged(&script);
            let table = staging.table("a").expect("it is there");
            let (ones, others): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
            for (column, values) in [(0, &ones), (1, &others)] {
                for order in [Order::Strict, Order::Level] {
                    let found = staging.ascends(table, column, order).expect("readable");
                    prop_assert_eq!(found, ascends(values, order), "column {}, {:?}: {}", column, order, &script);
                }
            }
        }
    }

    #[test]
    fn keys_that_ascend_are_known_without_reading_them_again() {
        let staging = staged(
            "CREATE TABLE a (id INT PRIMARY KEY, parent INT, place INT, note TEXT, UNIQUE (parent, place), UNIQUE (note, id));\n\
             INSERT INTO a VALUES (8, 1, 1, 'c'), (9, 1, 12, 'b');\nINSERT INTO a VALUES (10, 2, 3, 'a');\n",
        );
        let table = staging.table("a").expect("it is there");
        assert_eq!(table.ascending, [vec![0], vec![1, 2]]);
        assert_eq!(table.level, [1]);
    }
}
