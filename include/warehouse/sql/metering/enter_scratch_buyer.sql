-- The one who uses what a file of polls tells of, in a warehouse that is thrown away.
INSERT INTO core.buyers (account_id, site, registered_at)
VALUES ('scratch', 'china', :at)
