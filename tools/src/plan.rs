//! The plan: how tables become documents. Proposed by the tool, read and corrected by a person, checked when loaded.
//!
//! It is bound to one source by its SHA-256 and to the schema of the documents, so that it cannot be run against another
//! dump by mistake. Unknown keys are refused: a typing error must not silently become a default.

mod check;
pub mod preview;
pub mod propose;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use check::Problem;

use crate::mends::Mended;
use crate::portion::Portion;
use crate::source::schema::same_name;

/// The version of the plan's own format.
pub const PLAN_VERSION: u32 = 1;

/// The version of the documents' schema that `apply` writes.
pub const DOCUMENT_SCHEMA: u32 = 1;

/// A plan as written in its file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// [`PLAN_VERSION`].
    pub plan_version: u32,
    /// [`DOCUMENT_SCHEMA`].
    pub document_schema: u32,
    /// Name of the source. Part of each imported document's identity: never change it after the first run.
    pub source_name: String,
    /// The source's file, from the plan's folder.
    pub source_file: PathBuf,
    /// SHA-256 of the source this plan was made for.
    pub source_sha256: String,
    /// The instant written as the importer's clock (RFC 3339): where a row bears no date of its own, and where the history says
    /// that it was brought over.
    pub stamped_at: jiff::Timestamp,
    /// IANA zone of all local times in the source.
    pub time_zone: String,
    /// ISO 3166 code that telephones without a prefix belong to.
    pub country: String,
    /// ISO 4217 code of all amounts.
    pub currency: String,
    /// VAT rates by the day from which they hold.
    #[serde(default)]
    pub vat: Vec<VatRate>,
    /// Which branch each order belongs to.
    pub branches: Branches,
    /// The table that holds the orders.
    pub orders: Orders,
    /// The table that holds their lines.
    pub lines: Option<Lines>,
    /// The table that holds the customers.
    pub customers: Option<Customers>,
    /// The table that holds services or products.
    pub services: Option<Services>,
    /// How statuses are read.
    pub status: Choices,
    /// How priorities are read.
    pub priority: Choices,
    /// Tables whose text is carried into the orders that name them.
    #[serde(default)]
    pub lookup: Vec<Lookup>,
    /// Tables that stay behind, each with its reason.
    #[serde(default)]
    pub exclude: Vec<Exclude>,
    /// How many values may be changed, by rule. A run that needs more stops before it writes anything.
    #[serde(default)]
    pub budget: BTreeMap<String, u64>,
    /// Which rows this run brings. Not part of the file: it is said with each run.
    #[serde(skip)]
    pub portion: Portion,
    /// Stands for the rows that a person has mended; empty without any. Not part of the file either.
    #[serde(skip)]
    pub mended: Mended,
}

/// A VAT rate.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VatRate {
    /// The first day.
    pub from: jiff::civil::Date,
    /// 810 is 8.1 %.
    pub basis_points: i64,
}

/// Which branch each order belongs to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Branches {
    /// The column that says it.
    pub column: Option<String>,
    /// From the column's value to a branch's name or id.
    #[serde(default)]
    pub map: BTreeMap<String, String>,
    /// For orders that the column and its map do not tell of: the first rule that holds.
    #[serde(default)]
    pub rule: Vec<BranchRule>,
    /// The branch of all orders whose column says nothing: name or id.
    pub default: Option<String>,
    /// Makes branches that the hub does not know. Otherwise a name without a branch stops the run.
    #[serde(default)]
    pub create_missing: bool,
}

/// A branch by what another column holds, such as numbers that begin with `CH-`. Both conditions hold when both are given.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BranchRule {
    /// The column.
    pub column: String,
    /// Its value, exactly.
    pub equals: Option<String>,
    /// How its value begins.
    pub starts_with: Option<String>,
    /// The branch's name or id.
    pub branch: String,
}

impl BranchRule {
    /// Whether it holds for a value; never for NULL.
    pub fn holds(&self, value: Option<&str>) -> bool {
        let Some(value) = value else {
            return false;
        };
        let equals = self.equals.as_deref();
        let starts_with = self.starts_with.as_deref();
        (equals.is_some() || starts_with.is_some())
            && equals.is_none_or(|wanted| wanted == value)
            && starts_with.is_none_or(|start| value.starts_with(start))
    }
}

