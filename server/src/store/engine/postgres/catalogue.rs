//! The catalogue of PostgreSQL, from which a backup learns the tables.

use crate::store::engine::transaction::Catalogue;

/// The queries with which PostgreSQL describes its schema.
pub(super) const CATALOGUE: Catalogue = Catalogue {
    columns: "SELECT tables.relname::TEXT AS table_name, columns.attname::TEXT AS column_name,
            UPPER(format_type(columns.atttypid, NULL)) AS kind,
            COALESCE(array_position(keys.conkey, columns.attnum), 0)::BIGINT AS key_position
         FROM pg_class AS tables
         JOIN pg_attribute AS columns ON columns.attrelid = tables.oid
          AND columns.attnum > 0 AND NOT columns.attisdropped
         LEFT JOIN pg_constraint AS keys ON keys.conrelid = tables.oid AND keys.contype = 'p'
         WHERE tables.relkind = 'r' AND tables.relnamespace = current_schema()::regnamespace
           AND tables.relname <> 'refinery_schema_history'
         ORDER BY tables.relname, columns.attnum",
    references: "SELECT child.relname::TEXT AS child, parent.relname::TEXT AS parent
         FROM pg_constraint AS referred
         JOIN pg_class AS child ON child.oid = referred.conrelid
         JOIN pg_class AS parent ON parent.oid = referred.confrelid
         WHERE referred.contype = 'f'
           AND child.relnamespace = current_schema()::regnamespace",
};
