-- How much of each product list has landed, by basis, treatment and year; and which years can be
-- compared: years between which the landed part of the list changes by more than a tenth of the
-- list do not make one series. The longest run of comparable years is what the regressions use.
-- Full data are one run; an excerpt may not be.
with

    flows as (

        select distinct basis, hs_treatment, year, product_code
        from {{ ref('int_trade_flows_by_basis') }}

    ),

    members as (select * from {{ ref('int_product_lists') }}),

    list_sizes as (

        select product_list, mineral_scope, count(*) as products_in_list
        from members
        group by product_list, mineral_scope

    ),

    landed as (

        select
            flows.basis,
            flows.hs_treatment,
            members.product_list,
            members.mineral_scope,
            flows.year,
            flows.product_code
        from flows
        inner join members on flows.product_code = members.product_code

    ),

    years as (

        select basis, hs_treatment, product_list, mineral_scope, year, count(*) as products_landed
        from landed
        group by basis, hs_treatment, product_list, mineral_scope, year

    ),

    kept_from_before as (

        select
            landed.basis,
            landed.hs_treatment,
            landed.product_list,
            landed.mineral_scope,
            landed.year,
            count(*) as products_kept
        from landed
        inner join
            landed as before
            on landed.basis = before.basis
            and landed.hs_treatment = before.hs_treatment
            and landed.product_list = before.product_list
            and landed.mineral_scope = before.mineral_scope
            and landed.product_code = before.product_code
            and landed.year = before.year + 1
        group by
            landed.basis,
            landed.hs_treatment,
            landed.product_list,
            landed.mineral_scope,
            landed.year

    ),

    changes as (

        select
            years.*,
            list_sizes.products_in_list,
            before.products_landed is not null as follows_a_year,
            -- products that came plus products that went
            years.products_landed
            + coalesce(before.products_landed, 0)
            - 2 * coalesce(kept_from_before.products_kept, 0) as products_changed
        from years
        inner join
            list_sizes
            on years.product_list = list_sizes.product_list
            and years.mineral_scope = list_sizes.mineral_scope
        left join
            years as before
            on years.basis = before.basis
            and years.hs_treatment = before.hs_treatment
            and years.product_list = before.product_list
            and years.mineral_scope = before.mineral_scope
            and years.year = before.year + 1
        left join
            kept_from_before
            on years.basis = kept_from_before.basis
            and years.hs_treatment = kept_from_before.hs_treatment
            and years.product_list = kept_from_before.product_list
            and years.mineral_scope = kept_from_before.mineral_scope
            and years.year = kept_from_before.year

    ),

    runs as (

        select
            *,
            sum(
                case
                    when
                        follows_a_year
                        and products_changed
                        <= {{ var('largest_comparable_change') }} * products_in_list
                    then 0
                    else 1
                end
            ) over (
                partition by basis, hs_treatment, product_list, mineral_scope
                order by year
                rows between unbounded preceding and current row
            ) as run_number
        from changes

    ),

    run_lengths as (

        select basis, hs_treatment, product_list, mineral_scope, run_number, count(*) as run_length
        from runs
        group by basis, hs_treatment, product_list, mineral_scope, run_number

    ),

    longest as (

        select
            *,
            row_number() over (
                partition by basis, hs_treatment, product_list, mineral_scope
                order by run_length desc, run_number desc
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
            cast(runs.products_in_list as integer) as products_in_list,
            cast(runs.products_changed as integer) as products_changed,
            longest.longest_first = 1 as is_comparable
        from runs
        inner join
            longest
            on runs.basis = longest.basis
            and runs.hs_treatment = longest.hs_treatment
            and runs.product_list = longest.product_list
            and runs.mineral_scope = longest.mineral_scope
            and runs.run_number = longest.run_number

    )

select *
from final
