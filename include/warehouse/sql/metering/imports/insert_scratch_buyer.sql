-- The one buyer of a warehouse that is thrown away.
INSERT INTO core.buyers (account_id, site, registered_at)
VALUES ('scratch', 'china', :at)
