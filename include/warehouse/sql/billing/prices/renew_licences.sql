-- Licences of these subscriptions whose next term starts before :renew_before, once each.
SELECT licence_key
FROM core.renew_licences(:time_zone, :renew_before, :subscriptions) AS licence_key
