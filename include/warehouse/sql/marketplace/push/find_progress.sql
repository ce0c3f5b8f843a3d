SELECT entered_until FROM marketplace.push_progress
WHERE channel = :channel
