INSERT INTO marketplace.push_progress (channel, entered_from, entered_until)
VALUES (:channel, :entered_from, :entered_until)
ON CONFLICT (channel) DO UPDATE SET entered_until = greatest(push_progress.entered_until, excluded.entered_until)
