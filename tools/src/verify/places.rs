//! Where the services of the old database stand in lists: behind the catalogue's own, in the order of their rows.

use super::Check;
use super::row::SourceRow;
use crate::plan::Plan;
use crate::staging::Staging;

/// The catalogue's own stand before this place.
const BEHIND_THE_CATALOGUE: i64 = 1_000;

/// By the place of a service's row: how many rows up to it are not merged into the catalogue. Four bytes a service.
#[derive(Default)]
pub(super) struct PlacesOfServices(Vec<u32>);

impl PlacesOfServices {
    pub(super) fn of(plan: &Plan, staging: &Staging) -> Result<Self, rusqlite::Error> {
        let mut places = Self::default();
        let Some(services) = &plan.services else {
            return Ok(places);
        };
        let (Some(table), Some(name)) = (&services.table, &services.name) else {
            return Ok(places);
        };
        let Some(table) = staging.table(table) else {
            return Ok(places);
        };
        let Some(column) = table.schema.column_index(name) else {
            return Ok(places);
        };
        let select = format!(
            "SELECT rowid, c{column} FROM {} ORDER BY rowid",
            table.sql_name()
        );
        let mut select = staging.connection().prepare(&select)?;
        let mut rows = select.query([])?;
        let mut own = 0;
        while let Some(row) = rows.next()? {
            let place: i64 = row.get(0)?;
            let label = row
                .get_ref(1)?
                .as_str_or_null()
                .ok()
                .flatten()
                .unwrap_or_default();
            own += u32::from(!services.map.contains_key(label));
            places.0.resize(usize::try_from(place).unwrap_or(0), own);
        }
        Ok(places)
    }
}

impl Check<'_> {
    /// The place of a service in lists.
    pub(super) fn place_of_service(&self, row: &SourceRow<'_>) -> Option<i64> {
        let slot = usize::try_from(row.rowid - 1).ok()?;
        let own = self.common.places.0.get(slot)?;
        Some(BEHIND_THE_CATALOGUE + i64::from(*own))
    }
}
