-- What UN Comtrade said before a reporter-year was released again, and what it says since. A flow
-- that was withdrawn has no value after; one that was added has none before. Later releases give
-- further rows.
with

    superseded as (

        select * from {{ ref('stg_comtrade__superseded_records') }} where is_annual_total

    ),

    current_records as (

        select *
        from {{ ref('stg_comtrade__trade_records') }}
        where exclusion_reason is null and is_pinned_total

    ),

    economy_codes as (select * from {{ ref('comtrade_economy_codes') }}),

    products as (select product_code from {{ ref('int_listed_products') }}),

    -- an answer that replaced something of a reporter-year: only there is a row without a
    -- predecessor an addition
    events as (

        select
            replaced_by_sequence,
            reporter_code,
            year,
            max(released_before) as release_before,
            max(released_after) as release_after
        from superseded
        group by replaced_by_sequence, reporter_code, year

    ),

    said_before as (

        select
            replaced_by_sequence,
            reporter_code,
            year,
            flow_code,
            partner_code,
            hs6_code,
            max(hs_revision) as hs_revision,
            max(value_usd) as value_usd
        from superseded
        group by replaced_by_sequence, reporter_code, year, flow_code, partner_code, hs6_code

    ),

    -- what the replacing answer said, whether it still stands or was replaced in turn
    answers as (

        select
            landed_sequence,
            reporter_code,
            year,
            flow_code,
            partner_code,
            hs6_code,
            hs_revision,
            value_usd
        from current_records
        union all
        select
            landed_sequence,
            reporter_code,
            year,
            flow_code,
            partner_code,
            hs6_code,
            hs_revision,
            value_usd
        from superseded

    ),

    said_after as (

        select
            events.replaced_by_sequence,
            answers.reporter_code,
            answers.year,
            answers.flow_code,
            answers.partner_code,
            answers.hs6_code,
            max(answers.hs_revision) as hs_revision,
            max(answers.value_usd) as value_usd
        from answers
        inner join
            events
            on answers.landed_sequence = events.replaced_by_sequence
            and answers.reporter_code = events.reporter_code
            and answers.year = events.year
        group by
            events.replaced_by_sequence,
            answers.reporter_code,
            answers.year,
            answers.flow_code,
            answers.partner_code,
            answers.hs6_code

    ),

    compared as (

        select
            coalesce(
                said_before.replaced_by_sequence, said_after.replaced_by_sequence
            ) as replaced_by_sequence,
            coalesce(said_before.reporter_code, said_after.reporter_code) as reporter_code,
            coalesce(said_before.year, said_after.year) as year,
            coalesce(said_before.flow_code, said_after.flow_code) as flow_code,
            coalesce(said_before.partner_code, said_after.partner_code) as partner_code,
            coalesce(said_before.hs6_code, said_after.hs6_code) as hs6_code,
            said_before.hs_revision as hs_revision_before,
            said_after.hs_revision as hs_revision_after,
            said_before.value_usd as value_usd_before,
            said_after.value_usd as value_usd_after
        from said_before
        full outer join
            said_after
            on said_before.replaced_by_sequence = said_after.replaced_by_sequence
            and said_before.reporter_code = said_after.reporter_code
            and said_before.year = said_after.year
            and said_before.flow_code = said_after.flow_code
            and said_before.partner_code = said_after.partner_code
            and said_before.hs6_code = said_after.hs6_code

    ),

    final as (

        select
            compared.year,
            reporters.iso3 as reporter_iso3,
            compared.reporter_code,
            case when compared.flow_code = 'M' then 'import' else 'export' end as flow,
            partners.iso3 as partner_iso3,
            compared.partner_code,
            compared.hs6_code,
            products.product_code,
            compared.hs_revision_before,
            compared.hs_revision_after,
            {{ as_float('compared.value_usd_before') }} as value_usd_before,
            {{ as_float('compared.value_usd_after') }} as value_usd_after,
            cast(
                coalesce(compared.value_usd_after, 0)
                - coalesce(compared.value_usd_before, 0) as {{ type_double() }}
            ) as difference_usd,
            case
                when compared.value_usd_before is null
                then 'added'
                when compared.value_usd_after is null
                then 'withdrawn'
                else 'revised'
            end as change,
            events.release_before,
            events.release_after,
            compared.replaced_by_sequence as landed_sequence
        from compared
        inner join
            events
            on compared.replaced_by_sequence = events.replaced_by_sequence
            and compared.reporter_code = events.reporter_code
            and compared.year = events.year
        left join economy_codes as reporters on compared.reporter_code = reporters.comtrade_code
        left join economy_codes as partners on compared.partner_code = partners.comtrade_code
        left join products on compared.hs6_code = products.product_code
        where
            compared.value_usd_before is null
            or compared.value_usd_after is null
            or compared.value_usd_before <> compared.value_usd_after

    )

select *
from final
