{#-
    How much of each product list has landed, by basis, treatment and year; and which years can be
    compared: years between which the landed part of the list changes by more than a tenth do not
    make one series. The longest run of comparable years is what the regressions use. Full data are
    one run; an excerpt may not be.

    A product without a code in the year's HS revision cannot land: it counts neither as missing
    nor, when it gets or loses its code, as a change.
-#}
{%- set series = 'basis, hs_treatment, mineral_scope, product_list' -%}

with

    flows as (

        select distinct basis, source, hs_treatment, year, product_code
        from {{ ref('int_trade_flows_by_basis') }}

    ),

    members as (

        select *, count(*) over (partition by product_list, mineral_scope) as products_in_list
        from {{ ref('int_product_lists') }}

    ),

    without_code as (select * from {{ ref('int_products_without_code') }}),

    landed_years as (select distinct basis, source, hs_treatment, year from flows),

    products as (

        select
            landed_years.basis,
            landed_years.hs_treatment,
            members.mineral_scope,
            members.product_list,
            landed_years.year,
            members.product_code,
            members.products_in_list,
            case when flows.product_code is not null then 1 else 0 end as landed
        from landed_years
        cross join members
        left join
            without_code
            on landed_years.hs_treatment = without_code.hs_treatment
            and landed_years.source = without_code.source
            and landed_years.year = without_code.year
            and members.product_code = without_code.product_code
        left join
            flows
            on landed_years.basis = flows.basis
            and landed_years.hs_treatment = flows.hs_treatment
            and landed_years.year = flows.year
            and members.product_code = flows.product_code
        where without_code.product_code is null

    ),

    -- null where the product had no code in the year before, or nothing landed in it
    with_year_before as (

        select
            *,
            case
                when lag(year) over product_in_time = year - 1 then lag(landed) over product_in_time
            end as landed_before
        from products
        window product_in_time as (partition by {{ series }}, product_code order by year)

    ),

    years as (

        select
            {{ series }},
            year,
            max(products_in_list) as products_in_list,
            count(*) as products_with_code,
            sum(landed) as products_landed,
            count(landed_before) as products_compared,
            sum(case when landed <> landed_before then 1 else 0 end) as products_changed
        from with_year_before
        group by {{ series }}, year
        having sum(landed) > 0

    ),

    years_in_order as (

        select
            *,
            coalesce(
                lag(year) over (partition by {{ series }} order by year) = year - 1, false
            ) as follows_a_year
        from years

    ),

    runs as (

        select
            *,
            sum(
                case
                    when
                        follows_a_year
                        and products_changed
                        <= {{ var('largest_comparable_change') }} * products_compared
                    then 0
                    else 1
                end
            ) over (
                partition by {{ series }}
                order by year
                rows between unbounded preceding and current row
            ) as run_number
        from years_in_order

    ),

    run_lengths as (

        select {{ series }}, run_number, count(*) as run_length
        from runs
        group by {{ series }}, run_number

    ),

    longest as (

        select
            *,
            row_number() over (
                partition by {{ series }} order by run_length desc, run_number desc
            ) as longest_first
        from run_lengths

    ),

    final as (

        select
            runs.basis,
            runs.hs_treatment,
            runs.mineral_scope,
            runs.product_list,
            cast(runs.year as integer) as year,
            cast(runs.products_landed as integer) as products_landed,
            cast(runs.products_with_code as integer) as products_with_code,
            cast(runs.products_in_list as integer) as products_in_list,
            cast(runs.products_changed as integer) as products_changed,
            longest.longest_first = 1 as is_comparable
        from runs
        inner join
            longest
            on runs.basis = longest.basis
            and runs.hs_treatment = longest.hs_treatment
            and runs.mineral_scope = longest.mineral_scope
            and runs.product_list = longest.product_list
            and runs.run_number = longest.run_number

    )

select *
from final
