//! Services: merged into the catalogue where the plan says so, else documents of their own that are no longer offered.

use shared::domain::{Money, fields};
use shared::id::{DocumentId, ServiceId};

use super::rows::Source;
use super::{
    ApplyError, Pass, Rejection, SERVICES_KEPT, Stop, check_lengths, keep_raw, record_import,
};
use crate::interpret::amounts::price;
use crate::ledger::Fate;
use crate::naming;

/// From when a legacy price holds, as for the seeded catalogue.
const SINCE: &str = "2000-01-01";

/// Legacy services stand behind the catalogue's own.
const FIRST_PLACE: i64 = 1_000;

/// A service as an order's line needs it.
#[derive(Debug, Clone, Default)]
pub(super) struct Named {
    pub(super) service: Option<ServiceId>,
    pub(super) label: String,
    pub(super) price: Option<Money>,
}

impl Pass<'_> {
    /// All rows of the services' table.
    pub(super) fn services(&mut self) -> Result<(), ApplyError> {
        let Some(services) = &self.plan.services else {
            return Ok(());
        };
        let (Some(table), Some(key), Some(name)) = (&services.table, &services.key, &services.name)
        else {
            return Ok(());
        };
        let Some(source) = self.source(table, std::slice::from_ref(key)) else {
            return Ok(());
        };
        source.index(std::slice::from_ref(key))?;
        let mut place = FIRST_PLACE;
        source.each::<ApplyError>(|row| {
            let label = source.value(&row, Some(name)).text().unwrap_or_default();
            if services.map.contains_key(label) {
                self.ledger.decide(source.place, row.rowid, Fate::Merged);
                return Ok(());
            }
            place += 1;
            if !self.plan.portion.has_table(&source.table.schema.name) {
                self.leave_out(&source, &row);
                return Ok(());
            }
            if let Some(rejection) = self.doubled(&source, &row)? {
                self.reject(&source, &row, &rejection);
                return Ok(());
            }
            let made = self.service_document(&source, &row, label, services.price.as_ref(), place);
            self.conclude(&source, &row, made).map(drop)
        })
    }

    fn service_document(
        &mut self,
        source: &Source<'_>,
        row: &super::SourceRow,
        label: &str,
        price: Option<&String>,
        place: i64,
    ) -> Result<(), Stop> {
        let key = source
            .key_of(row)
            .ok_or_else(|| Rejection::new("no_key", "its key is NULL"))?;
        check_lengths(source, row)?;
        let table = &source.table.schema.name;
        let id = naming::document_id(&self.plan.source_name, table, &key);
        let mut authoring = self.authoring(self.stamp);
        let mut change = self.draft(id, fields::kind::SERVICE);
        let code = format!("{}/{key}", self.plan.source_name);
        change.set(&mut authoring, "code", code.as_str());
        change.set(&mut authoring, "name/de", label);
        change.set(&mut authoring, "sort", place);
        change.set(&mut authoring, "active", false);
        if let Some(money) = self.exact_money(source.value(row, price).trimmed()) {
            let currency = self.plan.currency.to_ascii_lowercase();
            change
                .set_joined(&mut authoring, &["price/", &currency, "/", SINCE], money)
                .map_err(|error| Rejection::new("field_name", error.to_string()))?;
        }
        keep_raw(&mut change, &mut authoring, source, row)?;
        record_import(
            &mut change,
            &mut authoring,
            &self.plan.source_name,
            table,
            &key,
        );
        self.produce(change, &authoring, vec![(source.place, row.rowid)])
    }

    /// What a service's text or key stands for.
    pub(super) fn named_service(&mut self, raw: &str) -> Result<Named, ApplyError> {
        if let Some(known) = self.named.get(raw) {
            return Ok(known.clone());
        }
        let named = self.find_service(raw)?;
        if self.named.len() < SERVICES_KEPT {
            self.named.insert(raw.to_owned(), named.clone());
        }
        Ok(named)
    }

    fn find_service(&mut self, raw: &str) -> Result<Named, ApplyError> {
        let Some(services) = &self.plan.services else {
            return Ok(Named {
                label: raw.to_owned(),
                ..Named::default()
            });
        };
        let (Some(table), Some(key), Some(name)) = (&services.table, &services.key, &services.name)
        else {
            let service = services.map.get(raw).map(|code| catalogue_service(code));
            return Ok(Named {
                service,
                label: raw.to_owned(),
                price: None,
            });
        };
        let Some(source) = self.source(table, std::slice::from_ref(key)) else {
            return Ok(Named::default());
        };
        // A key that names nothing: the line keeps the key, as an inner join would not have.
        let Some(row) = source.find(std::slice::from_ref(key), raw)? else {
            return Ok(Named {
                label: raw.to_owned(),
                ..Named::default()
            });
        };
        let label = source
            .value(&row, Some(name))
            .text()
            .unwrap_or_default()
            .to_owned();
        let service = match services.map.get(&label) {
            Some(code) => Some(catalogue_service(code)),
            None => source.key_of(&row).map(|key| {
                ServiceId(naming::document_id(
                    &self.plan.source_name,
                    &source.table.schema.name,
                    &key,
                ))
            }),
        };
        let price = self.exact_money(source.value(&row, services.price.as_ref()).trimmed());
        Ok(Named {
            service,
            label,
            price,
        })
    }

    /// An amount that comes out even; `None` when there is none or it does not.
    pub(super) fn exact_money(&self, text: Option<&str>) -> Option<Money> {
        let minor = price(text?)?.exact_minor()?;
        Some(Money::new(minor, self.currency))
    }
}

fn catalogue_service(code: &str) -> ServiceId {
    ServiceId(DocumentId::named(&format!("service/{code}")))
}
