select
    subscription_key,
    hour_start,
    aku_seconds,
    trunc(aku_seconds * 1.20 / 3600, 2) as amount
from {{ ref("hours") }}
