-- A freeze that ended in the hour in which this one would begin goes on.
INSERT INTO core.freezes (subscription_key, frozen_from)
VALUES (:subscription_key, :frozen_from)
ON CONFLICT (subscription_key, frozen_from) DO UPDATE
    SET frozen_until = NULL
