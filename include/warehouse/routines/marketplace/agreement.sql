-- Where each AKU-second went, by subscription and hour: what is metered is covered by a licence, or in the ledger with
-- one outcome, in whole units of the marketplace; what is left of these is carried on. The rest is the difference:
-- usage that no record has, or that became known after its record was made.
CREATE VIEW marketplace.agreement AS
WITH recorded AS (
    SELECT
        subscription_key,
        hour_start,
        sum(units * unit_seconds) FILTER (WHERE outcome IN ('accepted', 'duplicate_same')) AS accepted,
        sum(units * unit_seconds) FILTER (WHERE outcome = 'expected') AS expected,
        sum(units * unit_seconds) FILTER (WHERE outcome IN ('unknown', 'duplicate_different')) AS unknown,
        sum(units * unit_seconds) FILTER (WHERE outcome = 'missed') AS missed,
        sum(units * unit_seconds) FILTER (WHERE outcome = 'refused') AS refused,
        sum(units * unit_seconds) FILTER (WHERE outcome IN ('pending', 'sending', 'not_sent')) AS waiting,
        sum(quantity - units * unit_seconds) AS carried,
        sum(quantity) AS recorded
    FROM marketplace.push_records
    GROUP BY subscription_key, hour_start
)

SELECT
    s.subscription_key,
    s.subscription_id,
    coalesce(u.hour_start, r.hour_start) AS hour_start,
    coalesce(u.aku_seconds, 0) AS metered,
    CASE WHEN s.payment = 'prepaid' THEN coalesce(u.aku_seconds, 0) ELSE 0 END AS licensed,
    coalesce(r.accepted, 0) AS accepted,
    coalesce(r.expected, 0) AS expected,
    coalesce(r.unknown, 0) AS unknown,
    coalesce(r.missed, 0) AS missed,
    coalesce(r.refused, 0) AS refused,
    coalesce(r.waiting, 0) AS waiting,
    coalesce(r.carried, 0) AS carried,
    CASE WHEN s.payment = 'prepaid' THEN 0 ELSE coalesce(u.aku_seconds, 0) END - coalesce(r.recorded, 0) AS difference
FROM metering.subscription_hours AS u
FULL JOIN recorded AS r ON u.subscription_key = r.subscription_key AND u.hour_start = r.hour_start
INNER JOIN core.subscriptions AS s ON coalesce(u.subscription_key, r.subscription_key) = s.subscription_key;
COMMENT ON VIEW marketplace.agreement IS
'Where the AKU-seconds of each subscription''s hours went: metered = licensed + accepted + expected + unknown + missed'
' + refused + waiting + carried + difference.';
COMMENT ON COLUMN marketplace.agreement.subscription_key IS 'Subscription.';
COMMENT ON COLUMN marketplace.agreement.subscription_id IS 'Its public id.';
COMMENT ON COLUMN marketplace.agreement.hour_start IS 'Start of the UTC hour.';
COMMENT ON COLUMN marketplace.agreement.metered IS 'AKU-seconds that are known of the hour now.';
COMMENT ON COLUMN marketplace.agreement.licensed IS 'Of these, usage of a prepaid subscription, which is not reported.';
COMMENT ON COLUMN marketplace.agreement.accepted IS 'AKU-seconds that the marketplace took.';
COMMENT ON COLUMN marketplace.agreement.expected IS 'AKU-seconds that the marketplace counts itself.';
COMMENT ON COLUMN marketplace.agreement.unknown IS 'AKU-seconds that the marketplace may have or not.';
COMMENT ON COLUMN marketplace.agreement.missed IS 'AKU-seconds that were too late, or written off.';
COMMENT ON COLUMN marketplace.agreement.refused IS 'AKU-seconds that the marketplace refused.';
COMMENT ON COLUMN marketplace.agreement.waiting IS 'AKU-seconds that are pending, being sent or not sent.';
COMMENT ON COLUMN marketplace.agreement.carried IS
'AKU-seconds that no whole unit of the marketplace had, carried to the next hour; less what the hour before left.';
COMMENT ON COLUMN marketplace.agreement.difference IS
'Metered, and in none of the others; negative where less is known now than was recorded.';
