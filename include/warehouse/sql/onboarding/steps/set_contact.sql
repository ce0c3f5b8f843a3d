-- Whom to write to may change at any time; a request without a contact keeps the one there is.
UPDATE core.subscriptions
SET contact = :contact
WHERE subscription_id = :subscription_id AND CAST(:contact AS text) IS NOT NULL
