-- Every unit value of China's trade: the price of an item in a period and that of the period
-- before, or why there is none.
with

    judged as (select * from {{ ref('int_price_outliers_marked') }}),

    unit_values as (select * from {{ ref('int_unit_values') }}),

    final as (

        select
            unit_values.frequency,
            unit_values.period,
            unit_values.flow,
            unit_values.partner_iso3,
            unit_values.product_code,
            unit_values.hs_revision,
            unit_values.hs6_code,
            unit_values.value_usd,
            unit_values.net_weight_kg,
            unit_values.unit_value,
            cast(judged.previous_period as date) as previous_period,
            judged.previous_unit_value,
            judged.price_relative,
            judged.is_outlier_by_hidiroglou_berthelot,
            judged.is_outlier_by_quartile,
            judged.is_outlier_by_tukey,
            unit_values.reason_code is not null or judged.is_outlier as is_left_out,
            case
                when unit_values.reason_code is not null
                then unit_values.reason_code
                when judged.is_outlier
                then 'outlier'
                when judged.price_relative is null
                then 'no_earlier_price'
            end as reason_code
        from unit_values
        left join
            judged
            on unit_values.frequency = judged.frequency
            and unit_values.period = cast(judged.period as date)
            and unit_values.flow = judged.flow
            and unit_values.partner_iso3 = judged.partner_iso3
            and unit_values.product_code = judged.product_code
            and unit_values.hs6_code = judged.hs6_code

    )

select *
from final
