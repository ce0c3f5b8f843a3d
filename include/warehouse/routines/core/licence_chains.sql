-- Terms of licences with the chain that each belongs to. A renewal names the term that it renews, and begins a chain of
-- its own where time lies between them. A first term that
-- starts when another one of the same subscription and length ends continues that one; where several do, they are
-- matched by capacity.
CREATE VIEW core.licence_chains AS
WITH RECURSIVE ended AS (
    SELECT
        l.licence_key,
        l.subscription_key,
        l.term_end,
        l.term_months,
        row_number() OVER (
            PARTITION BY l.subscription_key, l.term_end, l.term_months ORDER BY l.capacity_aku, l.licence_key
        ) AS place
    FROM core.licences AS l
    WHERE NOT EXISTS (SELECT FROM core.licences AS renewal WHERE renewal.renews_licence_key = l.licence_key)
),

started AS (
    SELECT
        l.licence_key,
        l.subscription_key,
        l.term_start,
        l.term_months,
        row_number() OVER (
            PARTITION BY l.subscription_key, l.term_start, l.term_months ORDER BY l.capacity_aku, l.licence_key
        ) AS place
    FROM core.licences AS l
    WHERE l.renews_licence_key IS NULL
),

steps AS (
    SELECT
        renewal.licence_key,
        renewal.renews_licence_key AS previous_key,
        CASE WHEN renewal.term_start > renewed.term_end THEN renewal.term_start END AS begins_at
    FROM core.licences AS renewal
    INNER JOIN core.licences AS renewed ON renewal.renews_licence_key = renewed.licence_key
    UNION ALL
    SELECT
        s.licence_key,
        e.licence_key AS previous_key,
        NULL AS begins_at
    FROM started AS s
    INNER JOIN ended AS e
        ON
            s.subscription_key = e.subscription_key
            AND s.term_start = e.term_end
            AND s.term_months = e.term_months
            AND s.place = e.place
),

chains AS (
    SELECT
        l.licence_key,
        l.licence_key AS chain_key,
        l.term_start AS chain_start,
        0 AS renewal_count
    FROM core.licences AS l
    WHERE NOT EXISTS (SELECT FROM steps AS s WHERE s.licence_key = l.licence_key)
    UNION ALL
    SELECT
        s.licence_key,
        CASE WHEN s.begins_at IS NULL THEN c.chain_key ELSE s.licence_key END AS chain_key,
        coalesce(s.begins_at, c.chain_start) AS chain_start,
        CASE WHEN s.begins_at IS NULL THEN c.renewal_count + 1 ELSE 0 END AS renewal_count
    FROM chains AS c
    INNER JOIN steps AS s ON c.licence_key = s.previous_key
)

SELECT
    licence_key,
    chain_key,
    chain_start,
    renewal_count,
    NOT EXISTS (SELECT FROM steps AS s WHERE s.previous_key = chains.licence_key) AS is_latest
FROM chains;

COMMENT ON VIEW core.licence_chains IS 'Each term of a licence with the unbroken chain of terms that it belongs to.';
COMMENT ON COLUMN core.licence_chains.licence_key IS 'Term.';
COMMENT ON COLUMN core.licence_chains.chain_key IS 'First term of its chain.';
COMMENT ON COLUMN core.licence_chains.chain_start IS 'Start of that first term, which later terms are counted from.';
COMMENT ON COLUMN core.licence_chains.renewal_count IS 'How many terms of the chain come before it.';
COMMENT ON COLUMN core.licence_chains.is_latest IS 'Whether no term follows it yet.';
