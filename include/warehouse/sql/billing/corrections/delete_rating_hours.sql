-- This transaction's own; no other session ever sees a row.
DELETE FROM billing.rating_hours