impl Branches {
    /// The names or ids of all branches that orders may go to, each once.
    pub fn names(&self) -> Vec<&String> {
        let rules = self.rule.iter().map(|rule| &rule.branch);
        let mut names: Vec<&String> = self
            .map
            .values()
            .chain(rules)
            .chain(&self.default)
            .collect();
        names.sort();
        names.dedup();
        names
    }
}

/// The orders' table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Orders {
    /// Its name.
    pub table: String,
    /// Columns that tell its rows apart. Empty: the row's place in the table.
    pub key: Vec<String>,
    /// The number people call an order by.
    pub number: Option<String>,
    /// When it was taken in.
    pub received: Option<String>,
    /// When it is promised.
    pub promised: Option<String>,
    /// When it was finished: an order without a status column is done when this is filled.
    pub finished: Option<String>,
    /// Where the work is.
    pub status: Option<String>,
    /// How urgent it is.
    pub priority: Option<String>,
    /// What is to be done: a text, or the key of a service.
    pub service: Option<String>,
    /// What the piece is.
    pub item: Option<String>,
    /// What it costs.
    pub price: Option<String>,
    /// What was paid.
    pub paid: Option<String>,
    /// Whether `paid` is an `amount` or a `flag` (then the whole price counts as paid).
    #[serde(default)]
    pub paid_is: PaidIs,
    /// A remark.
    pub note: Option<String>,
    /// The key of the customer's row: a column, or as many as that table's key has.
    pub customer: Option<Columns>,
    /// The customer, when they stand in the order's row itself.
    #[serde(default)]
    pub contact: ContactColumns,
    /// Which of these contacts are one person. On a name alone nobody ever is.
    #[serde(default)]
    pub people: People,
    /// How the dates of a column are written, the first that fits.
    #[serde(default)]
    pub date_formats: BTreeMap<String, Vec<String>>,
    /// Rows that are not brought over, each rule with its reason.
    #[serde(default)]
    pub exclude_where: Vec<ExcludeWhere>,
}

/// Columns that name a row of another table, in the order of its key. In the file a text, or a list of texts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "OneOrMany")]
pub struct Columns(pub Vec<String>);

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl From<OneOrMany> for Columns {
    fn from(columns: OneOrMany) -> Self {
        match columns {
            OneOrMany::One(column) => Self(vec![column]),
            OneOrMany::Many(columns) => Self(columns),
        }
    }
}

/// Which contacts that stand in the rows of orders are one person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum People {
    /// Those with the same name and the same e-mail or telephone.
    #[default]
    Alike,
    /// None: each order has a customer of its own, for somebody to link.
    Apart,
}

/// What a column of payments holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PaidIs {
    /// An amount.
    #[default]
    Amount,
    /// Yes or no.
    Flag,
}

/// Rows left out because a column has a value.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExcludeWhere {
    /// The column.
    pub column: String,
    /// Its value, exactly.
    pub equals: String,
    /// Why.
    pub reason: String,
}

/// The lines' table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lines {
    /// Its name.
    pub table: String,
    /// Columns that tell its rows apart.
    pub key: Vec<String>,
    /// The order's key: a column, or as many as the orders' key has.
    pub order: Columns,
    /// What is to be done: a text, or the key of a service.
    pub service: Option<String>,
    /// What the piece is that it is done to. Then each line is a piece of its own; without it all lines are one piece's.
    pub item: Option<String>,
    /// What sort of thing the piece is.
    pub item_kind: Option<String>,
    /// What one costs.
    pub price: Option<String>,
    /// How many.
    pub quantity: Option<String>,
    /// The share taken off, 0 to 1.
    pub discount: Option<String>,
}

/// The customers' table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Customers {
    /// Its name.
    pub table: String,
    /// Columns that tell its rows apart.
    pub key: Vec<String>,
    /// Which column is which part of the contact.
    #[serde(default)]
    pub contact: ContactColumns,
}

/// Which column is which part of a contact.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactColumns {
    /// The whole name.
    pub name: Option<String>,
    /// The given name, joined with `last_name`.
    pub first_name: Option<String>,
    /// The family name.
    pub last_name: Option<String>,
    /// A firm: the name when there is no other.
    pub company: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// E-mail.
    pub email: Option<String>,
    /// Street and number.
    pub street: Option<String>,
    /// Postcode.
    pub postcode: Option<String>,
    /// Town.
    pub town: Option<String>,
    /// Puts the zero back that a telephone lost in a column of numbers. Counted in the budget as `phone_zero`.
    #[serde(default)]
    pub restore_phone_zero: bool,
}

