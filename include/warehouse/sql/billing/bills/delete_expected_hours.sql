DELETE FROM billing.rating_hours
