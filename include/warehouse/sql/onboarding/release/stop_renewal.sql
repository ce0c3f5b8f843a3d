-- What has ended is not renewed.
UPDATE core.licences
SET auto_renew = FALSE
WHERE subscription_key = :subscription_key AND auto_renew
