select
    subscription_key,
    hour_start,
    sum(aku_seconds) as aku_seconds
from metering.usage
where hour_start >= '{{ var("start") }}' and hour_start < '{{ var("end") }}'
group by 1, 2
