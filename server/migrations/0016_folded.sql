-- Names as the host's search compares them. The databases fold letters differently (SQLite ASCII
-- alone, PostgreSQL by its locale), so the server computes them, for earlier rows too, once this
-- file is applied: src/store/folded.rs. NULL in a row of an older server until then.
ALTER TABLE agent ADD COLUMN name_folded TEXT;
ALTER TABLE operator ADD COLUMN name_folded TEXT;

CREATE INDEX agent_unfolded ON agent (id) WHERE name_folded IS NULL;
CREATE INDEX operator_unfolded ON operator (id) WHERE name_folded IS NULL;
