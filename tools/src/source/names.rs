//! Which table a name means. One dump may hold several databases or schemas, and one name in several of them.

use super::dialect::Dialect;
use super::schema::same_name;

/// A table's name with the schema, or at MySQL the database, it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableName {
    /// The schema; at PostgreSQL and SQL Server behind `database.`, if the dump says which. Empty when nothing is known.
    pub namespace: String,
    /// The name itself.
    pub name: String,
    /// The schema stood beside the name; otherwise it is the one in force.
    pub qualified: bool,
}

impl TableName {
    /// A name whose schema is known.
    pub fn qualified(namespace: &str, name: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            qualified: true,
        }
    }

    /// Whether this names exactly the table `name` in `namespace`. An unknown schema is any.
    pub fn is(&self, namespace: &str, name: &str) -> bool {
        same_name(&self.name, name)
            && (same_name(&self.namespace, namespace)
                || self.namespace.is_empty()
                || namespace.is_empty())
    }
}

/// The database and schema in force where a dump is being read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naming {
    dialect: Dialect,
    database: String,
    schema: String,
}

impl Naming {
    /// The names at the start of a dump.
    pub fn new(dialect: Dialect) -> Self {
        let schema = match dialect {
            Dialect::SqliteFile | Dialect::SqliteScript => "main",
            Dialect::Postgres => "public",
            Dialect::SqlServer => "dbo",
            Dialect::MySql => "",
        };
        Self {
            dialect,
            database: String::new(),
            schema: schema.to_owned(),
        }
    }

    /// `USE shop`, `\connect shop`: names that follow are in this database.
    pub fn enter_database(&mut self, name: &str) {
        match self.dialect {
            Dialect::MySql => name.clone_into(&mut self.schema),
            Dialect::Postgres | Dialect::SqlServer => name.clone_into(&mut self.database),
            Dialect::SqliteFile | Dialect::SqliteScript => {}
        }
    }

    /// `SET search_path = crm`: names without a schema are in this one.
    pub fn enter_schema(&mut self, name: &str) {
        name.clone_into(&mut self.schema);
    }

    /// The table that `parts` (`[database,] [schema,] name`) name here.
    pub fn table(&self, parts: &[String]) -> TableName {
        let (name, before) = parts
            .split_last()
            .map_or(("", &[][..]), |(name, before)| (name.as_str(), before));
        let (database, schema) = match before {
            [] => (self.database.as_str(), self.schema.as_str()),
            [schema] => (self.database.as_str(), schema.as_str()),
            [.., database, schema] => (database.as_str(), schema.as_str()),
        };
        let namespace = if database.is_empty() || self.dialect == Dialect::MySql {
            schema.to_owned()
        } else {
            format!("{database}.{schema}")
        };
        TableName {
            namespace,
            name: name.to_owned(),
            qualified: !before.is_empty(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(name: &str) -> Vec<String> {
        name.split('.').map(str::to_owned).collect()
    }

    #[test]
    fn a_name_means_the_table_of_the_schema_in_force() {
        let mut naming = Naming::new(Dialect::SqlServer);
        assert_eq!(naming.table(&parts("Orders")).namespace, "dbo");
        assert!(naming.table(&parts("dbo.Orders")).is("DBO", "orders"));
        assert!(!naming.table(&parts("InMemory.Orders")).is("dbo", "Orders"));
        naming.enter_database("shop");
        assert_eq!(naming.table(&parts("Orders")).namespace, "shop.dbo");
        assert_eq!(naming.table(&parts("old.dbo.Orders")).namespace, "old.dbo");

        let mut naming = Naming::new(Dialect::MySql);
        assert!(naming.table(&parts("orders")).is("chur", "orders"));
        naming.enter_database("chur");
        assert!(!naming.table(&parts("davos.orders")).is("chur", "orders"));

        let mut naming = Naming::new(Dialect::Postgres);
        naming.enter_schema("crm");
        assert_eq!(naming.table(&parts("orders")).namespace, "crm");
    }
}
