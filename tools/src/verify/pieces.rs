//! The pieces and lines of a document, each with its fields: searched once, not for each of their names.

use std::fmt;

use shared::document::view::{Below, ValueView, VersionView, newest};
use shared::domain::fields::import;

use super::documents::{Found, Imported};

/// Fields of a document below one path.
#[derive(Clone, Copy)]
pub(super) struct Part<'v, 'd> {
    path: Path<'v>,
    pub(super) fields: Below<'v, 'd>,
}

/// What the names of a part's fields begin with; a text only for whoever reads of a difference.
#[derive(Clone, Copy)]
enum Path<'v> {
    Fixed(&'v str),
    Piece(&'v str),
    Line { piece: &'v str, line: &'v str },
}

/// A line that the importer made.
#[derive(Clone, Copy)]
pub(super) struct Line<'v, 'd> {
    /// Its own key.
    pub(super) key: &'v str,
    pub(super) piece: Part<'v, 'd>,
    pub(super) own: Part<'v, 'd>,
    place: (i64, i64),
}

/// What the importer made of an order's pieces, and who must hold them.
pub(super) struct Pieces<'v, 'd> {
    pub(super) document: &'v Found<'d>,
    pub(super) held_by: Option<&'v str>,
    /// The lines in their order; those whose rows are missing left out.
    pub(super) lines: Vec<Line<'v, 'd>>,
    /// The piece that stands first.
    pub(super) first: Part<'v, 'd>,
}

impl<'v, 'd> Part<'v, 'd> {
    /// The fields below a path, which ends with a slash unless all are meant.
    pub(super) fn of(document: &'v Found<'d>, path: &'v str) -> Self {
        let fields = match path {
            "" => document.view().all(),
            path => document.view().below(path),
        };
        let path = Path::Fixed(path);
        Self { path, fields }
    }
}

impl fmt::Display for Part<'_, '_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path {
            Path::Fixed(path) => formatter.write_str(path),
            Path::Piece(piece) => write!(formatter, "items/{piece}/"),
            Path::Line { piece, line } => write!(formatter, "items/{piece}/lines/{line}/"),
        }
    }
}

impl<'v, 'd> Pieces<'v, 'd> {
    /// Those of a document, which `held_by` must hold unless staff have changed what that follows from.
    pub(super) fn of(document: &'v Found<'d>, held_by: Option<&'v str>) -> Self {
        let mut lines = Vec::new();
        let mut first: Option<(i64, Part<'_, '_>)> = None;
        for (piece, fields) in document.view().below("items/").parts() {
            let path = Path::Piece(piece);
            let own = Part { path, fields };
            let place = imported_place(document, fields.versions("position"));
            if let Some(place) = place
                && first.is_none_or(|(former, _)| place < former)
            {
                first = Some((place, own));
            }
            let of_piece = fields.below("lines/").parts();
            lines.extend(of_piece.filter_map(|(line, fields)| {
                let own_place = imported_place(document, fields.versions("position"))?;
                let path = Path::Line { piece, line };
                (!is_gone(fields.versions(import::LINE_GONE_SINCE))).then_some(Line {
                    key: line,
                    piece: own,
                    own: Part { path, fields },
                    place: (place.unwrap_or(0), own_place),
                })
            }));
        }
        // Where places are equal the keys decide, in whose order they were found.
        lines.sort_by_key(|line| line.place);
        let nowhere = Part {
            path: Path::Piece(""),
            fields: Below::default(),
        };
        let first = first.map_or(nowhere, |(_, piece)| piece);
        Self {
            document,
            held_by,
            lines,
            first,
        }
    }
}

/// A place that the importer gave and that still stands.
fn imported_place(document: &Found<'_>, versions: &[VersionView<'_>]) -> Option<i64> {
    match document.value_of(versions) {
        Imported::Value(value) => value.as_int(),
        Imported::Absent | Imported::Edited => None,
    }
}

/// Whether a line's mark says that its row is missing in the source, or somebody has decided about that.
pub(super) fn is_gone(mark: &[VersionView<'_>]) -> bool {
    newest(mark).is_some_and(|mark| mark.by.is_some() || mark.value != ValueView::Null)
}
