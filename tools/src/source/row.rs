//! One source row as it was read: text as it stands, NULL apart from the empty string, nothing normalised.

/// One value of a source row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell<'a> {
    /// No value.
    Null,
    /// Text, numbers and dates, as written.
    Text(&'a str),
    /// Bytes that are no text.
    Blob(&'a [u8]),
    /// `DEFAULT`: whatever the table's declaration says.
    Default,
}

/// A row whose buffers are used again for the next one.
#[derive(Debug, Default)]
pub struct Row {
    text: String,
    blobs: Vec<u8>,
    cells: Vec<Slot>,
}

#[derive(Debug, Clone, Copy)]
enum Slot {
    Null,
    Default,
    Text { start: usize, end: usize },
    Blob { start: usize, end: usize },
}

impl Row {
    /// Forgets the values, keeps the room.
    pub fn clear(&mut self) {
        self.text.clear();
        self.blobs.clear();
        self.cells.clear();
    }

    /// How many values the row has.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether the row has no values yet.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// How many bytes the row holds.
    pub fn bytes(&self) -> usize {
        self.text.len() + self.blobs.len()
    }

    /// Adds a NULL.
    pub fn push_null(&mut self) {
        self.cells.push(Slot::Null);
    }

    /// Adds `DEFAULT`.
    pub fn push_default(&mut self) {
        self.cells.push(Slot::Default);
    }

    /// Takes the last value back.
    pub fn pop(&mut self) {
        match self.cells.pop() {
            Some(Slot::Text { start, .. }) => self.text.truncate(start),
            Some(Slot::Blob { start, .. }) => self.blobs.truncate(start),
            Some(Slot::Null | Slot::Default) | None => {}
        }
    }

    /// Adds a text.
    pub fn push_text(&mut self, text: &str) {
        self.push_text_with(|buffer| buffer.push_str(text));
    }

    /// Adds a text that the closure appends to the row's buffer.
    pub fn push_text_with(&mut self, write: impl FnOnce(&mut String)) {
        let start = self.text.len();
        write(&mut self.text);
        self.cells.push(Slot::Text {
            start,
            end: self.text.len(),
        });
    }

    /// Adds a text that lies between two places of what is laid under the row at the end.
    pub(super) fn push_place(&mut self, start: usize, end: usize) {
        self.cells.push(Slot::Text { start, end });
    }

    /// Gives the text in which all values of the row lie.
    pub(super) fn lay_under(&mut self, text: &str) {
        self.text.clear();
        self.text.push_str(text);
    }

    /// Adds bytes.
    pub fn push_blob(&mut self, bytes: &[u8]) {
        let start = self.blobs.len();
        self.blobs.extend_from_slice(bytes);
        self.cells.push(Slot::Blob {
            start,
            end: self.blobs.len(),
        });
    }

    /// The value at `index`; NULL beyond the end.
    pub fn cell(&self, index: usize) -> Cell<'_> {
        self.view().cell(index)
    }

    /// The row, lent.
    pub fn view(&self) -> RowView<'_> {
        RowView {
            text: &self.text,
            blobs: &self.blobs,
            cells: &self.cells,
        }
    }

    /// All values in order.
    pub fn cells(&self) -> impl Iterator<Item = Cell<'_>> {
        (0..self.len()).map(|index| self.cell(index))
    }
}

/// A row that lies in somebody else's buffers.
#[derive(Debug, Clone, Copy)]
pub struct RowView<'a> {
    text: &'a str,
    blobs: &'a [u8],
    cells: &'a [Slot],
}

impl<'a> RowView<'a> {
    /// How many values the row has.
    pub const fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether the row has no values.
    pub const fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// The value at `index`; NULL beyond the end.
    pub fn cell(&self, index: usize) -> Cell<'a> {
        match self.cells.get(index) {
            Some(Slot::Text { start, end }) => Cell::Text(&self.text[*start..*end]),
            Some(Slot::Blob { start, end }) => Cell::Blob(&self.blobs[*start..*end]),
            Some(Slot::Default) => Cell::Default,
            Some(Slot::Null) | None => Cell::Null,
        }
    }
}

/// Many rows in common buffers, to be handed from thread to thread at once.
#[derive(Debug, Default)]
pub(crate) struct RowBlock {
    text: String,
    blobs: Vec<u8>,
    cells: Vec<Slot>,
    rows: Vec<RowEnd>,
}

#[derive(Debug, Clone, Copy)]
struct RowEnd {
    cells: usize,
    line: u64,
    column: u64,
    opens: bool,
}

/// One row of a block.
pub(crate) struct PlacedRow<'a> {
    pub(crate) view: RowView<'a>,
    /// Where it begins.
    pub(crate) line: u64,
    pub(crate) column: u64,
    /// It is the first of its statement.
    pub(crate) opens: bool,
}

impl RowBlock {
    /// Adds a row with the line and column it begins at, and whether it is the first of its statement.
    pub(super) fn push(&mut self, row: &Row, line: u64, column: u64, opens: bool) {
        let (text, blobs) = (self.text.len(), self.blobs.len());
        self.text.push_str(&row.text);
        self.blobs.extend_from_slice(&row.blobs);
        self.cells.extend(row.cells.iter().map(|slot| match *slot {
            Slot::Text { start, end } => Slot::Text {
                start: start + text,
                end: end + text,
            },
            Slot::Blob { start, end } => Slot::Blob {
                start: start + blobs,
                end: end + blobs,
            },
            other => other,
        }));
        self.rows.push(RowEnd {
            cells: self.cells.len(),
            line,
            column,
            opens,
        });
    }

    /// How many bytes of values it holds.
    pub(super) fn bytes(&self) -> usize {
        self.text.len() + self.blobs.len() + self.cells.len() * size_of::<Slot>()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows in their order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = PlacedRow<'_>> {
        let mut from = 0;
        self.rows.iter().map(move |row| {
            let view = RowView {
                text: &self.text,
                blobs: &self.blobs,
                cells: &self.cells[from..row.cells],
            };
            from = row.cells;
            PlacedRow {
                view,
                line: row.line,
                column: row.column,
                opens: row.opens,
            }
        })
    }
}
