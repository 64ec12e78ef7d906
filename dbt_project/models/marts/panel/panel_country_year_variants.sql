{%- set variables = panel_variables(ref('variables')) -%}
{%- set kinds_of_trade = ['trade', 'trade_ln', 'trade_or_zero'] -%}
{%- set of_trade = variables | selectattr('transformation', 'in', kinds_of_trade) | list -%}
{%- set of_covariates = variables | rejectattr('transformation', 'in', kinds_of_trade) | list -%}

with

    panel_rows as (select * from {{ ref('int_panel_rows') }}),

    covariates as (

        select iso3, year, {{- pivoted(of_covariates) }}
        from {{ ref('int_covariates_lagged') }}
        group by iso3, year

    ),

    trade as (

        select basis, hs_treatment, mineral_scope, iso3, year, {{- pivoted(of_trade) }}
        from {{ ref('int_trade_with_china_lagged') }}
        group by basis, hs_treatment, mineral_scope, iso3, year

    ),

    -- the run's own choice has its panel even where no trade has landed for it
    variants as (

        select distinct basis, hs_treatment, mineral_scope
        from trade
        union
        select basis, hs_treatment, mineral_scope
        from {{ ref('int_run_choices') }}

    ),

    final as (

        select
            panel_rows.iso3,
            cast(panel_rows.year as integer) as year,
            variants.basis,
            variants.hs_treatment,
            variants.mineral_scope,
            {%- for v in variables %}
                {%- set side = 'trade' if v.transformation in kinds_of_trade else 'covariates' %}
                {{ side }}.{{ v.variable }},
                {%- if v.is_regressor %}
                    {{ side }}.{{ v.variable }}_lag1, {{ side }}.{{ v.variable }}_lag1_z,
                {%- endif %}
            {%- endfor %}
            choices.is_synthetic
        from panel_rows
        cross join variants
        cross join {{ ref('int_run_choices') }} as choices
        left join
            covariates on panel_rows.iso3 = covariates.iso3 and panel_rows.year = covariates.year
        left join
            trade
            on panel_rows.iso3 = trade.iso3
            and panel_rows.year = trade.year
            and variants.basis = trade.basis
            and variants.hs_treatment = trade.hs_treatment
            and variants.mineral_scope = trade.mineral_scope

    )

select *
from final
