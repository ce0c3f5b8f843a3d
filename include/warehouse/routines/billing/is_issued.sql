-- Which documents count: those that a buyer has, which never change. Plain, so that PostgreSQL puts it into the
-- statement that calls it. A table cannot call it; its check has the states from include/domain/lifecycles.py.
CREATE FUNCTION billing.is_issued(state text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN state IN ('issued', 'reconciled');
COMMENT ON FUNCTION billing.is_issued IS 'Whether a bill or note in that state is issued, and so never changes.';

-- A void bill is a decision too: nothing of its subscription and period is still to come.
CREATE FUNCTION billing.is_closed(state text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN state IN ('issued', 'reconciled', 'void');
COMMENT ON FUNCTION billing.is_closed IS 'Whether a bill in that state is issued or void: its period is closed.';
