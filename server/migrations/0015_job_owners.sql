-- Whose news a job carries: few of one owner run at a time, wherever they go; '' is nobody's.
ALTER TABLE job ADD COLUMN owner TEXT NOT NULL DEFAULT '';
