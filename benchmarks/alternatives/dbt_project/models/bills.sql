select
    subscription_key,
    sum(aku_seconds) as aku_seconds,
    sum(amount) as amount
from {{ ref("charges") }}
group by 1
