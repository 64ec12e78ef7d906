{{ config(meta={'dagster': {'ref': {'name': 'audit_exclusions'}}}) }}
-- On the run's treatment, classified flows = bilateral facts + exclusions; only the rows in which
-- an economy reports its trade with the World stand beside them. The exclusion of returned goods
-- is what fct_returned_goods holds. A difference means that flows were lost, or counted twice.
-- Values may differ by a dollar: audit_exclusions gives sums as doubles.
with

    choices as (select * from {{ ref('int_run_choices') }}),

    wholes as (

        select
            'classified flows' as whole,
            flows.source,
            count(*) as row_count,
            sum(flows.value_usd) as value_usd
        from {{ ref('int_trade_flows_classified') }} as flows
        inner join choices on flows.hs_treatment = choices.hs_treatment
        where flows.reporter_kind <> 'economy' or flows.partner_kind <> 'world'
        group by flows.source
        union all
        select
            'returned goods' as whole, source, row_count, {{ as_money('value_usd') }} as value_usd
        from {{ ref('audit_exclusions') }}
        where source = 'comtrade' and reason_code = 'returned_goods'

    ),

    parts as (

        select
            'classified flows' as whole,
            facts.source,
            1 as row_count,
            {{ as_money('facts.value_usd') }} as value_usd
        from {{ ref('fct_trade_flow_variants') }} as facts
        inner join choices on facts.hs_treatment = choices.hs_treatment
        union all
        select
            'classified flows' as whole, source, row_count, {{ as_money('value_usd') }} as value_usd
        from {{ ref('audit_exclusions') }}
        where stage = 'bilateral facts'
        union all
        select
            'returned goods' as whole,
            source,
            1 as row_count,
            {{ as_money('value_usd') }} as value_usd
        from {{ ref('fct_returned_goods') }}

    ),

    parts_summed as (

        select whole, source, sum(row_count) as row_count, sum(value_usd) as value_usd
        from parts
        group by whole, source

    )

select
    coalesce(wholes.whole, parts_summed.whole) as whole,
    coalesce(wholes.source, parts_summed.source) as source,
    wholes.row_count,
    parts_summed.row_count as row_count_of_parts,
    wholes.value_usd,
    parts_summed.value_usd as value_usd_of_parts
from wholes
full outer join
    parts_summed on wholes.whole = parts_summed.whole and wholes.source = parts_summed.source
where
    wholes.row_count is null
    or parts_summed.row_count is null
    or wholes.row_count <> parts_summed.row_count
    or abs(wholes.value_usd - parts_summed.value_usd) > 1
