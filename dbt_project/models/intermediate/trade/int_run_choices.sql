-- The run's choices in one row. With trade_basis `auto` the basis is the one that holds both
-- directions of China's trade in the most years; of equals, china_reported before reconciled
-- before partner_reported.
{%- set wanted_basis = setting('trade_basis') -%}
{%- set first_year, last_year = standardisation_years() %}

with

    flows as (

        select *
        from {{ ref('int_trade_flows_by_basis') }}
        where hs_treatment = {{ setting_text('hs_treatment') }}

    ),

    candidates as (

        select 'china_reported' as basis, 1 as preference
        union all
        select 'reconciled' as basis, 2 as preference
        union all
        select 'partner_reported' as basis, 3 as preference

    ),

    directions as (

        select
            basis,
            year,
            max(case when exporter_iso3 = 'CHN' then 1 else 0 end) as has_exports,
            max(case when importer_iso3 = 'CHN' then 1 else 0 end) as has_imports
        from flows
        group by basis, year

    ),

    coverage as (

        select
            candidates.basis,
            candidates.preference,
            coalesce(
                sum(directions.has_exports * directions.has_imports), 0
            ) as years_with_both_directions
        from candidates
        left join directions on candidates.basis = directions.basis
        group by candidates.basis, candidates.preference

    ),

    ranked as (

        select
            basis,
            years_with_both_directions,
            row_number() over (
                order by
                    {% if wanted_basis != 'auto' %}
                        case when basis = {{ setting_text('trade_basis') }} then 0 else 1 end,
                    {% endif %} years_with_both_directions desc,
                    preference
            ) as choice
        from coverage

    ),

    worlds as (

        select max(case when is_synthetic then 1 else 0 end) as is_synthetic
        from {{ ref('stg_landing__files') }}

    ),

    final as (

        select
            ranked.basis,
            {{ setting_text('hs_treatment') }} as hs_treatment,
            {{ setting_text('mineral_scope') }} as mineral_scope,
            {{ setting_text('income_vintage') }} as income_vintage,
            cast({{ setting('price_base_year') }} as integer) as price_base_year,
            {{ setting_text('price_outlier_rule') }} as price_outlier_rule,
            cast({{ first_year }} as integer) as standardisation_first_year,
            cast({{ last_year }} as integer) as standardisation_last_year,
            {{ setting_text('trade_basis') }} as basis_setting,
            cast(ranked.years_with_both_directions as integer) as years_with_both_directions,
            coalesce(worlds.is_synthetic, 0) = 1 as is_synthetic
        from ranked
        cross join worlds
        where ranked.choice = 1

    )

select *
from final
