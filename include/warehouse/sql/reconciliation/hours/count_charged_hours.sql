-- The hours that rating charges for, in place of the hours with usage: nothing is rounded of an hour that is free.
UPDATE compared_bills AS c
SET hours_charged = h.hours_charged
FROM (
    SELECT
        subscription_key,
        count(*) FILTER (WHERE amount > 0) AS hours_charged
    FROM our_hours
    GROUP BY subscription_key
) AS h
WHERE c.subscription_key = h.subscription_key
