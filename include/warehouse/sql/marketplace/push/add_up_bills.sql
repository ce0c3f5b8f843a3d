-- Shares what these bills charge for usage among the parts of their hours, as marketplace.agreement_in_money does, by
-- the days that were added up.
INSERT INTO marketplace.agreement_bills (
    bill_key, subscription_key, period_start, period_end, currency, amount, licensed, free, accepted, expected, unknown,
    missed, refused, waiting, carried, difference, added_at
)
SELECT
    t.bill_key,
    t.subscription_key,
    t.period_start,
    t.period_end,
    t.currency,
    sum(t.amount) AS amount,
    sum(p.shares[1]) AS licensed,
    sum(p.shares[2]) AS free,
    sum(p.shares[3]) AS accepted,
    sum(p.shares[4]) AS expected,
    sum(p.shares[5]) AS unknown,
    sum(p.shares[6]) AS missed,
    sum(p.shares[7]) AS refused,
    sum(p.shares[8]) AS waiting,
    sum(p.shares[9]) AS carried,
    sum(p.shares[10]) AS difference,
    :at AS added_at
FROM marketplace.charged_stretches AS t
CROSS JOIN
    LATERAL (
        SELECT
            marketplace.shares_of_charge(
                t.amount,
                ARRAY[
                    sum(h.licensed), sum(h.free), sum(h.accepted), sum(h.expected), sum(h.unknown), sum(h.missed),
                    sum(h.refused), sum(h.waiting), sum(h.carried), sum(h.difference)
                ]
            ) AS shares
        FROM marketplace.agreement_between(t.line_start, t.line_end) AS h
        WHERE h.subscription_key = t.subscription_key
    ) AS p
WHERE t.bill_key = any(CAST(:bill_keys AS bigint[]))
GROUP BY t.bill_key, t.subscription_key, t.period_start, t.period_end, t.currency
ON CONFLICT (bill_key) DO UPDATE SET
    amount = excluded.amount,
    licensed = excluded.licensed,
    free = excluded.free,
    accepted = excluded.accepted,
    expected = excluded.expected,
    unknown = excluded.unknown,
    missed = excluded.missed,
    refused = excluded.refused,
    waiting = excluded.waiting,
    carried = excluded.carried,
    difference = excluded.difference,
    added_at = excluded.added_at
