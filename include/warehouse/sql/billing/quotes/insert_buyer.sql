INSERT INTO core.buyers (account_id, site, registered_at)
VALUES ('quote', 'china', :period_start)
