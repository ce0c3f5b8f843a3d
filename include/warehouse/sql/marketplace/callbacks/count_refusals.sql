INSERT INTO marketplace.refused_callbacks AS known (hour_start, reason, callbacks, last_at)
VALUES (date_trunc('hour', now(), 'UTC'), :reason, :callbacks, now())
ON CONFLICT (hour_start, reason) DO UPDATE
    SET
        callbacks = known.callbacks + excluded.callbacks,
        last_at = excluded.last_at
