-- Empties the working table: no other transaction sees a row.
DELETE FROM reconciliation.hour_amounts