/// The services' table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Services {
    /// Its name; none when services are texts in the orders.
    pub table: Option<String>,
    /// Its key column.
    pub key: Option<String>,
    /// The column with the name.
    pub name: Option<String>,
    /// The column with the price, used where an order bears none.
    pub price: Option<String>,
    /// From a service's name to the code of one in the catalogue: such rows are merged. All others become services of
    /// their own that are no longer offered.
    #[serde(default)]
    pub map: BTreeMap<String, String>,
}

/// How a list of choices is read.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choices {
    /// The table that gives the key its name.
    pub table: Option<String>,
    /// Its key column.
    pub key: Option<String>,
    /// Its name column.
    pub name: Option<String>,
    /// From the legacy name, exactly as spelt, to the code here.
    #[serde(default)]
    pub map: BTreeMap<String, String>,
    /// For rows that say nothing. Without it they are rejected (statuses) or stay without (priorities).
    pub default: Option<String>,
}

/// A table whose text goes with the orders that name it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    /// Its name.
    pub table: String,
    /// Its key column.
    pub key: String,
    /// The column with the text.
    pub text: String,
    /// The orders' column that names its rows.
    pub column: String,
}

/// A table that stays behind.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exclude {
    /// Its name.
    pub table: String,
    /// Why.
    pub reason: String,
}

/// Why a plan cannot be used. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The file cannot be read.
    #[error(
        "the plan {path} cannot be read: {source}. Make one with `offpiste-import plan SOURCE`."
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file is no plan.
    #[error("the plan {path} is not valid: {reason}\nCorrect it there; nothing was changed.")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its line.
        reason: String,
    },
    /// The plan and the source do not fit.
    #[error("the plan does not fit its source:\n{}\nCorrect the plan; nothing was changed.", .0.iter().map(|problem| format!("  - {problem}")).collect::<Vec<_>>().join("\n"))]
    DoesNotFit(Vec<Problem>),
}

impl Plan {
    /// Reads a plan from its file.
    pub fn load(path: &Path) -> Result<(Self, String), PlanError> {
        let text = std::fs::read_to_string(path).map_err(|source| PlanError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let plan = Self::from_text(&text).map_err(|reason| PlanError::Invalid {
            path: path.to_owned(),
            reason,
        })?;
        Ok((plan, text))
    }

    /// Reads a plan from its text.
    pub fn from_text(text: &str) -> Result<Self, String> {
        let plan: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        if plan.plan_version != PLAN_VERSION {
            return Err(format!(
                "plan_version is {}, this program reads {PLAN_VERSION}",
                plan.plan_version
            ));
        }
        if plan.document_schema != DOCUMENT_SCHEMA {
            return Err(format!(
                "document_schema is {}, this program writes {DOCUMENT_SCHEMA}",
                plan.document_schema
            ));
        }
        Ok(plan)
    }

    /// Where the source is: `source_file` as seen from the plan's own folder.
    pub fn source_path(&self, plan_path: &Path) -> PathBuf {
        plan_path
            .parent()
            .unwrap_or(Path::new(""))
            .join(&self.source_file)
    }

    /// The columns that tell the rows of a table apart; empty where the plan knows none.
    pub fn key_columns(&self, table: &str) -> &[String] {
        let is = |named: &str| same_name(named, table);
        if is(&self.orders.table) {
            return &self.orders.key;
        }
        if let Some(lines) = self.lines.as_ref().filter(|lines| is(&lines.table)) {
            return &lines.key;
        }
        if let Some(customers) = self.customers.as_ref().filter(|these| is(&these.table)) {
            return &customers.key;
        }
        let services = self.services.as_ref();
        let services = services.filter(|these| these.table.as_deref().is_some_and(is));
        services
            .and_then(|services| services.key.as_ref())
            .map(std::slice::from_ref)
            .unwrap_or_default()
    }

    /// How a column's dates are written.
    pub fn date_shapes(&self, column: &str) -> Vec<crate::interpret::dates::Shape> {
        use crate::interpret::dates::Shape;
        let words = self.orders.date_formats.get(column);
        words.map_or_else(
            || vec![Shape::Iso],
            |words| {
                words
                    .iter()
                    .filter_map(|word| Shape::from_word(word))
                    .collect()
            },
        )
    }
}
