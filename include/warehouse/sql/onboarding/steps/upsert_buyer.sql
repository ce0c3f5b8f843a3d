INSERT INTO core.buyers (account_id, site, contact, registered_at)
VALUES (:account_id, :site, :contact, :at)
ON CONFLICT (account_id) DO UPDATE
    SET
        site = excluded.site,
        contact = coalesce(excluded.contact, buyers.contact)
