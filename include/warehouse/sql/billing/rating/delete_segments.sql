-- Empties the working table: no other transaction sees a segment.
DELETE FROM billing.rating_segments
