-- Alerts on the monthly indices of China's prices, with what the rule's record is worth.
with

    alerts as (select * from {{ ref('int_price_alerts_raised') }}),

    final as (

        select
            flow,
            aggregate_kind,
            aggregate,
            cast(since as date) as since,
            cast(until as date) as until,
            direction,
            coalesce(until = last_month, false) as is_current,
            strength,
            threshold,
            volatility,
            cast(first_month as date) as first_month,
            cast(last_month as date) as last_month,
            cast(months_judged as integer) as months_judged,
            cast(hits as integer) as hits,
            cast(false_alarms as integer) as false_alarms,
            cast(misses as integer) as misses,
            cast(quiet_months as integer) as quiet_months,
            {{ share_of('false_alarms', '(hits + false_alarms)') }} as false_share,
            noise_to_signal,
            usefulness,
            false_alarms_a_year,
            reason_code
        from alerts

    )

select *
from final
