INSERT INTO core.buyers (account_id, site, registered_at)
VALUES (:account_id, :site, :at)
ON CONFLICT (account_id) DO UPDATE
    SET site = excluded.site
