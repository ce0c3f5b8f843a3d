-- This transaction's own; nobody else ever sees a row.
DELETE FROM billing.rating_hours
