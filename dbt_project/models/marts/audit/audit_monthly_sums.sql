{#-
    The months of each of China's flows beside the year, product by product. China publishes January
    and February of some years as one, under February: that is shown, not repaired. Other gaps are
    months that have not landed or in which nothing was traded, and a difference over twelve months
    is a revision of one of the two.
-#}
with

    monthly as (

        select
            year,
            flow,
            product_code,
            cast(count(distinct month) as integer) as months,
            min(month) as first_month,
            max(month) as last_month,
            {{ exact_sum('value_usd') }} as monthly_usd
        from {{ ref('fct_trade_flow_monthly') }}
        group by year, flow, product_code

    ),

    annual as (

        select
            flows.year,
            case when flows.exporter_iso3 = 'CHN' then 'export' else 'import' end as flow,
            flows.product_code,
            {{ exact_sum('flows.value_usd') }} as annual_usd
        from {{ ref('fct_trade_flow_variants') }} as flows
        inner join {{ ref('run_choices') }} as choices on flows.hs_treatment = choices.hs_treatment
        where flows.basis = 'china_reported'
        group by
            flows.year,
            case when flows.exporter_iso3 = 'CHN' then 'export' else 'import' end,
            flows.product_code

    ),

    final as (

        select
            monthly.year,
            monthly.flow,
            monthly.product_code,
            monthly.months,
            monthly.first_month,
            monthly.last_month,
            -- the first month of any product
            extract(
                month from min(monthly.first_month) over (partition by monthly.year, monthly.flow)
            )
            = 2 as is_january_in_february,
            monthly.monthly_usd,
            annual.annual_usd,
            case
                when annual.annual_usd > 0 then monthly.monthly_usd / annual.annual_usd - 1
            end as relative_difference
        from monthly
        left join
            annual
            on monthly.year = annual.year
            and monthly.flow = annual.flow
            and monthly.product_code = annual.product_code

    )

select *
from final
