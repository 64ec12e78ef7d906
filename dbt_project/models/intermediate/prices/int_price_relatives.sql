-- Each measured unit value beside that of the same item and partner in the period before. The
-- period before is the last one with any measured price of the flow: China publishes some Januaries
-- within February, and February then follows December.
with

    unit_values as (select * from {{ ref('int_unit_values') }} where reason_code is null),

    periods as (

        select
            frequency,
            flow,
            period,
            lag(period) over (partition by frequency, flow order by period) as previous_period
        from (select distinct frequency, flow, period from unit_values) as measured

    ),

    final as (

        select
            unit_values.frequency,
            unit_values.period,
            unit_values.flow,
            unit_values.partner_iso3,
            unit_values.partner_group,
            unit_values.product_code,
            unit_values.item,
            unit_values.hs6_code,
            unit_values.value_usd,
            unit_values.unit_value,
            earlier.period as previous_period,
            earlier.value_usd as previous_value_usd,
            earlier.unit_value as previous_unit_value,
            unit_values.unit_value / earlier.unit_value as price_relative
        from unit_values
        inner join
            periods
            on unit_values.frequency = periods.frequency
            and unit_values.flow = periods.flow
            and unit_values.period = periods.period
        left join
            unit_values as earlier
            on unit_values.frequency = earlier.frequency
            and unit_values.flow = earlier.flow
            and periods.previous_period = earlier.period
            and unit_values.product_code = earlier.product_code
            and unit_values.item = earlier.item
            and unit_values.partner_iso3 = earlier.partner_iso3

    )

select *
from final
