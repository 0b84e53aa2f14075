//! The columns of a table: which query or label each shows, in which order, under which name.

use std::collections::BTreeMap;

use super::field::{Override, Property, Unit};
use super::model::Nothing;
use super::page::Draft;
use super::panel::{Organize, SortField, SortRows, Transformation};

/// One column.
#[derive(Debug)]
pub(crate) struct Column {
    name: &'static str,
    from: From,
    shown: Vec<Property>,
}

#[derive(Debug)]
enum From {
    /// A label that every query has, or the first one.
    Label(&'static str),
    /// The value of a query.
    Query(String),
    /// A query for its labels, whose value says nothing.
    Hidden(String),
}

impl Column {
    /// A label, as it is. One that is not there is empty and not `no data`: links take what a cell shows.
    pub(crate) fn label(name: &'static str, label: &'static str) -> Self {
        Self {
            name,
            from: From::Label(label),
            shown: vec![
                Property::Unit(Unit::Text),
                Property::Nothing(""),
                Property::Mappings(Vec::new()),
            ],
        }
    }

    pub(crate) fn query(name: &'static str, expr: impl Into<String>) -> Self {
        Self {
            name,
            from: From::Query(expr.into()),
            shown: Vec::new(),
        }
    }

    /// A query that brings labels for other columns.
    pub(crate) fn hidden(expr: impl Into<String>) -> Self {
        Self {
            name: "",
            from: From::Hidden(expr.into()),
            shown: Vec::new(),
        }
    }

    pub(crate) fn shown(mut self, property: Property) -> Self {
        self.shown.push(property);
        self
    }
}

impl Draft {
    /// Fills a table; the rows are sorted by the field `worst`, the largest first when `desc`.
    pub(crate) fn columns(self, columns: Vec<Column>, (worst, desc): (&str, bool)) -> Self {
        let is_query = |column: &&Column| !matches!(column.from, From::Label(_));
        let queries = columns.iter().filter(is_query).count();
        let mut draft = self;
        let mut ids = 'A'..='Z';
        let mut organize = Organize {
            exclude_by_name: BTreeMap::from([("Time".to_owned(), true)]),
            index_by_name: BTreeMap::new(),
            rename_by_name: BTreeMap::new(),
        };
        for (index, column) in columns.into_iter().enumerate() {
            let field = match column.from {
                From::Label(label) => label.to_owned(),
                From::Query(expr) => {
                    draft = draft.query("", expr);
                    value_field(ids.next().unwrap_or('Z'), queries)
                }
                From::Hidden(expr) => {
                    draft = draft.query("", expr);
                    let field = value_field(ids.next().unwrap_or('Z'), queries);
                    organize.exclude_by_name.insert(field, true);
                    continue;
                }
            };
            organize.index_by_name.insert(field.clone(), index);
            organize.rename_by_name.insert(field, column.name.to_owned());
            if !column.shown.is_empty() {
                draft = draft.field(Override::by_name(column.name, column.shown));
            }
        }
        let sort = SortRows {
            fields: Nothing {},
            sort: vec![SortField {
                field: worst.to_owned(),
                desc,
            }],
        };
        draft
            .then(Transformation::Organize(organize))
            .then(Transformation::SortBy(sort))
    }
}

/// What Grafana calls the value of a query in a table: with its letter as soon as there is another one.
fn value_field(id: char, queries: usize) -> String {
    if queries == 1 {
        "Value".to_owned()
    } else {
        format!("Value #{id}")
    }
}
